#!/bin/bash
# walk.sh [FILE.csv]: the walk through the demo, in the cluster that the environment names.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-}
market=${DEMO_MARKET:-.demo/market}
step() { printf '\n[%s/%s] %s\n' "$1" "${DEMO_STEPS:-7}" "$2"; }
run() { psql -Xq -v ON_ERROR_STOP=1 -P border=1 -P footer=off -P pager=off "$@"; }

createdb margin_demo
export PGDATABASE=margin_demo
run -c 'CREATE EXTENSION margin_calib' \
    -c 'ALTER DATABASE margin_demo SET search_path = public, margin_calib' \
    -c "ALTER DATABASE margin_demo SET timezone = 'UTC'"

if [ -n "$data" ]; then
    step 4 "Load $data into a table of ours"
    demo/load_ohlcv.sh "$data"
    run -f demo/file_book.sql
    step 5 'Attach both tables, calibrate, and look at margins and requirements'
    run -f demo/file_attach.sql -f demo/margins.sql
    step 6 'Land a made-up stressed bar: every instrument 30 % lower. This did not happen.'
    run -f demo/file_stress.sql
    step 7 'What it did'
    run -v before=before -v after=stressed -f demo/compare.sql
    exit
fi

step 4 'Load real prices up to Friday 16 October 1987 into a table of ours'
echo '      (indices and their crash: that is what Debian packages have; they are in gretl-data)'
prices=$(mktemp)
trap 'rm -f "$prices"' EXIT
{ demo/gdt_to_csv.sh "$market/djclose.gdt" DJIA
  demo/gdt_to_csv.sh "$market/nysewk.gdt" NYSE; } >"$prices"
run -f demo/crash_load.sql <"$prices"
step 5 'Attach both tables, calibrate, and look at margins and requirements'
run -f demo/crash_attach.sql -f demo/margins.sql
step 6 'Monday 19 October 1987 lands, then the rest of that week'
run -f demo/crash_land.sql
step 7 'What it did'
run -v before='Fri 16 Oct' -v middle='Mon 19 Oct' -v after='Fri 23 Oct' -f demo/compare.sql
echo 'The 19th was worse than anything in the history before it: a margin calibrated on that history did not cover it'
echo '(the Dow lost 22.6 % in a day). What the engine shows is how fast rates and requirements follow.'
