#!/bin/bash
# tally.sh: add up build/tally, then show build/failed; the last line is the count of all tests, the exit status their result.
set -euo pipefail
awk '{ printf "%-16s %5d passed %3d failed %3d skipped %5d s\n", $1, $2, $3, $4, $5
       p += $2; f += $3; s += $4 }
     END { while ((getline failure <"build/failed") > 0) print failure
           printf "%d passed, %d failed, %d skipped\n", p, f, s; exit (f > 0 || p == 0) }' build/tally
