-- Alerts: rules with thresholds, their evaluation, and what people do about them. All of it reads the
-- extension's own tables alone. doc/alerts.md defines the measures.

CREATE OR REPLACE FUNCTION margin_calib.check_alert_rule(rule margin_calib.alert_rule) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    measures CONSTANT text[] := '{level,change,staleness,coverage,concentration,liquidation_horizon,peg,surface}';
    timed    CONSTANT boolean := rule.measure IN ('change', 'staleness');
    -- a threshold of 20 for 20 % would never be reached
    largest  CONSTANT numeric := CASE WHEN rule.measure IN ('level', 'coverage', 'concentration', 'peg', 'surface') THEN 1 ELSE 1e12 END;
BEGIN
    IF rule.name IS NULL OR rule.measure IS NULL OR rule.severity IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'an alert rule has a name, a measure and a severity, none of them NULL',
            HINT = 'Write margin_calib.set_alert_rule(''high rate'', ''level'', 0.3).';
    ELSIF octet_length(rule.name) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the name of an alert rule has 1 to 200 bytes',
            DETAIL = format('The name given has %s.', octet_length(rule.name));
    ELSIF rule.measure <> ALL (measures) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('alerts have no measure %L', rule.measure),
            HINT = format('The measures are %s.', array_to_string(measures, ', '));
    ELSIF rule.severity NOT IN ('info', 'warning', 'critical') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the severity of an alert is info, warning or critical',
            DETAIL = format('The severity given is %L.', rule.severity);
    ELSIF (rule.within IS NOT NULL AND NOT timed) OR (rule.within IS NULL AND timed)
          OR (rule.within > '0' AND rule.within <= '3650 days') IS FALSE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'measures change and staleness, and no others, have a time within, up to 3650 days',
            DETAIL = format('The measure is %s, the time given %s.', rule.measure, coalesce(rule.within::text, 'NULL')),
            HINT = 'Write set_alert_rule(''old price'', ''staleness'', within => ''1 hour''), '
                   'or set_alert_rule(''moved'', ''change'', 0.2, within => ''1 day'').';
    ELSIF (rule.measure = 'staleness') <> (rule.threshold IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = CASE WHEN rule.threshold IS NULL THEN '22004' ELSE '22023' END,
            MESSAGE = 'every measure but staleness has a threshold',
            DETAIL = format('The measure is %s, the threshold given %s.', rule.measure, coalesce(rule.threshold::text, 'NULL')),
            HINT = 'Write set_alert_rule(''high rate'', ''level'', 0.3), or set_alert_rule(''old price'', ''staleness'', within => ''1 hour'').';
    ELSIF NOT (rule.threshold > 0 AND rule.threshold <= largest) THEN
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = format('a threshold of measure %s is above 0 and at most %s', rule.measure, largest::bigint),
            DETAIL = format('The threshold given is %s.', rule.threshold),
            HINT = 'Rates, shares and the loss of a peg are fractions: 0.2 is 20 %.';
    ELSIF rule.accounts IS NOT NULL AND rule.measure NOT IN ('concentration', 'liquidation_horizon') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('measure %s is not one of accounts', rule.measure),
            HINT = 'Leave accounts out, or choose concentration or liquidation_horizon.';
    ELSIF '{}' IN (rule.instruments, rule.accounts) OR array_position(rule.accounts, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an alert rule concerns at least one instrument and one account',
            HINT = 'Leave instruments or accounts out, or write NULL, for all.';
    END IF;
    IF rule.measure = 'surface' THEN
        PERFORM margin_calib.check_underlyings(rule.instruments);
    ELSE
        PERFORM margin_calib.check_known(rule.instruments);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_alert_rule(margin_calib.alert_rule) IS
'Internal: errors of set_alert_rule.';

CREATE OR REPLACE FUNCTION margin_calib.set_alert_rule(
    name text, measure text, threshold numeric DEFAULT NULL, instruments text[] DEFAULT NULL, accounts text[] DEFAULT NULL,
    within interval DEFAULT NULL, severity text DEFAULT 'warning', reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    wanted margin_calib.alert_rule;
BEGIN
    wanted := ROW(set_alert_rule.name, set_alert_rule.measure, set_alert_rule.threshold, set_alert_rule.instruments, set_alert_rule.accounts,
                  coalesce(set_alert_rule.within, CASE set_alert_rule.measure WHEN 'change' THEN interval '1 day' END),
                  set_alert_rule.severity, clock_timestamp(), session_user);
    PERFORM margin_calib.check_alert_rule(wanted);
    -- days of 24 hours: the same rule whatever the session's time zone
    wanted.within := justify_hours(make_interval(secs => extract(epoch FROM wanted.within)::float8));
    wanted.threshold := coalesce(wanted.threshold, trim_scale(extract(epoch FROM wanted.within)));
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('alert_rule', wanted.name);
    UPDATE margin_calib.alert AS a SET resolved_at = clock_timestamp()
     WHERE a.rule = wanted.name AND a.kind <> wanted.measure AND a.resolved_at IS NULL;
    DELETE FROM margin_calib.alert_rule AS r WHERE r.name = wanted.name;
    INSERT INTO margin_calib.alert_rule SELECT wanted.*;
    PERFORM margin_calib.audit_change('alert_rule', wanted.name, set_alert_rule.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_alert_rule(text, text, numeric, text[], text[], interval, text, text) IS
'Sets a threshold by name, or replaces it: an alert is open while the value of the measure is at or above it, as of the end of the latest refresh, one for each instrument (and account). level: initial rate in force. change: absolute relative change of that rate against the one in force a time within ago (1 day). staleness: age of the newest usable price; the threshold is within. coverage: exception rate of the worse side in the latest nightly backtest of the instrument''s policy. concentration: share of one account in the gross notional of an instrument. liquidation_horizon: days that an account''s position takes to be closed. peg: 1 - price of an instrument that tells the price of a peg. surface: share of the expiries of an underlying''s volatility surface without a smile of the newest quotes, 1 for one that is stale; instruments are then underlyings. Rates, shares and pegs are fractions. instruments and accounts: those concerned, NULL for all; severity: info, warning or critical; reason: for the audit trail. doc/alerts.md has every definition. Errors: 22004, 22023, 42704 for an instrument that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.drop_alert_rule(name text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('alert_rule', drop_alert_rule.name);
    DELETE FROM margin_calib.alert_rule AS r WHERE r.name = drop_alert_rule.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('alert rule %s does not exist', coalesce(quote_literal(name), 'NULL')),
            HINT = (SELECT format('Alert rules are: %s.', coalesce(string_agg(r.name, ', ' ORDER BY r.name), 'none'))
                      FROM margin_calib.alert_rule AS r);
    END IF;
    UPDATE margin_calib.alert AS a SET resolved_at = clock_timestamp() WHERE a.rule = drop_alert_rule.name AND a.resolved_at IS NULL;
    PERFORM margin_calib.audit_change('alert_rule', drop_alert_rule.name, drop_alert_rule.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_alert_rule(text, text) IS
'Forgets a threshold and resolves its open alerts, which stay in margin_alert. Unknown or NULL: 42704.';

CREATE OR REPLACE FUNCTION margin_calib.initial_rates(as_of timestamptz) RETURNS TABLE (instrument text, initial_rate numeric)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 500
BEGIN ATOMIC
    SELECT DISTINCT ON (p.instrument) p.instrument, p.initial_rate
      FROM margin_calib.parameter AS p
     WHERE p.valid_from <= as_of AND (as_of < least(p.valid_to, p.ended_at)) IS NOT FALSE
     ORDER BY p.instrument, p.layer DESC, p.valid_from DESC, p.id DESC;
END;
COMMENT ON FUNCTION margin_calib.initial_rates(timestamptz) IS
'Internal: initial rate of every instrument, the larger of its sides, that was in force at a time, an override before the calibration below it.';

CREATE OR REPLACE FUNCTION margin_calib.store_coverage() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    WITH latest AS (
        SELECT DISTINCT ON (b.policy) b.id FROM margin_calib.policy_backtest AS b WHERE b.is_routine ORDER BY b.policy, b.id DESC),
    gone AS (
        DELETE FROM margin_calib.backtest_coverage AS c WHERE c.backtest NOT IN (SELECT l.id FROM latest AS l))
    INSERT INTO margin_calib.backtest_coverage
        SELECT s.backtest, s.instrument, max(s.exception_rate)
          FROM (SELECT f.backtest, f.instrument, count(*) FILTER (WHERE f.loss > f.value_at_risk)::numeric / count(*) AS exception_rate
                  FROM margin_calib.policy_forecast AS f
                 WHERE f.backtest IN (SELECT l.id FROM latest AS l
                                       WHERE NOT EXISTS (SELECT FROM margin_calib.backtest_coverage AS c WHERE c.backtest = l.id))
                   AND f.loss IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback
                 GROUP BY f.backtest, f.instrument, f.side) AS s
         GROUP BY s.backtest, s.instrument;
END;
COMMENT ON FUNCTION margin_calib.store_coverage() IS
'Internal to check_alerts: counts the exceptions of nightly backtests that were not counted before.';

-- One branch for each measure, so that none costs anything without a rule.
CREATE OR REPLACE FUNCTION margin_calib.alert_values(measure text, within interval, smallest numeric, as_of timestamptz)
    RETURNS TABLE (instrument text, account text, value numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    seconds CONSTANT double precision := extract(epoch FROM within);
BEGIN
    IF measure = 'level' THEN
        RETURN QUERY
            SELECT r.instrument, NULL::text, r.initial_rate FROM margin_calib.initial_rates(as_of) AS r WHERE r.initial_rate >= smallest;
    ELSIF measure = 'change' THEN
        RETURN QUERY
            SELECT r.instrument, NULL::text, c.change
              FROM margin_calib.initial_rates(as_of) AS r
              JOIN margin_calib.initial_rates(as_of - make_interval(secs => seconds)) AS b ON b.instrument = r.instrument
             CROSS JOIN LATERAL (SELECT abs(r.initial_rate / nullif(b.initial_rate, 0) - 1)) AS c (change)
             WHERE c.change >= smallest;
    ELSIF measure = 'staleness' THEN
        RETURN QUERY
            SELECT i.instrument, NULL::text, a.age
              FROM margin_calib.instrument AS i
             CROSS JOIN LATERAL (SELECT extract(epoch FROM as_of - coalesce(i.data_through, i.registered_at))) AS a (age)
             WHERE (i.data_through IS NOT NULL OR i.price_feed IS NOT NULL) AND a.age >= smallest;
    ELSIF measure = 'coverage' THEN
        RETURN QUERY
            SELECT i.instrument, NULL::text, c.exception_rate
              FROM margin_calib.backtest_coverage AS c
              JOIN margin_calib.policy_backtest AS b ON b.id = c.backtest
              JOIN margin_calib.instrument AS i ON i.instrument = c.instrument AND i.policy = b.policy
             WHERE c.exception_rate >= smallest;
    ELSIF measure = 'concentration' THEN
        RETURN QUERY
            SELECT p.instrument, p.account, p.notional / nullif(t.whole, 0)
              FROM margin_calib.account_position AS p
              JOIN (SELECT o.instrument, sum(o.notional) AS whole, smallest * sum(o.notional) AS least_part
                      FROM margin_calib.account_position AS o GROUP BY o.instrument) AS t
                ON t.instrument = p.instrument AND p.notional >= t.least_part AND t.whole > 0;
    ELSIF measure = 'liquidation_horizon' THEN
        RETURN QUERY
            SELECT p.instrument, p.account, p.liquidation_horizon FROM margin_calib.account_position AS p
             WHERE p.liquidation_horizon >= smallest;
    ELSIF measure = 'surface' THEN
        RETURN QUERY
            SELECT u.underlying, NULL::text, m.missing
              FROM margin_calib.surface_underlying AS u
              LEFT JOIN margin_calib.surface AS s ON s.underlying = u.underlying AND s.as_of = u.data_through AND s.replaced_at IS NULL
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN s.id IS NULL OR u.stale_reason IS NOT NULL OR u.fresh_until < alert_values.as_of THEN 1::numeric
                               ELSE count(*) FILTER (WHERE e.status IN ('fallback', 'failed'))::numeric / nullif(count(*), 0) END
                     FROM unnest(s.slices) AS e) AS m (missing)
             WHERE m.missing >= smallest;
    ELSE
        RETURN QUERY
            SELECT DISTINCT i.instrument, NULL::text, 1 - i.last_price
              FROM margin_calib.peg AS p JOIN margin_calib.instrument AS i ON i.instrument = p.price_instrument
             WHERE 1 - i.last_price >= smallest;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.alert_values(text, interval, numeric, timestamptz) IS
'Internal: values of a measure that are not below the smallest threshold, by instrument and, of those that have one, account. doc/alerts.md has the definitions.';

CREATE OR REPLACE FUNCTION margin_calib.alert_message(rule margin_calib.alert_rule, instrument text, account text, value numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT instrument || ': ' || CASE (rule).measure
        WHEN 'level' THEN format('the initial rate is %s, threshold %s', r.value, r.threshold)
        WHEN 'change' THEN format('the initial rate has changed by %s of itself within %s, threshold %s', r.value, (rule).within, r.threshold)
        WHEN 'staleness' THEN format('its newest usable price is %s old, threshold %s',
                                     justify_hours(make_interval(secs => round(value, 3)::float8)), (rule).within)
        WHEN 'coverage' THEN format('the latest backtest of its policy has an exception rate of %s, threshold %s', r.value, r.threshold)
        WHEN 'concentration' THEN format('account %s has %s of the notional, threshold %s', account, r.value, r.threshold)
        WHEN 'liquidation_horizon' THEN format('the position of account %s takes %s days to be closed, threshold %s', account, r.value, r.threshold)
        WHEN 'surface' THEN format('%s of the expiries of its volatility surface have no smile of the newest quotes, threshold %s', r.value, r.threshold)
        ELSE format('the price is %s below its peg, threshold %s', r.value, r.threshold) END
      FROM (SELECT trim_scale(round(value, 6)), trim_scale((rule).threshold)) AS r (value, threshold);
END;
COMMENT ON FUNCTION margin_calib.alert_message(margin_calib.alert_rule, text, text, numeric) IS
'Internal: what an alert of a rule says.';

CREATE OR REPLACE FUNCTION margin_calib.exceeded_rules(as_of timestamptz)
    RETURNS TABLE (rule margin_calib.alert_rule, instrument text, account text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 100
BEGIN ATOMIC
    SELECT r, v.instrument, v.account, v.value
      FROM (SELECT o.measure, o.within, min(o.threshold) AS threshold FROM margin_calib.alert_rule AS o GROUP BY o.measure, o.within) AS m
     CROSS JOIN LATERAL margin_calib.alert_values(m.measure, m.within, m.threshold, as_of) AS v
      JOIN margin_calib.alert_rule AS r ON r.measure = m.measure AND r.within IS NOT DISTINCT FROM m.within
     WHERE v.value >= r.threshold
       AND (r.instruments IS NULL OR v.instrument = ANY (r.instruments)) AND (r.accounts IS NULL OR v.account = ANY (r.accounts));
END;
COMMENT ON FUNCTION margin_calib.exceeded_rules(timestamptz) IS
'Internal: what is at or above its threshold.';

CREATE OR REPLACE FUNCTION margin_calib.notify_alerts() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    now_ts CONSTANT timestamptz := clock_timestamp();
    told   text[];
    single CONSTANT integer := 20;
BEGIN
    WITH news AS (
        UPDATE margin_calib.alert AS a SET notified_at = now_ts
         WHERE a.id = ANY (ARRAY(SELECT n.id FROM margin_calib.alert AS n WHERE n.notified_at IS NULL FOR UPDATE SKIP LOCKED))
        RETURNING a.id, a.kind, a.severity, a.rule, a.instrument)
    -- no account and no number: whoever may connect may LISTEN
    SELECT array_agg(json_build_object('alert', n.id, 'kind', n.kind, 'severity', n.severity, 'rule', n.rule,
                                       'instrument', left(n.instrument, 500))::text
                     ORDER BY array_position('{critical,warning,info}', n.severity), n.id)
      INTO told FROM news AS n;
    PERFORM pg_notify('margin_calib_alert', t.payload) FROM unnest(told[:single]) WITH ORDINALITY AS t (payload, n) ORDER BY t.n;
    IF cardinality(told) > single THEN
        PERFORM pg_notify('margin_calib_alert', json_build_object('more', cardinality(told) - single)::text);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.notify_alerts() IS
'Internal to check_alerts: one NOTIFY margin_calib_alert for each alert that was not told of, the most severe first, and beyond twenty one with the number of the rest.';

CREATE OR REPLACE FUNCTION margin_calib.check_alerts(as_of timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
    SET jit = off
AS $function$
DECLARE
    opened integer;
BEGIN
    PERFORM margin_calib.lock_engine();
    IF EXISTS (SELECT FROM margin_calib.alert_rule AS r WHERE r.measure = 'coverage') THEN
        PERFORM margin_calib.store_coverage();
    END IF;
    -- FULL JOIN and ARRAY(...): hashed and looked up however many alerts there are. The alerts of one rule have
    -- all an account or none. SKIP LOCKED: refresh does not wait for somebody who acknowledges
    WITH compared AS MATERIALIZED (
        SELECT e.rule, e.instrument, e.account, e.value, o.id
          FROM margin_calib.exceeded_rules(as_of) AS e
          FULL JOIN (SELECT a.id, a.rule, a.instrument, a.account FROM margin_calib.alert AS a
                      WHERE a.rule IS NOT NULL AND a.resolved_at IS NULL) AS o
            ON o.rule = (e.rule).name AND o.instrument = e.instrument AND coalesce(o.account, '') = coalesce(e.account, '')),
    over AS (
        UPDATE margin_calib.alert AS a SET resolved_at = clock_timestamp()
         WHERE a.id = ANY (ARRAY(SELECT l.id FROM margin_calib.alert AS l
                                  WHERE l.id = ANY (ARRAY(SELECT c.id FROM compared AS c WHERE c.value IS NULL)) FOR UPDATE SKIP LOCKED)))
    INSERT INTO margin_calib.alert (kind, instrument, account, ts, message, value, rule, threshold, severity)
        -- bounds: numeric has a wider range than double precision
        SELECT (c.rule).measure, c.instrument, c.account, as_of, margin_calib.alert_message(c.rule, c.instrument, c.account, c.value),
               round(least(c.value, 1e300), 18)::float8, (c.rule).name, round((c.rule).threshold, 18)::float8, (c.rule).severity
          FROM compared AS c
         WHERE c.id IS NULL
         ORDER BY (c.rule).name, c.instrument, c.account
        -- the same time again, as only a caller's as_of can be
        ON CONFLICT ON CONSTRAINT alert_once DO UPDATE
           SET resolved_at = NULL, message = excluded.message, value = excluded.value, threshold = excluded.threshold,
               severity = excluded.severity;
    GET DIAGNOSTICS opened = ROW_COUNT;
    PERFORM margin_calib.notify_alerts();
    RETURN opened;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_alerts(timestamptz) IS
'Internal to refresh: compares every rule with what is stored, opens an alert where a threshold has come to be reached, resolves those where it no longer is (or what was measured is gone), tells of what is new, and returns how many it opened.';

CREATE OR REPLACE FUNCTION margin_calib.acknowledge_alert(alert bigint, note text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    found_alert margin_calib.alert;
BEGIN
    UPDATE margin_calib.alert AS a SET acknowledged_at = clock_timestamp(), acknowledged_by = session_user, note = acknowledge_alert.note
     WHERE a.id = acknowledge_alert.alert AND a.acknowledged_at IS NULL;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT a.* INTO found_alert FROM margin_calib.alert AS a WHERE a.id = acknowledge_alert.alert;
    IF found_alert.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('alert %s does not exist', coalesce(acknowledge_alert.alert::text, 'NULL')),
            HINT = 'SELECT alert, message FROM margin_calib.margin_alert WHERE acknowledged_at IS NULL;';
    END IF;
    RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('alert %s is acknowledged already', found_alert.id),
        DETAIL = format('%s did so at %s.', found_alert.acknowledged_by, found_alert.acknowledged_at);
END
$function$;
COMMENT ON FUNCTION margin_calib.acknowledge_alert(bigint, text) IS
'Says that somebody has seen an alert (its number in margin_alert): records the session''s user, the time and a note. It ends an event; an alert of a rule stays open until its value is below the threshold. Errors: 55000 when it is acknowledged already, which tells by whom; 42704 for one that does not exist, or NULL.';

CREATE OR REPLACE FUNCTION margin_calib.forget_alerts(before interval) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result bigint;
BEGIN
    PERFORM margin_calib.check_age(before, 'alerts', 'forget_alerts');
    PERFORM margin_calib.lock_engine();
    DELETE FROM margin_calib.alert AS a
     WHERE clock_timestamp() - a.at > before
       AND CASE WHEN a.rule IS NOT NULL THEN a.resolved_at IS NOT NULL
           -- the latest of an event stays: it is what keeps refresh from telling of it again
           ELSE a.acknowledged_at IS NOT NULL
                AND EXISTS (SELECT FROM margin_calib.alert AS n
                             WHERE n.rule IS NULL AND n.kind = a.kind AND n.instrument IS NOT DISTINCT FROM a.instrument
                               AND n.account IS NOT DISTINCT FROM a.account AND n.id > a.id) END;
    GET DIAGNOSTICS result = ROW_COUNT;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_alerts(interval) IS
'Deletes alerts that began longer ago than an interval and are over: those of rules that are resolved, and events that are acknowledged, but for the latest event of each kind and instrument. Returns how many. Error 22023 for an interval below 0 or NULL.';

CREATE OR REPLACE VIEW margin_calib.margin_alert WITH (security_invoker = true) AS
SELECT a.id AS alert, s.is_open, a.severity, a.kind, a.rule, a.instrument, a.account, a.value, a.threshold, a.message, a.at, a.ts,
       a.resolved_at, a.acknowledged_at, a.acknowledged_by, a.note, a.notified_at
  FROM margin_calib.alert AS a
 CROSS JOIN LATERAL (SELECT a.resolved_at IS NULL AND (a.rule IS NOT NULL OR a.acknowledged_at IS NULL)) AS s (is_open)
 ORDER BY s.is_open DESC, a.id DESC;
COMMENT ON VIEW margin_calib.margin_alert IS
'Alerts, open ones first, the latest first. One of a rule is open while its value is at or above the threshold, an event (without a rule) until somebody acknowledges it.';
COMMENT ON COLUMN margin_calib.margin_alert.alert IS 'number of the alert, for acknowledge_alert';
COMMENT ON COLUMN margin_calib.margin_alert.is_open IS 'rule: the threshold is reached as of the latest refresh; event: nobody has acknowledged it';
COMMENT ON COLUMN margin_calib.margin_alert.severity IS 'info, warning or critical, as the rule says; warning for events';
COMMENT ON COLUMN margin_calib.margin_alert.kind IS 'measure of the rule, or kind of the event';
COMMENT ON COLUMN margin_calib.margin_alert.rule IS 'name of the rule; NULL for events';
COMMENT ON COLUMN margin_calib.margin_alert.instrument IS 'instrument concerned, NULL when there is none';
COMMENT ON COLUMN margin_calib.margin_alert.account IS 'account concerned, NULL when there is none';
COMMENT ON COLUMN margin_calib.margin_alert.value IS 'what was measured when it was opened: a fraction, days of a liquidation_horizon, seconds of a staleness';
COMMENT ON COLUMN margin_calib.margin_alert.threshold IS 'threshold of the rule at that time; NULL for events';
COMMENT ON COLUMN margin_calib.margin_alert.message IS 'the alert in words';
COMMENT ON COLUMN margin_calib.margin_alert.at IS 'when it was raised';
COMMENT ON COLUMN margin_calib.margin_alert.ts IS 'rule: time of the evaluation that found it; event: ts of the price behind it, or the time of refresh';
COMMENT ON COLUMN margin_calib.margin_alert.resolved_at IS 'rule: when the value was found below the threshold, or the rule was dropped';
COMMENT ON COLUMN margin_calib.margin_alert.acknowledged_at IS 'when somebody acknowledged it';
COMMENT ON COLUMN margin_calib.margin_alert.acknowledged_by IS 'who did';
COMMENT ON COLUMN margin_calib.margin_alert.note IS 'and what they said of it';
COMMENT ON COLUMN margin_calib.margin_alert.notified_at IS 'when NOTIFY margin_calib_alert told of it, once';

REVOKE ALL ON margin_calib.margin_alert FROM PUBLIC;
REVOKE ALL ON FUNCTION
    margin_calib.check_alert_rule(margin_calib.alert_rule), margin_calib.set_alert_rule(text, text, numeric, text[], text[], interval, text, text),
    margin_calib.drop_alert_rule(text, text), margin_calib.initial_rates(timestamptz), margin_calib.store_coverage(),
    margin_calib.alert_values(text, interval, numeric, timestamptz),
    margin_calib.alert_message(margin_calib.alert_rule, text, text, numeric), margin_calib.exceeded_rules(timestamptz),
    margin_calib.notify_alerts(), margin_calib.check_alerts(timestamptz), margin_calib.acknowledge_alert(bigint, text),
    margin_calib.forget_alerts(interval) FROM PUBLIC;
