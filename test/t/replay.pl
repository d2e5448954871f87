# Replay of past runs after late corrections: bit-identical where the prices are what they were, and the exact rows
# that have changed where not. Two series of refreshes, generated prices and real ones, in which rows are corrected,
# deleted and brought late; the test keeps its own books of what was there after each refresh and of what it changed.
use strict;
use warnings;
use Test::More;

my $file = '../shared/data/crypto_daily_yahoo_2014_2022.csv.gz';

sub query
{
	my ($database, $sql) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-d', $database, '-v', 'ON_ERROR_STOP=1', '-c', $sql) or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

# What a refresh reads, as text that no part of the extension computes
my $digest = q{md5(string_agg(extract(epoch FROM ts)::text || ' ' || float8send(close)::text, ',' ORDER BY ts, close))};

sub walk
{
	my ($database, $days, $first, $rate) = @_;
	query($database, q{CREATE TABLE bars (instrument text, ts timestamptz, close float8, PRIMARY KEY (instrument, ts));
		CREATE TABLE held_back AS SELECT * FROM bars WHERE false;
		CREATE TABLE done (step int, change text, instrument text, ts timestamptz, old_price float8);
		CREATE TABLE books (step int, run bigint, instrument text, digest text);
		SELECT margin_calib.attach_prices('bars', 'instrument', 'ts', 'close', new_product_policy => NULL)});
	query($database, qq{
		SELECT setseed(0.25);
		INSERT INTO held_back SELECT * FROM all_bars WHERE random() < 0.03;
		INSERT INTO bars SELECT * FROM all_bars AS a WHERE ts < (SELECT min(ts) FROM all_bars) + interval '$first days' AND NOT EXISTS (SELECT FROM held_back AS h WHERE h.instrument = a.instrument AND h.ts = a.ts)});
	# a DO block that commits stands alone
	query($database, qq{DO \$\$
		DECLARE
			start timestamptz := (SELECT min(ts) FROM all_bars) + interval '$first days';
			r record;
		BEGIN
			PERFORM setseed(0.375);
			CALL margin_calib.refresh();
			FOR step IN 1 .. $days LOOP
				-- a correction of the price, a row deleted, a row that comes late: before, with and after new ones
				FOR r IN SELECT b.* FROM bars AS b WHERE random() < $rate LOOP
					UPDATE bars SET close = r.close * (0.99 + 0.02 * random()) WHERE instrument = r.instrument AND ts = r.ts;
					INSERT INTO done VALUES (step, 'update', r.instrument, r.ts, r.close);
				END LOOP;
				COMMIT;
				INSERT INTO bars SELECT * FROM all_bars AS a WHERE a.ts >= start + (step - 1) * interval '1 day' AND a.ts < start + step * interval '1 day'
					AND NOT EXISTS (SELECT FROM held_back AS h WHERE h.instrument = a.instrument AND h.ts = a.ts);
				FOR r IN DELETE FROM bars AS b WHERE random() < $rate / 2 AND ts < start + (step - 2) * interval '1 day' RETURNING b.* LOOP
					INSERT INTO done VALUES (step, 'delete', r.instrument, r.ts, r.close);
				END LOOP;
				COMMIT;
				FOR r IN DELETE FROM held_back AS h WHERE random() < $rate * 20 AND ts < start + (step - 1) * interval '1 day' RETURNING h.* LOOP
					INSERT INTO bars VALUES (r.instrument, r.ts, r.close);
					INSERT INTO done SELECT step, 'insert', r.instrument, r.ts, NULL
					 WHERE r.ts <= (SELECT i.data_through FROM margin_calib.instrument AS i WHERE i.instrument = r.instrument);
				END LOOP;
				COMMIT;
				CALL margin_calib.refresh();
				INSERT INTO books SELECT step, (SELECT max(id) FROM margin_calib.refresh_run), instrument, $digest FROM bars GROUP BY instrument;
				COMMIT;
			END LOOP;
		END \$\$});
	return;
}

# Every parameter of up to $wanted random runs, beside the books
sub check
{
	my ($database, $wanted, $name) = @_;
	query($database, qq{SELECT setseed(0.75);
		CREATE TABLE picked AS SELECT run FROM (SELECT DISTINCT p.run FROM margin_calib.parameter AS p JOIN books USING (run)) AS p ORDER BY random() LIMIT $wanted;
		CREATE TABLE replayed AS SELECT r.*, p.last_ts FROM picked CROSS JOIN LATERAL margin_calib.replay(picked.run) AS r JOIN margin_calib.parameter AS p ON p.id = r.parameter_id;
		CREATE TABLE expected AS SELECT r.run, r.instrument, k.step, k.digest = (SELECT $digest FROM bars AS b WHERE b.instrument = r.instrument AND b.ts <= r.last_ts) AS is_same
		  FROM replayed AS r JOIN books AS k ON k.run = r.run AND k.instrument = r.instrument;
		CREATE TABLE named AS SELECT picked.run, c.instrument, c.source, c.change, c.ts, c.until_ts, c.old_price::float8 AS old_price FROM picked CROSS JOIN LATERAL margin_calib.changed_inputs(picked.run) AS c;
		CREATE TABLE changed AS SELECT e.run, e.instrument, d.instrument AS source, d.change, d.ts, NULL::timestamptz AS until_ts, d.old_price
		  FROM expected AS e JOIN replayed AS r USING (run, instrument) JOIN done AS d ON d.instrument = e.instrument AND d.step > e.step AND d.ts <= r.last_ts WHERE NOT e.is_same});
	my ($runs, $parameters, $same) = split /\|/, query($database, 'SELECT count(DISTINCT run), count(*), count(*) FILTER (WHERE is_same) FROM expected');
	diag("$name: $runs runs, $parameters parameters, $same with their prices as they were, " . query($database, 'SELECT count(*) FROM done') . ' changes');
	is($runs, $wanted, "$name: runs enough");
	cmp_ok($same, '>', 10, "$name: some with the same prices");
	cmp_ok($parameters - $same, '>', 10, "$name: some with others");
	is(query($database, 'SELECT count(*) FROM replayed WHERE is_identical IS NULL'), 0, "$name: all could be replayed");
	is(query($database, 'SELECT count(*) FROM replayed AS r JOIN expected AS e USING (run, instrument) WHERE r.inputs_unchanged IS DISTINCT FROM e.is_same'), 0, "$name: the digest tells whether prices are the same");
	is(query($database, 'SELECT count(*) FROM replayed WHERE inputs_unchanged AND NOT is_identical'), 0, "$name: the same prices give the same bits");
	is(query($database, q{SELECT count(*) FROM replayed WHERE inputs_unchanged AND (kept IS DISTINCT FROM replayed OR problem IS NOT NULL)}), 0, "$name: all of them");
	cmp_ok(query($database, 'SELECT count(*) FROM replayed WHERE NOT is_identical'), '>', 5, "$name: changed prices change figures");
	is(query($database, 'SELECT count(*) FROM (TABLE named EXCEPT ALL TABLE changed) AS d'), 0, "$name: no row is named that has not changed");
	is(query($database, 'SELECT count(*) FROM (TABLE changed EXCEPT ALL TABLE named) AS d'), 0, "$name: every row that has changed is named");
	is(query($database, 'SELECT count(*) FROM replayed AS r WHERE r.changes IS DISTINCT FROM (SELECT nullif(count(*), 0) FROM named AS n WHERE n.run = r.run AND n.instrument = r.instrument)'), 0, "$name: and counted");
	is(query($database, 'SELECT count(*) FROM margin_calib.verify_audit()'), 0, "$name: the trail fits");
	return;
}

sub fresh
{
	my ($database) = @_;
	system('createdb', $database) == 0 or BAIL_OUT('no database');
	query($database, 'CREATE EXTENSION margin_calib; CREATE TABLE all_bars (instrument text, ts timestamptz, close float8)');
	return;
}

fresh('replay');
query('replay', q{SELECT setseed(0.5); INSERT INTO all_bars SELECT 'S' || s, '2024-01-01Z'::timestamptz + i * interval '1 day', 100 * exp(sum(0.04 * (random() + random() + random() - 1.5)) OVER (PARTITION BY s ORDER BY i))
	FROM generate_series(1, 4) AS s, generate_series(0, 259) AS i});
walk('replay', 60, 200, 0.0002);
check('replay', 40, 'generated');

SKIP:
{
	skip("the price file $file is not there", 12) unless -r $file;
	fresh('replay_real');
	is(system(qq{zcat '$file' | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } \$at["close"] > 0 { print \$at["instrument"] "," \$at["ts"] "," \$at["close"] }' | psql -Xqd replay_real -c "\\copy all_bars FROM STDIN WITH (FORMAT csv)"}), 0, 'real prices loaded');
	query('replay_real', q{DELETE FROM all_bars WHERE instrument NOT IN (SELECT instrument FROM all_bars GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 8) OR ts < '2019-06-01' OR ts > '2022-01-01'});
	walk('replay_real', 320, 400, 0.00003);
	check('replay_real', 200, 'real');
}
done_testing();
