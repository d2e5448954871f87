# Eight clients that feed, correct and delete prices, change positions, change the policy, recalibrate and
# refresh in both ways, all at once: no deadlock, no error, and at the end nothing stored is wrong.
#   MIX_SECONDS   how long (10)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Psql;
use Engine;
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{MIX_SECONDS} || 10;
my $folder = tempdir(CLEANUP => 1);
my $database = 'mix';
Engine::setup($database)->close;

sub symbol { return 'S' . (1 + int rand $Engine::instruments); }
sub account { return 'C' . (1 + int rand $Engine::accounts); }

my $serial = 0;
my $feed = sub {
	my ($number, $session, $log) = @_;
	$serial++;
	my $rows = 1 + int rand 50;
	my ($a, $b) = (symbol(), symbol());
	my $r = rand;
	my $sql =
	  $r < 0.85 ? "INSERT INTO candles SELECT 'S' || 1 + (g * 7 + $serial) % $Engine::instruments, '2025-01-01'::timestamptz + ($serial * 10 + $number) * interval '1 minute', CASE WHEN random() < 0.02 THEN -1 ELSE 100 + 20 * random() END, 'mix' FROM generate_series(1, $rows) AS g"
	  : $r < 0.92 ? "UPDATE candles SET close = 90 + 20 * random() WHERE ctid IN (SELECT ctid FROM candles WHERE symbol IN ('$a', '$b') AND writer = 'first' ORDER BY random() LIMIT 3)"
	  : $r < 0.97 ? "DELETE FROM candles WHERE ctid IN (SELECT ctid FROM candles WHERE symbol = '$a' AND writer = 'mix' LIMIT 2)"
	  : "BEGIN; INSERT INTO candles VALUES ('$a', now() - interval '1 day', 111, 'mix'); ROLLBACK";
	return $session->try($sql);
};
my $trade = sub {
	my ($number, $session, $log) = @_;
	# each client trades for its own accounts, so that deadlocks cannot be the book's own
	my $account = 'C' . (1 + $number + 2 * int rand 6);
	my ($symbol, $r, $q) = (symbol(), rand, sprintf '%.3f', rand(20) - 10);
	return $session->try("INSERT INTO book VALUES ('$account', '$symbol', $q) ON CONFLICT (client, symbol) DO UPDATE SET qty = excluded.qty") if $r < 0.6;
	return $session->try("DELETE FROM book WHERE client = '$account' AND symbol = '$symbol'") if $r < 0.8;
	return $session->try("UPDATE book SET qty = -qty WHERE client = '$account'") if $r < 0.9;
	return $session->try("SELECT count(*) FROM margin_calib.requirement_now('$account')");
};
my $refresh = sub { return $_[1]->try('CALL margin_calib.refresh(batch_keys => 3)'); };
my $inside = sub { return $_[1]->try('BEGIN; CALL margin_calib.refresh(commit_batches => false); COMMIT'); };
my $govern = sub {
	my ($number, $session) = @_;
	sleep 0.3;
	my $answer = $session->try(sprintf "SELECT margin_calib.set_policy('crypto_venue', stress_weight => %.2f)", rand(0.9));
	return $answer if $answer->{state} ne '00000';
	return $session->try('CALL margin_calib.recalibrate()');
};

my @clients;
push @clients, Engine::client($database, $folder, $_->[0], $_->[1])
  for [ 1, $feed ], [ 2, $feed ], [ 3, $feed ], [ 4, $trade ], [ 5, $trade ], [ 6, $refresh ], [ 7, $inside ], [ 8, $govern ];
sleep $seconds;
open(my $stop, '>', "$folder/stop") or die $!;
waitpid $_, 0 for @clients;

my $s = Psql->new($database);
my @errors = Engine::logged($folder, 'error');
is(scalar(grep { /^40P01/ } @errors), 0, 'no deadlock');
is(scalar(grep { !/^40P01/ } @errors), 0, 'no other error') or diag(join "\n", @errors[ 0 .. 5 ]);
is($s->value("SELECT sum(deadlocks) FROM pg_stat_database WHERE datname = current_database()"), 0, 'the server counts none');
cmp_ok($s->value("SELECT count(*) FROM candles WHERE writer = 'mix'"), '>', 50, 'prices were fed');
# a policy that changed after the last recalibration is not yet in force
$s->rows('CALL margin_calib.recalibrate()');
Engine::truth($s, 'after the mix');
done_testing();
