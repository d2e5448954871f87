#!/bin/bash
# check_docs.sh FILE.md...: the examples of the pages run, the reference is up to date, and every public
# object has a comment. TAP output. Needs a server (tools/with_cluster.sh).
set -uo pipefail
here=$(dirname "$0")
failures=0
"$here/doctest.sh" "$@" || failures=1

report() { # report NUMBER TITLE, with what is wrong on standard input
    local findings
    findings=$(cat)
    if [ -z "$findings" ]; then echo "ok $1 - $2"; return; fi
    echo "not ok $1 - $2"
    head -n 30 <<<"$findings" | sed 's/^/# /'
    failures=1
}
echo '# the reference'
report 1 'doc/reference.md is what tools/reference.sh prints' \
    < <("$here/reference.sh" | diff doc/reference.md - 2>&1)
report 2 'every public object has a comment' < <(psql -Xq -v ON_ERROR_STOP=1 -d reference -f "$here/reference.sql" \
    -c "SELECT 'function ' || oid::regprocedure::text FROM public_function WHERE coalesce(comment, '') = ''
        UNION ALL SELECT 'relation or type ' || name FROM public_relation WHERE coalesce(comment, '') = ''
        ORDER BY 1" 2>&1)
report 3 'every column of a view or of a public type has a comment' < <(psql -Xq -v ON_ERROR_STOP=1 -d reference -f "$here/reference.sql" \
    -c "SELECT r.name || '.' || a.attname FROM public_relation AS r
          JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE r.kind IN ('v', 'c') AND pg_temp.column_comment(r.oid, a.attnum) IS NULL ORDER BY r.name, a.attnum" 2>&1)
report 4 'every page that is referred to is there' \
    < <(grep -ohE '\bdoc/[a-z_]+\.md\b' README.md CONTRIBUTING.md CHANGELOG.md doc/*.md src/*.[ch] src/kernel/*.[ch] \
            sql/parts/*.sql Makefile tools/*.sh tools/*.mk bench/* test/*/* 2>/dev/null | sort -u |
        while IFS= read -r page; do [ -f "$page" ] || echo "$page"; done)
echo '1..4'
exit $failures
