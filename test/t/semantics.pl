# The statistics against brute force in exact decimal arithmetic, over frames of every kind, and each
# way to compute a number against the others: moving, recomputed, plain, parallel, array, set path.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Test::More;

my $s = Psql->fresh('semantics');
$s->rows(do { local (@ARGV, $/) = "$FindBin::Bin/lib/semantics.sql"; <> });
$s->rows('SET search_path = public, margin_calib; SET extra_float_digits = 1; SET jit = off');

# no row that contradicts; the first few otherwise
sub none
{
	my ($name, $sql) = @_;
	my $answer = $s->try($sql);
	my @rows = $answer->{state} eq '00000' ? @{ $answer->{rows} } : ("$answer->{state} $answer->{message}");
	ok(!@rows, $name) or diag(join "\n", @rows[ 0 .. ($#rows > 4 ? 4 : $#rows) ], scalar(@rows) . ' rows', $sql);
	return;
}

my @frames = (
	'ROWS BETWEEN 9 PRECEDING AND CURRENT ROW', 'ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING',
	'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING', 'ROWS BETWEEN 20 PRECEDING AND 10 PRECEDING',
	'ROWS BETWEEN 3 FOLLOWING AND 8 FOLLOWING', 'ROWS UNBOUNDED PRECEDING', 'RANGE BETWEEN 4 PRECEDING AND CURRENT ROW',
	'RANGE BETWEEN 2 FOLLOWING AND 6 FOLLOWING', 'GROUPS BETWEEN 2 PRECEDING AND 1 FOLLOWING',
	'ROWS BETWEEN 12 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW', 'GROUPS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE GROUP',
	'RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING EXCLUDE TIES');

# Which calls, the same with a volatile argument (never moving), and over an array (never a window).
my %measure = (
	volatility => ['volatility(%s)', 'brute_volatility(xs)', '3e-15', '0'],
	'volatility a year' => ['volatility(%s, 365)', 'brute_volatility(xs) * sqrt(365::float8)', '3e-15', '0'],
	# confidences that a double holds exactly, then two that it does not
	'expected shortfall' => ['expected_shortfall(%s, 0.875)', 'brute_shortfall(xs, 0.875)', '1e-15', '1e-28 * most'],
	'expected shortfall at 0.3125' => ['expected_shortfall(%s, 0.3125)', 'brute_shortfall(xs, 0.3125)', '1e-15', '1e-28 * most'],
	'expected shortfall at 0.9' => ['expected_shortfall(%s, 0.9)', 'brute_shortfall(xs, 0.9)', '1e-15', '2e-14 * most'],
	'expected shortfall at 0.3' => ['expected_shortfall(%s, 0.3)', 'brute_shortfall(xs, 0.3)', '1e-15', '2e-14 * most'],
	'value at risk' => ['value_at_risk(%s, 0.9)', 'brute_value_at_risk(xs, 0.9)', '0', '0'],
	'value at risk at 0.95' => ['value_at_risk(%s, 0.95)', 'brute_value_at_risk(xs, 0.95)', '0', '0'],
	'tail_risk ES' => ['(tail_risk(%s, ARRAY[0.8, 0.96875]) %s)[2].expected_shortfall', 'brute_shortfall(xs, 0.96875)', '1e-15', '1e-28 * most'],
	'tail_risk VaR' => ['(tail_risk(%s, ARRAY[0.8, 0.96875]) %s)[1].value_at_risk', 'brute_value_at_risk(xs, 0.8)', '0', '0'],
);

for my $frame (@frames)
{
	my (@columns, @tests);
	my $n = 0;
	for my $name (sort keys %measure)
	{
		my ($call, $brute, $relative, $absolute) = @{ $measure{$name} };
		my $over = sub {
			my ($argument, $window) = @_;
			return $call =~ /%s.*%s/ ? sprintf($call, $argument, $window) : sprintf($call, $argument) . " $window";
		};
		my $got = $over->('x', 'OVER w');
		my $again = $over->('CASE WHEN random() < 2 THEN x END', 'OVER w');
		my $plain = '(SELECT ' . $over->('u', '') . ' FROM unnest(xs) AS u)';
		push @columns, "$got AS got$n, $again AS again$n";
		push @tests, "SELECT kind, i, '$name', got$n, $brute, again$n, $plain FROM t WHERE NOT agrees(got$n, $brute, $relative, $absolute)"
		  . " OR NOT identical(got$n, again$n) OR NOT identical(got$n, $plain)";
		$n++;
	}
	none("every measure, moving = recomputed = plain = brute force: $frame",
		"WITH t AS MATERIALIZED (SELECT kind, i, array_agg(x) OVER w AS xs, coalesce(max(abs(nullif(x, 'NaN'))) OVER w, 0) AS most, "
		  . join(', ', @columns) . " FROM sample WINDOW w AS (PARTITION BY kind ORDER BY o $frame)) " . join(' UNION ALL ', @tests));
}
is($s->value("SELECT count(DISTINCT kind) FROM sample"), 11, 'kinds of data');
none('order of the rows in a group does not matter',
	q{SELECT kind FROM sample GROUP BY kind
	  HAVING NOT identical(volatility(x ORDER BY i), volatility(x ORDER BY x DESC))
	      OR NOT identical(expected_shortfall(x, 0.9 ORDER BY i), expected_shortfall(x, 0.9 ORDER BY i * 37 % 61))
	      OR NOT identical(value_at_risk(x, 0.9 ORDER BY i), value_at_risk(x, 0.9 ORDER BY x DESC))});

# --- peers ----------------------------------------------------------------------------------
none('value_at_risk is percentile_disc and percentile_cont of the losses',
	q{SELECT k, c FROM big, unnest(ARRAY[0.5, 0.9, 0.975, 0.99, 0.999]::float8[]) AS c WHERE x IS NOT NULL GROUP BY k, c
	  HAVING value_at_risk(x, c) <> percentile_disc(c) WITHIN GROUP (ORDER BY -x)
	      OR NOT agrees(value_at_risk(x, c, 'linear'), percentile_cont(c) WITHIN GROUP (ORDER BY -x), 1e-12)
	      OR value_at_risk(x, c, 'type1') <> value_at_risk(x, c)});
none('volatility is stddev_samp', q{SELECT k FROM big GROUP BY k HAVING NOT agrees(volatility(x), stddev_samp(x), 1e-12)});
none('VaR <= ES <= largest loss',
	q{SELECT k, c FROM big, unnest(ARRAY[0.01, 0.5, 0.9, 0.99, 0.9999999]::float8[]) AS c GROUP BY k, c
	  HAVING NOT (value_at_risk(x, c) <= expected_shortfall(x, c) AND expected_shortfall(x, c) <= -min(x))});
none('losses {0,1,2,3,4} at 0.75: ES 3.8, VaR 3',
	q{SELECT 1 FROM unnest('{0,-1,-2,-3,-4}'::float8[]) AS x HAVING expected_shortfall(x, 0.75) <> 3.8 OR value_at_risk(x, 0.75) <> 3});
none('100 losses at 0.99 have a tail of one',
	q{SELECT 1 FROM generate_series(1, 100) AS i HAVING expected_shortfall(-i, 0.99) <> 100 OR value_at_risk(-i, 0.99) <> 99});

# --- parallel -------------------------------------------------------------------------------
$s->rows('SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;'
	  . "ALTER TABLE big SET (parallel_workers = 4); ALTER TABLE big_odd SET (parallel_workers = 4); SET max_parallel_workers = 8");
my $statistics = q{SELECT volatility(x), volatility(x, 365), expected_shortfall(x, 0.99), value_at_risk(x, 0.975),
	value_at_risk(x, 0.99, 'hazen'), tail_risk(x, '{0.9,0.99}'),
	calibrate_margin(ts, price, policy('crypto_venue'))::text FROM %s};
for my $table ('big', 'big_odd', 'big WHERE x IS NULL', 'big WHERE i < 0', 'big WHERE i = 7')
{
	my %answers;
	for my $workers (0, 1, 2, 4)
	{
		$s->rows("SET max_parallel_workers_per_gather = $workers");
		my $sql = sprintf $statistics, $table;
		my $answer = $s->try($sql);
		$answers{"$answer->{state} $answer->{text}"} = $workers;
		if ($workers && $table eq 'big')
		{
			like(join("\n", $s->rows("EXPLAIN $sql")), qr/Partial Aggregate/, "$workers workers take part");
		}
		my $grouped = $s->try("SELECT k, md5(string_agg(r, '')) FROM (SELECT k, (" . ($sql =~ s/SELECT (.*) FROM.*/ROW($1)::text/sr) . ") AS r FROM $table GROUP BY k) AS t GROUP BY k ORDER BY k")
		  if $table eq 'big';
		$answers{ 'grouped ' . $grouped->{text} } = $workers if $grouped && $grouped->{state} eq '00000';
	}
	is(scalar(grep { !/^grouped/ } keys %answers), 1, "0, 1, 2 and 4 workers agree to the last digit: $table")
	  or diag(explain(\%answers));
	ok(!grep({ !/^(00000|grouped)/ } keys %answers), "without an error: $table") or diag(explain(\%answers));
}
$s->rows('SET max_parallel_workers_per_gather = 0');

# --- rolling_vol ----------------------------------------------------------------------------
for my $bars (2, 5, 30)
{
	none("rolling_vol over $bars bars is its definition",
		qq{WITH p AS (SELECT symbol, at, px, row_number() OVER (PARTITION BY symbol ORDER BY at, px) AS n FROM prices WHERE symbol IN ('plain', 'flat', 'odd')),
		   d AS (SELECT *, rolling_vol(px, $bars, 365) OVER (PARTITION BY symbol ORDER BY n) AS got FROM p),
		   k AS (SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY n) AS m FROM p WHERE px IS NOT NULL),
		   r AS (SELECT symbol, n, m, CASE WHEN is_odd(px) OR is_odd(lag(px) OVER w) THEN 'NaN'
		                                   ELSE ln(exact(px) / exact(lag(px) OVER w))::float8 END AS r FROM k WINDOW w AS (PARTITION BY symbol ORDER BY m)),
		   v AS (SELECT symbol, n, CASE WHEN m > $bars THEN brute_volatility(array_agg(r) OVER (PARTITION BY symbol ORDER BY m ROWS $bars - 1 PRECEDING)) * sqrt(365::float8) END AS want FROM r)
		   SELECT d.symbol, d.at, got, want FROM d LEFT JOIN v USING (symbol, n) WHERE NOT agrees(got, want, 1e-13, 1e-15)});
	none("rolling_vol over $bars bars: array, set path and arrays give the window function's bits",
		qq{WITH w AS (SELECT symbol, at, px, row_number() OVER (PARTITION BY symbol ORDER BY at, px) AS n FROM prices),
		   a AS (SELECT symbol, n, at, rolling_vol(px, $bars, 252) OVER (PARTITION BY symbol ORDER BY n) AS v FROM w),
		   b AS (SELECT symbol, u.n, u.v FROM (SELECT symbol, rolling_vol(array_agg(px ORDER BY n), $bars, 252) AS vs FROM w GROUP BY symbol) AS g, unnest(vs) WITH ORDINALITY AS u(v, n)),
		   c AS (SELECT instrument AS symbol, ts, vol AS v, row_number() OVER (PARTITION BY instrument ORDER BY ord) AS n
		           FROM rolling_vol_all('prices', 'symbol', 'at', 'px', $bars, 252) WITH ORDINALITY AS f(instrument, ts, vol, ord)),
		   d AS (SELECT instrument AS symbol, u.at, u.v, u.n FROM rolling_vol_arrays('prices', 'symbol', 'at', 'px', $bars, 252) AS f, unnest(f.ts, f.vol) WITH ORDINALITY AS u(at, v, n))
		   SELECT a.*, b.v, c.v, d.v FROM a
		     FULL JOIN b ON b.symbol IS NOT DISTINCT FROM a.symbol AND b.n = a.n AND true
		     LEFT JOIN c ON c.symbol IS NOT DISTINCT FROM a.symbol AND c.n = a.n
		     LEFT JOIN d ON d.symbol IS NOT DISTINCT FROM a.symbol AND d.n = a.n
		    WHERE a.at IS DISTINCT FROM c.ts OR a.at IS DISTINCT FROM d.at
		       OR NOT (identical(a.v, b.v) AND identical(a.v, c.v) AND identical(a.v, d.v))} =~ s/FULL JOIN b/LEFT JOIN b/r);
}
is($s->value("SELECT count(*) FROM rolling_vol_all('prices', 'symbol', 'at', 'px', 5)"), $s->value('SELECT count(*) FROM prices'),
	'rolling_vol_all: as many rows out as in');
none('equal returns give exactly 0',
	q{SELECT v FROM (SELECT rolling_vol(p, 3) OVER (ORDER BY i) AS v, i FROM (SELECT i, power(2::float8, i) AS p FROM generate_series(1, 40) AS i) AS t) AS u
	  WHERE i > 3 AND v IS DISTINCT FROM 0});

# --- calibrate_margin -----------------------------------------------------------------------
$s->rows(q{CREATE TABLE prices_parted (symbol text, at timestamptz, px float8) PARTITION BY HASH (at);
	CREATE TABLE prices_parted_0 PARTITION OF prices_parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE prices_parted_1 PARTITION OF prices_parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	INSERT INTO prices_parted SELECT * FROM prices;
	CREATE VIEW prices_view AS SELECT px, at, symbol FROM prices;
	CREATE TABLE prices_shuffled AS SELECT 1 AS pad, px, NULL::int AS gap, symbol, at FROM prices ORDER BY md5(px::text || at::text);
	CREATE TABLE prices_char AS SELECT symbol::char(8) AS symbol, at::timestamptz, px FROM prices;
	CREATE TABLE prices_varchar AS SELECT symbol::varchar AS symbol, at::timestamptz, px FROM prices;
	ALTER TABLE prices_varchar ADD COLUMN late float8 DEFAULT 3;});
for my $policy (qw(crypto_venue futures_clearing prop_desk new_product))
{
	my $p = "policy('$policy')";
	$s->rows("DROP TABLE IF EXISTS want; CREATE TABLE want AS SELECT symbol, calibrate_margin(at, px, $p)::text AS c FROM prices GROUP BY symbol");
	my $same = 'FROM want AS w FULL JOIN (%s) AS g ON g.symbol IS NOT DISTINCT FROM w.symbol AND true WHERE g.c IS DISTINCT FROM w.c';
	for my $relation (qw(prices prices_parted prices_view prices_shuffled prices_char prices_varchar))
	{
		none("$policy: calibrate_all('$relation') gives the digits of the aggregate",
			"WITH g AS (SELECT instrument AS symbol, calibration::text AS c FROM calibrate_all('$relation', $p, 'symbol', 'at', 'px'))"
			  . " (SELECT 'missing', symbol, c FROM want EXCEPT ALL SELECT 'missing', symbol, c FROM g) UNION ALL (SELECT 'extra', symbol, c FROM g EXCEPT ALL SELECT 'extra', symbol, c FROM want)");
	}
	none("$policy: the order of arrival does not matter",
		"WITH g AS (SELECT symbol, calibrate_margin(at, px, $p ORDER BY md5(px::text || at))::text AS c FROM prices GROUP BY symbol) SELECT symbol, c FROM g EXCEPT ALL SELECT symbol, c FROM want");
	none("$policy: no NaN, no infinity, rates within bounds, maintenance <= initial, sides <= the larger",
		"SELECT symbol, c FROM (SELECT symbol, calibrate_margin(at, px, $p) AS c FROM prices GROUP BY symbol) AS t, LATERAL (SELECT ($p).*) AS p
		  WHERE c::text ~ 'NaN|Infinity' OR (c).initial_rate NOT BETWEEN p.minimum_rate AND p.maximum_rate
		     OR (c).maintenance_rate > (c).initial_rate OR (c).initial_rate <> greatest((c).long_initial_rate, (c).short_initial_rate)
		     OR mod((c).initial_rate, p.rounding_step::numeric) <> 0 OR (c).initial_rate::float8 < greatest((c).long_unrounded, (c).short_unrounded) - 1e-11");
}
none('a window of calibrations is the calibration of each window',
	q{SELECT a.at FROM (SELECT at, px, calibrate_margin(at, px, policy('new_product')) OVER (ORDER BY at, px ROWS BETWEEN 120 PRECEDING AND CURRENT ROW)::text AS c,
	         array_agg(at) OVER w AS ats, array_agg(px) OVER w AS pxs FROM prices WHERE symbol = 'plain' WINDOW w AS (ORDER BY at, px ROWS BETWEEN 120 PRECEDING AND CURRENT ROW)) AS a
	  WHERE c IS DISTINCT FROM (SELECT calibrate_margin(t, p, policy('new_product'))::text FROM unnest(ats, pxs) AS u(t, p))});
done_testing();
