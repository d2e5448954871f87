# kill -9, of a backend in the middle of a refresh or of the whole server, while clients feed prices, change
# positions and refresh. No acknowledged commit is lost, and after one more refresh everything stored
# equals what base data gives.
#   CRASH_KILLS   how many (10), half of them the postmaster
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Psql;
use Engine;
use Test::More;
use Time::HiRes qw(time sleep);

my $kills = $ENV{CRASH_KILLS} || 10;
my $folder = tempdir(CLEANUP => 1);
my $database = 'crash';
my $s = Engine::setup($database);
$s->close;

my %last;
my $feed = sub {
	my ($number, $session, $log) = @_;
	my $serial = ++$last{$number};
	my $symbol = 1 + int rand $Engine::instruments;
	my $writer = "w$number-$serial-" . int rand 1e9;
	# several instruments at once, and a correction of an old price now and then
	my $answer = $session->try(
		"BEGIN; INSERT INTO candles SELECT 'S' || 1 + ($symbol + g) % $Engine::instruments, '2025-01-01'::timestamptz + ($serial * 10 + $number) * interval '1 second', 100 + 20 * random(), '$writer' FROM generate_series(1, 3) AS g;"
		  . (rand() < 0.2 ? "UPDATE candles SET close = 90 + 20 * random() WHERE symbol = 'S$symbol' AND writer = 'first' AND extract(hour FROM at) = 5;" : '')
		  . (rand() < 0.5 ? "INSERT INTO book VALUES ('C' || 1 + ($serial % $Engine::accounts), 'S$symbol', $serial) ON CONFLICT (client, symbol) DO UPDATE SET qty = excluded.qty;" : '')
		  . 'COMMIT;');
	print $log "acknowledged $writer\n" if $answer->{state} eq '00000';
	$session->try('ROLLBACK') if $answer->{state} ne '00000' && $session->alive;
	return $answer;
};
my $refresh = sub {
	my ($number, $session) = @_;
	return $session->try('CALL margin_calib.refresh(batch_keys => 4)');
};

my @clients = map { Engine::client($database, $folder, $_, $_ <= 4 ? $feed : $refresh) } 1 .. 6;

my ($done, $slowest, $in_refresh) = Engine::kill_and_wait($database, $kills);
sleep 0.5;
open(my $stop, '>', "$folder/stop") or die $!;
waitpid $_, 0 for @clients;

is($done, $kills, "$kills kills, back in service each time");
note sprintf 'slowest return %.1f s, %d kills of a backend', $slowest, $in_refresh;
$s = Engine::up($database);
my @acknowledged = Engine::logged($folder, 'acknowledged');
cmp_ok(scalar @acknowledged, '>', 10 * $kills, 'clients got work done: ' . @acknowledged . ' commits');
$s->rows('CREATE INDEX ON candles (writer); ANALYZE candles');
is($s->value("SELECT count(*) FROM unnest('{" . join(',', @acknowledged) . "}'::text[]) AS a(writer) WHERE (SELECT count(*) FROM candles AS c WHERE c.writer = a.writer) <> 3"),
	0, 'no acknowledged price is lost');
my @errors = Engine::logged($folder, 'error');
is(scalar(@errors), 0, 'no client saw an error other than the end of its connection') or diag(join "\n", @errors[ 0 .. 5 ]);
Engine::truth($s, 'after the kills');
done_testing();
