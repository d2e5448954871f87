# Eight clients that trade for the same accounts and for different ones, all checked: by check_order and a row in one transaction,
# by enforce_margin on positions and on orders, statements for two accounts, transfers and withdrawals that take their turn, under
# READ COMMITTED and REPEATABLE READ, while prices arrive and refreshes run. At no moment does an account owe more than it
# has, computed from the tables by hand and by portfolio_margin.
#   PRE_TRADE_SECONDS   how long (15)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Psql;
use Engine;
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{PRE_TRADE_SECONDS} || 15;
my $folder = tempdir(CLEANUP => 1);
my $database = 'pre_trade';
my $s = Psql->fresh($database);
# the views below would be compiled for seconds
$s->rows('SET jit = off');
# P costs 100 and H 50, and in four scenarios they move by 10 % and by 20 % or 5 %; each contract adds 1 % of its notional.
# filled and held are positions, of which held is enforced; orders is enforced, too.
$s->rows(q{
	CREATE TABLE bars (sym text, ts timestamptz, px float8);
	CREATE TABLE filled (client text, sym text, qty numeric);
	CREATE TABLE held (client text, sym text, qty numeric, PRIMARY KEY (client, sym));
	CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, client text, sym text, qty numeric, px numeric);
	CREATE TABLE balance (client text PRIMARY KEY, asset text, qty numeric);
	INSERT INTO bars SELECT v.s, date_trunc('day', now()) - i * interval '1 day', v.p * exp(0.02 * sin(i * (i - 1) / 2.0) * sign(i - 1))
	  FROM (VALUES ('P', 100), ('H', 50)) AS v (s, p), generate_series(1, 120) AS i;
	INSERT INTO balance SELECT 'A' || a, 'USD', 5000 FROM generate_series(1, 8) AS a UNION ALL SELECT 'O' || a, 'USD', 5000 FROM generate_series(1, 3) AS a;
	SELECT margin_calib.attach_prices('bars', 'sym', 'ts', 'px');
	SELECT margin_calib.attach_positions('filled', 'client', 'sym', 'qty');
	SELECT margin_calib.attach_positions('held', 'client', 'sym', 'qty');
	SELECT margin_calib.attach_collateral('balance', 'client', 'asset', 'qty');
	SELECT margin_calib.add_scenario_set('pair', '[{}, {}, {}, {}]', factors =>
		'[{"factor": "P", "price_shocks": [-0.1, 0.1, -0.1, 0.1]}, {"factor": "H", "price_shocks": [-0.2, 0.2, 0.05, -0.05]}]',
		method => '{"measure": "worst", "components": [{"name": "size", "kind": "notional", "initial": 0.01, "maintenance": 0.01}]}');
	SELECT margin_calib.set_margin_model(NULL, 'pair')});
