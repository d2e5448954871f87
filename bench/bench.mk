# make bench: our functions beside their peers, interleaved in one run; ratios of CPU time.
#   SIZE=small   1M and 4M rows (default)
#   SIZE=full    2.5M and 10M rows
#   ONLY=a,b     only these cases (bench/README.md has the list)
SIZE ?= small
ONLY ?=
# Debian's own Python: the packages that install.sh brings are for it
BENCH_PYTHON ?= /usr/bin/python3
RUN_BENCH = EXTRA_CONF="$$(cat bench/postgresql.conf)" $(WITH_CLUSTER) $(BENCH_PYTHON) bench/run.py --out build/bench

bench:
	bench/install.sh build/bench
	$(RUN_BENCH) --size '$(SIZE)' --only '$(ONLY)'
