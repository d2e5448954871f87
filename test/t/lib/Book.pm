# Book.pm: accounts under all kinds of margin models over prices, partitioned positions and collateral, random changes of all
# that is attached and set, and what must be equal afterwards.
package Book;
use strict;
use warnings;
use Psql;
use Test::More;

our @priced = qw(BTCS BTCP ETHP SOLP BTCI BTCC BTCQ EURUSD USDCUSD USDEUR ETHE);
our @names = (@priced, 'NOPX');
our @accounts = map { "A$_" } 1 .. 14;
our @assets = qw(USD BTC ETH EUR USDC XYZ);
our @sets = qw(paradex deribit derive mine);

sub pick { return $_[ int rand @_ ]; }
sub between { my ($from, $to) = @_; return sprintf '%.3f', $from + rand($to - $from); }

my %level = (BTCS => 90000, BTCP => 90100, ETHP => 3000, SOLP => 150, BTCI => 90050, BTCC => 9000, BTCQ => 0.09, EURUSD => 1.1, USDCUSD => 1, USDEUR => 0.91, ETHE => 2750);

# kind, payoff, option, underlying, quote, settlement, expiry, strike, premium
sub terms
{
	my ($name) = @_;
	my %terms = (
		BTCS => "'spot','linear',NULL,'BTC','USD','USD',NULL,NULL,1,1,NULL,NULL,NULL",
		BTCP => "'perpetual','linear',NULL,'BTC','USD','USD',NULL,NULL,1,1,NULL,NULL,NULL",
		ETHP => "'perpetual','linear',NULL,'ETH','USD','USDC',NULL,NULL,1,1,NULL,NULL,NULL",
		BTCI => "'perpetual','inverse',NULL,'BTC','USD','BTC',NULL,NULL,10,1,NULL,NULL,NULL",
		BTCC => "'option','linear','call','BTC','USD','USD','2030-06-28 08:00+00',100000,1,1,NULL,NULL,'currency'",
		BTCQ => "'option','inverse','put','BTC','USD','BTC','2030-06-28 08:00+00',80000,1,1,NULL,NULL,'coin'",
		ETHE => "'future','linear',NULL,'ETH','EUR','EUR','2030-06-28 08:00+00',NULL,1,1,NULL,NULL,NULL",
		NOPX => "'perpetual','linear',NULL,'NOP','USD','USD',NULL,NULL,1,1,NULL,NULL,NULL");
	return $terms{$name};
}

sub set_contract
{
	my ($name, $size) = @_;
	my $terms = terms($name);
	$terms =~ s/,(10|1),1,NULL,NULL,/,$size,1,NULL,NULL,/ if $size;
	return "SELECT margin_calib.set_contract(ROW('$name',NULL,$terms)::margin_calib.contract)";
}

