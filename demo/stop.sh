#!/bin/bash
# stop.sh: stop the demo's server and remove its data; the downloaded prices stay in .demo/market.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e .demo/where ] || exit 0
cluster=$(<.demo/where)
if [ -d "$cluster" ] && [ ! -w "$cluster" ]; then
    echo "demo: $cluster belongs to $(stat -c %U "$cluster"): stop it as that user, or as root" >&2
    exit 1
fi
if [ -e "$cluster/data/postmaster.pid" ]; then
    "$cluster/pg_ctl" -m immediate -w stop >/dev/null || [ ! -e "$cluster/data/postmaster.pid" ]
    echo "demo: stopped the server in $cluster"
fi
rm -rf "$cluster" .demo/where
