# The fits of extreme value theory, quantile regression and ratios end within a second of pg_cancel_backend, at
# whatever moment it comes: while rows are read, sorted, or in the middle of a fit.
#   CANCEL_ROWS   rows of the table (1000000)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cancel;
use Psql;
use Test::More;

my $rows = $ENV{CANCEL_ROWS} || 1000000;
my $s = Psql->fresh('evt_cancel');
my $admin = Psql->new('evt_cancel');
$s->rows(q{SET search_path = public, margin_calib; SET jit = off; SET max_parallel_workers_per_gather = 0;});
$s->rows(qq{CREATE UNLOGGED TABLE t AS SELECT -exp(3 * sin(i * 1.7) * cos(i::float8 * i * 0.3)) AS x, (i::bigint * 69621 % 2147483647)::float8 AS z
	FROM generate_series(1, $rows) AS i; SELECT count(*) FROM t});
my @queries = (
	'SELECT gpd_fit(x, 0) FROM t',
	q{SELECT gpd_fit(x, 0, 'pwm') FROM t},
	'SELECT gpd_fit_tail(x, 0.9) FROM t',
	'SELECT gev_fit(-x) FROM t',
	'SELECT hill_series(x, 900000) IS NULL FROM t',
	q{SELECT mean_excess(x, array_fill(0.5::float8, ARRAY[200])) IS NULL FROM t},
	'SELECT quantile_regression(x, z, 0.3) FROM t',
	'SELECT quantile_regression(x, ARRAY[z, z ^ 2, sin(z), cos(z)], 0.3) FROM t',
	'SELECT sharpe_ratio_test(x, 0) FROM t',
	'SELECT omega_ratio(x, -1) FROM t',
);

Cancel->new($s, $admin)->cancels_ok([0.1, 0.4, 0.7, 1.1], @queries);
ok($s->alive && $s->value('SELECT 1') eq '1', 'the session goes on');
done_testing();
