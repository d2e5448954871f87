#!/bin/bash
# reference.sh: print doc/reference.md from the catalogue of a throw-away database. To bring it up to date:
#   tools/with_cluster.sh tools/reference.sh >page && mv page doc/reference.md
set -euo pipefail
here=$(dirname "$0")
psql -Xqc 'DROP DATABASE IF EXISTS reference' -c 'CREATE DATABASE reference' 2>/dev/null
psql -Xq -v ON_ERROR_STOP=1 -d reference -c 'CREATE EXTENSION margin_calib' \
    -f "$here/reference.sql" -f "$here/reference_page.sql" | sed 's/[[:space:]]*$//' | cat -s
