# One row must not stop the engine: names too long for any index, numbers of thousands of digits. A role
# that may only insert prices could otherwise stop all margins for good.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Test::More;

my $s = Psql->fresh('poison');
$s->rows('SET search_path = public, margin_calib');
$s->rows(q{CREATE FUNCTION noise(n int) RETURNS text LANGUAGE sql AS $$ SELECT left(string_agg(md5(i::text || random()), ''), n) FROM generate_series(1, n / 32 + 1) AS i $$;
	CREATE FUNCTION digits(n int) RETURNS numeric LANGUAGE sql AS $$ SELECT ('9' || left(string_agg((random() * 1e9)::bigint::text, ''), n))::numeric FROM generate_series(1, n) AS i $$;
	CREATE TABLE bars (sym text, at timestamptz, px numeric);
	CREATE TABLE book (acc text, sym text, qty numeric);
	INSERT INTO bars SELECT 'I' || k, '2024-01-01'::timestamptz + i * interval '1 day', 100 + 5 * sin(i * k) FROM generate_series(1, 2) AS k, generate_series(1, 120) AS i;
	INSERT INTO book VALUES ('A', 'I1', 2), ('B', 'I2', -1);
	SELECT attach_prices('bars', 'sym', 'at', 'px'); SELECT attach_positions('book', 'acc', 'sym', 'qty'); CALL refresh()});
my $n = 0;
for my $poison (
	[ 'an instrument of 3,000 bytes' => q{INSERT INTO bars VALUES (noise(3000), '2024-01-01', 100)} ],
	[ 'an instrument of 100,000 bytes' => q{INSERT INTO bars VALUES (noise(100000), '2024-01-01', 100)} ],
	[ 'a price of 4,000 digits' => q{INSERT INTO bars VALUES ('I1', '2024-06-02', digits(4000))} ],
	[ 'a negative price of 20,000 digits' => q{INSERT INTO bars VALUES ('I1', '2024-06-03', -digits(20000))} ],
	[ 'a price of many decimals' => q{INSERT INTO bars VALUES ('I1', '2024-06-04', -1 / (digits(12000)))} ],
	[ 'an account of 5,000 bytes' => q{INSERT INTO book VALUES (noise(5000), 'I1', 1)} ],
	[ 'a position in an instrument of 5,000 bytes' => q{INSERT INTO book VALUES ('A', noise(5000), 1)} ],
	[ 'a quantity of 20,000 digits' => q{INSERT INTO book VALUES ('B', 'I1', digits(20000))} ],
	[ 'a quantity of 120,000 digits' => q{INSERT INTO book VALUES ('C', 'I1', '1e120000'::numeric)} ],
	[ 'a price of 120,000 digits' => q{INSERT INTO bars VALUES ('I2', '2024-06-05', '1e120000'::numeric)} ])
{
	my ($name, $sql) = @$poison;
	$n++;
	is($s->try($sql)->{state}, '00000', "$name: the change goes through");
	# what comes with it must come into force
	$s->rows("INSERT INTO bars VALUES ('I2', '2024-05-01'::timestamptz + $n * interval '1 hour', 100 + $n)");
	my $answer = $s->try('CALL refresh()', 60);
	is($answer->{state}, '00000', "$name: refresh") or diag($answer->{message});
	is($s->value('SELECT count(*) FROM capture_queue'), 0, "$name: the queue is empty");
	is($s->value(q{SELECT last_price FROM instrument WHERE instrument = 'I2'}) + 0, 100 + $n, "$name: others are refreshed");
	is($s->value(q{SELECT count(*) FROM margin_requirement WHERE account IN ('A', 'B')}), 2, "$name: their requirements are there");
	# each on its own
	$s->rows(q{DELETE FROM bars WHERE at >= '2024-06-01' OR length(sym) > 10; DELETE FROM book WHERE length(acc) > 1 OR length(sym) > 2 OR qty > 10; DELETE FROM capture_queue WHERE octet_length(key) > 100});
	$s->try('CALL refresh()', 60);
}
done_testing();
