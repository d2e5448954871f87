# What users do to their own tables: every way to change rows, odd column types, partitions, rights,
# renamed and dropped columns, dropped tables. After one refresh everything stored is what base data gives.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Engine;
use Psql;
use Test::More;

my $s = Psql->fresh('engine_attacks');
$s->rows('SET search_path = public, margin_calib');
Engine::forget($s);

sub refreshed
{
	my ($name, $prices, $key, $ts, $price) = @_;
	my $answer = $s->try('CALL margin_calib.refresh()');
	is($answer->{state}, '00000', "$name: refresh") or diag($answer->{message});
	is($s->value('SELECT count(*) FROM capture_queue'), 0, "$name: the queue is empty");
	return unless $prices;
	my $sql = "WITH truth AS (SELECT k, (c).* FROM (SELECT t.$key\::text AS k, calibrate_margin(t.$ts, t.$price\::float8, policy(i.policy)) AS c
	             FROM $prices AS t JOIN instrument AS i ON i.instrument = t.$key\::text GROUP BY 1, i.policy) AS x)
	   SELECT coalesce(t.k, p.instrument), t.initial_rate, p.initial_rate, t.last_ts FROM truth AS t FULL JOIN margin_parameter AS p ON p.instrument = t.k
	    WHERE p.instrument IS NULL OR t.initial_rate IS DISTINCT FROM p.initial_rate";
	$sql =~ s/FULL JOIN/LEFT JOIN/;
	my @wrong = $s->rows($sql);
	ok(!@wrong, "$name: rates in force are those of the prices") or diag(join "\n", @wrong);
	ok($s->value("SELECT count(*) FROM (SELECT DISTINCT t.$key FROM $prices AS t WHERE t.$key IS NOT NULL) AS d LEFT JOIN instrument AS i ON i.instrument = d.$key\::text WHERE i.instrument IS NULL") eq '0',
		"$name: every instrument is known");
	my $columns = 'account, currency, initial_margin, maintenance_margin, notional, positions, is_stale, stale_reason';
	@wrong = $s->rows("SELECT $columns FROM margin_requirement EXCEPT ALL SELECT $columns FROM (SELECT DISTINCT account AS a FROM margin_requirement) AS m, requirement_now(m.a)");
	ok(!@wrong, "$name: requirements are requirement_now") or diag(join "\n", @wrong);
	return;
}

# --- every way to change rows -----------------------------------------------------------------
$s->rows(q{CREATE TABLE bars (gone int, sym text, at timestamptz, px float8, UNIQUE (sym, at)); ALTER TABLE bars DROP COLUMN gone;
	CREATE TABLE book (acc text, sym text, qty numeric);
	INSERT INTO bars SELECT 'I' || k, '2024-01-01'::timestamptz + i * interval '1 day', 100 + k + 10 * sin(i * k) FROM generate_series(1, 6) AS k, generate_series(1, 120) AS i;
	INSERT INTO book SELECT 'A' || a, 'I' || k, a * k - 7 FROM generate_series(1, 5) AS a, generate_series(1, 6) AS k;
	SELECT attach_prices('bars', 'sym', 'at', 'px'); SELECT attach_positions('book', 'acc', 'sym', 'qty')});