sub setup
{
	my ($database) = @_;
	my $s = Psql->fresh($database);
	$s->rows(qq{ALTER DATABASE $database SET synchronous_commit = on; SET synchronous_commit = on; SET jit = off;
		CREATE TABLE px (sym text, ts timestamptz, p float8, writer text);
		CREATE INDEX ON px (sym, ts);
		CREATE TABLE pos (acct text, sym text, q numeric, entry numeric, PRIMARY KEY (acct, sym)) PARTITION BY HASH (acct);
		CREATE TABLE pos_0 PARTITION OF pos FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		CREATE TABLE pos_1 PARTITION OF pos FOR VALUES WITH (MODULUS 3, REMAINDER 1);
		CREATE TABLE pos_2 PARTITION OF pos FOR VALUES WITH (MODULUS 3, REMAINDER 2);
		CREATE TABLE bal (acct text, asset text, q numeric, PRIMARY KEY (acct, asset));
		SELECT margin_calib.set_policy('crypto_venue', unset => '{rise_per_day,rise_after_breach}'), margin_calib.set_policy('new_product', buffer => 0)});
	my $values = join ',', map { "('$_', $level{$_})" } @priced;
	$s->rows(qq{INSERT INTO px SELECT v.s, date_trunc('hour', now()) - i * interval '1 day', v.b * exp(0.03 * sin(i * ascii(substr(v.s, 2)))), 'first' FROM generate_series(1, 60) AS i, (VALUES $values) AS v (s, b);
		SELECT margin_calib.attach_prices('px', 'sym', 'ts', 'p'), margin_calib.attach_positions('pos', 'acct', 'sym', 'q', entry_price => 'entry'),
		       margin_calib.attach_collateral('bal', 'acct', 'asset', 'q')});
	$s->rows('CALL margin_calib.refresh()');
	$s->rows(join ';', map { set_contract($_) } grep { terms($_) && $_ ne 'NOPX' } @names);
	$s->rows(q{SELECT margin_calib.set_instrument('BTCI', kind => 'inverse', multiplier => 10), margin_calib.set_instrument('BTCS', kind => 'spot'),
		       margin_calib.set_instrument('BTCQ', currency => 'BTC'), margin_calib.set_instrument('ETHE', currency => 'EUR'), margin_calib.set_instrument('USDEUR', currency => 'EUR');
		SELECT margin_calib.set_asset('BTC', 'BTCS'), margin_calib.set_asset('ETH', 'ETHP'), margin_calib.set_asset('EUR', 'EURUSD'), margin_calib.set_asset('USDC', 'USDCUSD'),
		       margin_calib.set_asset('USD', 'USDEUR', 'EUR');
		SELECT margin_calib.add_scenario_set('mine', margin_calib.scenario_grid('{-0.1,0,0.1}', '{0.3,-0.3}'));
		SELECT margin_calib.set_margin_model(NULL, 'paradex'), margin_calib.set_margin_model('A3'), margin_calib.set_margin_model('A4', NULL, 'EUR'),
		       margin_calib.set_margin_model('A5', 'deribit', 'EUR'), margin_calib.set_margin_model('A6', 'mine'), margin_calib.set_margin_model('A7', 'derive'),
		       margin_calib.set_margin_model('A8', 'mine', 'BTC'), margin_calib.set_margin_model('A9', NULL, 'USDC')});
	$s->rows(join ';', map { position(), position(), balance() } 1 .. 20);
	$s->rows('CALL margin_calib.refresh()');
	# everything stored, and the same computed live; as_of is when. Numbers in jsonb are equal whatever their scale.
	$s->rows(q{
		CREATE TYPE item AS (kind text, key text, body jsonb);
		CREATE FUNCTION live() RETURNS SETOF item LANGUAGE plpgsql AS $$
		DECLARE
			accounts CONSTANT text[] := ARRAY(SELECT acct FROM pos UNION SELECT acct FROM bal);
			as_of CONSTANT timestamptz := statement_timestamp();
			models CONSTANT margin_calib.engine_model[] := ARRAY(SELECT m FROM margin_calib.models_of(accounts) AS m);
			positions CONSTANT margin_calib.account_position[] := ARRAY(SELECT p FROM margin_calib.compute_positions(accounts, true, as_of) AS p);
			portfolios CONSTANT margin_calib.portfolio_requirement[] := ARRAY(SELECT r FROM margin_calib.portfolio_requirements(positions, models, true, as_of) AS r);
			collateral CONSTANT margin_calib.account_collateral[] := ARRAY(SELECT c FROM margin_calib.collateral_of(accounts, true, as_of) AS c);
		BEGIN
			RETURN QUERY SELECT 'state', s.account, to_jsonb(s) - 'as_of' FROM margin_calib.account_states(models, positions, portfolios,
				ARRAY(SELECT r FROM margin_calib.rates_requirements(positions, true, as_of) AS r), collateral, true, as_of) AS s;
			RETURN QUERY SELECT 'portfolio', p.account, to_jsonb(p) - 'as_of' FROM unnest(portfolios) AS p;
			RETURN QUERY SELECT 'collateral', c.account || ' ' || c.asset, to_jsonb(c) FROM unnest(collateral) AS c;
		END $$;
		CREATE VIEW stored AS SELECT 'state' AS kind, s.account AS key, to_jsonb(s) - 'as_of' AS body FROM margin_calib.account_state AS s
			UNION ALL SELECT 'portfolio', p.account, to_jsonb(p) - 'as_of' FROM margin_calib.portfolio_requirement AS p
			UNION ALL SELECT 'collateral', c.account || ' ' || c.asset, to_jsonb(c) FROM margin_calib.account_collateral AS c;
		-- of vectors those that an account needs: others stay as they were
		CREATE VIEW snapshot AS TABLE stored UNION ALL
			SELECT 'risk', concat_ws(' ', r.scenario_set, r.currency, r.instrument), to_jsonb(r) FROM margin_calib.instrument_risk AS r
			 WHERE EXISTS (SELECT FROM margin_calib.account_position AS p, margin_calib.models_of(ARRAY[p.account]) AS m
			                WHERE p.instrument = r.instrument AND m.scenario_set = r.scenario_set AND m.currency = r.currency);
		CREATE FUNCTION changed(a jsonb, b jsonb) RETURNS text LANGUAGE sql AS $$
			SELECT coalesce(string_agg(format('%s %s / %s', key, left(a ->> key, 60), left(b ->> key, 60)), ', '), 'only ' || CASE WHEN a IS NULL THEN 'the second' ELSE 'the first' END)
			  FROM jsonb_object_keys(coalesce(a, b)) AS key WHERE a IS NOT NULL AND b IS NOT NULL AND a -> key IS DISTINCT FROM b -> key $$;
		CREATE VIEW difference AS SELECT concat_ws(' ', kind, key, changed(s.body, l.body)) AS difference
			FROM stored AS s FULL JOIN live() AS l USING (kind, key) WHERE s.body IS DISTINCT FROM l.body});
	return $s;
}

