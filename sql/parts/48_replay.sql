-- Replay: the calibration behind a parameter, again, from the rows that are there now. Nothing here writes.

CREATE OR REPLACE FUNCTION margin_calib.parameter_calibration(parameter margin_calib.parameter) RETURNS margin_calib.margin_calibration
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW(p.initial_rate, p.maintenance_rate, p.long_initial_rate, p.long_maintenance_rate, p.short_initial_rate,
               p.short_maintenance_rate, p.binding_term, p.long_binding_term, p.short_binding_term, p.long_unrounded,
               p.short_unrounded, p.long_core, p.short_core, p.long_value_at_risk, p.short_value_at_risk, p.long_expected_shortfall,
               p.short_expected_shortfall, p.long_stressed_es, p.short_stressed_es, p.long_floor, p.short_floor,
               p.long_buffer_used, p.short_buffer_used, p.model, p.model_reason, p.vol, p.stress_from, p.stress_to, p.returns, p.returns_used, p.first_ts,
               p.last_ts, p.last_price, p.bar_interval, p.gaps, p.duplicates, p.stale, p.idle, p.restarts, p.rejected, p.jumps, p.last_jump_ts,
               p.fallback, p.fallback_reason, p.policy, p.policy_version, p.path)::margin_calib.margin_calibration
      FROM (SELECT (parameter).*) AS p;
END;
COMMENT ON FUNCTION margin_calib.parameter_calibration(margin_calib.parameter) IS
'Internal: the calibration that a version of a parameter keeps.';

-- Rows after last_ts had not come, or were of the future: neither was used.
CREATE OR REPLACE FUNCTION margin_calib.replay_query(parameter margin_calib.parameter) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed     margin_calib.feed;
    lender   margin_calib.feed;
    key_type text;
    ts       text;
    prices   text;
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = parameter.feed;
    key_type := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
    IF parameter.proxy IS NULL THEN
        prices := format('SELECT %s AS ts, %s AS price FROM %s AS t WHERE t.%I = ANY (%L::%s[]) AND %s <= %L', ts,
                         margin_calib.feed_number_expression(feed.relation, feed.price_column, 'float8, checked'), feed.relation,
                         feed.instrument_column, margin_calib.keys_that_fit(ARRAY[parameter.instrument], key_type), key_type,
                         ts, parameter.last_ts);
    ELSE
        lender := margin_calib.lender_feed(parameter.proxy);
        prices := margin_calib.borrowed_path_query(
            feed, parameter.instrument, CASE WHEN lender.id IS NULL THEN feed ELSE lender END,
            CASE WHEN lender.id IS NOT NULL THEN parameter.proxy END, parameter.proxy_multiplier, parameter.last_ts);
    END IF;
    RETURN format('SELECT margin_calib.calibrate_margin(b.ts, b.price, $1, $2), margin_calib.price_digest(b.ts, b.price, $1, $2) FROM (%s) AS b', prices);
END
$function$;
COMMENT ON FUNCTION margin_calib.replay_query(margin_calib.parameter) IS
'Internal: query ($1 policy, $2 path) of the calibration of a parameter, and the digest of its prices, from the rows of its feed up to its last_ts.';

CREATE OR REPLACE FUNCTION margin_calib.replay_changes(parameter margin_calib.parameter) RETURNS SETOF margin_calib.input_change
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 10
BEGIN ATOMIC
    SELECT c.* FROM margin_calib.input_change AS c
     WHERE (c.feed = (parameter).feed AND (c.instrument = (parameter).instrument OR c.instrument IS NULL) OR c.instrument = (parameter).proxy)
       AND (c.ts <= (parameter).last_ts OR c.ts IS NULL) AND (c.reading > (parameter).reading OR c.reading IS NULL)
     ORDER BY c.id;
END;
COMMENT ON FUNCTION margin_calib.replay_changes(margin_calib.parameter) IS
'Internal: changes of the rows behind a parameter that were noticed after it was calibrated.';

CREATE OR REPLACE FUNCTION margin_calib.replay_parameter(parameter margin_calib.parameter) RETURNS margin_calib.replayed_parameter
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result  margin_calib.replayed_parameter;
    kept    margin_calib.margin_calibration := margin_calib.parameter_calibration(parameter);
    digest  bytea;
