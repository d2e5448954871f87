# May 2022 again: LUNA's hourly bars land one by one, each followed by a refresh. Its rate must be at the
# policy's cap before the price is gone, and the requirements must follow every bar.
use strict;
use warnings;
use Test::More;

my $file = '../shared/data/crypto_hourly_binance_2021_2022.csv.gz';
plan(skip_all => "the price file $file is not there") unless -r $file;

sub query
{
	my ($sql) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-d', 'luna', '-v', 'ON_ERROR_STOP=1', '-c', $sql) or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

system('createdb', 'luna') == 0 or BAIL_OUT('no database');
query('CREATE EXTENSION margin_calib');
query("SELECT margin_calib.create_standard_tables('risk')");
query('CREATE TABLE all_bars (instrument text, ts timestamptz, open float8, high float8, low float8, close float8, volume float8)');
is(system(qq{zcat '$file' | grep -E '^(instrument|LUNAUSDT|BTCUSDT),' | psql -Xqd luna -c "\\copy all_bars FROM STDIN WITH (FORMAT csv, HEADER)"}), 0, 'bars loaded');
# hourly bars: a limit of the rise by the day would hold the rate down while the coin dies
query(q{SELECT margin_calib.set_policy('no_age', based_on => 'crypto_venue', unset => '{stale_after,rise_per_day,rise_after_breach}'),
        margin_calib.set_instrument('LUNAUSDT', policy => 'no_age'), margin_calib.set_instrument('BTCUSDT', policy => 'no_age')});
query(q{INSERT INTO risk.positions VALUES ('long', 'LUNAUSDT', 1000), ('short', 'LUNAUSDT', -1000), ('btc', 'BTCUSDT', 1)});
query(q{INSERT INTO risk.candles SELECT * FROM all_bars WHERE ts BETWEEN '2022-02-01' AND '2022-05-08 12:00'});
query('CALL margin_calib.refresh()');
my $calm = query(q{SELECT initial_rate FROM margin_calib.margin_parameter WHERE instrument = 'LUNAUSDT'});
my $calm_btc = query(q{SELECT initial_rate FROM margin_calib.margin_parameter WHERE instrument = 'BTCUSDT'});

# every second bar lands with its predecessor, which keeps the test short
my $script = "\\set ON_ERROR_STOP 1\n";
for my $hour (map { 2 * $_ } 1 .. 55)
{
	$script .= "INSERT INTO risk.candles SELECT * FROM all_bars WHERE instrument = 'LUNAUSDT' AND ts > '2022-05-08 12:00Z'::timestamptz + interval '@{[$hour - 2]} hours' AND ts <= '2022-05-08 12:00Z'::timestamptz + interval '$hour hours';\n"
		. "CALL margin_calib.refresh();\n"
		. "INSERT INTO seen SELECT p.data_through, p.price, p.initial_rate, r.initial_margin, r.notional, r.is_stale, s.initial_margin FROM margin_calib.margin_parameter AS p, margin_calib.margin_requirement AS r, margin_calib.margin_requirement AS s WHERE p.instrument = 'LUNAUSDT' AND r.account = 'long' AND s.account = 'short';\n";
}
query('CREATE TABLE seen (ts timestamptz, price numeric, rate numeric, margin numeric, notional numeric, is_stale boolean, short_margin numeric)');
open(my $psql, '|-', 'psql -Xqd luna') or die $!;
print $psql $script;
close $psql;
is($?, 0, 'the replay ran');

is(query('SELECT count(*) FROM seen'), '55', 'every refresh was seen');
is(query('SELECT count(*) FROM seen WHERE is_stale'), '0', 'and left nothing stale');
is(query(q{SELECT count(*) FROM seen AS s WHERE s.price <> (SELECT b.close::numeric FROM all_bars AS b WHERE b.instrument = 'LUNAUSDT' AND b.ts = s.ts)}), '0', 'each with the price of the newest bar');
is(query('SELECT count(*) FROM seen WHERE margin <> ceil(1000 * price * rate * 100) / 100 OR short_margin <> margin'), '0', 'requirements follow price and rate');
cmp_ok($calm, '<', 0.2, "before the crisis the rate is $calm");
my ($capped, $price_then) = split /\|/, query('SELECT ts, price FROM seen WHERE rate = 1 ORDER BY ts LIMIT 1');
ok($capped, 'the rate reaches the cap');
my $death = query('SELECT min(ts) FROM seen WHERE price < 0.01');
ok($capped && $death && $capped lt $death, "at $capped, price $price_then, before the price is below a cent at $death");
is(query("SELECT count(*) FROM seen WHERE ts > '$capped' AND rate < 0.85"), '0', 'it stays about there');
my $start = query('SELECT price FROM seen ORDER BY ts LIMIT 1');
cmp_ok(query("SELECT rate FROM seen WHERE price < $start / 2 ORDER BY ts LIMIT 1"), '>', 3 * $calm, 'at half the price it has more than tripled');
is(query(q{SELECT initial_rate FROM margin_calib.margin_parameter WHERE instrument = 'BTCUSDT'}), $calm_btc, 'BTC, without new bars, keeps its rate');
cmp_ok(query(q{SELECT count(*) FROM margin_calib.alert WHERE kind = 'jump' AND instrument = 'LUNAUSDT'}), '>', 3, 'jumps were reported');
cmp_ok(query(q{SELECT count(*) FROM margin_calib.margin_parameter_history WHERE instrument = 'LUNAUSDT'}), '>', 10, 'history has the way up');
done_testing();