# ---- changes: each returns a statement ----

sub position
{
	my ($a, $i, $q, $r) = (pick(@accounts), pick(@names), between(-5, 5), rand);
	$q = int($q * 1000) if $i eq 'BTCI';
	my $entry = rand() < 0.3 ? 'NULL' : rand() < 0.1 ? -1 : ($level{$i} // 10) * between(0.8, 1.2);
	return "INSERT INTO pos VALUES ('$a', '$i', $q, $entry) ON CONFLICT (acct, sym) DO UPDATE SET q = excluded.q, entry = excluded.entry" if $r < 0.7;
	return "DELETE FROM pos WHERE acct = '$a' AND sym = '$i'" if $r < 0.8;
	return "UPDATE pos SET q = -q WHERE acct = '$a'" if $r < 0.85;
	return "UPDATE pos SET q = " . pick("'NaN'", 'NULL', 0) . " WHERE acct = '$a' AND sym = '$i'" if $r < 0.9;
	return "UPDATE pos SET entry = entry * 1.01 WHERE acct = '$a' AND sym = '$i'" if $r < 0.95;
	# to another partition
	my $b = pick(@accounts);
	return "UPDATE pos SET acct = '$b' WHERE acct = '$a' AND sym = '$i' AND NOT EXISTS (SELECT FROM pos WHERE acct = '$b' AND sym = '$i')";
}

sub price
{
	my ($i, $r) = (pick(@priced), rand);
	my $p = $level{$i} * between(0.9, 1.1);
	return "INSERT INTO px VALUES ('$i', clock_timestamp(), $p)" if $r < 0.75;
	return "UPDATE px SET p = $p WHERE sym = '$i' AND ts = (SELECT max(ts) FROM px WHERE sym = '$i')" if $r < 0.85;
	return "DELETE FROM px WHERE sym = '$i' AND ts = (SELECT max(ts) FROM px WHERE sym = '$i') AND (SELECT count(*) FROM px WHERE sym = '$i') > 55" if $r < 0.95;
	return "INSERT INTO px VALUES ('$i', clock_timestamp(), " . pick(-1, 'NULL', "'NaN'", 0) . ")";
}

sub balance
{
	my ($a, $asset, $r) = (pick(@accounts), pick(@assets), rand);
	my $q = $asset =~ /^(BTC|ETH)$/ ? between(-1, 3) : between(-5000, 30000);
	return "INSERT INTO bal VALUES ('$a', '$asset', $q) ON CONFLICT (acct, asset) DO UPDATE SET q = excluded.q" if $r < 0.8;
	return "DELETE FROM bal WHERE acct = '$a' AND asset = '$asset'" if $r < 0.9;
	return "UPDATE bal SET q = " . pick("'NaN'", 'NULL', 0) . " WHERE acct = '$a' AND asset = '$asset'" if $r < 0.95;
	# one statement: of two a deadlock of the first would show as 25P02 of the second
	return "WITH gone AS (DELETE FROM pos WHERE acct = '$a') DELETE FROM bal WHERE acct = '$a'";
}

my @settings = (
	sub { my $a = pick(qw(BTC ETH EUR USDC)); return "SELECT margin_calib.set_asset('$a', minimum_haircut => " . between(0, 0.3) . ")"; },
	sub { return "SELECT margin_calib.set_asset('BTC', '" . pick(qw(BTCS BTCP)) . "')"; },
	sub { return "SELECT margin_calib.set_asset('ETH', maximum_weight => " . between(0.5, 1) . ", limit_amount => " . between(1000, 5000) . ")"; },
	sub { return rand() < 0.5 ? "SELECT margin_calib.drop_asset('USDC') FROM margin_calib.asset WHERE asset = 'USDC'" : "SELECT margin_calib.set_asset('USDC', 'USDCUSD')"; },
	sub { return set_contract(pick(grep { terms($_) } @names), pick(1, 1, 2, 0.5)); },
	sub { my $i = pick(grep { terms($_) } @names); return "SELECT margin_calib.drop_contract('$i') FROM margin_calib.contract_terms WHERE instrument = '$i'"; },
	sub { my $set = pick('NULL', map { "'$_'" } @sets); return sprintf "SELECT margin_calib.set_margin_model('%s', %s, '%s')", pick(@accounts), $set, pick(qw(USD USD EUR USDC BTC)); },
	sub { my $a = pick(@accounts); return "SELECT margin_calib.drop_margin_model('$a') FROM margin_calib.margin_model WHERE account = '$a'"; },
	sub { return sprintf "SELECT margin_calib.set_margin_model(NULL, '%s', '%s')", pick(@sets), pick(qw(USD EUR)); },
	sub { my $x = between(0.05, 0.2); return "SELECT margin_calib.add_scenario_set('mine', margin_calib.scenario_grid('{-$x,0,$x}', '{0.3,-0.3}'))"; },
	sub { return sprintf "SELECT margin_calib.set_amount_step('%s', %s)", pick(qw(USD EUR USDC BTC)), pick(0.01, 0.1, 1, 0.00000001); },
	sub { return sprintf "SELECT margin_calib.set_instrument('%s', multiplier => %s)", pick(@names), pick(1, 2, 10); },
	sub { return "SELECT margin_calib.set_instrument('SOLP', currency => '" . pick(qw(USD EUR USDC)) . "')"; },
	sub { return sprintf "SELECT margin_calib.set_tiers('%s', %s)", pick(@priced), rand() < 0.4 ? 'NULL' : "ARRAY[(0, 0.05, 0.03), (100000, 0.2, 0.1)]::margin_calib.margin_tier[]"; },
	sub { return sprintf "SELECT margin_calib.set_peg('USDCUSD', currency => 'USDC', threshold => %s)", between(0.9, 1); },
	sub { return sprintf "SELECT margin_calib.set_wrong_way('BTC', '%s', %s)", pick(qw(BTCP BTCI)), rand() < 0.4 ? 'NULL' : between(0.1, 0.5); },
	sub { return rand() < 0.3 ? "SELECT margin_calib.set_peg_stages('USDC', NULL) FROM margin_calib.peg_stages WHERE asset = 'USDC'"
	        : "SELECT margin_calib.set_peg_stages('USDC', '[{\"below\": 0.99, \"haircut\": 0.1}, {\"below\": 0.95, \"haircut\": 0.5}]') FROM margin_calib.asset WHERE asset = 'USDC' AND price_instrument IS NOT NULL"; },
	sub { return sprintf "SELECT margin_calib.set_policy('crypto_venue', stress_weight => %s); CALL margin_calib.recalibrate()", between(0, 0.9); });

sub setting { return pick(@settings)->(); }
sub kinds { return sort { rand() <=> 0.5 } @settings; }

sub change { my $r = rand; return $r < 0.45 ? position() : $r < 0.75 ? price() : balance(); }

# ---- what must be equal ----

sub snapshot
{
	my ($s) = @_;
	$s->rows('DROP TABLE IF EXISTS before; CREATE TABLE before AS TABLE snapshot', 120);
	return $s->value('SELECT count(*) FROM before');
}

# Everything that refresh computed is deleted, and computed again from what is attached and set: the same as the snapshot.
sub from_scratch
{
	my ($s, $name, $refresh, @settings) = @_;
	$s->rows(join ';', map { "DELETE FROM margin_calib.$_" }
		qw(account_state portfolio_requirement account_collateral account_position account_offset requirement instrument_risk scenario_set_used asset_haircut peg_state wrong_way_correlation parameter));
	$s->rows(q{UPDATE margin_calib.instrument SET last_price = NULL, data_through = NULL, fresh_until = NULL, stale_reason = NULL;
		INSERT INTO margin_calib.capture_queue SELECT id, NULL, true, now() FROM margin_calib.feed});
	$s->rows($_) for @settings;
	my $answer = $s->try($refresh, 300);
	is($answer->{state}, '00000', "$name: refreshed") or diag($answer->{message});
	$s->rows('RESET ALL; SET jit = off');
	my @differences = $s->rows(q{SELECT concat_ws(' ', kind, key, changed(s.body, b.body)) FROM snapshot AS s FULL JOIN before AS b USING (kind, key) WHERE s.body IS DISTINCT FROM b.body}, 120);
	return is(scalar @differences, 0, "$name: the same") || diag(join "\n", map { substr $_, 0, 600 } @differences[ 0 .. ($#differences < 5 ? $#differences : 5) ]);
}

1;