BEGIN
    result.run := parameter.run;
    result.instrument := parameter.instrument;
    result.parameter_id := parameter.id;
    result.kept := kept;
    IF NOT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.id = parameter.feed AND f.error IS NULL) THEN
        result.problem := format('its price feed %s is detached, or cannot be read', parameter.relation_name);
        RETURN result;
    END IF;
    EXECUTE margin_calib.replay_query(parameter) INTO result.replayed, digest
      USING margin_calib.policy(parameter.policy, parameter.policy_version), parameter.path_before;
    result.inputs_unchanged := digest IS NOT DISTINCT FROM parameter.input_hash;
    kept.rejected := (result.replayed).rejected; -- no price
    result.is_identical := result.replayed IS NOT DISTINCT FROM kept;
    IF NOT result.inputs_unchanged THEN
        result.changes := (SELECT count(*) FROM margin_calib.replay_changes(parameter) AS c);
        result.problem := CASE result.changes WHEN 0 THEN 'its prices have changed, and no capture has seen it: by DDL, with triggers disabled, or by logical replication'
                               ELSE format('%s changes of its prices since: margin_calib.changed_inputs(%s)', result.changes, parameter.run) END;
    ELSIF NOT result.is_identical THEN
        result.problem := 'the same prices give another calibration: the versions in margin_calib.refresh_run say what else has changed';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.replay_parameter(margin_calib.parameter) IS
'Internal: replays the calibration of one parameter.';

CREATE OR REPLACE FUNCTION margin_calib.check_run(run bigint) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM margin_calib.refresh_run AS r WHERE r.id = run) THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('run %s is not known', coalesce(run::text, 'NULL')),
            HINT = 'SELECT id, started_at FROM margin_calib.refresh_run WHERE parameters > 0; runs that calibrated no parameter are forgotten after seven days.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_run(bigint) IS 'Internal: error 42704 unless the run is known.';

CREATE OR REPLACE FUNCTION margin_calib.replay(run bigint) RETURNS SETOF margin_calib.replayed_parameter
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    parameter margin_calib.parameter;
BEGIN
    PERFORM margin_calib.check_run(run);
    FOR parameter IN SELECT p.* FROM margin_calib.parameter AS p WHERE p.run = replay.run ORDER BY p.id LOOP
        RETURN NEXT margin_calib.replay_parameter(parameter);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.replay(bigint) IS
'Calibrates every parameter that a refresh run made once more, with the version of the policy and the path that it had, from the rows that its feed has now up to its last price, and compares every figure: a row for each, is_identical when they agree to the last bit. Where the digest of the prices differs, inputs_unchanged is false and changed_inputs(run) names the rows that have changed since. Needs SELECT on the attached tables. Error 42704 for a run that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.changed_inputs(run bigint) RETURNS SETOF margin_calib.changed_input
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.check_run(run);
    RETURN QUERY
        SELECT p.instrument, p.id, c.instrument, c.change, c.ts, c.until_ts, c.old_price, c.at, c.login, c.id
          FROM margin_calib.parameter AS p
         CROSS JOIN LATERAL margin_calib.replay_parameter(p) AS r
         CROSS JOIN LATERAL margin_calib.replay_changes(p) AS c
         WHERE p.run = changed_inputs.run AND NOT r.inputs_unchanged
         ORDER BY p.id, c.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.changed_inputs(bigint) IS
'Rows of the price feeds behind a refresh run that have changed since, oldest change first, for the parameters whose prices are no longer the same: what was inserted late, updated or deleted, with the price that it had; of a feed captured by watermark the days. No row for a parameter whose prices are the same. Error 42704 for a run that is not known.';

-- ---- days of feeds without triggers ----

