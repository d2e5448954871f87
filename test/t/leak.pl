# Nothing grows from call to call: the bytes in use in all memory contexts, and the resident memory, before and
# after thousands of calls, with errors too. A window function keeps its window and no more, and an
# aggregate state stops at margin_calib.max_state_mb.
#   LEAK_CALLS   calls per block (10000); the first block warms up, two are measured
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Test::More;

my $calls = $ENV{LEAK_CALLS} || 10000;
my $s = Psql->fresh('leak');
$s->rows(q{
	CREATE TABLE t AS SELECT 'k' || i % 3 AS k, i, '2024-01-01'::timestamptz + i * interval '1 hour' AS ts, 100 + sin(i) AS price, sin(i * 7) AS x FROM generate_series(1, 12) AS i;
	CREATE TABLE many AS SELECT 'k'::text AS k, i, '2000-01-01'::timestamptz + i * interval '1 second' AS ts, 100 + sin(i) AS price, sin(i) AS x FROM generate_series(1, 2000000) AS i;
	VACUUM ANALYZE t; VACUUM ANALYZE many;
	CREATE FUNCTION memory(OUT used bigint, OUT resident bigint) LANGUAGE sql AS $$
		SELECT (SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts), (regexp_match(pg_read_file('/proc/self/status'), 'RssAnon:\s+(\d+)'))[1]::bigint * 1024 $$;
	SET search_path = public, margin_calib});
# used and resident bytes a call, over two blocks and over the second alone; errors are part of the game
$s->rows(q{
	CREATE FUNCTION growth(query text, calls int, OUT both_blocks numeric, OUT second_block numeric, OUT resident numeric) LANGUAGE plpgsql AS $$
	DECLARE used bigint[]; rss bigint[]; n record; b int; i int;
	BEGIN
		FOR b IN 0 .. 2 LOOP
			FOR i IN 1 .. CASE b WHEN 0 THEN calls / 4 ELSE calls END LOOP
				BEGIN EXECUTE query; EXCEPTION WHEN data_exception OR program_limit_exceeded OR undefined_object OR wrong_object_type OR undefined_column THEN NULL; END;
			END LOOP;
			SELECT * INTO n FROM memory();
			used := used || n.used;
			rss := rss || n.resident;
		END LOOP;
		both_blocks := round((used[3] - used[1]) / (2.0 * calls), 2);
		second_block := round((used[3] - used[2])::numeric / calls, 2);
		resident := round((rss[3] - rss[1]) / (2.0 * calls), 2);
	END $$});

