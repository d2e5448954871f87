-- One answer for a monitor: is the engine well, and if not, what is to be done.

CREATE OR REPLACE FUNCTION margin_calib.health_counts() RETURNS margin_calib.engine_health
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.engine_health;
BEGIN
    result := jsonb_populate_record(result, (SELECT to_jsonb(s) FROM margin_calib.refresh_status AS s));
    result.oldest_change_age := result.as_of - result.oldest_change;
    SELECT max(r.started_at) INTO result.last_success FROM margin_calib.refresh_run AS r WHERE r.finished_at IS NOT NULL;
    SELECT count(*) INTO result.failed_runs FROM margin_calib.refresh_run AS r
     WHERE r.finished_at IS NULL AND (r.started_at <= result.last_success) IS NOT TRUE AND r.started_at < result.last_run;
    SELECT count(*) INTO result.fresh_instruments FROM margin_calib.instrument AS i
     WHERE i.data_through IS NOT NULL AND margin_calib.staleness(i.stale_reason, i.fresh_until, false) IS NULL;
    SELECT count(*), count(*) FILTER (WHERE s.is_stale) INTO result.surfaces, result.stale_surfaces FROM margin_calib.vol_surface_status AS s;
    SELECT count(*) FILTER (WHERE a.is_open), count(*) FILTER (WHERE a.acknowledged_at IS NULL)
      INTO result.open_alerts, result.unacknowledged_alerts FROM margin_calib.margin_alert AS a;
    SELECT count(*), min(p.expires_at) INTO result.open_proposals, result.next_expiry FROM margin_calib.proposal AS p WHERE p.state = 'open';
    SELECT h.id, encode(h.hash, 'hex') INTO result.audit_entries, result.audit_hash FROM margin_calib.audit_head AS h;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.health_counts() IS
'Internal to health: what the extension''s own tables say, counted over all rows whatever row-level security shows the caller.';

CREATE OR REPLACE FUNCTION margin_calib.latest_start_allowed(schedule text) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN schedule ~* '^\s*[0-9]+\s*seconds?\s*$' THEN interval '1 hour'
                WHEN (cardinality(f.part) = 5 AND f.part[4] = '*') IS NOT TRUE THEN NULL
                WHEN f.part[3] <> '*' OR f.part[5] <> '*' THEN interval '63 days'
                WHEN f.part[2] <> '*' THEN interval '25 hours'
                WHEN f.part[1] !~ '^\*' THEN interval '2 hours'
                ELSE interval '1 hour' END
      FROM (SELECT regexp_split_to_array(btrim(schedule), '\s+')) AS f (part);
END;
COMMENT ON FUNCTION margin_calib.latest_start_allowed(text) IS
'Internal to health: age of the latest start beyond which a job of this pg_cron schedule is late, whatever the minutes and hours in it: an hour for every few minutes, two for every hour, 25 for every day, 63 days for weeks and months; NULL for what is rarer or not understood.';

