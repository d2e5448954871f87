#!/bin/bash
# clock.sh TIME...: the pgTAP layer and the examples of the pages as if it were each TIME, which faketime tells server and
# clients: what they show must not depend on the hour. Needs Debian's package faketime.
set -euo pipefail
if ! command -v faketime >/dev/null; then
    echo 'clock: no faketime; install it with apt-get install faketime' >&2
    exit 1
fi
stage=$PWD/build/clock
rm -rf "$stage" build/tally
make -s install DESTDIR="$stage" >build/clock.log 2>&1 || { cat build/clock.log >&2; exit 1; }
chmod -R a+rX "$stage"
for time in "$@"; do
    for layer in pgtap docs; do
        STAGE_FROM=$stage tools/layer.sh "$layer-${time//[ :]/-}" \
            make -s "check-$layer" WITH_CLUSTER="faketime -f '@$time' tools/with_cluster.sh"
    done
done
tools/tally.sh