-- In the query that calibrates, so that both read the same rows. before: the digest of what was there up to
-- the newest price of the reading before.
CREATE OR REPLACE FUNCTION margin_calib.day_digests(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_day
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts       CONSTANT text := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT r.key, r.day, margin_calib.price_digest(r.ts, r.price) FILTER (WHERE r.ts <= s.through), margin_calib.price_digest(r.ts, r.price) '
        'FROM (SELECT t.%1$I::text AS key, %2$s AS ts, %3$s AS price, (%2$s AT TIME ZONE ''UTC'')::date AS day FROM %4$s AS t '
        'WHERE t.%1$I = ANY (%5$L::%6$s[]) AND isfinite(%2$s) AND %2$s <= $1) AS r '
        'LEFT JOIN margin_calib.input_day AS s ON s.instrument = r.key GROUP BY r.key, r.day',
        feed.instrument_column, ts, margin_calib.feed_number_expression(feed.relation, feed.price_column, 'float8, checked'),
        feed.relation, margin_calib.keys_that_fit(keys, key_type), key_type)
    USING margin_calib.future_limit(as_of);
END
$function$;
COMMENT ON FUNCTION margin_calib.day_digests(margin_calib.feed, text[], timestamptz) IS
'Internal: digests of the usable prices of each key and UTC day of a feed, of all of them and of those up to where the reading before went.';

CREATE OR REPLACE FUNCTION margin_calib.note_days(feed_id integer, keys text[], digests_found margin_calib.engine_day[], reading bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    INSERT INTO margin_calib.input_change (feed, instrument, ts, until_ts, change, at, reading)
        SELECT feed_id, s.instrument, d.day::timestamp AT TIME ZONE 'UTC',
               least((d.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond', s.through), 'day', now(), note_days.reading
          FROM margin_calib.input_day AS s
         CROSS JOIN LATERAL (
               SELECT coalesce(o.day, f.day) AS day
                 FROM unnest(s.days, s.digests) AS o (day, digest)
                 FULL JOIN (SELECT n.day, n.before FROM unnest(digests_found) AS n WHERE n.key = s.instrument AND n.before IS NOT NULL) AS f ON f.day = o.day
                WHERE margin_calib.short_digest(f.before) IS DISTINCT FROM o.digest) AS d
         WHERE s.instrument = ANY (keys) AND s.feed = feed_id
         ORDER BY s.instrument, d.day;
    INSERT INTO margin_calib.input_day AS s (instrument, feed, through, days, digests)
        SELECT n.key, feed_id, i.data_through, array_agg(n.day ORDER BY n.day), array_agg(margin_calib.short_digest(n.digest) ORDER BY n.day)
          FROM unnest(digests_found) AS n JOIN margin_calib.instrument AS i ON i.instrument = n.key AND i.price_feed = feed_id AND i.data_through IS NOT NULL
         WHERE n.digest IS NOT NULL
         GROUP BY n.key, i.data_through
        ON CONFLICT (instrument) DO UPDATE
        SET feed = excluded.feed, through = excluded.through, days = excluded.days, digests = excluded.digests
        WHERE ROW(s.feed, s.through, s.days, s.digests) IS DISTINCT FROM ROW(excluded.feed, excluded.through, excluded.days, excluded.digests);
END
$function$;
COMMENT ON FUNCTION margin_calib.note_days(integer, text[], margin_calib.engine_day[], bigint) IS
'Internal to refresh_prices: notes the days of a feed without triggers whose prices are no longer as the reading before found them, and how they are now.';

CREATE OR REPLACE FUNCTION margin_calib.short_digest(digest bytea) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ('x' || encode(substring(digest FROM 1 FOR 8), 'hex'))::bit(64)::bigint;
END;
COMMENT ON FUNCTION margin_calib.short_digest(bytea) IS 'Internal: the first 8 bytes of a digest.';

REVOKE ALL ON FUNCTION
    margin_calib.parameter_calibration(margin_calib.parameter), margin_calib.replay_query(margin_calib.parameter),
    margin_calib.replay_changes(margin_calib.parameter), margin_calib.replay_parameter(margin_calib.parameter), margin_calib.check_run(bigint),
    margin_calib.replay(bigint), margin_calib.changed_inputs(bigint), margin_calib.day_digests(margin_calib.feed, text[], timestamptz),
    margin_calib.note_days(integer, text[], margin_calib.engine_day[], bigint), margin_calib.short_digest(bytea) FROM PUBLIC;
