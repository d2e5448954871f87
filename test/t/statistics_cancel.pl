# Statistics whose work grows faster than their rows, at the largest sizes, end within a second of a cancel.
# One decomposition into eigenvalues (800 rows at most: about a second) cannot be stopped, so it is smaller here.
# The other kernels are in cancel.pl, evt_cancel.pl and garch_cancel.pl.
#   CANCEL_ROWS   rows of the table (1000000)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cancel;
use Psql;
use Test::More;

my $rows = $ENV{CANCEL_ROWS} || 1000000;
my $s = Psql->fresh('statistics_cancel');
my $admin = Psql->new('statistics_cancel');
$s->rows(q{SET search_path = public, margin_calib; SET jit = off; SET max_parallel_workers_per_gather = 0; SET work_mem = '256MB'; SET margin_calib.max_state_mb = 2048;});
$s->rows(qq{CREATE UNLOGGED TABLE t AS SELECT i, (i::bigint * 69621 % 2147483647)::float8 - 1e9 AS x, (i::bigint * 48271 % 2147483647)::float8 AS y FROM generate_series(1, $rows) AS i;
	CREATE UNLOGGED TABLE wide AS SELECT ARRAY(SELECT sin(i * j * 0.37 + j) FROM generate_series(1, 2000) AS j) AS r FROM generate_series(1, 40) AS i;
	CREATE UNLOGGED TABLE matrix AS SELECT array_agg(a ORDER BY i) AS m FROM (SELECT i, array_agg(CASE WHEN i = j THEN 1 ELSE sin((i + j) * i * j) END ORDER BY j) AS a
		FROM generate_series(1, 500) AS i, generate_series(1, 500) AS j GROUP BY i) AS q;
	CREATE UNLOGGED TABLE sketches AS SELECT tail_sketch(x * 10 ^ (i % 500 - 250), 65536) AS s FROM t WHERE i % 2 = 0;
	CREATE UNLOGGED TABLE tiers AS SELECT array_agg((i - 1, 0.5, 0.25)::margin_tier) AS tiers FROM t;
	SELECT count(*) FROM t, matrix, wide, sketches, tiers});
my @queries = (
	'SELECT kendall(x, y) FROM t',
	'SELECT spearman(x, y) FROM t',
	'SELECT lower_tail_dependence(x, y, 0.9) FROM t',
	'SELECT nearest_correlation(m) IS NULL FROM matrix',
	'SELECT count(*) FROM principal_components((SELECT covariance(r[1:500]) FROM wide))',
	'SELECT covariance(r) IS NULL FROM wide, generate_series(1, 40)',
	'SELECT ledoit_wolf_covariance(r) IS NULL FROM wide, generate_series(1, 40)',
	'SELECT ewma_covariance(r, 0.94) IS NULL FROM wide, generate_series(1, 40)',
	'SELECT bootstrap_expected_shortfall(x, 0.9, 1000000, 1) FROM t WHERE i <= 5000',
	q{SELECT bootstrap_volatility(x, 1000000, 1, 0.9, 'bca') FROM t WHERE i <= 50000},
	q{SELECT block_bootstrap_value_at_risk(x, 0.9, 'stationary', 20, 1000000, 1) FROM t WHERE i <= 5000},
	q{SELECT acerbi_szekely_critical('z3', 10000, 0.5, 3, 0.05)},
	q{SELECT acerbi_szekely_p_value('z1', 0, 10000, 0.5, 3)},
	'SELECT tail_sketch_count(tail_sketch_merge(s)) FROM sketches, generate_series(1, 300)',
	'SELECT tail_sketch_count(tail_sketch(x, 65536)) FROM t, generate_series(1, 9)',
	'SELECT tier_margin(1000000000, tiers) FROM tiers',
	'SELECT correlation_reliability(x, y + i, 0.99, 5) FROM t, generate_series(1, 8)',
	'SELECT student_t_fit(x) FROM t',
	'SELECT expected_shortfall_weighted(x, abs(y), 0.5) FROM t',
	'SELECT optimal_block_length(x) FROM t',
	q{SELECT dynamic_quantile_test(x, 1e9, 0.9, 20) FROM t},
	q{SELECT procyclicality('2000-01-01'::timestamptz + y * interval '1 second', 1 + y, x) FROM t},
	q{SELECT margin_increases('2000-01-01'::timestamptz + y * interval '1 second', 1 + y, (SELECT array_agg(k) FROM generate_series(1, 1000) AS k)) FROM t},
);

Cancel->new($s, $admin)->cancels_ok([0.15, 0.6, 1.4], @queries);
ok($s->alive && $s->value('SELECT 1') eq '1', 'the session goes on');
done_testing();
