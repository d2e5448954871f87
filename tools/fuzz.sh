#!/bin/bash
# fuzz.sh SECONDS NAME...: run each libFuzzer program for so long. TAP. The corpus stays in
# build/fuzz/corpus, an input that fails in build/fuzz.
set -uo pipefail
seconds=$1
shift
status=0
number=0
echo "1..$#"
for name in "$@"; do
    mkdir -p "build/fuzz/corpus/$name"
    number=$((number + 1))
    if build/fuzz/"$name" "build/fuzz/corpus/$name" -max_total_time="$seconds" -max_len=600 \
        -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 \
        >"build/fuzz/$name.log" 2>&1; then
        echo "ok $number - $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs"
    else
        echo "not ok $number - $name"
        tail -n 25 "build/fuzz/$name.log" | sed 's/^/# /'
        status=1
    fi
done
exit $status
