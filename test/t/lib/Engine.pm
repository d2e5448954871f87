# Engine.pm: an engine with prices and positions, clients in processes of their own, and the truth
# that everything stored must equal.
package Engine;
use strict;
use warnings;
use POSIX ();
use Psql;
use Test::More;
use Time::HiRes qw(time sleep);

our $instruments = 12;
our $accounts = 15;

# Rates that the latest prices alone decide, so that calibrate_margin can recompute them: no buffer and no limits of
# speed, which remember. test/pgtap/rate_path.sql has those.
sub forget
{
	my ($s) = @_;
	$s->rows(q{SELECT margin_calib.set_policy('crypto_venue', unset => '{rise_per_day,rise_after_breach}'), margin_calib.set_policy('new_product', buffer => 0)});
	return;
}

sub setup
{
	my ($database) = @_;
	my $s = Psql->fresh($database);
	forget($s);
	# an acknowledged commit is in the log: the throw-away cluster is configured otherwise
	$s->rows(qq{ALTER DATABASE $database SET synchronous_commit = on; SET synchronous_commit = on;
		CREATE TABLE candles (symbol text, at timestamptz, close float8, writer text);
		CREATE INDEX ON candles (symbol, at);
		CREATE TABLE book (client text, symbol text, qty numeric, PRIMARY KEY (client, symbol));
		INSERT INTO candles SELECT 'S' || k, '2024-01-01'::timestamptz + i * interval '1 hour', 100 + 10 * sin(i * k) + k, 'first'
		  FROM generate_series(1, $instruments) AS k, generate_series(1, 150) AS i;
		INSERT INTO book SELECT 'C' || c, 'S' || (1 + (c * 7 + k) % $instruments), c - k * 3.5 FROM generate_series(1, $accounts) AS c, generate_series(1, 3) AS k;
		SELECT margin_calib.attach_prices('candles', 'symbol', 'at', 'close');
		SELECT margin_calib.attach_positions('book', 'client', 'symbol', 'qty')});
	$s->rows('CALL margin_calib.refresh()');
	return $s;
}

# Run $code->($number, $session, $log) again and again in a process of its own until the folder has a file `stop`;
# a lost connection is made again. $code returns an answer of Psql::try; SQLSTATEs are counted in the log.
sub client
{
	my ($database, $folder, $number, $code) = @_;
	my $pid = fork() // die $!;
	return $pid if $pid;
	srand(1000 + $number);
	open(my $log, '>>', "$folder/client.$number") or POSIX::_exit(1);
	$log->autoflush(1);
	my $s;
	until (-e "$folder/stop")
	{
		if (!$s || !$s->alive)
		{
			$s = eval { Psql->new($database) };
			sleep 0.05 unless $s;
			next;
		}
		my $answer = eval { $code->($number, $s, $log) } // { state => '08006', message => $@ };
		# not the end of a connection, which is the test's own doing
		print $log "error $answer->{state} $answer->{message}\n"
		  if $answer->{state} !~ /^(00000|08006|57P0[123])$/;
	}
	close $log;
	POSIX::_exit(0);
}

sub logged
{
	my ($folder, $word) = @_;
	my @found;
	for my $file (glob "$folder/client.*")
	{
		open(my $log, '<', $file) or die $!;
		push @found, map { /^$word (.*)/ ? $1 : () } <$log>;
	}
	return @found;
}

