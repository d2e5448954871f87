-- Jobs of pg_cron, which is found at run time: the extension neither needs nor requires it.

CREATE OR REPLACE FUNCTION margin_calib.schedule_job(job text, schedule text, command text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    cron_version CONSTANT text := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_cron');
    -- NULL for a role that may not see them
    preloaded    CONSTANT text := (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'shared_preload_libraries');
    cron_base    CONSTANT text := (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name');
    result       bigint;
BEGIN
    IF cron_version IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000',
            MESSAGE = format('pg_cron is not installed in database %I', current_database()),
            HINT = CASE
                WHEN preloaded NOT LIKE '%pg_cron%' OR cron_base IS NULL THEN
                    format('Set shared_preload_libraries = ''pg_cron'' and cron.database_name = ''%s'', restart the server, then CREATE EXTENSION pg_cron. Any other scheduler can run %s just as well.',
                           current_database(), command)
                WHEN cron_base <> current_database() THEN
                    format('pg_cron works in database %I (cron.database_name): SELECT cron.schedule_in_database(%L, %L, %L, %L) there, or set cron.database_name and restart.',
                           cron_base, job, schedule, command, current_database())
                ELSE 'Write CREATE EXTENSION pg_cron.' END;
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role %I may not use pg_cron', current_user),
            HINT = format('As a superuser: GRANT USAGE ON SCHEMA cron TO %I.', current_user);
    ELSIF schedule IS NULL OR btrim(schedule) = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a job needs a schedule',
            HINT = 'Write ''* * * * *'' for every minute, ''0 0 * * *'' for midnight GMT.';
    ELSIF schedule ~* '^\s*[0-9]+\s*seconds?\s*$'
          AND string_to_array(substring(cron_version FROM '^[0-9]+\.[0-9]+'), '.')::integer[] < ARRAY[1, 5] THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'this pg_cron has no schedules in seconds',
            DETAIL = format('pg_cron is %s, schedules in seconds came with 1.5.', cron_version),
            HINT = 'Write ''* * * * *'' for every minute.';
    END IF;
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO result USING job, schedule, command;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.schedule_job(text, text, text) IS
'Internal: a pg_cron job of the calling role, replaced when it has one of that name; the errors say what is missing.';

CREATE OR REPLACE FUNCTION margin_calib.schedule_refresh(schedule text DEFAULT '* * * * *') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.schedule_job('margin_calib_refresh', schedule, 'CALL margin_calib.refresh()');
END;
COMMENT ON FUNCTION margin_calib.schedule_refresh(text) IS
'Makes pg_cron refresh, every minute by default, as the calling role, which needs LOGIN and the engine rights (grant_rights); returns the job id. Schedules are in GMT unless cron.timezone of a newer pg_cron says otherwise. Calling it again changes the schedule. Errors: 55000 when pg_cron is not in this database, 42501 when the role may not use it, 0A000 for seconds before pg_cron 1.5.';

CREATE OR REPLACE FUNCTION margin_calib.schedule_recalibration(schedule text DEFAULT '0 0 * * *') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.schedule_job('margin_calib_recalibration', schedule, 'CALL margin_calib.recalibrate()');
END;
COMMENT ON FUNCTION margin_calib.schedule_recalibration(text) IS
'Makes pg_cron recalibrate every instrument, at midnight GMT by default; else as schedule_refresh.';

CREATE OR REPLACE FUNCTION margin_calib.schedule_backtest(schedule text DEFAULT '30 0 * * *') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.schedule_job('margin_calib_backtest', schedule, 'CALL margin_calib.backtest_policies()');
END;
COMMENT ON FUNCTION margin_calib.schedule_backtest(text) IS
'Makes pg_cron backtest every policy in use, half an hour after midnight GMT by default; else as schedule_refresh. A policy that leaves its green zone raises an alert.';

CREATE OR REPLACE FUNCTION margin_calib.unschedule() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result integer := 0;
BEGIN
    IF EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') AND has_schema_privilege('cron', 'USAGE') THEN
        EXECUTE 'SELECT count(cron.unschedule(j.jobid)) FROM cron.job AS j '
                'WHERE j.jobname IN (''margin_calib_refresh'', ''margin_calib_recalibration'', ''margin_calib_backtest'') '
                'AND j.username = current_user' INTO result;
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.unschedule() IS
'Removes the calling role''s jobs of schedule_refresh, schedule_recalibration and schedule_backtest, and returns how many there were.';
REVOKE ALL ON FUNCTION margin_calib.schedule_job(text, text, text), margin_calib.schedule_refresh(text),
    margin_calib.schedule_recalibration(text), margin_calib.schedule_backtest(text), margin_calib.unschedule() FROM PUBLIC;
