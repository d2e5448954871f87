#!/bin/bash
# oracle.sh DIR: run every independent recomputation DIR/*.py against the cluster of PGHOST and
# PGPORT, each in a database of its own, and pass its TAP on. Recomputations that need a package which is not
# here skip themselves. ORACLES names some of them, without .py: ORACLES='garch tails'.
set -uo pipefail
export PGTZ=UTC PGOPTIONS='-c client_min_messages=warning'
status=0
for file in "$1"/*.py; do
    name=$(basename "$file" .py)
    # what several of them import begins with an underscore
    case $name in _*) continue ;; esac
    case " ${ORACLES:-$name} " in *" $name "*) ;; *) continue ;; esac
    db=oracle_$name
    createdb "$db" && psql -qX -v ON_ERROR_STOP=1 -d "$db" -c 'CREATE EXTENSION margin_calib' || exit 1
    PGDATABASE=$db "${PYTHON:-/usr/bin/python3}" "$file" || status=1
done
exit $status