$s->rows('CALL margin_calib.refresh()');
$s->rows(q{
	SELECT margin_calib.enforce_margin('held'), margin_calib.enforce_margin('orders', 'client', 'sym', 'qty', 'px');
	CREATE VIEW exposure AS -- with which orders filled: none, all, those that buy, those that sell
		SELECT b.client, f.fills, b.qty AS equity, s.sym, coalesce((SELECT sum(p.qty) FROM (TABLE filled UNION ALL TABLE held) AS p WHERE p.client = b.client AND p.sym = s.sym), 0)
		       + coalesce((SELECT sum(o.qty) FROM orders AS o WHERE o.client = b.client AND o.sym = s.sym AND (f.fills = 2 OR sign(o.qty) = f.fills)), 0) AS qty
		  FROM balance AS b CROSS JOIN (VALUES (0), (2), (1), (-1)) AS f (fills) CROSS JOIN (VALUES ('P'), ('H')) AS s (sym) WHERE f.fills = 0 OR b.client LIKE 'O%';
	CREATE VIEW by_hand AS
		SELECT e.client, e.fills, e.equity, greatest(0, 10 * e.p + 10 * e.h, -10 * e.p - 10 * e.h, 10 * e.p - 2.5 * e.h, -10 * e.p + 2.5 * e.h) + abs(e.p) + abs(e.h) / 2 AS requirement
		  FROM (SELECT client, fills, equity, sum(qty) FILTER (WHERE sym = 'P') AS p, sum(qty) FILTER (WHERE sym = 'H') AS h FROM exposure GROUP BY client, fills, equity) AS e;
	CREATE TABLE vector AS
		SELECT c.sym, (w.s).method, margin_calib.scenario_pnl(ROW(c.sym, NULL, 'perpetual', 'linear', NULL, c.sym, 'USD', 'USD', NULL, NULL, 1, 1, NULL, NULL, NULL)::margin_calib.contract,
		       margin_calib.contract_market(c.price), '2026-01-01', w.s) AS vector
		  FROM (VALUES ('P', 100), ('H', 50)) AS c (sym, price), (SELECT margin_calib.scenario_set('pair') OFFSET 0) AS w (s);
	CREATE VIEW by_vectors AS
		SELECT e.client, e.fills, e.equity, (margin_calib.portfolio_margin(e.qty::float8, v.vector, v.method)).initial_margin AS requirement
		  FROM exposure AS e JOIN vector AS v ON v.sym = e.sym GROUP BY e.client, e.fills, e.equity;
	CREATE VIEW breach AS
		SELECT 'by hand' AS what, h.client, h.fills, h.equity, h.requirement FROM by_hand AS h WHERE h.requirement > h.equity
		UNION ALL SELECT 'by vectors', v.client, v.fills, v.equity, v.requirement::numeric FROM by_vectors AS v WHERE round(v.requirement::numeric, 6) > v.equity
		UNION ALL SELECT 'they differ', h.client, h.fills, h.requirement, v.requirement::numeric FROM by_hand AS h JOIN by_vectors AS v USING (client, fills)
		           WHERE round(v.requirement::numeric, 6) <> h.requirement});

sub symbol { return rand() < 0.5 ? 'P' : 'H'; }
# two accounts have most of the orders
sub account { return 'A' . (rand() < 0.5 ? 1 + int rand 2 : 1 + int rand 8); }
sub quantity { return (rand() < 0.5 ? -1 : 1) * (10 + int rand 400); }
sub begin { return rand() < 0.2 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : 'BEGIN'; }

# Statements of one transaction: ended by a rollback when one fails, and when one answers f.
sub transaction
{
	my ($session, $log, $kind, @statements) = @_;
	my $answer;
	for my $statement (begin(), @statements, 'COMMIT')
	{
		$answer = $session->try($statement);
		my $refused = $answer->{state} eq 'MCM01' || grep { $_ eq 'f' } @{ $answer->{rows} };
		if ($answer->{state} ne '00000' || $refused)
		{
			$session->try('ROLLBACK');
			print $log "refused $kind\n" if $refused;
			print $log "retried $kind $answer->{state}\n" if $answer->{state} =~ /^40/;
			return $answer;
		}
	}
	print $log "accepted $kind\n";
	return $answer;
}