refreshed('attach', 'bars', 'sym', 'at', 'px');
my %change = (
	'insert' => q{INSERT INTO bars VALUES ('I1', '2024-06-01', 150)},
	'insert of nothing' => 'INSERT INTO bars SELECT * FROM bars WHERE false',
	'on conflict' => q{INSERT INTO bars VALUES ('I2', '2024-01-02', 170), ('NEW1', '2024-01-02', 1) ON CONFLICT (sym, at) DO UPDATE SET px = excluded.px},
	'update of a key' => q{UPDATE bars SET sym = 'I3b' WHERE sym = 'I3' AND at < '2024-02-01'},
	'delete' => q{DELETE FROM bars WHERE sym = 'I4' AND px > 105},
	'merge' => q{MERGE INTO bars USING (VALUES ('I5', '2024-01-03'::timestamptz, 190.0), ('I5', '2024-07-01', 120.0), ('NEW2', '2024-01-01', 5)) AS v(s, a, p)
	             ON sym = s AND at = a WHEN MATCHED THEN UPDATE SET px = p WHEN NOT MATCHED THEN INSERT VALUES (s, a, p)},
	'a data-modifying CTE' => q{WITH d AS (DELETE FROM bars WHERE sym = 'I1' AND at = '2024-01-05' RETURNING *), i AS (INSERT INTO bars SELECT 'I6', at + interval '1 year', px FROM d) SELECT 1},
	'a savepoint rolled back' => q{BEGIN; INSERT INTO bars VALUES ('I1', '2024-08-01', 150); SAVEPOINT a; INSERT INTO bars VALUES ('GHOST', '2024-01-01', 9); ROLLBACK TO a; DELETE FROM bars WHERE sym = 'I2' AND at = '2024-01-09'; COMMIT},
	'bad values' => q{INSERT INTO bars VALUES ('I1', 'infinity', 1), ('I1', '2024-09-01', 'NaN'), ('I1', '2024-09-02', 0), ('I1', '2024-09-03', 'Infinity'), (NULL, '2024-09-04', 5), ('I1', NULL, 5), ('', '2024-09-04', 5), ('I1', '2024-09-05', NULL)},
	'positions' => q{UPDATE book SET qty = -qty WHERE sym = 'I1'; DELETE FROM book WHERE acc = 'A2' AND sym = 'I2'; INSERT INTO book VALUES ('A9', 'I1', 5), ('A1', 'NOPRICE', 4), (NULL, 'I1', 4), ('A1', NULL, 4), ('A1', 'I2', NULL), ('A1', 'I3', 'NaN')},
	'renamed account' => q{UPDATE book SET acc = 'renamed' WHERE acc = 'A3'},
	'a quantity of many digits' => q{UPDATE book SET qty = 0.000000000000000000000000001 WHERE acc = 'A4' AND sym = 'I1'; UPDATE book SET qty = 1e30 WHERE acc = 'A4' AND sym = 'I2'},
	'a long key' => q{INSERT INTO bars VALUES (repeat('x', 3000), '2024-01-01', 1), (E'quote'' and "double" \\\\ back', '2024-01-01', 1), ('ünïcode 🙂', '2024-01-01', 1)},
);
# the unique index of the user's own table would refuse that key
$s->rows('ALTER TABLE bars DROP CONSTRAINT bars_sym_at_key; CREATE UNIQUE INDEX ON bars (left(sym, 100), at)');
$change{'on conflict'} =~ s/\(sym, at\)/(left(sym, 100), at)/;
for my $name (sort keys %change)
{
	my $answer = $s->try($change{$name});
	is($answer->{state}, '00000', "$name: the change goes through") or diag($answer->{message});
	$s->try('ROLLBACK') if $answer->{state} ne '00000';
	refreshed($name, q{(SELECT * FROM bars WHERE length(sym) < 500)}, 'sym', 'at', 'px');
}
is($s->value(q{SELECT count(*) FROM instrument WHERE instrument = 'GHOST'}), 0, 'what was rolled back never was');
cmp_ok($s->value('SELECT count(*) FROM quarantine WHERE resolved_at IS NULL'), '>=', 5, 'bad rows are in quarantine');
$s->rows('TRUNCATE book');
refreshed('truncate of the book', undef);
is($s->value('SELECT count(*) FROM margin_requirement WHERE initial_margin <> 0'), 0, 'an empty book owes nothing');

# --- a role that may only insert ---------------------------------------------------------------
$s->rows(q{DO $$ BEGIN CREATE ROLE hostile_feeder; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT INSERT, UPDATE, DELETE, SELECT ON bars TO hostile_feeder;
	GRANT USAGE ON SCHEMA public TO hostile_feeder});
for my $sql (q{INSERT INTO bars VALUES ('I1', '2024-10-01', 100)}, q{UPDATE bars SET px = 101 WHERE sym = 'I1' AND at = '2024-10-01'}, q{DELETE FROM bars WHERE sym = 'I1' AND at = '2024-10-01'})
{
	my $answer = $s->try("SET ROLE hostile_feeder; $sql");
	$s->rows('RESET ROLE');
	is($answer->{state}, '00000', 'without any right on the engine: ' . substr($sql, 0, 20)) or diag($answer->{message});
}
cmp_ok($s->value('SELECT count(*) FROM capture_queue'), '>', 0, 'and it was captured');
for my $sql ('SELECT * FROM margin_requirement', 'SELECT * FROM margin_calib.capture_queue', 'INSERT INTO margin_calib.capture_queue VALUES (1, \'x\', false, now())',
	'CALL margin_calib.refresh()', q{SELECT margin_calib.detach('bars')}, q{SELECT margin_calib.set_policy('x')}, q{SELECT * FROM margin_calib.requirement_now('A1')},
	'DELETE FROM margin_calib.parameter', q{SELECT * FROM margin_calib.calibrate_all('bars', NULL, 'sym', 'at', 'px')}, q{CREATE FUNCTION margin_calib.f() RETURNS int LANGUAGE sql AS 'SELECT 1'},
	q{CREATE TEMP TABLE mine (sym text); CREATE TRIGGER t AFTER INSERT ON mine FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture(1, 'sym')})
{
	my $answer = $s->try("SET ROLE hostile_feeder; $sql");
	$s->rows('RESET ROLE');
	is($answer->{state}, '42501', 'refused: ' . substr($sql, 0, 70)) or diag($answer->{message});
}

