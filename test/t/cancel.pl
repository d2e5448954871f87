# Every function that can run long, on millions of rows, ends within a second of pg_cancel_backend,
# at whatever moment it comes, and so with statement_timeout. Speed itself is never asserted.
#   CANCEL_ROWS   rows of the table (2000000)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cancel;
use Psql;
use Test::More;

my $rows = $ENV{CANCEL_ROWS} || 2000000;
my $s = Psql->fresh('cancel');
my $admin = Psql->new('cancel');
my $settings = 'SET search_path = public, margin_calib; SET jit = off; SET work_mem = \'1GB\'; SET max_parallel_workers_per_gather = 0;';
$s->rows($settings);
# shuffled by multiplication, so that sorts have work; one instrument, and one array of its prices
$s->rows(qq{CREATE UNLOGGED TABLE t AS SELECT 'A'::text AS k, i, i % 50000 AS g, '1990-01-01'::timestamptz + (i::bigint * 1103515245 % 1000000007) * interval '1 second' AS ts,
	(i::bigint * 69621 % 2147483647)::float8 - 1e9 AS x, 100 + (i::bigint * 48271 % 2147483647)::float8 / 1e9 AS price, 1::numeric AS q FROM generate_series(1, $rows) AS i;
	CREATE UNLOGGED TABLE a AS SELECT array_agg(price) AS prices FROM t;
	SELECT count(*) FROM t, a});
my $policy = qq{jsonb_populate_record(policy('futures_clearing'), '{"confidence": 0.5, "horizon": 500, "lookback": 3000000, "floor_lookback": 3000000, "stress_window": 1000000}')};
# bar by bar along a path from before the first one, each a listing of its own without a return
my $quick = q{jsonb_populate_record(policy('crypto_venue'), '{"model": "historical", "confidence": 0.5, "horizon": 1, "lookback": 20, "min_returns": 5, "refit_interval": 1, "floor_lookback": 0, "stress_weight": 0, "restart_gap": "1 microsecond"}')};
my $path = q{ROW('1980-01-01', 100, 0.1, 0.1, 0.1, 0.1, false, '1979-01-01', 100, 0.1, 0.1, 0.1, 0.1, false)::margin_path};
my @queries = (
	'SELECT volatility(x) FROM t',
	'SELECT volatility(x) OVER (ORDER BY i ROWS 400000 PRECEDING) FROM t OFFSET 10000000',
	'SELECT volatility(x) OVER (ORDER BY i ROWS BETWEEN 400000 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) FROM t OFFSET 10000000',
	'SELECT expected_shortfall(x, 0.5) FROM t',
	'SELECT expected_shortfall(x, 0.99) OVER (ORDER BY i ROWS 400000 PRECEDING) FROM t OFFSET 10000000',
	'SELECT expected_shortfall(x, 0.5) OVER (ORDER BY i ROWS BETWEEN 300000 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t OFFSET 10000000',
	q{SELECT value_at_risk(x, 0.5, 'linear') FROM t},
	'SELECT value_at_risk(x, 0.5) OVER (ORDER BY i ROWS BETWEEN 400000 PRECEDING AND 400000 FOLLOWING) FROM t OFFSET 10000000',
	'SELECT tail_risk(x, ARRAY[0.3, 0.5, 0.9]) FROM t',
	'SELECT tail_risk(x, ARRAY[0.3, 0.5, 0.9]) OVER (ORDER BY i ROWS 500000 PRECEDING) FROM t OFFSET 10000000',
	'SELECT rolling_vol(price, 1000000) OVER (ORDER BY i) FROM t OFFSET 10000000',
	'SELECT rolling_vol(prices, 30) IS NULL FROM a',
	'SELECT rolling_vol(prices, 1000000) IS NULL FROM a, generate_series(1, 20)',
	"SELECT calibrate_margin(ts, price, policy('crypto_venue')) FROM t",
	"SELECT calibrate_margin(ts, price, $policy) FROM t",
	"SELECT calibrate_margin(ts, price, policy('crypto_venue')) OVER (ORDER BY i ROWS 100000 PRECEDING) FROM t OFFSET 10000000",
	"SELECT count(*) FROM calibrate_all('t', $policy, 'k', 'ts', 'price')",
	"SELECT count(*) FROM calibrate_all('t', policy('crypto_venue'), 'g', 'ts', 'price')",
	"SELECT count(*) FROM backtest_path('t', policy('crypto_venue'), 'k', 'ts', 'price')",
	"SELECT count(*) FROM compare_policies('t', '{prop_desk}'::text[], 'k', 'ts', 'price')",
	"SELECT count(*) FROM rolling_vol_all('t', 'k', 'ts', 'price', 30)",
	"SELECT count(*) FROM rolling_vol_arrays('t', 'k', 'ts', 'price', 30)",
	"SELECT count(*) FROM rolling_vol_all('t', 'g', 'ts', 'price', 30)",
	"SELECT calibrate_margin(ts, price, $quick, $path) FROM t",
);

my $cancel = Cancel->new($s, $admin);
$cancel->cancels_ok([0.1, 0.45, 1.1], @queries);
ok($s->alive && $s->value('SELECT 1') eq '1', 'the session goes on');
# statement_timeout comes from the same place, at another moment
$cancel->timeouts_ok(0.4, @queries[ 3, 4, 10, 14, 16, 18, 19, 20 ]);

# the engine: a cancelled refresh leaves its queue, and the next one does the work
$s->rows(q{CREATE TABLE book (account text, instrument text, quantity numeric); INSERT INTO book VALUES ('alice', 'A', 2);
	SELECT attach_prices('t', 'k', 'ts', 'price'); SELECT attach_positions('book', 'account', 'instrument', 'quantity')});
$cancel->cancels_ok([0.5], 'CALL refresh()');
cmp_ok($s->value('SELECT count(*) FROM margin_calib.capture_queue'), '>', 0, 'its queue is as before');
is($s->try('CALL refresh()', 120)->{state}, '00000', 'the next one succeeds');
is($s->value('SELECT count(*) FROM margin_calib.capture_queue'), 0, 'and leaves no queue');
done_testing();
