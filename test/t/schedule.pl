# A real pg_cron job of a role without superuser refreshes what was fed; errors tell what is missing.
use strict;
use warnings;
use Test::More;

sub query
{
	my ($db, $sql, $user) = @_;
	local $ENV{PGUSER} = $user // $ENV{PGUSER};
	open(my $psql, '-|', "psql -XAtq -d $db -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -f - 2>&1 <<'END_OF_SQL'\n$sql\nEND_OF_SQL") or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

like(query('postgres', 'CREATE EXTENSION margin_calib; SELECT margin_calib.schedule_refresh()'),
	qr/55000: pg_cron is not installed in database postgres.*shared_preload_libraries.*CALL margin_calib.refresh/s,
	'without pg_cron the error says how to get it');
if (query('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'}) ne '1')
{
	SKIP: { skip 'pg_cron is not installed', 1; }
	done_testing();
	exit;
}

# pg_cron needs a restart; libpq mode connects through the socket, where the test cluster trusts
open(my $conf, '>>', "$ENV{PGDATA}/postgresql.conf") or die $!;
print $conf "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'cron'\ncron.host = '$ENV{PGHOST}'\n";
close $conf;
is(system("createdb cron; '$ENV{MC_PG_CTL}' -w restart >/dev/null"), 0, 'restarted with pg_cron');
like(query('postgres', 'SELECT margin_calib.schedule_refresh()'), qr/55000: .*pg_cron works in database cron/s, 'the error names the database of pg_cron');
is(query('cron', 'CREATE EXTENSION margin_calib'), '', 'extension in the database of pg_cron');
like(query('cron', 'SELECT margin_calib.schedule_refresh()'), qr/55000: .*CREATE EXTENSION pg_cron/s, 'the error says what is left to do');
query('cron', q{CREATE EXTENSION pg_cron; CREATE ROLE risk_job LOGIN; SELECT margin_calib.grant_rights('risk_job', 'engine');
	SELECT margin_calib.create_standard_tables('risk'); GRANT USAGE ON SCHEMA risk TO risk_job; GRANT SELECT ON ALL TABLES IN SCHEMA risk TO risk_job;
	CREATE ROLE feeder LOGIN; GRANT USAGE ON SCHEMA risk TO feeder; GRANT INSERT ON risk.candles, risk.positions TO feeder});
like(query('cron', 'SELECT margin_calib.schedule_refresh()', 'risk_job'), qr/42501: .*GRANT USAGE ON SCHEMA cron TO risk_job/s, 'a role without rights on pg_cron is told');
query('cron', 'GRANT USAGE ON SCHEMA cron TO risk_job');
like(query('cron', q{SELECT margin_calib.schedule_refresh('5 seconds')}, 'risk_job'), qr/0A000: .*1\.5|^\d+$/s, 'seconds need pg_cron 1.5');
like(query('cron', q{SELECT margin_calib.schedule_refresh(NULL)}, 'risk_job'), qr/22023: /, 'a job needs a schedule');
my $job = query('cron', 'SELECT margin_calib.schedule_refresh()', 'risk_job');
like($job, qr/^\d+$/, 'scheduled as a role without superuser');
is(query('cron', 'SELECT margin_calib.schedule_refresh()', 'risk_job'), $job, 'scheduling again keeps the job');
like(query('cron', 'SELECT margin_calib.schedule_recalibration()', 'risk_job'), qr/^\d+$/, 'recalibration scheduled');
like(query('cron', 'SELECT margin_calib.schedule_backtest()', 'risk_job'), qr/^\d+$/, 'backtests scheduled');
is(query('cron', 'SELECT jobname, schedule, command, username FROM cron.job ORDER BY jobname'),
	"margin_calib_backtest|30 0 * * *|CALL margin_calib.backtest_policies()|risk_job\nmargin_calib_recalibration|0 0 * * *|CALL margin_calib.recalibrate()|risk_job\nmargin_calib_refresh|* * * * *|CALL margin_calib.refresh()|risk_job",
	'a job is exactly one CALL');
is(query('cron', q{INSERT INTO risk.candles (instrument, ts, close) SELECT 'BTC', now() - b * interval '1 hour', 100 * exp(0.02 * sin(b * b)) FROM generate_series(1, 200) AS b;
	INSERT INTO risk.positions VALUES ('alice', 'BTC', -2)}, 'feeder'), '', 'a role with INSERT alone feeds');
my $done = '';
for (1 .. 75)
{
	$done = query('cron', q{SELECT account, initial_margin > 0, is_stale FROM margin_calib.margin_requirement});
	last if $done ne '';
	sleep 1;
}
is($done, 'alice|t|f', 'the job refreshed what was fed');
# what the nightly job calls, as the role that owns it
is(query('cron', 'CALL margin_calib.backtest_policies()', 'risk_job'), '', 'the role of the job may backtest');
is(query('cron', 'SELECT policy, is_routine, run_by, forecasts > 0 FROM margin_calib.policy_backtest'), 'crypto_venue|t|risk_job|t', 'and what it found is stored');
is(query('cron', 'SELECT DISTINCT run_by FROM margin_calib.refresh_run'), 'risk_job', 'as the role that scheduled it');
for (1 .. 20)
{
	last if query('cron', q{SELECT count(*) FROM cron.job_run_details WHERE status = 'running'}) eq '0';
	sleep 1;
}
is(query('cron', q{SELECT DISTINCT status FROM cron.job_run_details}), 'succeeded', 'pg_cron saw it succeed');
is(query('cron', 'SELECT margin_calib.unschedule()', 'risk_job'), '3', 'all its jobs are removed');
is(query('cron', 'SELECT margin_calib.unschedule()', 'risk_job'), '0', 'once');
done_testing();
