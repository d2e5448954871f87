-- Backtests as a routine: stored, viewed by instrument, side, period and regime, run at night, with an alert when a policy
-- leaves its green zone.

CREATE OR REPLACE FUNCTION margin_calib.backtest_policy(
    policy text, instruments text[] DEFAULT NULL, from_ts timestamptz DEFAULT NULL, until_ts timestamptz DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    definition CONSTANT margin_calib.margin_policy := margin_calib.policy(backtest_policy.policy);
    unknown    text[];
    walk       record;
    run        bigint;
BEGIN
    IF definition IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a backtest needs a policy',
            HINT = 'SELECT name FROM margin_calib.policy_list lists the policies.';
    ELSIF backtest_policy.instruments = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a backtest needs instruments',
            HINT = 'Name some, or leave instruments out for all that have a price feed.';
    ELSIF backtest_policy.from_ts > backtest_policy.until_ts THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'from_ts must not be after until_ts',
            DETAIL = format('from_ts is %s, until_ts %s.', backtest_policy.from_ts, backtest_policy.until_ts);
    END IF;
    SELECT array_agg(n ORDER BY n) INTO unknown FROM unnest(backtest_policy.instruments) AS n
     WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = n AND i.price_feed IS NOT NULL);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('instrument %s has no price feed', coalesce(unknown[1], 'NULL')),
            HINT = 'Attach its prices with attach_prices and CALL refresh() first, or leave it out.';
    END IF;
    INSERT INTO margin_calib.policy_backtest (policy, policy_version, definition, from_ts, until_ts, instruments)
    VALUES (definition.name, definition.version, definition, backtest_policy.from_ts, backtest_policy.until_ts,
            backtest_policy.instruments)
    RETURNING id INTO run;
    FOR walk IN SELECT f.relation, f.instrument_column, f.ts_column, f.price_column, array_agg(i.instrument) AS instruments
                  FROM margin_calib.feed AS f JOIN margin_calib.instrument AS i ON i.price_feed = f.id
                 WHERE f.error IS NULL AND (backtest_policy.instruments IS NULL OR i.instrument = ANY (backtest_policy.instruments))
                 GROUP BY f.id ORDER BY f.id LOOP
        INSERT INTO margin_calib.policy_forecast
            (backtest, instrument, side, ts, next_ts, value_at_risk, expected_shortfall, value_at_risk_es, margin,
             published_margin, loss, vol, binding_term, fallback, model)
        SELECT run, b.instrument, b.side, b.ts, b.next_ts, b.value_at_risk, b.expected_shortfall, b.value_at_risk_es,
               b.margin, b.published_margin, b.loss, b.vol, b.binding_term, b.fallback, b.model
          FROM margin_calib.backtest_path(
                   walk.relation, definition, walk.instrument_column, walk.ts_column, walk.price_column,
                   backtest_policy.from_ts, backtest_policy.until_ts, walk.instruments,
                   margin_calib.future_limit(clock_timestamp())) AS b
         WHERE b.instrument IS NOT NULL;
    END LOOP;
    UPDATE margin_calib.policy_backtest AS p
       SET series = f.series, forecasts = f.forecasts, data_through = f.data_through
      FROM (SELECT count(DISTINCT instrument) AS series, count(*) AS forecasts, max(ts) AS data_through
              FROM margin_calib.policy_forecast WHERE backtest = run) AS f
     WHERE p.id = run;
    RETURN run;
END
$function$;
COMMENT ON FUNCTION margin_calib.backtest_policy(text, text[], timestamptz, timestamptz) IS
'Walks a policy through the history of the attached price feeds, out of sample, stores forecasts and outcomes, and returns the number of the backtest for margin_backtest, policy_scores and forecast_export. instruments: some (NULL: every instrument that has a price feed); from_ts and until_ts limit the bars; earlier ones are history. Prices as they are in the feeds: borrowed history does not count, and a feed that cannot be read, which its own alert tells, is left out. Errors: 42704 for an unknown policy, or an instrument without a feed, 22004, 22023. Needs SELECT on the attached tables.';

CREATE OR REPLACE FUNCTION margin_calib.drop_backtest(backtest bigint) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    DELETE FROM margin_calib.policy_forecast AS f WHERE f.backtest = drop_backtest.backtest;
    WITH gone AS (DELETE FROM margin_calib.policy_backtest AS b WHERE b.id = drop_backtest.backtest RETURNING 1)
    SELECT EXISTS (SELECT FROM gone);
END;
COMMENT ON FUNCTION margin_calib.drop_backtest(bigint) IS
'Forgets a stored backtest and its forecasts; false when there is none of this number.';

