# Test layers, one target each. `make check` runs them all and counts; each can be run alone.

check-unit: build/unit
	build/unit
check-unit-valgrind: build/unit
	UNIT_QUICK=1 valgrind -q --leak-check=full --show-leak-kinds=all --error-exitcode=99 build/unit
check-unit-sanitized: build/unit_sanitized
	build/unit_sanitized
check-regress:
	$(WITH_CLUSTER) $(MAKE) -s installcheck ISOLATION= || { sed 's/^/# /' regression.diffs; exit 1; }
check-isolation:
	$(WITH_CLUSTER) $(MAKE) -s installcheck REGRESS= || { sed 's/^/# /' output_iso/regression.diffs; exit 1; }
check-pgtap:
	$(WITH_CLUSTER) tools/pgtap.sh test/pgtap
check-tap:
	$(WITH_CLUSTER) prove --verbose test/t/*.pl
check-oracle:
	$(WITH_CLUSTER) tools/oracle.sh test/oracle
check-docs:
	$(WITH_CLUSTER) tools/check_docs.sh README.md doc/*.md
# the cases of make bench, each measurement once: do they run, and agree with those peers that are here?
check-bench:
	if $(BENCH_PYTHON) -c 'import psycopg2, numpy, pandas, scipy' 2>/dev/null; then $(RUN_BENCH) --size check; \
	else echo '1..0 # SKIP no psycopg2, numpy, pandas and scipy for $(BENCH_PYTHON)'; fi
check-style:
	tools/style.sh

LAYERS = style unit unit-valgrind unit-sanitized regress isolation pgtap tap oracle docs bench

deps:
	tools/install_deps.sh check
check-layers:
	rm -f build/tally
	for layer in $(LAYERS); do tools/layer.sh $$layer $(MAKE) -s check-$$layer; done
	tools/tally.sh
# PostgreSQL's own rule for `check` stands in the way unless it is not read
ifneq ($(filter check,$(MAKECMDGOALS)),)
# two steps: pg_config may exist only after the first
check: deps
	$(MAKE) -s WERROR=-Werror all
	$(MAKE) -s check-layers
endif
# the pages that are made from the catalogue and from the files
update-docs:
	$(WITH_CLUSTER) tools/reference.sh >build/reference.md
	mv build/reference.md doc/reference.md
	tools/file_list.sh --write
.PHONY: update-docs
check-majors:
	tools/majors.sh 17 18
