#!/bin/bash
# install.sh FOLDER: what `make bench` needs. The driver needs Python with psycopg2, numpy and
# pandas; the peers are optional: tdigest from Debian, DuckDB and polars from npm in FOLDER. A peer
# that cannot be had is reported, and run.py skips its lines and says so.
set -euo pipefail

folder=$1
major=$(${PG_CONFIG:-pg_config} --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
mkdir -p "$folder"

has_package() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

if command -v dpkg-query >/dev/null; then
    missing=()
    for package in python3-psycopg2 python3-numpy python3-pandas python3-scipy python3-numba libopenblas0-pthread r-cran-fgarch libquantlib0-dev "postgresql-$major-tdigest"; do
        has_package "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        as_root=()
        [ "$(id -u)" = 0 ] || as_root=(sudo -n)
        if ! { "${as_root[@]}" apt-get -qq update \
               && "${as_root[@]}" apt-get -qq -y --no-install-recommends install "${missing[@]}"; } >&2; then
            echo "bench: not installed: ${missing[*]}" >&2
        fi
    fi
fi

if [ -d "$folder/node_modules/@duckdb" ] && [ -d "$folder/node_modules/nodejs-polars" ]; then
    exit 0
fi
if ! command -v npm >/dev/null; then
    echo 'bench: no npm, so no DuckDB and no polars' >&2
    exit 0
fi
npm install --silent --no-audit --no-fund --prefix "$folder" @duckdb/node-api >&2 \
    || echo 'bench: DuckDB is not installed' >&2
npm install --silent --no-audit --no-fund --prefix "$folder" \
    nodejs-polars nodejs-polars-linux-x64-gnu >&2 || echo 'bench: polars is not installed' >&2