my $check = sub {
	my ($number, $session, $log) = @_;
	my ($a, $i, $q) = (account(), symbol(), quantity());
	return transaction($session, $log, 'check_order', "SELECT accepted FROM margin_calib.check_order('$a', '$i', $q)", "INSERT INTO filled VALUES ('$a', '$i', $q)")
	  if rand() < 0.8;
	# several trades at once
	my $r = quantity();
	return transaction($session, $log, 'check_order',
		"SELECT accepted FROM margin_calib.check_order('$a', '{\"(P,$q,,)\",\"(H,$r,,)\"}'::margin_calib.what_if_trade[])", "INSERT INTO filled VALUES ('$a', 'P', $q), ('$a', 'H', $r)");
};
my $enforce = sub {
	my ($number, $session, $log) = @_;
	my ($a, $b, $i, $q, $r, $kind) = (account(), account(), symbol(), quantity(), quantity(), rand);
	my $upsert = 'ON CONFLICT (client, sym) DO UPDATE SET qty = held.qty + excluded.qty';
	return transaction($session, $log, 'enforce_margin',
		  $kind < 0.5 || $a eq $b ? "INSERT INTO held VALUES ('$a', '$i', $q) $upsert"
		: $kind < 0.7 ? "INSERT INTO held VALUES ('$a', '$i', $q), ('$b', '$i', $r) $upsert"
		: $kind < 0.8 ? "UPDATE held SET qty = qty * 2 WHERE client = '$a'"
		: $kind < 0.9 ? "WITH gone AS (DELETE FROM held WHERE client = '$a' RETURNING sym, qty) INSERT INTO held SELECT '$b', sym, qty FROM gone $upsert"
		:               "DELETE FROM held WHERE client = '$a' AND sym = '$i'");
};
my $order = sub {
	my ($number, $session, $log) = @_;
	my ($a, $q, $kind) = ('O' . (1 + int rand 3), quantity(), rand);
	return transaction($session, $log, 'order', "INSERT INTO orders (client, sym, qty, px) VALUES ('$a', 'P', $q, 100)") if $kind < 0.5;
	return transaction($session, $log, 'order', "UPDATE orders SET qty = qty * 1.5 WHERE id = (SELECT min(id) FROM orders WHERE client = '$a')") if $kind < 0.6;
	return transaction($session, $log, 'fill', "WITH gone AS (DELETE FROM orders WHERE id = (SELECT id FROM orders WHERE client = '$a' ORDER BY random() LIMIT 1) RETURNING client, sym, qty) INSERT INTO filled TABLE gone")
	  if $kind < 0.8;
	return transaction($session, $log, 'cancel', "DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE client = '$a' ORDER BY random() LIMIT 3)");
};
my $withdraw = sub {
	my ($number, $session, $log) = @_;
	my ($a, $amount) = (account(), int rand 2000);
	return transaction($session, $log, 'deposit', "UPDATE balance SET qty = qty + $amount WHERE client = '$a' AND qty < 9000") if rand() < 0.4;
	return transaction($session, $log, 'withdrawal', "UPDATE balance SET qty = qty - $amount WHERE client = '$a'", "SELECT excess >= 0 FROM margin_calib.check_order('$a', 'P', 0)");
};
my $refresh = sub {
	my ($number, $session) = @_;
	sleep 0.2;
	my $answer = $session->try("INSERT INTO bars VALUES ('P', clock_timestamp(), 100), ('H', clock_timestamp(), 50)");
	return $answer if $answer->{state} ne '00000';
	return $session->try('CALL margin_calib.refresh(batch_keys => 2)');
};
# all the turns at once, and then a look
my $auditor = sub {
	my ($number, $session, $log) = @_;
	sleep rand 1;
	my $answer = $session->try('BEGIN; SET LOCAL jit = off; SELECT count(*) FROM (SELECT client FROM balance ORDER BY client) AS b, LATERAL margin_calib.check_order(b.client, \'P\', 0)');
	my $breach = $session->try('SELECT * FROM breach');
	print $log "breach $_\n" for @{ $breach->{rows} };
	print $log "near $_\n" for @{ $session->try('SELECT client FROM by_hand WHERE fills = 0 AND requirement > 0.8 * equity')->{rows} };
	print $log "looked \n" if $answer->{state} eq '00000' && $breach->{state} eq '00000';
	$session->try('COMMIT');
	return $answer->{state} ne '00000' ? $answer : $breach;
};

my ($number, @clients) = (0);
push @clients, Engine::client($database, $folder, ++$number, $_)
  for $check, $check, $check, $enforce, $enforce, $enforce, $order, $order, $withdraw, $refresh, $auditor;
sleep $seconds;
open(my $stop, '>', "$folder/stop") or die $!;
waitpid $_, 0 for @clients;

