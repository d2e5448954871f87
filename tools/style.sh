#!/bin/bash
# style.sh: what can be checked without a server. TAP output.
set -uo pipefail
shopt -s lastpipe
number=0 failures=0

# check NAME: a test that passes when nothing is on standard input; what there is explains why not
check() {
    local findings
    findings=$(cat)
    number=$((number + 1))
    if [ -z "$findings" ]; then echo "ok $number - $1"; return; fi
    echo "not ok $number - $1"
    printf '%s\n' "$findings" | head -n 40 | sed 's/^/# /'
    failures=$((failures + 1))
}
skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

# Every file of the tree that somebody wrote, whether it is a git checkout or an unpacked archive.
files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard
    else
        find . -name .git -prune -o -name .demo -prune -o -path ./build -prune -o -path ./results -prune \
            -o -path ./output_iso -prune -o -type f -print | sed 's#^\./##' | grep -vE '\.(o|bc|so)$|^sql/margin_calib--'
    fi | while IFS= read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done | sort
}
list=$(mktemp)
trap 'rm -f "$list"' EXIT
files >"$list"
matching() { grep -E "$1" "$list"; }

c_format() {
    matching '^(src|test|bench)/.*\.[ch]$' | xargs -r clang-format-14 --dry-run -Werror -style=file 2>&1
}
kernel_purity() {
    matching '^src/kernel/' | xargs -r grep -nE \
        '#include.*(postgres|fmgr|utils/|funcapi|\.\./)|\b(palloc|repalloc|pfree|malloc|calloc|realloc|free|ereport|elog|printf|fprintf|puts|abort|exit) *\('
}
kernel_globals() {
    matching '^src/kernel/' | xargs -r grep -nE '^static [^(]*[;=]' | grep -vE 'static (inline|const) |(const|inline) '
}
versions() {
    local control json changelog
    control=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" margin_calib.control)
    changelog=$(sed -n 's/^## \([0-9][^ ]*\).*/\1/p' CHANGELOG.md | head -n 1)
    [ "$changelog" = "$control" ] || echo "CHANGELOG.md says $changelog, margin_calib.control $control"
    grep -oE '"version": *"[0-9][^"]*"' META.json | grep -oE '[0-9][^"]*' | sort -u | grep -v '^1\.0\.0$' >"$list.v"
    json=$(cat "$list.v") && rm -f "$list.v"
    [ "$json" = "$control" ] || echo "META.json says $json, margin_calib.control $control"
}
# Functions that the install script binds to the library, and those that leave it.
named_symbols() {
    sed -nE "s/.*'MODULE_PATHNAME', *'(mc_[a-z0-9_]+)'.*/\1/p" sql/parts/*.sql | sort -u
}
exported_symbols() {
    nm -D --defined-only margin_calib.so | awk '{ print $3 }' | sort -u
}
exports() {
    comm -3 <(named_symbols) <(exported_symbols |
        grep -vE '^(Pg_magic_func|_PG_init|pg_finfo_mc_[a-z0-9_]+)$') |
        sed -E 's/^(\t?)(.*)/\2 is \1/; s/is \t$/is exported and not named by SQL/; s/is $/is named by SQL and not exported/'
    comm -3 <(named_symbols) <(exported_symbols | sed -n 's/^pg_finfo_//p') |
        sed 's/^\t*/without its counterpart: pg_finfo_/'
}
long_files() {
    matching '\.(c|h|sql|sh|pl|pm|py|mk|spec)$|^Makefile$' | xargs -r wc -l |
        awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }'
}
unfinished() {
    # the word is put together so that this line does not find itself
    xargs -r grep -nIE "\b(TO""DO|FIX""ME|XX""X)\b" <"$list" | grep -v '^LICENSE:'
}
machine_paths() {
    grep -vE '^(LICENSE|tools/style\.sh)$' "$list" | xargs -r grep -nIE '(^|[^a-zA-Z0-9_.}])/(work|home|root|Users)/[a-zA-Z]'
}
shell_syntax() {
    local file
    xargs -r grep -lIE '^#!/bin/(ba)?sh' <"$list" | while IFS= read -r file; do bash -n "$file" 2>&1; done
}
not_executable() {
    local file
    xargs -r grep -lIE -m1 '^#!' <"$list" | while IFS= read -r file; do
        head -n 1 "$file" | grep -q '^#!' && [ ! -x "$file" ] && [[ $file != *.pm ]] && echo "$file"
    done
}
# an example that is indented instead of fenced would not run
examples() {
    matching '^(README|doc/[a-z_]+)\.md$' | grep -v '^doc/reference.md$' | xargs -r awk '
        FNR == 1 { fenced = 0 }
        /^```/ { fenced = !fenced }
        !fenced && /^    (SELECT|CALL|SET|CREATE|INSERT|GRANT) / { print FILENAME ":" FNR ": " $0 }'
}
white_space() {
    grep -vE '\.(out|patch)$|^LICENSE$' "$list" | xargs -r grep -nIE '[[:blank:]]+$|'$'\r'
}

if command -v clang-format-14 >/dev/null; then
    c_format | check 'C files are formatted as .clang-format says'
else
    skip 'C files are formatted as .clang-format says' 'clang-format-14 is not installed'
fi
kernel_purity | check 'kernels neither know PostgreSQL nor allocate nor print'
kernel_globals | check 'kernels have no changeable state'
versions | check 'control file, META.json and CHANGELOG.md name one version'
if [ -e margin_calib.so ]; then
    exports | check 'the library exports exactly what SQL names'
else
    skip 'the library exports exactly what SQL names' 'margin_calib.so is not built'
fi
long_files | check 'no file is longer than 600 lines'
unfinished | check 'nothing is marked as unfinished'
machine_paths | check 'no path of one machine'
shell_syntax | check 'shell scripts parse'
not_executable | check 'scripts are executable'
white_space | check 'no trailing white space'
examples | check 'examples of the pages are fenced, so that they run'
tools/file_list.sh 2>&1 | check 'doc/architecture.md lists every file (tools/file_list.sh --write)'
echo "1..$number"
[ $failures = 0 ]
