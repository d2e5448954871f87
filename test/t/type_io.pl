# Values of the extension's types on their way through text, COPY BINARY, TOAST and pg_dump: what comes back is
# what went, and damaged bytes are refused with a class 22 error or are a value that every function takes.
#   IO_DAMAGES   damaged values of each type and form (2000)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Test::More;

my $damages = $ENV{IO_DAMAGES} || 2000;
srand($ENV{FUZZ_SEED} || 1);
my $s = Psql->fresh('type_io');
my $file = "$ENV{PGHOST}/type_io";
$s->rows('SET search_path = public, margin_calib; SET client_min_messages = error; SET jit = off');
$s->rows(q{
	CREATE TABLE x AS SELECT i, i % 7 AS g, (100 * sin(i * i))::float8 * CASE WHEN i % 101 = 0 THEN 1e6 ELSE 1 END AS r FROM generate_series(1, 20000) AS i;
	CREATE TABLE kept (name text, sketch tail_sketch, covariances covariance_state, vol volatility_state, model garch_model, risk risk_vector);
	INSERT INTO kept SELECT 'small', tail_sketch(r), covariance_state(ARRAY[r, i]), volatility_state(r), garch_fit(r ORDER BY i) FROM x WHERE i <= 60;
	INSERT INTO kept SELECT 'empty', tail_sketch(r), NULL, volatility_state(r), garch_fit(r) FROM x WHERE i < 0;
	INSERT INTO kept SELECT 'not finite', tail_sketch(r / i), covariance_state(ARRAY[r, 'NaN']), volatility_state('NaN'), garch_model(0.1, 0.1, 0.8) FROM x WHERE i <= 5;
	INSERT INTO kept SELECT 'large', tail_sketch(r, 5000), (SELECT covariance_state(ARRAY(SELECT sin(i * j * j) FROM generate_series(1, 90) AS j)) FROM generate_series(1, 95) AS i),
		volatility_state(r * 10 ^ (i % 600 - 300)), garch_fit(r ORDER BY i, 1) FROM x GROUP BY ();
	INSERT INTO kept SELECT 'wide', tail_sketch(r * 10 ^ (i % 500 - 250)), covariance_state(ARRAY[r * 1e100, r * 1e-200]), volatility_state(r), garch_fit(r) FROM x WHERE i <= 3000;
} =~ s/garch_fit\(r ORDER BY i, 1\)/garch_fit(r ORDER BY i)/r);

$s->rows(q{
	UPDATE kept SET risk = scenario_pnl(parse_symbol('BTC-27JUN36-80000-C', 'deribit'), contract_market(90000, 0.6), '2026-01-01', s) FROM scenario_set('derive') AS s WHERE kept.name = 'small';
	UPDATE kept SET risk = scenario_pnl(parse_symbol('BTC-PERPETUAL', 'deribit'), contract_market(90000), '2026-01-01', s) FROM scenario_set('span') AS s WHERE kept.name = 'wide';
	UPDATE kept SET risk = scenario_pnl(parse_symbol('BTC-PERPETUAL', 'deribit'), contract_market(90000), '2026-01-01', s)
	  FROM (SELECT jsonb_populate_record(NULL::scenario_set, jsonb_build_object('name', 'many', 'scenarios', jsonb_agg(jsonb_build_object('price_shock', sin(i) / 10)))) FROM generate_series(1, 1000) AS i) AS q (s) WHERE kept.name = 'large'});

# --- there and back ------------------------------------------------------------------------
my $text = 'string_agg(k::text, E\'\n\' ORDER BY name)';
my $before = $s->value("SELECT md5($text) FROM kept AS k");
$s->rows('CREATE TABLE again (LIKE kept)');
for my $format ('text', 'binary', 'csv')
{
	$s->rows("TRUNCATE again; COPY kept TO '$file' WITH (FORMAT $format); COPY again FROM '$file' WITH (FORMAT $format)");
	is($s->value("SELECT md5($text) FROM again AS k"), $before, "COPY with format $format loses nothing");
}
my $answers = q{SELECT md5(string_agg(ROW(tail_sketch_count(sketch), CASE WHEN tail_sketch_count(sketch) > 0 THEN tail_sketch_bounds(sketch, 0.99) END, observations(covariances),
	correlation(covariances), volatility(vol), mean_return(vol), observations(vol), garch_horizon_vol(model, 10), risk_terms(risk), scenario_profits(risk))::text, E'\n' ORDER BY name)) FROM };
