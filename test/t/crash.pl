# A backend that dies in the middle of a refresh loses nothing: its keys are still in the queue, and
# the next refresh brings every requirement to what a live computation says.
use strict;
use warnings;
use Test::More;

sub query
{
	my ($sql) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-d', 'crash', '-v', 'ON_ERROR_STOP=1', '-c', $sql) or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

system('createdb', 'crash') == 0 or BAIL_OUT('no database');
query('CREATE EXTENSION margin_calib');
query("SELECT margin_calib.create_standard_tables('risk')");
query(q{INSERT INTO risk.candles (instrument, ts, close)
        SELECT 'I' || i, now() - b * interval '1 hour', 100 * exp(0.02 * sin(i * b::float8 * b))
          FROM generate_series(1, 60) AS i, generate_series(1, 400) AS b});
query(q{INSERT INTO risk.positions SELECT 'a' || a, 'I' || 1 + (a * 7 + k) % 60, k - 3.5
          FROM generate_series(1, 300) AS a, generate_series(1, 6) AS k});
query(q{CREATE VIEW differences AS
        WITH stored AS (SELECT account, currency, initial_margin, maintenance_margin, notional, data_through FROM margin_calib.margin_requirement),
             live AS (SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.data_through
                        FROM (SELECT DISTINCT account FROM risk.positions) AS a, margin_calib.requirement_now(a.account) AS r)
        SELECT (SELECT count(*) FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM live) AS x)
             + (SELECT count(*) FROM (SELECT * FROM live EXCEPT ALL SELECT * FROM stored) AS y)});

my $killed = 0;
for my $round (1 .. 4)
{
	query(qq{INSERT INTO risk.candles (instrument, ts, close) SELECT 'I' || i, now(), 90 + $round + i FROM generate_series(1, 60) AS i});
	query(qq{UPDATE risk.positions SET quantity = quantity + $round WHERE account LIKE 'a%$round'});
	my $batches = query('SELECT batches FROM margin_calib.engine_state');
	my $child = fork();
	if ($child == 0)
	{
		$ENV{PGAPPNAME} = 'victim';
		open STDERR, '>', '/dev/null';
		exec 'psql', '-Xq', '-d', 'crash', '-c', 'CALL margin_calib.refresh(batch_keys => 7)';
	}
	# let it commit some batches, never all of them
	for (1 .. 400)
	{
		last if query('SELECT batches FROM margin_calib.engine_state') >= $batches + 1 + $round;
		select(undef, undef, undef, 0.005);
	}
	my $pid = query(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active'});
	$killed++ if $pid ne '' && kill('KILL', $pid);
	waitpid($child, 0);
	for (1 .. 300)
	{
		last if system('pg_isready -q') == 0 && query('SELECT 1') eq '1';
		select(undef, undef, undef, 0.1);
	}
	my $waiting = query('SELECT count(*) FROM margin_calib.capture_queue');
	cmp_ok($waiting, '>', 0, "round $round: what was not refreshed is in the queue ($waiting entries)");
	query('CALL margin_calib.refresh()');
	is(query('SELECT * FROM differences'), '0', "round $round: every requirement is what a live computation says");
}
is($killed, 4, 'the refreshing backend was killed in every round');
is(query('SELECT count(*) FROM margin_calib.capture_queue'), '0', 'nothing is left in the queue');
is(query('SELECT last_error FROM margin_calib.refresh_status'), 'the run did not finish', 'the log tells of runs that did not finish');
is(query('SELECT count(*) FROM margin_calib.parameter WHERE valid_to IS NULL'), '60', 'one parameter in force for each instrument');
done_testing();
