#!/bin/bash
# load_ohlcv.sh FILE: load bars from a CSV file (plain or gzip) into the table ohlcv of the database
# that PGHOST, PGDATABASE, ... name. Comma, semicolon or tab; with a header in any order and case, or
# without one: Binance klines (12 columns), ts,open,high,low,close[,volume], ts,close, and each of
# these behind a symbol. Timestamps: ISO dates and times (UTC unless they say), or epoch seconds,
# milliseconds, microseconds. Without a symbol column the file's name is the instrument:
# BTCUSDT-1h-2024-01.csv is BTCUSDT.
#   REJECT_LIMIT   percent of lines that may be unreadable before nothing is loaded (default 5)
# Unreadable lines are kept with their reasons in ohlcv_reject.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
die() { echo "load: $*" >&2; exit 1; }

[ $# = 1 ] || die 'write: load_ohlcv.sh FILE'
file=$1
[ -e "$file" ] || die "there is no file $file"
[ -f "$file" ] && [ -r "$file" ] || die "$file cannot be read"
[ -s "$file" ] || die "$file is empty"

name=$(basename "$file")
name=${name%.gz} name=${name%.[a-zA-Z][a-zA-Z][a-zA-Z]}
name=$(sed -E 's/[-_](1s|[0-9]+(m|h|d|w|mo))([-_].*)?$//' <<<"$name")

contents() {
    if [ "$(head -c 2 "$file" | od -An -tx1 | tr -d ' ')" = 1f8b ]; then
        gzip -dc "$file"
    else
        cat "$file"
    fi
}

rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
head -c 4 "$file" | od -An -tx1 | grep -q '50 4b 03 04' && die "$file is a zip archive: unzip it first"
contents 2>/dev/null | awk -v name="$name" -f "$here/ohlcv.awk" >"$rows" || die "$file was not loaded"
psql -Xq -v ON_ERROR_STOP=1 -v limit="${REJECT_LIMIT:-5}" -f "$here/load_ohlcv.sql" <"$rows" ||
    die "$file was not loaded"