CREATE OR REPLACE FUNCTION margin_calib.policy_scores(backtests bigint[] DEFAULT NULL)
    RETURNS TABLE (backtest bigint, score margin_calib.policy_score)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    run bigint;
BEGIN
    FOR run IN SELECT b.id FROM margin_calib.policy_backtest AS b
                WHERE backtests IS NULL OR b.id = ANY (backtests) ORDER BY b.id LOOP
        RETURN QUERY EXECUTE format(
            'SELECT $1, s::margin_calib.policy_score FROM (%s) AS s',
            margin_calib.score_query('SELECT b.policy, f.instrument, f.side, f.ts, f.value_at_risk, f.margin, f.loss, f.fallback '
                                     'FROM margin_calib.policy_forecast AS f '
                                     'JOIN margin_calib.policy_backtest AS b ON b.id = f.backtest WHERE b.id = $1'))
            USING run;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.policy_scores(bigint[]) IS
'Scores of stored backtests, as compare_policies gives them; NULL for all.';

-- The tests of level 1 over stored forecasts, by whatever column the forecasts are cut.
CREATE OR REPLACE VIEW margin_calib.margin_backtest WITH (security_invoker = true) AS
SELECT f.backtest, b.policy, b.policy_version, f.instrument, f.side, count(*) AS observations,
       margin_calib.kupiec_test(-f.loss, f.value_at_risk, 0.99) AS kupiec,
       margin_calib.christoffersen_test(-f.loss, f.value_at_risk, 0.99 ORDER BY f.ts) AS christoffersen,
       margin_calib.traffic_light(-f.loss, f.value_at_risk, 0.99) AS traffic_light,
       margin_calib.acerbi_szekely_test(-f.loss, f.value_at_risk_es, f.expected_shortfall, 0.975)
           FILTER (WHERE f.expected_shortfall > 0) AS acerbi_szekely,
       margin_calib.procyclicality(f.ts, f.margin, f.loss) FILTER (WHERE f.margin > 0) AS margin
  FROM margin_calib.policy_forecast AS f JOIN margin_calib.policy_backtest AS b ON b.id = f.backtest
 WHERE f.loss IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback
 GROUP BY f.backtest, b.policy, b.policy_version, f.instrument, f.side;
COMMENT ON VIEW margin_calib.margin_backtest IS
'Stored backtests by instrument and side: tests of the model''s value at risk at 99 % and expected shortfall at 97.5 %, and what the margin covered and how it moved. Forecasts that are no fallback and whose loss is known. With a horizon above 1 the losses overlap: tests of independence then say little.';
COMMENT ON COLUMN margin_calib.margin_backtest.kupiec IS 'coverage of the value at risk: margin_calib.exception_test';
COMMENT ON COLUMN margin_calib.margin_backtest.christoffersen IS 'independence and conditional coverage: margin_calib.christoffersen_result';
COMMENT ON COLUMN margin_calib.margin_backtest.traffic_light IS 'zone: margin_calib.traffic_light_result';
COMMENT ON COLUMN margin_calib.margin_backtest.acerbi_szekely IS 'expected shortfall, where the forecast is positive: margin_calib.acerbi_szekely_result';
COMMENT ON COLUMN margin_calib.margin_backtest.margin IS 'the margin''s path: margin_calib.margin_procyclicality; bars with a margin of 0 are left out of it, as a rise from nothing has no size';

CREATE OR REPLACE VIEW margin_calib.margin_backtest_period WITH (security_invoker = true) AS
SELECT f.backtest, b.policy, f.instrument, f.side, date_trunc('year', f.ts, 'UTC') AS period,
       margin_calib.kupiec_test(-f.loss, f.value_at_risk, 0.99) AS kupiec,
       margin_calib.traffic_light(-f.loss, f.value_at_risk, 0.99) AS traffic_light,
       margin_calib.procyclicality(f.ts, f.margin, f.loss) FILTER (WHERE f.margin > 0) AS margin
  FROM margin_calib.policy_forecast AS f JOIN margin_calib.policy_backtest AS b ON b.id = f.backtest
 WHERE f.loss IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback
 GROUP BY f.backtest, b.policy, f.instrument, f.side, date_trunc('year', f.ts, 'UTC');
COMMENT ON VIEW margin_calib.margin_backtest_period IS
'Stored backtests by instrument, side and calendar year (UTC); columns as in margin_backtest.';
COMMENT ON COLUMN margin_calib.margin_backtest_period.period IS 'first moment of the year';