# --- the capture trigger in wrong hands --------------------------------------------------------
$s->rows(q{CREATE TABLE other (a int, b text)});
for my $how ("AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION margin_calib.capture(1, 'b')",
	"BEFORE INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture(1, 'b')",
	"AFTER INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture()",
	"AFTER INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture('x', 'b')",
	"AFTER INSERT ON other REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture(1, 'no column')",
	"AFTER INSERT ON other REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture(99999999999, 'b')",
	"AFTER INSERT ON other REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture(1, 'b', 'c', 'd')")
{
	$s->rows("DROP TRIGGER IF EXISTS hand_made ON other; CREATE TRIGGER hand_made $how");
	my $answer = $s->try("INSERT INTO other VALUES (1, 'x')");
	unlike($answer->{state}, qr/^(XX|08|HANG)/, "no crash, no internal error: $answer->{state} $how");
}
$s->rows('DROP TABLE other; DELETE FROM capture_queue WHERE feed NOT IN (SELECT id FROM feed) AND feed > 0');

# --- partitions, and types that are text in the end ---------------------------------------------
$s->rows(q{CREATE DOMAIN ticker AS varchar(20) CHECK (value <> 'bad'); CREATE TYPE venue AS ENUM ('P1', 'P2', 'P3');
	CREATE TABLE parted (sym char(8), at timestamp, px numeric) PARTITION BY RANGE (at);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-03-01');
	CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2024-03-01') TO ('2024-06-01') PARTITION BY LIST (sym);
	CREATE TABLE parted_2a PARTITION OF parted_2 DEFAULT;
	INSERT INTO parted SELECT 'P' || k, '2024-01-01'::timestamp + i * interval '1 day', 50 + 5 * sin(i * k) FROM generate_series(1, 3) AS k, generate_series(1, 100) AS i;
	SELECT attach_prices('parted', 'sym', 'at', 'px');
	CREATE TABLE enumed (sym venue, at date, px real); INSERT INTO book VALUES ('alice', 'P1', 3), ('alice', 'I1', 1), ('bob', 'P2', -2)});
refreshed('a partitioned table', 'parted', 'sym', 'at', 'px');
for my $sql (q{INSERT INTO parted_1 VALUES ('P1', '2024-01-15 12:00', 77)}, q{INSERT INTO parted_2a VALUES ('P2', '2024-04-15 12:00', 77)},
	q{UPDATE parted SET at = at + interval '60 days' WHERE sym = 'P1' AND at = '2024-01-05'},
	q{CREATE TABLE loaded (sym char(8), at timestamp, px numeric); INSERT INTO loaded VALUES ('P9', '2024-07-01', 60), ('P1', '2024-07-01', 80); ALTER TABLE parted ATTACH PARTITION loaded FOR VALUES FROM ('2024-06-01') TO ('2024-12-01')},
	q{INSERT INTO loaded VALUES ('P3', '2024-07-02', 99)}, q{ALTER TABLE parted DETACH PARTITION loaded}, q{DROP TABLE parted_1}, q{TRUNCATE parted_2a})
{
	my $answer = $s->try($sql);
	is($answer->{state}, '00000', 'goes through: ' . substr($sql, 0, 60)) or diag($answer->{message});
	refreshed(substr($sql, 0, 60), undef);
	my @wrong = $s->rows(q{SELECT t.k, (t.c).initial_rate, p.initial_rate FROM (SELECT sym::text AS k, calibrate_margin(at, px::float8, policy(i.policy)) AS c FROM parted JOIN instrument AS i ON i.instrument = sym::text GROUP BY 1, i.policy) AS t
		LEFT JOIN margin_parameter AS p ON p.instrument = t.k WHERE (t.c).initial_rate IS DISTINCT FROM p.initial_rate});
	ok(!@wrong, 'rates are those of the rows') or diag(join "\n", @wrong);
}
is($s->try(q{SELECT attach_prices('enumed', 'sym', 'at', 'px')})->{state}, '00000', 'an enum is an instrument');
$s->rows(q{INSERT INTO enumed SELECT 'P3', '2024-01-01'::date + i, 20 + i % 3 FROM generate_series(1, 40) AS i});
refreshed('enum, date and real', undef);

# --- what changes in the past: the trigger looks at instruments as they are now ------------------
$s->rows(q{CREATE TABLE feed2 (sym text, at timestamptz, px float8); SELECT attach_prices('feed2', 'sym', 'at', 'px');
	INSERT INTO feed2 SELECT 'R' || k, '2024-01-01'::timestamptz + i * interval '1 day', 100 + sin(i) FROM generate_series(1, 3) AS k, generate_series(1, 100) AS i});