my %count;
$count{"accepted $_"}++ for Engine::logged($folder, 'accepted');
$count{"refused $_"}++ for Engine::logged($folder, 'refused');
$count{"retried $_"}++ for Engine::logged($folder, 'retried');
note join "\n", map { "$_: $count{$_}" } sort keys %count;
for my $kind (qw(check_order enforce_margin order))
{
	cmp_ok($count{"accepted $kind"} // 0, '>', 10, "$kind: some were accepted");
	cmp_ok($count{"refused $kind"} // 0, '>', 5, "$kind: some were refused");
}
cmp_ok($count{'accepted withdrawal'} // 0, '>', 3, 'some withdrew');
cmp_ok($count{'refused withdrawal'} // 0, '>', 0, 'not all that they asked for');
my @errors = grep { !/^(MCM01|40001|40P01) / } Engine::logged($folder, 'error');
is(scalar @errors, 0, 'no error other than MCM01, 40001 and 40P01') or diag(join "\n", @errors[ 0 .. 5 ]);
my @breaches = Engine::logged($folder, 'breach');
is(scalar @breaches, 0, 'no account ever owed more than it has') or diag(join "\n", @breaches[ 0 .. 5 ]);
my @looks = Engine::logged($folder, 'looked');
cmp_ok(scalar @looks, '>', 3, 'though somebody looked, ' . @looks . ' times');

$s->rows('CALL margin_calib.refresh()');
my @breach = $s->rows('SELECT * FROM breach');
is(scalar @breach, 0, 'nor at the end') or diag(join "\n", @breach);
is($s->value('SELECT count(*) FROM by_hand AS h LEFT JOIN margin_calib.account_state AS a ON a.account = h.client WHERE h.fills = 0 AND (a.equity, a.initial_margin) IS DISTINCT FROM (h.equity, ceil(round(h.requirement, 9) * 100) / 100)'),
	0, 'stored equity and requirement are those by hand');
is($s->value('SELECT count(*) FROM by_hand AS h CROSS JOIN LATERAL margin_calib.account_now(h.client) AS a WHERE h.fills = 0 AND (a.equity, a.initial_margin) IS DISTINCT FROM (h.equity, ceil(round(h.requirement, 9) * 100) / 100)'),
	0, 'and so are those now');
my @near = Engine::logged($folder, 'near');
cmp_ok(scalar @near, '>', 0, 'some came near to what they have, ' . @near . ' times');

# The limit that the comment of enforce_margin names: not refused is a statement that makes a shortfall larger without a larger quantity.
$s = Psql->fresh('pre_trade_gaps');
$s->rows(q{CREATE TABLE bars (sym text, ts timestamptz, px float8);
	CREATE TABLE held (client text, sym text, qty numeric, entry numeric, PRIMARY KEY (client, sym));
	CREATE TABLE balance (client text, asset text, qty numeric);
	INSERT INTO bars SELECT s, date_trunc('day', now()) - i * interval '1 day', 100 * exp(0.02 * sin(i * (i - 1) / 2.0) * sign(i - 1)) FROM unnest('{P,H}'::text[]) AS s, generate_series(1, 120) AS i;
	INSERT INTO held VALUES ('x', 'P', 10, 100), ('y', 'P', 10, 100);
	INSERT INTO balance VALUES ('x', 'USD', 1000), ('y', 'USD', 10);
	SELECT margin_calib.attach_prices('bars', 'sym', 'ts', 'px'), margin_calib.attach_positions('held', 'client', 'sym', 'qty', entry_price => 'entry'),
	       margin_calib.attach_collateral('balance', 'client', 'asset', 'qty');
	SELECT margin_calib.add_scenario_set('tenth', margin_calib.scenario_grid('{-0.1,0.1}'),
		method => '{"measure": "worst", "components": [{"name": "size", "kind": "notional", "initial": 0.02, "maintenance": 0.01}]}'), margin_calib.set_margin_model(NULL, 'tenth')});
$s->rows('CALL margin_calib.refresh()');
$s->rows(q{SELECT margin_calib.enforce_margin('held')});
sub excess { return $s->value("SELECT excess FROM margin_calib.account_now('$_[0]')"); }
is(excess('x') . ' ' . excess('y'), '880.00 -110.00', 'x has margin, y has not');
for my $known (
	[ "UPDATE held SET entry = 1000 WHERE client = 'x'", 'x', '-8120.00', 'an entry price that loses more than there is' ],
	[ "UPDATE held SET qty = 9, entry = 1000 WHERE client = 'x'", 'x', '-7208.00', 'the same with a smaller quantity' ])
{
	my ($statement, $account, $excess, $what) = @$known;
	$s->rows('BEGIN');
	my $state = $s->try($statement)->{state};
	ok($state eq 'MCM01' || excess($account) eq $excess, "$what: " . ($state eq 'MCM01' ? 'refused' : "accepted, excess $excess"));
	$s->try('ROLLBACK');
}
is($s->try("INSERT INTO held VALUES ('y', 'H', -30, NULL), ('y', 'X', 0, NULL)")->{state}, 'MCM01', 'one part alone is refused');

# Parts of one command hedge each other: none of them makes the shortfall larger, given the others, but all of them do.
is($s->try("WITH a AS (INSERT INTO held VALUES ('y', 'H', -30, NULL)) UPDATE held SET qty = 40 WHERE client = 'y' AND sym = 'P'")->{state}, 'MCM01', 'two hedges of each other are refused');
is($s->try("WITH a AS (INSERT INTO held VALUES ('y', 'H', -30, NULL)), b AS (DELETE FROM held WHERE client = 'x') UPDATE held SET qty = 40 WHERE client = 'y' AND sym = 'P'")->{state}, 'MCM01', 'also beside another account');
is($s->try("WITH a AS (INSERT INTO held VALUES ('y', 'H', -3, NULL)) UPDATE held SET qty = 5 WHERE client = 'y' AND sym = 'P'")->{state}, '00000', 'two parts that lower it are not');
is(excess('y'), '-26.00', 'which leaves less to be paid');
is($s->try("INSERT INTO held VALUES ('x', 'P', 490, 100), ('x', 'H', -500, 100) ON CONFLICT (client, sym) DO UPDATE SET qty = held.qty + excluded.qty")->{state}, 'MCM01', 'nor may an account that has margin come into that by one row that is new and one that is not');
is($s->try("MERGE INTO held AS h USING (VALUES ('x', 'P', 490::numeric), ('x', 'H', -500)) AS v (c, s, q) ON h.client = v.c AND h.sym = v.s WHEN MATCHED THEN UPDATE SET qty = h.qty + v.q WHEN NOT MATCHED THEN INSERT VALUES (v.c, v.s, v.q, 100)")->{state}, 'MCM01', 'nor by MERGE');
$s->rows(q{CREATE TABLE strategy (id integer PRIMARY KEY);
	INSERT INTO strategy VALUES (1);
	ALTER TABLE held ADD COLUMN strategy integer REFERENCES strategy ON DELETE CASCADE;
	INSERT INTO held VALUES ('x', 'H', -150, 100, 1), ('x', 'P', 140, 100, NULL) ON CONFLICT (client, sym) DO UPDATE SET qty = held.qty + excluded.qty});
is($s->try('DELETE FROM strategy')->{state}, 'MCM01', 'nor by a foreign key that deletes a hedge');
$s->rows(q{UPDATE held SET qty = 0 WHERE client = 'x'});
$s->rows(q{CREATE TABLE other (client text, sym text, qty numeric);
	SELECT margin_calib.attach_positions('other', 'client', 'sym', 'qty'), margin_calib.enforce_margin('other'), margin_calib.enforce_margin('held');
	INSERT INTO balance VALUES ('z', 'USD', 1000)});
is($s->try("WITH a AS (INSERT INTO other VALUES ('z', 'H', -200)) INSERT INTO held VALUES ('z', 'P', 400, 100)")->{state}, 'MCM01', 'two tables are judged together');
is($s->try("WITH a AS (INSERT INTO other VALUES ('z', 'H', -200)) INSERT INTO held VALUES ('z', 'P', 200, 100)")->{state}, '00000', 'and a hedge in the other one counts');
is($s->try('TRUNCATE held')->{state}, '0A000', 'what cannot be checked is refused');
# the trigger of another table changes positions, too: a command within a command
$s->rows(q{CREATE TABLE fills (client text, sym text, qty numeric);
	CREATE FUNCTION book_fill() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
		INSERT INTO held VALUES (new.client, new.sym, new.qty, 100) ON CONFLICT (client, sym) DO UPDATE SET qty = held.qty + excluded.qty; RETURN new; END $f$;
	CREATE TRIGGER book_fill AFTER INSERT ON fills FOR EACH ROW EXECUTE FUNCTION book_fill()});
is($s->try("INSERT INTO fills VALUES ('z', 'P', 100), ('z', 'P', -20)")->{state}, 'MCM01', 'by a command of a trigger');
is($s->try("INSERT INTO fills VALUES ('z', 'P', -20), ('z', 'P', 10)")->{state}, '00000', 'each by itself');
is(join(' ', $s->rows("SELECT qty FROM held WHERE client = 'z'")), '190', 'and all of them are there');
done_testing();
