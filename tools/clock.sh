#!/bin/bash
# clock.sh TIME...: the pgTAP layer and the examples of the pages as if it were each TIME, which faketime tells server and
# clients: what they show must not depend on the hour. Needs Debian's package faketime.
set -euo pipefail
if ! command -v faketime >/dev/null; then
    echo 'clock: no faketime; install it with apt-get install faketime' >&2
    exit 1
fi
stage=$PWD/build/clock
rm -rf "$stage" build/tally build/failed
make -s install DESTDIR="$stage" >build/clock.log 2>&1 || { cat build/clock.log >&2; exit 1; }
chmod -R a+rX "$stage"
for time in "$@"; do
    for layer in 'pgtap test/pgtap' 'check_docs README.md doc/*.md'; do
        read -r program files <<<"$layer"
        # shellcheck disable=SC2086
        STAGE_FROM=$stage tools/layer.sh "$program-${time//[ :]/-}" faketime -f "@$time" tools/with_cluster.sh "tools/$program.sh" $files
    done
done
tools/tally.sh
