# Psql.pm: a session that stays open, over psql's pipes: core Perl only.
#
#   my $s = Psql->new($dbname);
#   my @rows = $s->rows($sql);          rows of the last result, columns joined by '|'; dies on an error
#   my $r = $s->try($sql);              { rows => [...], state => SQLSTATE or '00000', message => ... }
#   $s->send($sql); ... $s->receive($seconds)    the same in two steps; undef when it takes longer
#   $s->alive                           false once the connection is lost
#
# SQL is sent as it is, through psql's scanner; a semicolon is added where it lacks.
package Psql;
use strict;
use warnings;
use IPC::Open3;
use IO::Select;
use Time::HiRes qw(time);

my $count = 0;

sub new
{
	my ($class, $dbname, %options) = @_;
	open(my $null, '>', $options{stderr} // '/dev/null') or die $!;
	my ($in, $out);
	my $pid = open3($in, $out, '>&' . fileno($null),
		'psql', '-XqAt', '-v', 'VERBOSITY=sqlstate', '-v', 'ON_ERROR_STOP=0', '-d', $dbname);
	$in->autoflush(1);
	local $SIG{PIPE} = 'IGNORE';
	my $self = bless {
		pid => $pid, in => $in, out => $out, buffer => '', alive => 1,
		select => IO::Select->new($out), mark => 'done' . $$ . 'x' . $count++, sent => 0, received => 0
	}, $class;
	$self->{backend} = $self->value('SELECT pg_catalog.pg_backend_pid()');
	return $self;
}

sub send
{
	my ($self, $sql) = @_;
	local $SIG{PIPE} = 'IGNORE';
	$self->{sent}++;
	$sql .= "\n;" unless $sql =~ /;\s*\z/;
	print { $self->{in} }
	  "$sql\n\\echo $self->{mark} :ERROR :SQLSTATE :LAST_ERROR_MESSAGE $self->{mark}\n";
	return;
}

# The answer to the oldest statement that was sent; undef after $seconds.
sub receive
{
	my ($self, $seconds) = @_;
	my $end = time + ($seconds // 600);
	while (1)
	{
		if ($self->{buffer} =~ s/\A(.*?)^\Q$self->{mark}\E (\S+) (\S*) (.*?)\Q$self->{mark}\E\n//ms)
		{
			my ($text, $error, $state, $message) = ($1, $2, $3, $4);
			$self->{received}++;
			if ($error eq 'true' && $state eq '')
			{
				# psql lost the connection, and the server gave no reason
				$self->{alive} = 0;
				$state = '08006';
			}
			return {
				rows => [ split /\n/, $text ], text => $text,
				state => $error eq 'true' ? $state : '00000',
				message => $error eq 'true' ? $message : ''
			};
		}
		my $left = $end - time;
		return undef if $left <= 0;
		next unless $self->{select}->can_read($left);
		if (!sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer}))
		{
			$self->{alive} = 0;
			return { rows => [], text => '', state => '08006', message => 'connection lost' };
		}
	}
}

sub try
{
	my ($self, $sql, $seconds) = @_;
	$self->send($sql);
	my $answer = $self->receive($seconds);
	return $answer // { rows => [], text => '', state => 'HANG', message => 'no answer in time' };
}

sub rows
{
	my ($self, $sql, $seconds) = @_;
	my $answer = $self->try($sql, $seconds);
	die "$answer->{state} $answer->{message}\n$sql\n" if $answer->{state} ne '00000';
	return @{ $answer->{rows} };
}

sub value
{
	my ($self, $sql, $seconds) = @_;
	return ($self->rows($sql, $seconds))[-1];
}

# After a cancel or a timeout: one that fires when the answer is on its way already would hit the next
# statement instead (PostgreSQL keeps the signal until it reads a command), so there is one to be hit.
sub settle
{
	my ($self) = @_;
	$self->try('SELECT 1');
	return;
}

sub alive
{
	my ($self) = @_;
	return $self->{alive};
}

sub close
{
	my ($self) = @_;
	return if $self->{closed}++;
	close $self->{in};
	close $self->{out};
	waitpid $self->{pid}, 0;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);
	$self->close;
	return;
}

# A fresh database with the extension, and a session in it.
sub fresh
{
	my ($class, $dbname) = @_;
	my $admin = $class->new('postgres');
	$admin->try("DROP DATABASE IF EXISTS $dbname");
	$admin->rows("CREATE DATABASE $dbname");
	$admin->close;
	my $s = $class->new($dbname);
	$s->rows('CREATE EXTENSION margin_calib');
	return $s;
}

1;
