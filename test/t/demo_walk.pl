# The walk of `make demo`, both ways, on market data made here (the demo's own comes from the network):
# margins exist, and move the right way when the stressed day lands.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Temp 'tempdir';
use POSIX 'strftime';
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/../..');
my $dir = tempdir(CLEANUP => 1);
$ENV{PGOPTIONS} = '-c client_min_messages=warning';

# calm prices: a wave of 1 % a bar
sub price { my $i = shift; return sprintf '%.2f', 1000 * exp(0.01 * sin($i * $i * 1.7)) }

sub write_file
{
	my ($name, @lines) = @_;
	open my $file, '>', "$dir/$name" or die;
	print $file "$_\n" for @lines;
	close $file;
	return;
}

sub walk
{
	my $said = `cd '$root' && DEMO_MARKET='$dir' demo/walk.sh @_ 2>&1`;
	return ($? >> 8, $said);
}

sub query
{
	my $answer = `psql -XAtq -d margin_demo -c "$_[0]"`;
	chomp $answer;
	return $answer;
}

# days from 1980 on, crash of 20 % on 1987-10-19, and weeks from 1966-01-05 on
my $day0 = 315532800;
my @days = map { strftime('%Y-%m-%d', gmtime($day0 + 86400 * $_)) } 0 .. 3000;
write_file('djclose.gdt', '<gretldata name="djclose" frequency="5" startobs="1980-01-01" endobs="x" type="time-series">',
	'<observations count="' . @days . '" labels="true">',
	(map { my $p = price($_); $p *= 0.8 if $days[$_] ge '1987-10-19'; "<obs label=\"$days[$_]\">$p </obs>" } 0 .. $#days),
	'</observations>');
write_file('nysewk.gdt', '<gretldata name="nysewk" frequency="52" startobs="1966/01/05" endobs="x" type="time-series">',
	'<observations count="1200">', (map { '<obs>' . price($_) . ' </obs>' } 1 .. 1200), '</observations>');
my ($status, $said) = walk();
is($status, 0, 'the walk through October 1987 ends well') or diag $said;
like($said, qr/\[4\/7\].*\[5\/7\].*\[6\/7\].*\[7\/7\]/s, 'and shows its progress');
is(query("SELECT count(*), max(day) FROM index_prices WHERE symbol = 'NYSE'"), '1138|1987-10-21', 'weeks are counted from the first');
is(query("SELECT bool_and(b.long_initial_rate < a.long_initial_rate) FROM demo.margin b JOIN demo.margin a USING (instrument) "
	  . "WHERE b.step = 1 AND a.step = 2 AND instrument = 'DJIA'"), 't', 'the day of the crash raises the rate');
is(query('SELECT count(*), bool_and(is_stale) FROM margin_requirement'), '4|f', 'every client has a requirement, fresh as of its data');
is(query("SELECT initial_margin = (SELECT initial_margin FROM requirement_now('pension fund')) FROM margin_requirement WHERE account = 'pension fund'"),
	't', 'which is what requirement_now says');
system('dropdb', 'margin_demo');

write_file('djclose.gdt', '<observations count="3">', '<obs label="1980-01-02">1 </obs>');
($status, $said) = walk();
isnt($status, 0, 'a series that is cut short stops the walk');
like($said, qr/1 of 3 observations/, 'and says so');
system('dropdb', 'margin_demo');

write_file('ABC-1d-2024.csv', map { join ',', 1704067200000 + 86400000 * $_, (price($_)) x 4, 5, (0) x 6 } 1 .. 400);
($status, $said) = walk("'$dir/ABC-1d-2024.csv'");
is($status, 0, 'the walk over a file of bars ends well') or diag $said;
like($said, qr/made-up stressed bar.*did not happen/i, 'and says what is made up');
is(query("SELECT max(long_initial_rate) / min(long_initial_rate) BETWEEN 1.25 AND 1.35 FROM margin_parameter_history WHERE instrument = 'ABC'"),
	't', 'the made-up bar, a loss beyond the margin, raises the rate as fast as the policy allows');
is(query('SELECT count(*) FROM quarantine'), '0', 'nothing is in quarantine');
system('dropdb', 'margin_demo');

done_testing();
