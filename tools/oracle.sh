#!/bin/bash
# oracle.sh DIR: run every independent recomputation DIR/*.py against the cluster of PGHOST and
# PGPORT, each in a database of its own, and pass its TAP on. They need only Python's standard library and psql.
set -uo pipefail
export PGTZ=UTC PGOPTIONS='-c client_min_messages=warning'
status=0
for file in "$1"/*.py; do
    db=oracle_$(basename "$file" .py)
    createdb "$db" && psql -qX -v ON_ERROR_STOP=1 -d "$db" -c 'CREATE EXTENSION margin_calib' || exit 1
    PGDATABASE=$db "${PYTHON:-/usr/bin/python3}" "$file" || status=1
done
exit $status
