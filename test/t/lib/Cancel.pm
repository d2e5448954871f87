# How soon queries end that are cancelled: within a second, at whatever moment it comes.
# Each has a second chance, as the machine may have been busy with something else.
package Cancel;
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);

# the session that runs them, and one beside it
sub new
{
	my ($class, $session, $admin) = @_;
	return bless { session => $session, admin => $admin }, $class;
}

# seconds from the cancel to the answer, its SQLSTATE and message; nothing when the query was faster than the delay
sub latency
{
	my ($self, $sql, $delay) = @_;
	my $s = $self->{session};
	$s->send($sql);
	my $answer = $s->receive($delay);
	return if $answer && $answer->{state} eq '00000';
	return (-1, $answer->{state}, $answer->{message}) if $answer;
	my $start = time;
	$self->{admin}->value("SELECT pg_cancel_backend($s->{backend})");
	$answer = $s->receive(30);
	$s->settle;
	return (time - $start, $answer ? ($answer->{state}, $answer->{message}) : ('HANG', ''));
}

# seconds that a query ran on after its statement_timeout, and its SQLSTATE
sub overrun
{
	my ($self, $sql, $timeout) = @_;
	my $s = $self->{session};
	my $start = time;
	my $answer = $s->try("SET statement_timeout = '${timeout}s'; $sql", 30);
	my $seconds = time - $start - $timeout;
	$s->settle;
	$s->rows('SET statement_timeout = 0');
	return ($seconds, $answer->{state});
}

sub in_time
{
	my ($seconds, $state) = @_;
	return $seconds < 1 && $state =~ /^(57014|00000)$/;
}

# one test a query
sub cancels_ok
{
	my ($self, $delays, @queries) = @_;
	for my $sql (@queries)
	{
		my ($bad, $tried, $most) = ('', 0, 0);
		for my $delay (@$delays)
		{
			for my $attempt (1, 2)
			{
				my ($seconds, $state, $message) = $self->latency($sql, $delay) or last;
				$tried++;
				$bad = $seconds >= 0 && in_time($seconds, $state) ? '' : sprintf('%.2f s after a cancel at %.1f s: %s %s', $seconds, $delay, $state, $message // '');
				$most = $seconds if $seconds > $most && !$bad;
				last unless $bad;
			}
			last if $bad;
		}
		ok(!$bad, sprintf('%s: %d cancels, %.2f s', substr($sql, 0, 110), $tried, $most)) or diag("$sql\n$bad");
	}
}

sub timeouts_ok
{
	my ($self, $timeout, @queries) = @_;
	for my $sql (@queries)
	{
		my ($seconds, $state);
		for my $attempt (1, 2)
		{
			($seconds, $state) = $self->overrun($sql, $timeout);
			last if in_time($seconds, $state);
		}
		ok(in_time($seconds, $state), 'statement_timeout: ' . substr($sql, 0, 90)) or diag(sprintf '%s, %.2f s too late', $state, $seconds);
	}
}

1;
