#!/bin/bash
# asan.sh CALLS [SEED]: the SQL fuzzer, and the semantic tests, against a server that runs a margin_calib
# built with AddressSanitizer and UndefinedBehaviorSanitizer. The server itself is the installed one:
# the runtime is preloaded. A report aborts its backend, which the fuzzer sees as a lost connection.
set -eu
calls=$1
seed=${2:-1}
shift $(($# < 2 ? $# : 2))
tests=("$@")
if [ ${#tests[@]} = 0 ]; then tests=(test/t/fuzz_sql.pl); fi
work=$(mktemp -d "${TMPDIR:-/tmp}/margin_calib_asan.XXXXXX")
chmod 755 "$work"
mkdir "$work/reports" && chmod 1777 "$work/reports"
trap 'rm -rf "$work"' EXIT

# a copy, so that the objects of the normal build stay
mkdir "$work/tree"
cp -r Makefile margin_calib.control src sql tools bench test "$work/tree/" 2>/dev/null || true
find "$work/tree" \( -name '*.o' -o -name '*.bc' -o -name '*.so' \) -delete
flags="-std=gnu11 -O1 -g -fno-wrapv -fno-omit-frame-pointer -fno-sanitize-recover=all"
flags="$flags -fsanitize=address,undefined,float-cast-overflow,float-divide-by-zero"
link="$(gsl-config --libs) -Wl,--version-script=build/exports.map -fsanitize=address,undefined"
make -s -j2 -C "$work/tree" with_llvm=no CC=gcc PG_CFLAGS="$flags" SHLIB_LINK="$link" all >"$work/build.log" 2>&1 &&
    make -s -C "$work/tree" with_llvm=no CC=gcc PG_CFLAGS="$flags" SHLIB_LINK="$link" \
        install DESTDIR="$work/stage" >>"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
chmod -R a+rX "$work/stage"
gcc -shared -fPIC -O1 -fno-builtin -Wl,-z,initfirst -o "$work/asan_first.so" test/fuzz/server/asan_first.c
chmod 755 "$work/asan_first.so"

status=0
STAGE_FROM=$work/stage EXTRA_CONF=$'jit = off\nmax_stack_depth = 2MB' KEEP_LOG=$work/reports/server.log \
    ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:abort_on_error=1:disable_coredump=1:log_path="$work/reports/asan" \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 FUZZ_CALLS=$calls FUZZ_SEED=$seed FUZZ_LIMIT=60 \
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so) $work/asan_first.so" \
    tools/with_cluster.sh env -u LD_PRELOAD prove --verbose "${tests[@]}" || status=1
# UBSan writes to the server's log, ASan to its own file
if ls "$work"/reports/asan.* >/dev/null 2>&1 || grep -q 'runtime error:' "$work/reports/server.log"; then
    cat "$work"/reports/asan.* 2>/dev/null | head -n 60 | sed 's/^/# /'
    grep -A 12 'runtime error:' "$work/reports/server.log" | head -n 120 | sed 's/^/# /'
    echo "not ok - the sanitizers have reports"
    status=1
else
    echo "ok - the sanitizers are silent"
fi
exit $status
