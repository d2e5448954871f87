#!/bin/bash
# gdt_to_csv.sh FILE.gdt SYMBOL: a series of gretl (XML, plain or gzip) as lines symbol,day,close.
# Days stand in the file, or count in weeks from its first one.
set -euo pipefail
{ gzip -dc "$1" 2>/dev/null || cat "$1"; } | awk -v symbol="$2" '
    match($0, /startobs="[0-9\/-]+"/)  { first = substr($0, RSTART + 10, RLENGTH - 11); gsub("/", "-", first) }
    match($0, /frequency="[0-9]+"/)    { weekly = substr($0, RSTART + 11, RLENGTH - 12) == 52 }
    match($0, /<observations count="[0-9]+"/) { expected = substr($0, RSTART + 21, RLENGTH - 22) }
    /<obs[ >]/ {
        day = ""
        if (match($0, /label="[0-9-]+"/)) day = substr($0, RSTART + 7, RLENGTH - 8)
        if (match($0, />[0-9.]+ *</)) value = substr($0, RSTART + 1, RLENGTH - 2)
        else next
        sub(/ +$/, "", value)
        if (day == "" && weekly) print symbol "," first "," n + 0 "," value
        else print symbol "," day ",," value
        n++
    }
    END { if (n == 0 || n != expected) { print "unreadable: " n " of " expected " observations" >"/dev/stderr"; exit 1 } }'
