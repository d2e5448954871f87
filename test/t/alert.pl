# What listeners hear of alerts: once each, the most severe first, twenty at most and the number of the rest,
# nothing of what was rolled back, no account; and sessions that evaluate or acknowledge at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Test::More;

my $s = Psql->fresh('alert');
$s->rows(q{SET search_path = public, margin_calib; CREATE TABLE bars (sym text, at timestamptz, px float8); CREATE TABLE book (acc text, sym text, qty numeric);
	INSERT INTO bars SELECT 'I' || k, now() - b * interval '1 day', 100 + 10 * sin(k * b * b) FROM generate_series(1, 25) AS k, generate_series(1, 200) AS b;
	INSERT INTO book VALUES ('secret client', 'I1', 3), ('other', 'I1', 1);
	SELECT attach_prices('bars', 'sym', 'at', 'px'), attach_positions('book', 'acc', 'sym', 'qty')});
$s->rows('CALL refresh()');
$s->rows('UPDATE alert SET notified_at = now()');

my $listener = Psql->new('alert');
$listener->rows('LISTEN margin_calib_alert');

sub heard
{
	return map { /^Asynchronous notification "margin_calib_alert" with payload "(.*)" received/ ? $1 : () } $listener->rows('SELECT 1');
}
sub check { my ($session) = @_; return $session->value('SELECT margin_calib.check_alerts(clock_timestamp())'); }

$s->rows(q{SELECT set_alert_rule('any', 'level', 0.0001), set_alert_rule('worst', 'level', 0.0001, '{I7}', severity => 'critical')});
$s->rows('BEGIN');
is(check($s), 26, 'alerts of a transaction');
$s->rows('ROLLBACK');
is(scalar(heard()), 0, 'that is rolled back are not told');
is($s->value('SELECT count(*) FROM margin_alert WHERE rule IS NOT NULL'), 0, 'and not there');
is(check($s), 26, 'alerts that are committed');
my @told = heard();
is(scalar(@told), 21, 'are told of by twenty notifications, and one more');
like($told[0], qr/"kind" : "level", "severity" : "critical", "rule" : "worst", "instrument" : "I7"/, 'the most severe first');
is($told[20], '{"more" : 6}', 'with the number of the rest');
is(join(',', sort { $a <=> $b } map { /"alert" : (\d+)/ } @told), $s->value(q{SELECT string_agg(alert::text, ',' ORDER BY alert) FROM
	(SELECT alert FROM margin_alert WHERE rule IS NOT NULL ORDER BY severity = 'critical' DESC, alert LIMIT 20) AS a}), 'each by its number');
check($s) for 1 .. 2;
is(scalar(heard()), 0, 'and never again');
$s->rows(q{INSERT INTO alert (kind, message) VALUES ('feed_error', 'a feed cannot be read')});
is(scalar(heard()), 0, 'an event that another function notes');
check($s);
@told = heard();
like("@told", qr/^\{"alert" : \d+, "kind" : "feed_error", "severity" : "warning", "rule" : null, "instrument" : null\}$/, 'is told of by the next evaluation');
check($s);
is(scalar(heard()), 0, 'once');
$s->rows(q{SELECT set_alert_rule('share', 'concentration', 0.7)});
is(check($s), 1, 'an account has too much of an instrument');
@told = heard();
like("@told", qr/"rule" : "share", "instrument" : "I1"/, 'told of by its instrument');
unlike("@told", qr/secret|0\.7/, 'and not by its account or share: everybody may listen');

# two at once take turns: the second sees what the first has opened, or opens it when the first gives up
my ($a, $b) = (Psql->new('alert'), Psql->new('alert'));
for my $end ('COMMIT', 'ROLLBACK')
{
	$s->rows("SELECT set_alert_rule('race $end', 'level', 0.0001)");
	$a->rows('BEGIN');
	is(check($a), 25, "$end: the first session opens");
	$b->send('SELECT margin_calib.check_alerts(clock_timestamp())');
	is($b->receive(1), undef, "$end: the second waits");
	$a->rows($end);
	is(($b->receive(60) // { rows => ['hangs'] })->{rows}[0], $end eq 'COMMIT' ? 0 : 25, "$end: and opens what is left");
	is($s->value("SELECT count(*) FROM margin_alert WHERE rule = 'race $end' AND is_open"), 25, "$end: one alert an instrument");
	is(scalar(heard()), 21, "$end: told of once");
}
$a->rows('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
check($s);
is($a->try('SELECT margin_calib.check_alerts(clock_timestamp())')->{state}, '40001', 'a snapshot from before another evaluation cannot evaluate');
$a->rows('ROLLBACK');

# somebody who acknowledges and does not come to an end keeps nobody waiting
my $alert = $s->value(q{SELECT alert FROM margin_alert WHERE rule = 'share'});
$a->rows("BEGIN; SELECT margin_calib.acknowledge_alert($alert, 'seen')");
$s->rows(q{UPDATE book SET qty = 3 WHERE acc = 'other'; CALL refresh(); SET lock_timeout = '5s'});
is($s->try('SELECT check_alerts(clock_timestamp())')->{state}, '00000', 'an evaluation does not wait for an acknowledgement');
$b->send("SELECT margin_calib.acknowledge_alert($alert)");
is($b->receive(1), undef, 'another acknowledgement of it does');
$a->rows('COMMIT');
is($b->receive(60)->{state}, '55000', 'and finds that it came second');
is($s->value("SELECT is_open FROM margin_alert WHERE alert = $alert"), 't', 'open for now');
check($s);
is($s->value("SELECT is_open, resolved_at > acknowledged_at, note FROM margin_alert WHERE alert = $alert"), 'f|t|seen', 'and resolved by the next evaluation');
done_testing();
