#!/bin/bash
# layer.sh NAME CMD...: run one test layer, show its output, and add its counts to build/tally.
# Counts TAP lines (ok, not ok, # SKIP) and pg_regress 15's lines (test NAME ... ok). A layer that
# fails without a failing line counts as one failure, and so does a layer that ran no test. What
# failed is added as comments: its line and those after it, what prove says of whole files, or the end of the log.
set -uo pipefail
name=$1
shift
mkdir -p build/log
log=build/log/$name.log
echo "== $name"
start=$SECONDS
"$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
read -r passed failed skipped < <(awk -v layer="$name" -v out=build/tally '
    /^test\/[^ ]+ \.\.+ ?$/                            { file = " " $1 }
    /^#/ && comments-- > 0                            { print >>out; next }
    /^[ \t]*ok [0-9]+.*# ?[Ss][Kk][Ii][Pp]/           { skipped++; next }
    /^1\.\.0 # ?[Ss][Kk][Ii][Pp]/                     { skipped++; next }
    /^test\/.* \.\.+ skipped/                         { skipped++; next } # a whole file, by prove
    /^ok [0-9]+/ || /^(test|    ) ?[a-z0-9_]+ +\.\.\. +ok/ { passed++; comments = 0; next }
    (/^not ok [0-9]+/ && !/# ?[T]ODO/) || /^(test|    ) ?[a-z0-9_]+ +\.\.\. +FAILED/ {
        failed++; comments = 20; print "# failed in " layer file ": " $0 >>out
    }
    /^psql:/                                          { message = ", after " $0 }
    /^Dubious|^  Parse errors:/                       { print "# in " layer file ": " $0 message >>out } # prove of a file
    END { print passed + 0, failed + 0, skipped + 0 }' "$log")
if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ $((passed + skipped)) = 0 ]; }; then
    failed=1
    { echo "failed in $name: status $status, after"; tail -n 12 "$log"; } | sed 's/^/# /' >>build/tally
fi
echo "$name $passed $failed $skipped $((SECONDS - start))" >>build/tally
echo "== $name: $passed passed, $failed failed, $skipped skipped, $((SECONDS - start)) s"
exit 0
