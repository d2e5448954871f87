#!/bin/bash
# pgtap.sh DIR: run every pgTAP file of DIR, each in a database of its own.
set -uo pipefail
status=0
for file in "$1"/*.sql; do
    db=pgtap_$(basename "$file" .sql)
    createdb "$db" && psql -qX -v ON_ERROR_STOP=1 -d "$db" \
        -c 'CREATE EXTENSION margin_calib' -c 'CREATE EXTENSION pgtap' || exit 1
    pg_prove --verbose --ext .sql -d "$db" "$file" || status=1
done
exit $status
