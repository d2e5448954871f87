# Heavier tests than `make check` runs. Each target can be run alone.
#   check-fuzz       build the libFuzzer programs of test/fuzz and run each for FUZZ_SECONDS (10)
#   check-asan       the SQL fuzzer (FUZZ_CALLS, 10000) and the semantic tests against a server whose
#                    margin_calib is built with ASan and UBSan
#   check-mutation   change comparisons, operators and constants, MUTANTS (5) of each kernel; the unit tests must
#                    notice, but for those that test/unit/survivors.txt argues
#   check-clock      pgTAP and the examples just before and after midnight of New Year, and when options expire
#   check-long       all of them at length: 2,000,000 SQL calls and 200,000 sanitized, 200 kills, ten minutes
#                    of mixed clients, ten minutes of libFuzzer per kernel, 1,000,000 calls for leaks

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 10
FUZZ_CFLAGS   = -std=c11 -g -O1 -Wall -Wextra -Werror -ffp-contract=off -Isrc -Itest/fuzz \
                -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined,float-cast-overflow \
                -fno-sanitize-recover=all
FUZZ_NAMES    = $(sort $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/*.c)))

FUZZ_KERNELS  = $(patsubst src/kernel/%.c,build/fuzz/kernel/%.o,$(wildcard src/kernel/*.c))

$(FUZZ_KERNELS): build/fuzz/kernel/%.o: src/kernel/%.c $(wildcard src/kernel/*.h)
	mkdir -p build/fuzz/kernel
	$(FUZZ_CC) $(FUZZ_CFLAGS) -c -o $@ $<
$(FUZZ_NAMES:%=build/fuzz/%): build/fuzz/%: test/fuzz/%.c $(wildcard test/fuzz/*.h) $(FUZZ_KERNELS)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(FUZZ_KERNELS) $(GSL_LIBS)

.PHONY: build-fuzz check-fuzz check-asan check-mutation check-clock
build-fuzz: $(FUZZ_NAMES:%=build/fuzz/%)
check-fuzz: build-fuzz
	tools/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_NAMES)
check-asan:
	tools/asan.sh $(or $(FUZZ_CALLS),10000) $(or $(FUZZ_SEED),1) test/t/fuzz_sql.pl test/t/semantics.pl
check-mutation:
	tools/mutate.py $(or $(MUTANTS),5)

check-clock:
	tools/clock.sh '2026-12-31 23:59:30' '2027-01-01 00:00:05' '2027-02-28 07:59:00'

check-long:
	$(MAKE) -s check-fuzz FUZZ_SECONDS=$(or $(LONG_FUZZ_SECONDS),600)
	FUZZ_CALLS=2000000 FUZZ_SEED=2 $(WITH_CLUSTER) prove --verbose test/t/fuzz_sql.pl
	$(MAKE) -s check-asan FUZZ_CALLS=200000 FUZZ_SEED=3
	CRASH_KILLS=200 $(WITH_CLUSTER) prove --verbose test/t/crash.pl
	MIX_SECONDS=600 $(WITH_CLUSTER) prove --verbose test/t/mix.pl
	CANCEL_ROWS=10000000 $(WITH_CLUSTER) prove --verbose test/t/cancel.pl
	LEAK_CALLS=500000 $(WITH_CLUSTER) prove --verbose test/t/leak.pl
	$(MAKE) -s check-mutation MUTANTS=0
	$(MAKE) -s check-clock