sub answers { my ($where) = @_; return $s->value($answers . $where); }
my $expected = answers('kept WHERE (model).status <> \'too_few\'');
for my $storage ('PLAIN', 'EXTERNAL', 'EXTENDED', 'MAIN')
{
	next if $storage eq 'PLAIN'; # more than a page
	$s->rows("DROP TABLE again; CREATE TABLE again (LIKE kept); ALTER TABLE again "
		  . join(', ', map { "ALTER $_ SET STORAGE $storage" } qw(sketch covariances vol model risk)) . '; INSERT INTO again SELECT * FROM kept');
	is(answers('again WHERE (model).status <> \'too_few\''), $expected, "functions read values of storage $storage");
	is($s->value("SELECT md5($text) FROM again AS k"), $before, "and print them");
}
cmp_ok($s->value('SELECT max(pg_column_size(sketch)) FROM again'), '>', 2000, 'values were out of line or compressed');
# values packed behind a byte of another column: one-byte headers at odd addresses, and inside arrays and rows
$s->rows('CREATE TABLE packed AS SELECT \'x\'::"char" AS c, name, sketch, covariances, vol, model, risk FROM kept; UPDATE packed SET c = \'y\'');
is(answers('packed WHERE (model).status <> \'too_few\''), $expected, 'packed values');
is(answers(q{(SELECT name, (ARRAY[NULL, sketch])[2] AS sketch, (ARRAY[covariances])[1] AS covariances, (ARRAY[vol, vol])[2] AS vol, (ARRAY[model])[1] AS model, (ARRAY[NULL, risk])[2] AS risk FROM packed) AS p WHERE (model).status <> 'too_few'}),
	$expected, 'values inside arrays');
is($s->value('SELECT (SELECT tail_sketch_merge(sketch) FROM again)::text = (SELECT tail_sketch_merge(sketch) FROM packed)::text'), 't', 'merges');
is($s->value('SELECT (SELECT volatility_merge(vol) FROM again)::text = (SELECT volatility_merge(vol) FROM packed)::text'), 't', 'merges of volatilities');
is($s->value(q{SELECT (SELECT covariance_merge(covariances) FROM again WHERE name = 'small')::text = (SELECT covariance_merge(covariances) FROM packed WHERE name = 'small')::text}), 't', 'merges of covariances');

# --- pg_dump -------------------------------------------------------------------------------
is(system("pg_dump -Fc type_io > '$file.dump' && createdb type_io_back && pg_restore --exit-on-error -d type_io_back '$file.dump'"), 0, 'pg_dump and pg_restore');
my $back = Psql->new('type_io_back');
$back->rows('SET search_path = public, margin_calib');
is($back->value("SELECT md5($text) FROM kept AS k"), $before, 'bring every value back');
is(system("pg_dump --inserts -t kept type_io > '$file.sql' && psql -Xqd type_io_back -c 'DROP TABLE kept' && psql -Xqd type_io_back -v ON_ERROR_STOP=1 -f '$file.sql' >/dev/null"), 0, 'and as statements');
is($back->value("SELECT md5($text) FROM kept AS k"), $before, 'as well');
$back->close;

# --- damage --------------------------------------------------------------------------------
# Everything that reads a value of a type; each statement either answers or is refused.
my %readers = (
	tail_sketch => 'tail_sketch_count(v), tail_sketch_bounds(v, 0.99), value_at_risk(v, 0.5), expected_shortfall(v, 0.999), (SELECT tail_sketch_merge(u) FROM (VALUES (v), (v)) AS m(u))',
	covariance_state => 'observations(v), skipped_rows(v), means(v), covariance(v), correlation(v), (SELECT covariance_merge(u) FROM (VALUES (v), (v)) AS m(u))',
	risk_vector => 'risk_terms(v), scenario_profits(v), (SELECT portfolio_margin(q, v) FROM (VALUES (1), (-2.5)) AS m(q)), (SELECT portfolio_margin(q, v, method) FROM (VALUES (3)) AS m(q), scenario_set(\'derive\')), (SELECT margin_contributions(q, v, method) FROM (VALUES (-3)) AS m(q), scenario_set(\'derive\'))',
	volatility_state => 'observations(v), mean_return(v), volatility(v), volatility(v, 252), (SELECT volatility_merge(u) FROM (VALUES (v), (v)) AS m(u))',
);
my %column = (tail_sketch => 'sketch', covariance_state => 'covariances', volatility_state => 'vol', risk_vector => 'risk');

