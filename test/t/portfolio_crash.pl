# kill -9, of a backend in the middle of a refresh or of the whole server, while clients change positions, prices and balances of
# accounts under portfolio margin, check orders, change settings and refresh. Nothing acknowledged is lost, no order that was
# checked breaks its account, and after one refresh everything stored is what is computed live and from scratch.
#   CRASH_KILLS   how many (10), half of them the postmaster
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Psql;
use Engine;
use Book;
use Test::More;
use Time::HiRes qw(time sleep);

my $kills = $ENV{CRASH_KILLS} || 10;
my $folder = tempdir(CLEANUP => 1);
my $database = 'portfolio_crash';
my $s = Book::setup($database);
# what was acknowledged; and an account whose requirement is 100 a contract, all of whose orders are checked
$s->rows(q{CREATE TABLE journal (writer text PRIMARY KEY);
	CREATE TABLE checked (acct text, sym text, q numeric);
	SELECT margin_calib.add_scenario_set('tenth', margin_calib.scenario_grid('{-0.1,0.1}'));
	SELECT margin_calib.set_instrument('ONE');
	INSERT INTO px SELECT 'ONE', date_trunc('hour', now()) - i * interval '1 day', 1000 * exp(0.02 * sin(i * (i - 1) / 2.0) * sign(i - 1)), 'first' FROM generate_series(1, 60) AS i;
	SELECT margin_calib.attach_positions('checked', 'acct', 'sym', 'q');
	SELECT margin_calib.set_margin_model('K', 'tenth');
	INSERT INTO bal VALUES ('K', 'USD', 100000)});
$s->rows('CALL margin_calib.refresh()');
$s->close;

my %serial;
sub hang
{
	my ($statement, $log) = @_;
	my $session = Engine::up($database);
	print $log "hang $statement: $_\n" for $session->rows(q{SELECT concat_ws(' ', pid, pg_blocking_pids(pid)::text, state, wait_event_type, wait_event, backend_start, query_start, left(query, 100)) FROM pg_stat_activity WHERE backend_type = 'client backend'});
	return;
}
sub acknowledged
{
	my ($number, $session, $log, @statements) = @_;
	my $writer = "w$number-" . ++$serial{$number} . '-' . int rand 1e9;
	my $answer;
	for my $statement ('BEGIN', @statements, "INSERT INTO journal VALUES ('$writer')", 'COMMIT')
	{
		$answer = $session->try($statement, 60);
		hang($statement, $log) if $answer->{state} eq 'HANG';
		if ($answer->{state} ne '00000' || grep { $_ eq 'f' } @{ $answer->{rows} })
		{
			$session->try('ROLLBACK') if $session->alive;
			return $answer;
		}
	}
	print $log "acknowledged $writer\n";
	return $answer;
}
my $change = sub { my ($number, $session, $log) = @_; return acknowledged(@_, map { Book::change() } 1 .. 1 + int rand 3); };
my $setting = sub {
	my ($number, $session, $log) = @_;
	sleep 0.3;
	my $setting = Book::setting();
	if ($setting =~ /CALL/)
	{
		my $answer = $session->try($setting, 60);
		hang($setting, $log) if $answer->{state} eq 'HANG';
		return $answer;
	}
	return acknowledged(@_, $setting);
};
my $order = sub {
	my ($number, $session, $log) = @_;
	my $q = (rand() < 0.4 ? -1 : 1) * (1 + int rand 400);
	return acknowledged(@_, "SELECT accepted FROM margin_calib.check_order('K', 'ONE', $q)", "INSERT INTO checked VALUES ('K', 'ONE', $q)");
};
my $refresh = sub { my ($number, $session) = @_; my $answer = $session->try('CALL margin_calib.refresh(batch_keys => 3, max_ms => 1000)', 60); hang('refresh', $_[2]) if $answer->{state} eq 'HANG'; return $answer; };

my ($number, @clients) = (0);
push @clients, Engine::client($database, $folder, ++$number, $_) for $change, $change, $order, $order, $setting, $refresh;
my ($done, $slowest, $in_refresh) = Engine::kill_and_wait($database, $kills);
sleep 0.5;
open(my $stop, '>', "$folder/stop") or die $!;
waitpid $_, 0 for @clients;

is($done, $kills, "$kills kills, back in service each time");
note sprintf 'slowest return %.1f s, %d kills of a backend', $slowest, $in_refresh;
$s = Engine::up($database);
$s->rows('SET jit = off');
my @acknowledged = Engine::logged($folder, 'acknowledged');
cmp_ok(scalar @acknowledged, '>', 2 * $kills, 'clients got work done: ' . @acknowledged . ' commits');
is($s->value("SELECT count(*) FROM unnest('{" . join(',', @acknowledged) . "}'::text[]) AS a(writer) WHERE NOT EXISTS (SELECT FROM journal AS j WHERE j.writer = a.writer)"), 0, 'none of them is lost');
# two that move a position to the same place
my @errors = grep { !/^(40P01|40001|23505) / } Engine::logged($folder, 'error');
is(scalar(@errors), 0, 'no client saw an error other than the end of its connection') or diag(join "\n", map { substr $_, 0, 300 } @errors[ 0 .. ($#errors < 5 ? $#errors : 5) ]);
my @hangs = Engine::logged($folder, 'hang');
diag(join "\n", @hangs) if @hangs;
is($s->value('SELECT 100 * abs(sum(q)) <= 100000 FROM checked'), 't', 'checked orders never took more than there is: ' . $s->value('SELECT count(*) || \' orders, \' || sum(q) || \' contracts\' FROM checked'));
my $answer = $s->try('CALL margin_calib.refresh()', 120);
is($answer->{state}, '00000', 'one refresh') or diag($answer->{message});
is($s->value('SELECT count(*) FROM margin_calib.capture_queue'), 0, 'and the queue is empty');
my @differences = $s->rows('SELECT difference FROM difference', 120);
is(scalar(@differences), 0, 'everything stored is what is computed live') or diag(join "\n", map { substr $_, 0, 400 } @differences[ 0 .. ($#differences < 5 ? $#differences : 5) ]);
Book::snapshot($s);
Book::from_scratch($s, 'from scratch', 'CALL margin_calib.refresh()');
done_testing();
