# Heavier tests than `make check` runs. Each target can be run alone.
#   check-fuzz       build the libFuzzer programs of test/fuzz and run each for FUZZ_SECONDS
#   check-asan       the SQL fuzzer against a server whose margin_calib is built with ASan and UBSan
#   check-mutation   flip constants and comparisons of the kernels; the unit tests must notice
#   check-long       all of them at length, 2,000,000 SQL calls, 200 kills

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 10
FUZZ_CFLAGS   = -std=c11 -g -O1 -Wall -Wextra -Werror -ffp-contract=off -Isrc -Itest/fuzz \
                -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined,float-cast-overflow \
                -fno-sanitize-recover=all
FUZZ_NAMES    = $(sort $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/*.c)))

$(FUZZ_NAMES:%=build/fuzz/%): build/fuzz/%: test/fuzz/%.c $(wildcard test/fuzz/*.h src/kernel/*.c src/kernel/*.h)
	mkdir -p build/fuzz
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(wildcard src/kernel/*.c) $(shell gsl-config --libs)

.PHONY: build-fuzz check-fuzz check-asan check-mutation check-long
build-fuzz: $(FUZZ_NAMES:%=build/fuzz/%)
check-fuzz: build-fuzz
	tools/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_NAMES)
check-asan:
	tools/asan.sh $(or $(FUZZ_CALLS),10000)
