#!/bin/bash
# start.sh [FILE.csv]: install what is missing, build, start a throw-away cluster and walk through it.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-}
# to make, DATA means files to install: it must not reach the build
unset MAKEFLAGS MFLAGS MAKEOVERRIDES DATA
if [ -n "$data" ] && [ ! -r "$data" ]; then
    echo "demo: cannot read $data" >&2
    exit 1
fi
export DEMO_STEPS=7
step() { printf '\n[%s/%s] %s\n' "$1" "$DEMO_STEPS" "$2"; }

step 1 'Install what this machine lacks (with apt; nothing if nothing)'
mkdir -p .demo
if [ ! -w .demo ]; then
    echo "demo: .demo belongs to $(stat -c %U .demo): run as that user, or remove it first" >&2
    exit 1
fi
tools/install_deps.sh "$([ -n "$data" ] && echo build || echo demo)"

step 2 'Build the extension'
make -s -j"$(nproc)" all >.demo/build.log 2>&1 || { tail -n 20 .demo/build.log >&2; exit 1; }

# As root the server runs as postgres, who has to reach the folder; and a socket's path is short.
choose_folder() {
    local folder=$PWD/.demo/cluster
    if [ "$(id -u)" = 0 ] && ! runuser -u postgres -- test -x "$PWD" -a -r "$PWD"; then
        folder=$(mktemp -d /tmp/margin_calib_demo.XXXXXX)
        echo "      (user postgres cannot read $PWD, so the data is in $folder)" >&2
    elif [ ${#folder} -gt 90 ]; then
        folder=$(mktemp -d /tmp/margin_calib_demo.XXXXXX)
        echo "      (the path of this folder is too long for a socket, so the data is in $folder)" >&2
    fi
    echo "$folder"
}
demo/stop.sh
step 3 'Start a throw-away PostgreSQL of its own: a socket, no network port'
folder=$(choose_folder)
echo "$folder" >.demo/where
KEEP=$folder tools/with_cluster.sh demo/walk.sh ${data:+"$data"}

cat <<END

The server goes on running, in $folder and nowhere else.
  look around:  psql -h $folder -U postgres margin_demo
                SELECT * FROM margin_parameter;   SELECT * FROM margin_requirement;
                SELECT * FROM refresh_status;     SELECT * FROM policy_list;
  stop it:      make demo-stop
END
