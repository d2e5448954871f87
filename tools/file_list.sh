#!/bin/bash
# file_list.sh [--write]: the tables of files in doc/architecture.md, from the first sentence of each
# file's own head. With --write it puts them into the page; make check-style compares.
set -euo pipefail
cd "$(dirname "$0")/.."
page=doc/architecture.md

# The first sentence of the head comment of FILE; headers stand for their .c file.
summary() {
    awk '
        function add(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); text = text (text == "" ? "" : " ") s }
        NR == 1 && /^#!/                                  { next }
        NR == 1 && /^\/\*/                                { c = 1; next }
        c && NR == 2                                      { next }
        c && /^ \*\/|^ \*[ \t]*$/                         { exit }
        c                                                 { sub(/^ \*/, ""); add($0); next }
        /^"""/                                            { sub(/^"""/, ""); py = 1 }
        py                                                { if ($0 == "") exit; e = sub(/""".*/, ""); add($0); if (e) exit; next }
        /^(--|#|\/\/)/                                    { sub(/^(--|#+|\/\/) ?/, ""); add($0); next }
        { exit }
        END {
            # the usage that heads of scripts start with is in the first column already
            sub(/^[A-Za-z_]+\.(sh|awk|sql|py)[^:]*: */, "", text)
            if (match(text, /[.:]$|[.] /)) text = substr(text, 1, RSTART - 1)
            split(text, word, " ")
            print (word[1] ~ /[_.(]/ ? "" : toupper(substr(text, 1, 1))) substr(text, word[1] ~ /[_.(]/ ? 1 : 2)
        }' "$1"
}
table() { # table TITLE FILE...
    local file
    printf '\n### %s\n\n| file | what it is |\n| --- | --- |\n' "$1"
    shift
    for file in "$@"; do
        if [ -f "$file" ] && ! { [[ $file = *.h ]] && [ -f "${file%.h}.c" ]; }; then
            printf '| `%s` | %s |\n' "$file" "$(summary "$file" | sed 's/|/\\|/g')"
        fi
    done
}
tables() {
    table 'Kernels' src/kernel/*.[ch]
    table 'Glue' src/*.[ch]
    table 'SQL' sql/parts/*.sql
    table 'Tools' tools/*.sh tools/*.sql tools/*.mk
    table 'Demo' demo/*
    if compgen -G 'bench/*.py' >/dev/null; then table 'Benchmarks' bench/*.sh bench/*.sql bench/*.py; fi
}
whole_page() {
    sed '/^<!-- files -->$/q' "$page"
    tables
}
if [ "${1:-}" = --write ]; then
    whole_page >"$page.new" && mv "$page.new" "$page"
else
    whole_page | diff "$page" -
fi