my @queries = (
	'SELECT volatility(x), volatility(x, 365) FROM t',
	'SELECT volatility(x) OVER (ORDER BY i ROWS 5 PRECEDING) FROM t',
	q{SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9), value_at_risk(x, 0.9, 'linear') FROM t},
	'SELECT tail_risk(x, ARRAY[0.9, 0.99]) FROM t',
	'SELECT tail_risk(x, ARRAY[0.9, 0.99]) OVER (PARTITION BY k ORDER BY i ROWS 5 PRECEDING) FROM t',
	'SELECT rolling_vol(price, 5) OVER (PARTITION BY k ORDER BY i) FROM t',
	'SELECT rolling_vol(ARRAY[1,2,3,4,5,6,7]::float8[], 3, 365)',
	q{SELECT calibrate_margin(ts, price, policy('crypto_venue')) FROM t GROUP BY k},
	q{SELECT * FROM calibrate_all('t', policy('new_product'), 'k', 'ts', 'price')},
	q{SELECT (calibrate_margin(ts, price, policy('new_product'), (SELECT (calibrate_margin(ts, price, policy('new_product'))).path FROM t WHERE k = 'k1' AND i < 9))).path FROM t WHERE k = 'k1'},
	q{SELECT * FROM backtest_path('t', policy('new_product'), 'k', 'ts', 'price')},
	q{SELECT * FROM rolling_vol_all('t', 'k', 'ts', 'price', 3)},
	q{SELECT * FROM rolling_vol_arrays('(SELECT 1)', 'k', 'ts', 'price', 3)} =~ s/\(SELECT 1\)/t/r,
	q{SELECT check_policy(policy('prop_desk'))},
	# kernels that ask GSL for work space: solvers, eigenvalues, integrals
	q{SELECT gpd_fit(x, 0), gpd_fit(x, 0, 'pwm'), gev_fit(x), student_t_fit(x) FROM t},
	q{SELECT value_at_risk_student_t(x, 0.9), quantile_regression(x, price, 0.3), har_fit(price) FROM t},
	q{SELECT nearest_correlation('{{1,0.9,0.1},{0.9,1,0.9},{0.1,0.9,1}}'), (SELECT count(*) FROM principal_components('{{2,1},{1,2}}'))},
	q{SELECT acerbi_szekely_rank_test(x, 0, 1, 0.9), acerbi_szekely_rank_test(x, 0, 1, 0.9, 4) FROM t},
	q{SELECT bootstrap_volatility(x, 50, 1, 0.9, 'bca'), block_bootstrap_volatility(x, 'stationary', 2, 50, 1) FROM t},
	q{SELECT garch_fit(x, 'gjr_t', 'backcast', 'qml') FROM (SELECT x FROM t UNION ALL SELECT x + price FROM t UNION ALL SELECT x - i FROM t) AS u},
	q{SELECT tail_sketch_bounds(tail_sketch_merge(s), 0.9) FROM (SELECT tail_sketch(x) AS s FROM t GROUP BY k) AS u},
	q{SELECT correlation(covariance_merge(c)), volatility(volatility_merge(v)) FROM (SELECT covariance_state(ARRAY[x, price]) AS c, volatility_state(x) AS v FROM t GROUP BY k) AS u},
	# errors in the middle
	q{SELECT value_at_risk(gpd_fit(x, 0), i) FROM t GROUP BY i},
	q{SELECT principal_components('{{1.5e308,1.5e308},{1.5e308,1.5e308}}')},
	q{SELECT acerbi_szekely_rank_test(x, 0, 1, 0.9, 4 - i) FROM t},
	q{SELECT tail_sketch_merge(s::tail_sketch) FROM (SELECT overlay(tail_sketch(x)::text PLACING 'f' FROM 20) AS s FROM t) AS u},
	q{SELECT covariance_merge(c) FROM (SELECT covariance_state(CASE WHEN k = 'k1' THEN ARRAY[x] ELSE ARRAY[x, price] END) AS c FROM t GROUP BY k) AS u},
	q{SELECT policy('no such policy')},
	q{SELECT rolling_vol(price - 100, 3) OVER (ORDER BY i) FROM t},
	q{SELECT expected_shortfall(x, CASE WHEN i < 9 THEN 0.9 ELSE 0.8 END) FROM t},
	q{SELECT calibrate_margin(ts, price, jsonb_populate_record(policy('crypto_venue'), jsonb_build_object('buffer', i))) FROM t},
	q{SELECT * FROM calibrate_all('t', policy('new_product'), 'k', 'ts', 'no such column')},
	q{SELECT check_policy(jsonb_populate_record(policy('crypto_venue'), '{"model": "gjr_historical + nothing"}'))},
	q{SELECT calibrate_margin(ts, price, policy('new_product'), jsonb_populate_record(NULL::margin_path, jsonb_build_object('ts', ts, 'price', -price))) FROM t},
);
{
	my ($both) = split /\|/, $s->value(q{SELECT * FROM growth('SELECT pg_advisory_lock((random() * 1e15)::bigint)', 500)});
	cmp_ok($both, '>', 16, "the measure sees a leak: $both B a call of pg_advisory_lock");
	$s->rows('SELECT pg_advisory_unlock_all()');
}
for my $query (@queries)
{
	my $n = $query =~ /garch|bootstrap/ ? int($calls / 20) : $query =~ /calibrate_all|_all|arrays|GROUP BY|buffer|_fit|backtest|path/ ? int($calls / 4) : $calls;
	my ($both, $second, $resident) = split /\|/, $s->value("SELECT * FROM growth(\$q\$$query\$q\$, $n)", 7200);
	ok($both <= 16 && $second <= 16 && $resident <= 200, "$both, later $second B a call, resident $resident: " . substr($query, 0, 90))
	  or diag($query);
}

