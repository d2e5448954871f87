#!/bin/bash
# with_cluster.sh CMD...: run CMD against a throw-away PostgreSQL cluster that has this tree's
# margin_calib, staged in the cluster's own folder; nothing under /usr is written.
#   PG_CONFIG     which PostgreSQL (default: pg_config)
#   EXTRA_CONF    more lines for postgresql.conf
#   STAGE_FROM    a folder made by `make install DESTDIR=`, instead of staging this tree again
#   KEEP          a folder to make the cluster in, which stays and runs on when CMD succeeds
# CMD gets PGHOST, PGPORT, PGUSER, PGDATABASE, PGDATA and MC_PG_CTL, a command that runs pg_ctl
# as the user who owns the cluster. As root, the server runs as user postgres.
set -euo pipefail

PG_CONFIG=${PG_CONFIG:-pg_config}
bin=$("$PG_CONFIG" --bindir)
if [ -n "${KEEP:-}" ]; then
    work=$KEEP
    mkdir -p "$work"
    port=5432
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/margin_calib.XXXXXX")
    port=$((20000 + $$ % 20000))
fi
chmod 755 "$work"

as=()
if [ "$(id -u)" = 0 ]; then
    as=(runuser -u postgres --)
    chown postgres "$work"
fi

cleanup() {
    if [ $? = 0 ] && [ -n "${KEEP:-}" ]; then return; fi
    "${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true
    if [ -n "${KEEP_LOG:-}" ]; then cp "$work/log" "$KEEP_LOG" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

stage=${STAGE_FROM:-}
if [ -z "$stage" ]; then
    stage=$work/stage
    make -s all >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
    make -s install DESTDIR="$stage" >>"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
    chmod -R a+rX "$stage"
fi

# How the server finds the staged files: Debian's setting up to 17, PostgreSQL's own from 18 on.
staged_paths() {
    if [ "$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 18 ]; then
        echo "extension_control_path = '$stage$("$PG_CONFIG" --sharedir):\$system'"
        echo "dynamic_library_path = '$stage$("$PG_CONFIG" --pkglibdir):\$libdir'"
    else
        echo "extension_destdir = '$stage'"
    fi
}

(cd "$work" && "${as[@]}" "$bin/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null)
cat >>"$work/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
unix_socket_permissions = 0700
port = $port
fsync = off
full_page_writes = off
synchronous_commit = off
max_worker_processes = 16
$(staged_paths)
${EXTRA_CONF:-}
CONF

cat >"$work/pg_ctl" <<CTL
#!/bin/bash
cd "$work" && exec ${as[*]} "$bin/pg_ctl" -D "$work/data" -l "$work/log" "\$@"
CTL
chmod 755 "$work/pg_ctl"
"$work/pg_ctl" -w -t 60 start >/dev/null || { cat "$work/log" >&2; exit 1; }

export PGHOST=$work PGPORT=$port PGUSER=postgres PGDATABASE=postgres PGDATA=$work/data
export MC_PG_CTL=$work/pg_ctl PATH="$bin:$PATH"
"$@"
