# margin_calib: build, tests, demo and benchmarks.
#   make, make install        the extension, against the PostgreSQL that PG_CONFIG names
#   make demo                 from a bare Debian machine to calibrated margins on real prices
#   make check                every test layer; the last line counts the tests
#   make bench                ratios beside other systems in one run

EXTENSION   = margin_calib
# the version is written once, in the control file
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big = $(EXTENSION)
OBJS       = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/kernel/*.c)))
MC_HEADERS = $(wildcard src/*.h src/kernel/*.h)

SQL_PARTS    = $(sort $(wildcard sql/parts/*.sql))
DATA_built   = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA         = $(wildcard sql/upgrade/$(EXTENSION)--*--*.sql)
EXTRA_CLEAN  = sql/$(EXTENSION)--*.sql build results bench/__pycache__ regression.diffs regression.out output_iso tmp_check

# PG_CPPFLAGS reach the objects and the JIT bitcode alike, PG_CFLAGS only the objects.
# No contraction, no -march: the same digits on every machine.
PG_CPPFLAGS = -Isrc -ffp-contract=off -DMC_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -std=gnu11 -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers $(WERROR)
SHLIB_LINK  = $(shell gsl-config --libs) -Wl,-z,now -Wl,--version-script=build/exports.map

REGRESS        = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION      = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=$(EXTENSION)

# On a bare machine there is no pg_config yet: these targets call make again once there is.
PG_CONFIG ?= pg_config
FROM_BARE = deps demo demo-stop check check-layers check-majors
ifeq ($(filter $(FROM_BARE),$(MAKECMDGOALS)),)
PGXS := $(shell command -v $(PG_CONFIG) >/dev/null 2>&1 && $(PG_CONFIG) --pgxs)
# pgxs.mk alone is no sign of headers: Debian's client package has it
ifeq ($(and $(wildcard $(PGXS)),$(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h)),)
all install installcheck:
	@echo 'PostgreSQL server headers are missing: run `make deps`, or name a PG_CONFIG' >&2; exit 1
else
include $(PGXS)

# Debian's PostgreSQL is built without dependency tracking
$(OBJS) $(OBJS:.o=.bc): $(MC_HEADERS) $(EXTENSION).control
$(EXTENSION).so: build/exports.map
endif
endif

# Only what the server looks up leaves the library (up to 15 it is loaded RTLD_GLOBAL): the
# functions that the sources declare with MC_FUNCTION.
build/exports.map: $(wildcard src/*.c)
	mkdir -p build
	{ echo '{ global: Pg_magic_func; _PG_init; pg_finfo_*;'; \
	  sed -n 's/^MC_FUNCTION(\(.*\))$$/\1;/p' $(wildcard src/*.c); echo 'local: *; };'; } > $@

$(DATA_built): $(SQL_PARTS) $(EXTENSION).control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  for f in $(SQL_PARTS); do printf '\n-- %s\n' "$$f"; cat "$$f"; done; } > $@.tmp
	mv $@.tmp $@

# Kernels compile without PostgreSQL: unit tests, sanitizers and fuzzers use them directly.
UNIT_SRC    = $(wildcard test/unit/*.c) $(wildcard src/kernel/*.c)
UNIT_CFLAGS = -std=c11 -g -O1 -Wall -Wextra -Werror -Wdeclaration-after-statement \
              -fno-omit-frame-pointer -ffp-contract=off -Isrc
GSL_LIBS    = $(shell gsl-config --libs)

build/unit: $(UNIT_SRC) $(MC_HEADERS) $(wildcard test/unit/*.h)
	mkdir -p build
	$(CC) $(UNIT_CFLAGS) -o $@ $(filter %.c,$^) $(GSL_LIBS)

build/unit_sanitized: $(UNIT_SRC) $(MC_HEADERS) $(wildcard test/unit/*.h)
	mkdir -p build
	$(CC) $(UNIT_CFLAGS) -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all \
	  -o $@ $(filter %.c,$^) $(GSL_LIBS)

WITH_CLUSTER = PG_CONFIG='$(PG_CONFIG)' tools/with_cluster.sh

.PHONY: deps demo check check-layers check-long check-majors bench \
        check-unit check-unit-valgrind check-unit-sanitized check-regress check-isolation \
        check-pgtap check-tap check-oracle check-docs check-style check-bench
include tools/layers.mk tools/demo.mk tools/long.mk bench/bench.mk
