#!/bin/bash
# tally.sh: add up build/tally, then show its comments; the last line is the count of all tests, the exit status their result.
set -euo pipefail
awk '/^#/ { comments = comments $0 "\n"; next }
     { printf "%-16s %5d passed %3d failed %3d skipped %5d s\n", $1, $2, $3, $4, $5
       p += $2; f += $3; s += $4 }
     END { printf "%s%d passed, %d failed, %d skipped\n", comments, p, f, s; exit (f > 0 || p == 0) }' build/tally