sub damaged
{
	my ($bytes, @letters) = @_;
	for (0 .. int rand 3)
	{
		my $at = int rand(1 + length $bytes);
		my $r = rand;
		if ($r < 0.5 && $at < length $bytes) { substr($bytes, $at, 1) = $letters[ rand @letters ]; }
		elsif ($r < 0.6) { substr($bytes, $at, 1 + int rand 9) = '' if $at < length $bytes; }
		elsif ($r < 0.7) { substr($bytes, $at, 0) = join '', map { $letters[ rand @letters ] } 0 .. int rand 8; }
		elsif ($r < 0.8) { $bytes = substr($bytes, 0, $at); }
		elsif ($at < length $bytes) { substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1) ^ 1 << int rand(length $letters[0] ? 7 : 1)); }
	}
	return $bytes;
}

sub judge
{
	my ($answer, $what, $bad) = @_;
	push @$bad, "$what: $answer->{state} $answer->{message}" if $answer->{state} !~ /^(00000|22\w\w\w|08P01|54000)$/;
	return $answer->{state} eq '00000';
}
for my $type (sort keys %readers)
{
	my @texts = $s->rows("SELECT $column{$type}::text FROM kept WHERE $column{$type} IS NOT NULL AND length($column{$type}::text) < 3000");
	my @wires = $s->rows("SELECT encode(${type}_send($column{$type}), 'hex') FROM kept WHERE $column{$type} IS NOT NULL AND length($column{$type}::text) < 3000");
	my ($taken, @bad) = (0);
	my @letters = $type eq 'tail_sketch' || $type eq 'risk_vector' ? ('0' .. '9', 'a' .. 'f') : ('0' .. '9', ' ', '-', '.', 'e');
	for (1 .. $damages)
	{
		my $damage = damaged($texts[ rand @texts ], @letters) =~ tr/\0//dr =~ s/'/''/gr;
		$taken += judge($s->try("SELECT $readers{$type} FROM (SELECT '$damage'::text::$type AS v OFFSET 0) AS d"), "'$damage'", \@bad);
		last unless $s->alive;
	}
	ok(!@bad && $taken > 0, "$damages damaged texts of $type, $taken taken") or diag(join "\n", @bad[ 0 .. ($#bad > 4 ? 4 : $#bad) ]);
	($taken, @bad) = (0);
	$s->rows("DROP TABLE IF EXISTS wire; CREATE TABLE wire (v $type)");
	for (1 .. $damages)
	{
		my $bytes = damaged(pack('H*', $wires[ rand @wires ]), map { chr } 0, 1, 127, 128, 255, int rand 256);
		open(my $out, '>:raw', $file) or die $!;
		print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), pack('nN', 1, length $bytes), $bytes, pack('n', 65535);
		close $out;
		chmod 0644, $file;
		judge($s->try("TRUNCATE wire; COPY wire FROM '$file' WITH (FORMAT binary)"), unpack('H*', $bytes), \@bad);
		$taken += judge($s->try("SELECT $readers{$type} FROM wire"), unpack('H*', $bytes), \@bad);
		judge($s->try("SELECT v::text::$type FROM wire"), 'text of ' . unpack('H*', $bytes), \@bad);
		last unless $s->alive;
	}
	ok(!@bad && $taken > 0, "$damages damaged messages of $type") or diag(join "\n", @bad[ 0 .. ($#bad > 4 ? 4 : $#bad) ]);
}
ok($s->alive, 'the session goes on');
done_testing();