-- With the caller's rights: pg_cron decides whose jobs a role may see.
CREATE OR REPLACE FUNCTION margin_calib.cron_state(
    OUT is_installed boolean, OUT jobs integer, OUT last_status text, OUT last_run timestamptz, OUT problem text, OUT is_fault boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    seen bigint;
BEGIN
    is_installed := EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron');
    is_fault := false;
    IF NOT is_installed THEN
        problem := format('pg_cron is not installed in database %I; margin_calib.schedule_refresh() says how to get it, '
                          'and any other scheduler can CALL margin_calib.refresh()', current_database());
        RETURN;
    ELSIF (SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace AS n WHERE n.nspname = 'cron') IS NOT TRUE THEN
        problem := format('role %I may not see pg_cron: GRANT USAGE ON SCHEMA cron TO %1$I', current_user);
        RETURN;
    END IF;
    EXECUTE $query$
        WITH job AS (
            SELECT j.jobid, coalesce(j.jobname::text, j.jobid::text) AS name, j.active, latest.status, latest.start_time,
                   ended.status = 'failed' AS has_failed, ended.return_message,
                   latest.start_time + margin_calib.latest_start_allowed(j.schedule) < statement_timestamp() AS is_late
              FROM cron.job AS j
              LEFT JOIN LATERAL (SELECT d.status, d.start_time FROM cron.job_run_details AS d
                                  WHERE d.jobid = j.jobid AND d.start_time IS NOT NULL ORDER BY d.runid DESC LIMIT 1) AS latest ON true
              LEFT JOIN LATERAL (SELECT d.status, d.return_message FROM cron.job_run_details AS d
                                  WHERE d.jobid = j.jobid AND d.status IN ('succeeded', 'failed')
                                  ORDER BY d.runid DESC LIMIT 1) AS ended ON true
             WHERE j.database = current_database() AND (j.jobname::text LIKE 'margin\_calib\_%' OR j.command LIKE '%margin\_calib.%'))
        SELECT count(*), count(*) FILTER (WHERE j.active),
               (array_agg(j.status ORDER BY j.start_time DESC NULLS LAST))[1], max(j.start_time),
               min(CASE WHEN NOT j.active THEN
                            format('job %s is not active: SELECT cron.alter_job(%s, active => true) as a superuser', j.name, j.jobid)
                        WHEN j.has_failed THEN
                            format('the latest run of job %s failed: %s; SELECT * FROM cron.job_run_details WHERE jobid = %s',
                                   j.name, left(btrim(coalesce(j.return_message, 'no message'), E' \n'), 300), j.jobid)
                        WHEN j.is_late THEN
                            format('job %s was started last at %s: is pg_cron in shared_preload_libraries, and what is in the server''s log?',
                                   j.name, j.start_time) END)
          FROM job AS j $query$ INTO seen, jobs, last_status, last_run, problem;
    is_fault := problem IS NOT NULL;
    IF seen = 0 THEN
        problem := format('role %I has no job of margin_calib in database %I (pg_cron shows a role its own): '
                          'SELECT margin_calib.schedule_refresh()', current_user, current_database());
    END IF;
EXCEPTION WHEN OTHERS THEN -- a monitor has an answer whatever pg_cron there is
    problem := format('pg_cron cannot be read: %s', SQLERRM);
END
$function$;
COMMENT ON FUNCTION margin_calib.cron_state() IS
'Internal to health: jobs of pg_cron that name margin_calib, in this database, as far as the caller may see them; is_fault when one of them is inactive, failed, or has not started for longer than its schedule allows.';

CREATE OR REPLACE FUNCTION margin_calib.health(patience interval DEFAULT '1 hour') RETURNS margin_calib.engine_health
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.engine_health;
    cron   record;
BEGIN
    IF (patience > '0') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'patience is a positive interval',
            DETAIL = format('The interval given is %s.', coalesce(patience::text, 'NULL')),
            HINT = 'Write margin_calib.health(''1 day'') when refresh runs once a day.';
    END IF;
    result := margin_calib.health_counts();
    cron := margin_calib.cron_state();
    result.cron_installed := cron.is_installed;
    result.cron_jobs := cron.jobs;
    result.cron_last_status := cron.last_status;
    result.cron_last_run := cron.last_run;
    result.cron_problem := cron.problem;
    result.problems := array_remove(ARRAY[
        CASE WHEN result.broken_feeds > 0 THEN
            format('%s attached tables cannot be read: SELECT relation_name, error FROM margin_calib.feed WHERE error IS NOT NULL',
                   result.broken_feeds) END,
        CASE WHEN result.failed_runs > 1 OR result.last_run_finished IS NULL AND result.as_of - result.last_run > patience THEN
            format('refresh has not come to its end since %s: CALL margin_calib.refresh() by hand shows why',
                   coalesce(result.last_success::text, 'it began')) END,
        CASE WHEN result.oldest_change_age > patience THEN
            format('changes wait since %s: CALL margin_calib.refresh(), or have it run by margin_calib.schedule_refresh()', result.oldest_change) END,
        CASE WHEN result.stale_instruments > 0 AND result.fresh_instruments = 0 THEN
            'no instrument has a fresh price: SELECT instrument, data_through, stale_reason FROM margin_calib.margin_parameter; '
            'look after the price feed' END,
        CASE WHEN result.stale_accounts > 0 THEN
            format('%s accounts are stale: SELECT account, stale_reason FROM margin_calib.margin_account WHERE is_stale '
                   'UNION SELECT account, stale_reason FROM margin_calib.margin_requirement WHERE is_stale', result.stale_accounts) END,
        CASE WHEN result.stale_surfaces > 0 AND result.stale_surfaces = result.surfaces THEN
            'no volatility surface is fresh: SELECT underlying, as_of, stale_reason FROM margin_calib.vol_surface_status; look after the quote feed' END,
        CASE WHEN cron.is_fault THEN cron.problem END], NULL);
    result.is_healthy := result.problems = '{}';
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.health(interval) IS
'One row for a monitor: is_healthy, and problems, each with what to do. A problem is an attached table that cannot be read; refreshes that do not come to their end; changes that wait longer than patience; prices that are all stale; accounts that are stale; volatility surfaces that are all stale; a job of pg_cron that is inactive, has failed or is late. Alerts and quarantined rows are counted and are no problem of the engine. It works without pg_cron and for a role that may not see it: cron_problem then says so. Counts are over all accounts whatever row-level security shows. SELECT * FROM health(). Error 22023 for a patience that is not positive.';

REVOKE ALL ON FUNCTION
    margin_calib.health_counts(), margin_calib.latest_start_allowed(text), margin_calib.cron_state(), margin_calib.health(interval) FROM PUBLIC;
