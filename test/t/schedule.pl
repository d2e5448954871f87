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
is(query('postgres', 'SELECT is_healthy, cron_installed, cron_jobs, cron_problem FROM margin_calib.health()'),
	't|f||pg_cron is not installed in database postgres; margin_calib.schedule_refresh() says how to get it, and any other scheduler can CALL margin_calib.refresh()',
	'and health that it is not there');
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
my $cron = 'SELECT is_healthy, cron_jobs, cron_problem FROM margin_calib.health()';
is(query('cron', $cron, 'risk_job'), 't||role risk_job may not see pg_cron: GRANT USAGE ON SCHEMA cron TO risk_job', 'nor does health fail for it');
query('cron', 'GRANT USAGE ON SCHEMA cron TO risk_job');
is(query('cron', $cron, 'risk_job'), 't|0|role risk_job has no job of margin_calib in database cron (pg_cron shows a role its own): SELECT margin_calib.schedule_refresh()', 'no job yet');
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
# it has done its work, and must not run in between from here on
query('cron', "SELECT cron.alter_job($job, schedule => '0 0 1 * *')");
for (1 .. 20)
{
	last if query('cron', q{SELECT count(*) FROM cron.job_run_details WHERE status = 'running'}) eq '0';
	sleep 1;
}
is(query('cron', q{SELECT DISTINCT status FROM cron.job_run_details}), 'succeeded', 'pg_cron saw it succeed');

# health: what it says of jobs is what pg_cron's tables say, and each fault is named
is(query('cron', 'SELECT is_healthy, cron_installed, cron_jobs, cron_last_status, cron_problem, cron_last_run = (SELECT max(start_time) FROM cron.job_run_details) FROM margin_calib.health()', 'risk_job'),
	't|t|3|succeeded||t', 'three jobs, the latest run of which succeeded');
query('cron', q{CREATE ROLE watcher LOGIN; GRANT USAGE ON SCHEMA cron TO watcher; SELECT margin_calib.grant_rights('watcher', 'reader')});
like(query('cron', $cron, 'watcher'), qr/^t\|0\|role watcher has no job of margin_calib in database cron/, 'jobs of others are not seen');
is(query('cron', $cron), 't|3|', 'but by a superuser');
query('cron', "SELECT cron.alter_job($job, active => false)");
is(query('cron', $cron, 'risk_job'), "f|2|job margin_calib_refresh is not active: SELECT cron.alter_job($job, active => true) as a superuser", 'a job that was stopped');
query('cron', "SELECT cron.alter_job($job, active => true)");
query('cron', "INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, return_message, start_time, end_time)
	VALUES ($job, 1000000, 'cron', 'risk_job', 'CALL margin_calib.refresh()', 'failed', E'ERROR:  relation \"x\" does not exist\n', now() - interval '100 days', now())");
is(query('cron', $cron, 'risk_job'), qq{f|3|the latest run of job margin_calib_refresh failed: ERROR:  relation "x" does not exist; SELECT * FROM cron.job_run_details WHERE jobid = $job}, 'a run that failed, in its words');
query('cron', q{UPDATE cron.job_run_details SET status = 'succeeded' WHERE runid = 1000000});
like(query('cron', $cron, 'risk_job'), qr/^f\|3\|job margin_calib_refresh was started last at .*: is pg_cron in shared_preload_libraries/, 'a job that was not started for longer than its schedule says');
is(query('cron', q{SELECT problems = ARRAY[cron_problem] FROM margin_calib.health()}, 'risk_job'), 't', 'which is a problem');
query('cron', q{UPDATE cron.job_run_details SET status = 'running', start_time = now(), end_time = NULL WHERE runid = 1000000});
is(query('cron', 'SELECT is_healthy, cron_last_status FROM margin_calib.health()', 'risk_job'), 't|running', 'one that runs is none');
query('cron', 'ALTER TABLE cron.job_run_details RENAME COLUMN runid TO id');
like(query('cron', $cron, 'risk_job'), qr/^t\|\|pg_cron cannot be read: .*runid does not exist/, 'another pg_cron than we know is told, and does not fail');
query('cron', 'ALTER TABLE cron.job_run_details RENAME COLUMN id TO runid');
is(query('cron', 'SELECT margin_calib.unschedule()', 'risk_job'), '3', 'all its jobs are removed');
is(query('cron', 'SELECT margin_calib.unschedule()', 'risk_job'), '0', 'once');
done_testing();
