#!/bin/bash
# doctest.sh FILE.md...: run the ```sql blocks of each file, in order, in one session of one fresh
# database per file. TAP output, one line a block. What follows ```sql says what must happen:
#   ```sql                 every statement succeeds
#   ```sql error 22023     the last error of the block has this SQLSTATE
#   ```sql pg_cron         as plain, with pg_cron loaded; skipped where it is not installed
#   ```text expected       (after a block) its output, compared but for trailing spaces
# Needs a server (PGHOST, ...) and, for pg_cron blocks, the MC_PG_CTL of with_cluster.sh.
# SHOW=1 prints what every block printed, to paste into a page.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 failures=0

# Cuts FILE into $work/N.sql, N.head (line number, info string) and N.expected; prints the count.
cut_blocks() {
    awk -v work="$work" '
        /^```/ && inside == ""  {
            info = substr($0, 4)
            if (info ~ /^sql( |$)/) {
                inside = "sql"; n++
                print FNR, info >(work "/" n ".head"); close(work "/" n ".head")
                out = work "/" n ".sql"; printf "" >out
            } else if (info == "text expected" && n > 0) {
                inside = "text"; out = work "/" n ".expected"; printf "" >out
            } else inside = "other"
            next
        }
        /^```/                  { if (inside != "other") close(out); inside = ""; next }
        inside == "sql" || inside == "text" { print >out }
        END                     { print n + 0 }' "$1"
}

pg_cron_is_installed() {
    [ -n "${MC_PG_CTL:-}" ] &&
        [ "$(psql -XAtqc "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'")" = 1 ]
}
load_pg_cron() { # load_pg_cron DATABASE
    cat >>"$PGDATA/postgresql.conf" <<CONF
shared_preload_libraries = 'pg_cron'
cron.database_name = '$1'
cron.host = '$PGHOST'
CONF
    "$MC_PG_CTL" -w restart >/dev/null && psql -Xq -d "$1" -c 'CREATE EXTENSION pg_cron'
}

# One script for one session; marks on both streams tell which block printed what.
write_script() { # write_script COUNT CRON
    local i
    for ((i = 1; i <= $1; i++)); do
        [[ $2 = no && $(<"$work/$i.head") = *' pg_cron' ]] && continue
        printf '\\set LAST_ERROR_SQLSTATE 00000\n\\echo @@ %s\n\\warn @@ %s\n' $i $i
        cat "$work/$i.sql"
        printf '\n;\n\\echo @@ 0\n\\warn @@ 0\n\\o %s\n\\qecho :LAST_ERROR_SQLSTATE\n\\o\n' "$work/$i.state"
    done
}
split_output() { # split_output SUFFIX <stream
    awk -v work="$work" -v suffix="$1" '
        /^@@ [0-9]+$/ { if (out != "") close(out); out = $2 ? work "/" $2 "." suffix : ""; next }
        out != ""     { sub(/[ \t]+$/, ""); print >out }'
}

report() { # report FILE BLOCK CRON
    local line info title want='' state verdict=ok why=''
    read -r line info <"$work/$2.head"
    title="$1:$line $(grep -m1 '[^[:space:]]' "$work/$2.sql" | cut -c1-60 | tr '#' ' ')"
    number=$((number + 1))
    if [[ $info = *' pg_cron' && $3 = no ]]; then
        echo "ok $number - $title # SKIP pg_cron is not installed"
        return
    fi
    touch "$work/$2.out" "$work/$2.err"
    : >"$work/diff"
    state=$(cat "$work/$2.state" 2>/dev/null || echo 'the session ended')
    [[ $info = 'sql error '* ]] && want=${info#sql error }
    if [ "$state" != "${want:-00000}" ]; then
        verdict='not ok' why="SQLSTATE $state, not ${want:-00000}"
    elif [ -z "$want" ] && grep -Eq '(^|: )(error|ERROR):' "$work/$2.err"; then
        verdict='not ok' why='psql reported an error'
    elif [ -e "$work/$2.expected" ] &&
        ! diff -u --label expected --label printed <(sed 's/[[:space:]]*$//' "$work/$2.expected") \
            <(sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$work/$2.out") >"$work/diff"; then
        verdict='not ok' why='the output differs'
    fi
    echo "$verdict $number - $title"
    if [ "$verdict" != ok ]; then
        failures=$((failures + 1))
        cat - "$work/$2.err" "$work/diff" <<<"$why" | sed 's/^/# /'
    fi
    if [ -n "${SHOW:-}" ]; then sed 's/^/    /' "$work/$2.out"; fi
}

test_file() {
    local count cron=no db i
    rm -f "$work"/*
    count=$(cut_blocks "$1")
    db=doctest_$(basename "$1" .md | tr -c 'a-zA-Z0-9\n' _ | tr A-Z a-z)
    psql -Xqc "DROP DATABASE IF EXISTS $db" -c "CREATE DATABASE $db" 2>/dev/null
    if grep -q ' pg_cron$' "$work"/*.head 2>/dev/null && pg_cron_is_installed; then
        load_pg_cron "$db" && cron=yes
    fi
    write_script "$count" $cron >"$work/script"
    psql -Xq -d "$db" -f "$work/script" >"$work/stdout" 2>"$work/stderr" || true
    split_output out <"$work/stdout"
    split_output err <"$work/stderr"
    for ((i = 1; i <= count; i++)); do report "$1" $i $cron; done
}

for file in "$@"; do test_file "$file"; done
echo "1..$number"
[ $failures = 0 ] && [ $number -gt 0 ]