# --- a window function keeps its window -----------------------------------------------------
sub resident
{
	my ($pid) = @_;
	open(my $f, '<', "/proc/$pid/status") or return 0;
	my ($kb) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$f>;
	return $kb // 0;
}
SKIP:
{
	skip 'no /proc', 4 unless -r '/proc/self/status';
	my %window = (
		'rolling_vol(price, 1000) OVER ()' => 8192,
		'volatility(x) OVER (ROWS 1000 PRECEDING)' => 8192,
		'expected_shortfall(x, 0.99) OVER (ROWS 1000 PRECEDING)' => 8192,
		'tail_risk(x, ARRAY[0.9]) OVER (ROWS 1000 PRECEDING)' => 8192);
	for my $call (sort keys %window)
	{
		my $w = Psql->new('leak');
		$w->rows("SET search_path = public, margin_calib; SET work_mem = '4MB'; SET jit = off; SET max_parallel_workers_per_gather = 0;"
			  . "SELECT count(*) FROM (SELECT $call FROM many LIMIT 100000) AS u");
		my ($before, $most) = (resident($w->{backend})) x 2;
		$w->send("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) SELECT $call FROM many");
		my $answer;
		until ($answer = $w->receive(0.05))
		{
			my $now = resident($w->{backend});
			$most = $now if $now > $most;
		}
		unlike($answer->{text}, qr/temp (read|written)/, "no temporary file: $call") or diag($answer->{text});
		like($answer->{text}, qr/rows=2000000/, 'two million rows in one partition');
		cmp_ok($most - $before, '<', $window{$call}, sprintf 'grows by %d kB', $most - $before);
	}
}

# --- a walk keeps its series and one calibration, whatever its length -------------------------
SKIP:
{
	skip 'no /proc', 2 unless -r '/proc/self/status';
	$s->rows('CREATE TABLE long_walk AS SELECT k, ts, price FROM many WHERE i <= 100000');
	my $w = Psql->new('leak');
	my $walk = q{SELECT count(*) FROM backtest_path('long_walk', jsonb_populate_record(policy('prop_desk'), '{"model": "historical", "lookback": 100}'), 'k', 'ts', 'price', until_ts => };
	$w->rows("SET search_path = public, margin_calib; SET work_mem = '1MB'; SET jit = off");
	$w->rows("$walk '2000-01-01 02:00')");
	my ($before, $most) = (resident($w->{backend})) x 2;
	$w->send("$walk NULL)");
	my $answer;
	until ($answer = $w->receive(0.05))
	{
		my $now = resident($w->{backend});
		$most = $now if $now > $most;
	}
	is($answer->{rows}[0], 200000, 'a walk of a hundred thousand bars');
	cmp_ok($most - $before, '<', 8192, sprintf 'grows by %d kB', $most - $before);
}

# --- state cap ------------------------------------------------------------------------------
$s->rows("SET margin_calib.max_state_mb = 1; SET jit = off");
for my $workers (0, 2)
{
	$s->rows("SET max_parallel_workers_per_gather = $workers; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0");
	for my $call (
		'expected_shortfall(x, 0.9)', 'value_at_risk(x, 0.9)', q{value_at_risk(x, 0.9, 'linear')},
		'tail_risk(x, ARRAY[0.9])', q{calibrate_margin(ts, price, policy('crypto_venue'))})
	{
		is($s->try("SELECT $call FROM many")->{state}, '54000', "state cap, $workers workers: $call");
	}
	is($s->try('SELECT volatility(x) FROM many')->{state}, '00000', "volatility has a state of constant size, $workers workers");
}
for my $sql (
	'SELECT expected_shortfall(x, 0.9) OVER (ORDER BY i) FROM many OFFSET 10000000',
	'SELECT tail_risk(x, ARRAY[0.9]) OVER (ORDER BY i ROWS 1000000 PRECEDING) FROM many OFFSET 10000000',
	q{SELECT calibrate_margin(ts, price, policy('crypto_venue')) OVER () FROM many OFFSET 10000000},
	q{SELECT count(*) FROM calibrate_all('many', policy('crypto_venue'), 'k', 'ts', 'price')},
	q{SELECT count(*) FROM calibrate_all('many', policy('crypto_venue'), 'i', 'ts', 'price')},
	q{SELECT count(*) FROM rolling_vol_all('many', 'k', 'ts', 'price', 30)},
	q{SELECT count(*) FROM rolling_vol_arrays('many', 'i', 'ts', 'price', 30)},
	q{SELECT rolling_vol(price, 1000000) OVER (ORDER BY i) FROM many OFFSET 10000000})
{
	is($s->try($sql)->{state}, '54000', 'state cap: ' . substr($sql, 7, 90));
}
$s->rows('RESET margin_calib.max_state_mb');
is($s->try('SELECT expected_shortfall(x, 0.9) FROM many')->{state}, '00000', 'and without it none');
is($s->try("SET margin_calib.max_state_mb = 0")->{state}, '22023', 'a cap of nothing is refused');
done_testing();