sub postmaster
{
	open(my $f, '<', "$ENV{PGDATA}/postmaster.pid") or return 0;
	my $pid = <$f>;
	return int($pid // 0);
}

# A session, as soon as the server answers; undef after half a minute.
sub up
{
	my ($database) = @_;
	for (1 .. 600)
	{
		my $session = eval { Psql->new($database) };
		return $session if $session;
		sleep 0.05;
	}
	return;
}

# kill -9, in turns of a backend, in the middle of a refresh when one runs, and of the postmaster. Returns after how many of them
# the server was back, the longest time that took, and how many backends were hit.
sub kill_and_wait
{
	my ($database, $kills) = @_;
	my ($done, $slowest, $in_refresh) = (0, 0, 0);
	for my $kill (1 .. $kills)
	{
		sleep 0.5 + rand 0.5;
		my $before = time;
		my $session = up($database) or last;
		if ($kill % 2)
		{
			my ($pid) = eval
			{
				$session->rows(q{SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
					ORDER BY (query ILIKE 'CALL%') DESC, random() LIMIT 1})
			};
			$session->close;
			next unless $pid;
			$in_refresh++;
			kill 'KILL', $pid;
			sleep 0.1;
		}
		else
		{
			my $pid = postmaster() or last;
			my @children = $session->rows('SELECT pid FROM pg_stat_activity');
			$session->close;
			kill 'KILL', $pid;
			# its children go on until they are idle, and only then leave the shared memory
			sleep rand 0.4;
			kill 'KILL', @children;
			for (1 .. 200)
			{
				last if system("$ENV{MC_PG_CTL} -w -t 60 start >/dev/null 2>&1") == 0;
				sleep 0.1;
			}
		}
		$session = up($database) or last;
		$slowest = time - $before if time - $before > $slowest;
		$session->close;
		$done++;
	}
	return ($done, $slowest, $in_refresh);
}

# Everything stored equals what base data gives.
sub truth
{
	my ($s, $when) = @_;
	my $none = sub {
		my ($name, $sql) = @_;
		my $answer = $s->try($sql, 120);
		ok($answer->{state} eq '00000' && !@{ $answer->{rows} }, "$when: $name")
		  or diag("$answer->{state} $answer->{message}\n" . join "\n", @{ $answer->{rows} }[ 0 .. 5 ]);
	};
	my $answer = $s->try('CALL margin_calib.refresh()', 120);
	is($answer->{state}, '00000', "$when: a refresh succeeds") or diag($answer->{message});
	is($s->value('SELECT count(*) FROM margin_calib.capture_queue'), 0, "$when: the queue is empty");
	my $columns = 'account, currency, initial_margin, maintenance_margin, notional, positions, data_through, is_stale, stale_reason';
	$none->('stored requirement = requirement_now, both ways',
		"WITH stored AS (SELECT $columns FROM margin_calib.margin_requirement),
		      now AS (SELECT $columns FROM (SELECT DISTINCT client FROM book) AS b, LATERAL margin_calib.requirement_now(b.client))
		 (SELECT 'stored', * FROM stored EXCEPT ALL SELECT 'stored', * FROM now) UNION ALL (SELECT 'now', * FROM now EXCEPT ALL SELECT 'now', * FROM stored)");
	$none->('rates in force = the calibration of the prices, by the policy that they name',
		q{SELECT p.instrument, p.initial_rate, c.initial_rate FROM margin_calib.margin_parameter AS p
		   FULL JOIN (SELECT symbol, calibrate.* FROM (SELECT symbol, margin_calib.calibrate_margin(at, close, margin_calib.policy(i.policy)) AS c
		                FROM candles JOIN margin_calib.instrument AS i ON i.instrument = symbol GROUP BY symbol, i.policy) AS t, LATERAL (SELECT (t.c).*) AS calibrate) AS c ON c.symbol = p.instrument
		   WHERE (p.initial_rate, p.maintenance_rate, p.long_initial_rate, p.short_initial_rate)
		         IS DISTINCT FROM (c.initial_rate, c.maintenance_rate, c.long_initial_rate, c.short_initial_rate)});
	$none->('one set of rates in force for each instrument, history without overlap',
		q{SELECT instrument FROM margin_calib.parameter WHERE valid_to IS NULL GROUP BY instrument HAVING count(*) > 1
		  UNION ALL SELECT a.instrument FROM margin_calib.parameter AS a JOIN margin_calib.parameter AS b USING (instrument)
		   WHERE a.id < b.id AND coalesce(a.valid_to, 'infinity') > b.valid_from});
	$none->('every position is stored once',
		q{(SELECT client, symbol, qty FROM book WHERE qty <> 0 EXCEPT ALL SELECT account, instrument, quantity FROM margin_calib.margin_position)
		  UNION ALL (SELECT account, instrument, quantity FROM margin_calib.margin_position EXCEPT ALL SELECT client, symbol, qty FROM book WHERE qty <> 0)});
	return;
}

1;
