# Fits of millions of rows end within a second of pg_cancel_backend, at whatever moment it comes, and with
# statement_timeout. Speed itself is never asserted.
#   CANCEL_ROWS   rows of the table (4000000)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cancel;
use Psql;
use Test::More;

my $rows = $ENV{CANCEL_ROWS} || 4000000;
my $s = Psql->fresh('garch_cancel');
my $admin = Psql->new('garch_cancel');
$s->rows(qq{SET search_path = public, margin_calib; SET jit = off; SET max_parallel_workers_per_gather = 0;
	CREATE UNLOGGED TABLE t AS SELECT i, (random() + random() + random() - 1.5) * (1 + (i / 1000) % 3) AS r FROM generate_series(1, $rows) AS i;
	CREATE UNLOGGED TABLE a AS SELECT array_agg(r ORDER BY i) AS returns FROM t});
my @queries = (
	'SELECT garch_fit(r) FROM t',
	q{SELECT garch_fit(r, 'gjr_t', 'sample_variance', 'qml') FROM t},
	q{SELECT garch_vol(r, 'garch_t') FROM t},
	'SELECT garch_vol(r) OVER (ORDER BY i ROWS 2000 PRECEDING) FROM t OFFSET 100000000',
	q{SELECT filtered_tail_risk(r, '{0.5,0.99}', 'gjr') FROM t},
	'SELECT garch_filter(returns, garch_model(0.1, 0.1, 0.8)) IS NULL FROM a, generate_series(1, 100)',
);

my $cancel = Cancel->new($s, $admin);
$cancel->cancels_ok([0.3, 0.9, 2], @queries);
$cancel->timeouts_ok(1.5, @queries[ 0, 1, 4 ]);
ok($s->alive && $s->value('SELECT 1') eq '1', 'the session goes on');
done_testing();