refreshed('a feed with a log', 'feed2', 'sym', 'at', 'px');
my $changes = q{SELECT string_agg(instrument || ' ' || change, ', ' ORDER BY id) FROM input_change WHERE instrument LIKE 'R%'};
$s->rows(q{UPDATE feed2 SET px = 7 WHERE at = '2024-01-05'});
is($s->value($changes), 'R1 update, R2 update, R3 update', 'changes are logged');
# another instrument takes the place of one that is gone
$s->rows(q{DELETE FROM input_change WHERE instrument LIKE 'R%'});
my $place = $s->value(q{SELECT ctid FROM instrument WHERE instrument = 'R1'});
$s->rows($_) for q{DELETE FROM instrument WHERE instrument = 'R1'}, 'VACUUM instrument', q{INSERT INTO instrument (instrument, price_feed, data_through) SELECT 'R' || 10 + i, id, '2024-01-01' FROM feed, generate_series(1, 300) AS i WHERE relation = 'feed2'::regclass};
is($s->value("SELECT count(*) FROM instrument WHERE ctid = '$place'"), 1, 'its place is taken');
$s->rows(q{UPDATE feed2 SET px = 8 WHERE at = '2024-01-05'; DELETE FROM instrument WHERE instrument ~ '^R[0-9]{2}'});
is($s->value($changes), 'R2 update, R3 update', 'and its name is not mistaken');
$s->rows('VACUUM FULL instrument; DELETE FROM input_change');
$s->rows(q{UPDATE feed2 SET px = 9 WHERE at = '2024-01-05'});
is($s->value($changes), 'R2 update, R3 update', 'nor after the table has moved');
# a snapshot from before a refresh, and serializable transactions on both sides
my $other = Psql->new('engine_attacks');
$s->rows(q{DELETE FROM input_change; SET default_transaction_isolation = 'serializable'});
$other->rows(q{SET search_path = public, margin_calib; SET default_transaction_isolation = 'serializable'; BEGIN; SELECT count(*) FROM feed2});
$s->rows(q{CALL refresh()});
is($other->try(q{INSERT INTO feed2 VALUES ('R2', '2024-02-01 12:00', 5), ('R1', '2024-02-01 12:00', 5); COMMIT})->{state}, '00000', 'a feed with an old snapshot');
is($s->value($changes), 'R2 insert, R1 insert', 'sees that an instrument has been priced since');
$s->rows(q{INSERT INTO feed2 VALUES ('R2', '2024-06-01', 100), ('R3', '2024-06-01', 100); BEGIN; CALL refresh(commit_batches => false)});
$other->rows(q{BEGIN; INSERT INTO feed2 VALUES ('R2', '2024-07-01', 100), ('R3', '2024-05-01', 100); UPDATE feed2 SET px = 10 WHERE sym = 'R3' AND at = '2024-01-06'});
is($s->try('COMMIT')->{state}, '00000', 'a serializable refresh commits');
is($other->try('COMMIT')->{state}, '00000', 'and so does a serializable feed beside it');
$other->close;
$s->rows('RESET default_transaction_isolation');
refreshed('after serializable transactions', 'feed2', 'sym', 'at', 'px');

# --- tables that change under the engine --------------------------------------------------------
for my $step ([ 'a renamed column' => 'ALTER TABLE bars RENAME COLUMN px TO close' ], [ 'named back' => 'ALTER TABLE bars RENAME COLUMN close TO px' ],
	[ 'a changed type' => 'ALTER TABLE bars ALTER COLUMN px TYPE numeric' ], [ 'a renamed table' => 'ALTER TABLE bars RENAME TO candles' ],
	[ 'row-level security' => 'ALTER TABLE candles ENABLE ROW LEVEL SECURITY' ], [ 'a dropped column' => 'ALTER TABLE candles DROP COLUMN px' ],
	[ 'a dropped table' => 'DROP TABLE candles' ])
{
	my $answer = $s->try($step->[1]);
	is($answer->{state}, '00000', "$step->[0] is not prevented") or diag($answer->{message});
	$s->try("INSERT INTO bars (sym, at) VALUES ('I1', now())");
	refreshed($step->[0], undef);
}
is($s->value(q{SELECT bool_and(is_stale) FROM margin_requirement WHERE account = 'alice'}), 't', 'a requirement whose prices are gone is stale, and says so');
cmp_ok($s->value('SELECT broken_feeds FROM refresh_status'), '>', 0, 'refresh_status counts the broken feed');

is($s->try('DROP EXTENSION margin_calib')->{state}, '2BP01', 'DROP EXTENSION is refused while triggers depend on it');
is($s->try('DROP EXTENSION margin_calib CASCADE')->{state}, '00000', 'and CASCADE takes the triggers');
is($s->try(q{INSERT INTO book VALUES ('x', 'y', 1)})->{state}, '00000', 'the user\'s table goes on without it');
is($s->try('CREATE EXTENSION margin_calib')->{state}, '00000', 'created again');
done_testing();