CREATE OR REPLACE VIEW margin_calib.margin_backtest_regime WITH (security_invoker = true) AS
SELECT f.backtest, b.policy, f.instrument, f.side, f.regime,
       margin_calib.kupiec_test(-f.loss, f.value_at_risk, 0.99) AS kupiec,
       margin_calib.traffic_light(-f.loss, f.value_at_risk, 0.99) AS traffic_light,
       avg(f.margin) AS average_margin, count(*) FILTER (WHERE f.loss > f.margin) AS margin_exceptions
  FROM (SELECT p.*, CASE ntile(3) OVER (PARTITION BY p.backtest, p.instrument, p.side ORDER BY p.vol, p.ts)
                    WHEN 1 THEN 'calm' WHEN 2 THEN 'normal' ELSE 'stressed' END AS regime
          FROM margin_calib.policy_forecast AS p
         WHERE p.loss IS NOT NULL AND p.value_at_risk IS NOT NULL AND NOT p.fallback) AS f
  JOIN margin_calib.policy_backtest AS b ON b.id = f.backtest
 GROUP BY f.backtest, b.policy, f.instrument, f.side, f.regime;
COMMENT ON VIEW margin_calib.margin_backtest_regime IS
'Stored backtests by instrument, side and regime: the thirds of the bars by the model''s volatility when the forecast was made.';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.regime IS 'calm, normal or stressed';
REVOKE ALL ON margin_calib.margin_backtest, margin_calib.margin_backtest_period, margin_calib.margin_backtest_regime FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.forecast_export(backtest bigint)
    RETURNS TABLE (instrument text, ts text, side text, var double precision, es double precision,
                   var_es double precision, margin double precision, method text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 10000
BEGIN ATOMIC
    SELECT f.instrument, to_char(f.next_ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), f.side, f.value_at_risk,
           f.expected_shortfall, f.value_at_risk_es, f.margin, b.policy
      FROM margin_calib.policy_forecast AS f JOIN margin_calib.policy_backtest AS b ON b.id = f.backtest
     WHERE f.backtest = forecast_export.backtest AND f.next_ts IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback
     ORDER BY f.instrument, f.side, f.ts;
END;
COMMENT ON FUNCTION margin_calib.forecast_export(bigint) IS
'A stored backtest as rows for programs that score forecasts: \copy (SELECT * FROM margin_calib.forecast_export(1)) TO ''forecasts.csv'' CSV HEADER. ts is the first bar at risk in UTC; var at 99 %, es and var_es at 97.5 %, margin the rate along the path; positive losses per unit of notional. Fallbacks are left out: they are no forecasts.';

-- What is left of a policy's history at night: the latest forecasts of each series decide its zone.
CREATE OR REPLACE FUNCTION margin_calib.backtest_zone(backtest bigint, window_bars integer DEFAULT 250)
    RETURNS TABLE (zone text, observations bigint, exceptions bigint)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    SELECT (margin_calib.traffic_light_counts(count(*) FILTER (WHERE l.loss > l.value_at_risk), count(*), 0.99)).zone,
           count(*), count(*) FILTER (WHERE l.loss > l.value_at_risk)
      FROM (SELECT f.loss, f.value_at_risk,
                   row_number() OVER (PARTITION BY f.instrument, f.side ORDER BY f.ts DESC) AS age
              FROM margin_calib.policy_forecast AS f
             WHERE f.backtest = backtest_zone.backtest AND f.loss IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback) AS l
     WHERE l.age <= backtest_zone.window_bars;
END;
COMMENT ON FUNCTION margin_calib.backtest_zone(bigint, integer) IS
'Traffic light of a stored backtest: exceptions of the value at risk at 99 % over the latest window_bars forecasts of each instrument and side, counted together. NULL zone without forecasts.';

CREATE OR REPLACE FUNCTION margin_calib.backtest_one(policy text, history interval, keep integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    newest  CONSTANT timestamptz := (SELECT max(i.data_through) FROM margin_calib.instrument AS i);
    -- a policy that nobody uses yet is judged on all
    users   CONSTANT text[] := (SELECT array_agg(i.instrument ORDER BY i.instrument) FROM margin_calib.instrument AS i
                                 WHERE i.policy = backtest_one.policy AND i.price_feed IS NOT NULL);
    before  text;
    result  bigint;
    verdict record;
BEGIN
    -- one at a time, so that each knows the zone before and tells a change once
    PERFORM pg_advisory_xact_lock(7811887308274689378);
    SELECT z.zone INTO before
      FROM margin_calib.policy_backtest AS b CROSS JOIN LATERAL margin_calib.backtest_zone(b.id) AS z
     WHERE b.policy = backtest_one.policy AND b.is_routine ORDER BY b.id DESC LIMIT 1;
    result := margin_calib.backtest_policy(backtest_one.policy, users, newest - backtest_one.history, NULL);
    UPDATE margin_calib.policy_backtest AS b SET is_routine = true WHERE b.id = result;
    SELECT z.* INTO verdict FROM margin_calib.backtest_zone(result) AS z;
    IF verdict.zone <> 'green' AND before IS DISTINCT FROM verdict.zone THEN
        PERFORM margin_calib.raise_alert('backtest_zone', NULL, clock_timestamp(), format(
            'policy %s is in the %s zone: %s exceptions in %s forecasts (backtest %s)', backtest_one.policy,
            verdict.zone, verdict.exceptions, verdict.observations, result), verdict.exceptions);
        PERFORM pg_notify('margin_calib', json_build_object('alert', 'backtest_zone', 'policy', backtest_one.policy,
                                                            'zone', verdict.zone, 'backtest', result)::text);
    END IF;
    PERFORM margin_calib.drop_backtest(b.id)
       FROM (SELECT p.id, row_number() OVER (ORDER BY p.id DESC) AS age FROM margin_calib.policy_backtest AS p
              WHERE p.policy = backtest_one.policy AND p.is_routine) AS b
      WHERE b.age > backtest_one.keep;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.backtest_one(text, interval, integer) IS
'Internal to backtest_policies: backtests one policy over the latest history of the instruments that are calibrated with it (all when none is), raises an alert when it has left the green zone or moved within the others, and forgets all but the newest runs.';

CREATE OR REPLACE PROCEDURE margin_calib.backtest_policies(
    history interval DEFAULT '2 years', keep integer DEFAULT 7, policies text[] DEFAULT NULL)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    name pg_catalog.text;
BEGIN
    IF (history > interval '0' AND keep >= 1) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'backtests at night need a history to walk and a run to keep',
            DETAIL = format('The history given is %s, keep %s.', coalesce(history::text, 'NULL'), coalesce(keep::text, 'NULL')),
            HINT = 'Write CALL margin_calib.backtest_policies(history => ''2 years'', keep => 7).';
    END IF;
    PERFORM margin_calib.policy(p) FROM unnest(policies) AS p; -- an unknown one is the caller's error
    FOR name IN SELECT p.policy FROM margin_calib.policies_in_use(policies) AS p (policy) LOOP
        BEGIN
            PERFORM margin_calib.backtest_one(name, history, keep);
        EXCEPTION WHEN OTHERS THEN
            -- the others are backtested all the same; a cancel is not among OTHERS
            PERFORM margin_calib.raise_alert('backtest_failed', NULL, pg_catalog.clock_timestamp(), pg_catalog.format(
                'policy %s could not be backtested: %s (%s)', name, SQLERRM, SQLSTATE));
        END;
        IF margin_calib.commit_is_possible() THEN
            COMMIT;
        END IF;
    END LOOP;
END
$procedure$;
COMMENT ON PROCEDURE margin_calib.backtest_policies(interval, integer, text[]) IS
'Backtests every policy that an instrument is calibrated with (or those named) over the latest history of the instruments that use it, keeps its own newest runs of each, and raises an alert of kind backtest_zone, with a NOTIFY, when a policy leaves its green zone, and of kind backtest_failed when it could not be walked: the others are walked all the same. Errors: 42704 for an unknown policy, 22023 without a history or a run to keep. For schedule_backtest, or by hand. Commits after each policy where it may.';

CREATE OR REPLACE FUNCTION margin_calib.policies_in_use(policies text[]) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT u.policy
      FROM (SELECT i.policy FROM margin_calib.instrument AS i WHERE policies IS NULL AND i.price_feed IS NOT NULL
            UNION ALL SELECT unnest(policies)) AS u
     WHERE u.policy IS NOT NULL ORDER BY u.policy;
END;
COMMENT ON FUNCTION margin_calib.policies_in_use(text[]) IS
'Internal to backtest_policies: the policies given, else those that instruments with prices are calibrated with.';

REVOKE ALL ON FUNCTION
    margin_calib.backtest_policy(text, text[], timestamptz, timestamptz), margin_calib.drop_backtest(bigint),
    margin_calib.policy_scores(bigint[]), margin_calib.forecast_export(bigint),
    margin_calib.backtest_zone(bigint, integer), margin_calib.backtest_one(text, interval, integer),
    margin_calib.policies_in_use(text[]) FROM PUBLIC;
REVOKE ALL ON PROCEDURE margin_calib.backtest_policies(interval, integer, text[]) FROM PUBLIC;
