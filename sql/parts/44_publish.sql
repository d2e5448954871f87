-- What calibrations put into force, or before a human: parameters, proposals, their evidence and the audit
-- trail. Everything here writes the extension's tables and reads nothing else.

CREATE OR REPLACE FUNCTION margin_calib.register_instruments(names text[]) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    fresh text[];
BEGIN
    WITH new AS (
        INSERT INTO margin_calib.instrument (instrument) SELECT k FROM unnest(names) AS k ORDER BY k
        ON CONFLICT DO NOTHING RETURNING instrument)
    SELECT array_agg(n.instrument ORDER BY n.instrument) INTO fresh FROM new AS n;
    RETURN fresh;
END
$function$;
COMMENT ON FUNCTION margin_calib.register_instruments(text[]) IS
'Internal to refresh_prices: registers those of the names that are new, and returns them.';

CREATE OR REPLACE FUNCTION margin_calib.settle_instruments(fresh text[], absent text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
AS $function$
BEGIN
    IF fresh IS NULL THEN
        RETURN;
    END IF;
    -- what the trail knows is not new, whoever says so
    DELETE FROM margin_calib.instrument AS i
     WHERE i.instrument = ANY (fresh) AND i.instrument = ANY (absent)
       AND NOT EXISTS (SELECT FROM margin_calib.audit AS a WHERE a.kind = 'instrument' AND a.object = i.instrument);
    PERFORM margin_calib.record_changes(ARRAY(
        SELECT margin_calib.audit_entry('create', g.kind, g.object, g.content, 'its first price')
          FROM margin_calib.governed_row AS g
         WHERE g.kind = 'instrument' AND g.object = ANY (fresh)
           AND NOT EXISTS (SELECT FROM margin_calib.audit AS a WHERE a.kind = 'instrument' AND a.object = g.object) ORDER BY g.object));
END
$function$;
COMMENT ON FUNCTION margin_calib.settle_instruments(text[], text[]) IS
'Internal to refresh_prices: forgets new instruments that turned out to have no price, and records the others in the audit trail.';

CREATE OR REPLACE FUNCTION margin_calib.raise_alerts(results margin_calib.engine_calibration[], as_of timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    INSERT INTO margin_calib.alert (kind, instrument, ts, message, value)
        SELECT 'jump', c.instrument, (c.calibration).last_jump_ts,
               format('%s: a return beyond the jump bound of policy %s; it is used all the same', c.instrument, c.policy),
               (c.calibration).jumps
          FROM unnest(results) AS c WHERE (c.calibration).last_jump_ts IS NOT NULL
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
    INSERT INTO margin_calib.alert (kind, instrument, ts, message)
        SELECT 'calibration_failed', c.instrument, as_of, format('%s: %s', c.instrument, p.problem)
          FROM unnest(results) AS c
          JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
         CROSS JOIN LATERAL margin_calib.calibration_problem(c) AS p (problem)
         WHERE p.problem IS NOT NULL AND p.problem IS DISTINCT FROM i.stale_reason
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
    INSERT INTO margin_calib.alert (kind, instrument, ts, message)
        SELECT 'proxy_without_data', i.instrument, i.proxy_since,
               format('%s: its proxy %s has no usable price by its first one; it is calibrated on its own prices alone', i.instrument, i.proxy)
          FROM unnest(results) AS c JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
         WHERE c.borrowed_bars = 0 AND margin_calib.calibration_problem(c) IS NULL
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
END
$function$;
COMMENT ON FUNCTION margin_calib.raise_alerts(margin_calib.engine_calibration[], timestamptz) IS
'Internal: alerts of jumps, of instruments that have just become impossible to calibrate, and of proxies that have nothing to lend.';


-- ---- parameters ----

-- valid_from is not before that of the version that ends, whatever the clock does.
CREATE OR REPLACE FUNCTION margin_calib.store_parameters(
    results margin_calib.engine_calibration[], decisions margin_calib.engine_decision[], as_of timestamptz, run bigint,
    reading bigint) RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
AS $function$
DECLARE
    made bigint[];
BEGIN
    UPDATE margin_calib.parameter AS p SET valid_to = greatest(as_of, p.valid_from + interval '1 microsecond')
      FROM unnest(decisions) AS d WHERE d.outcome = 'apply' AND p.id = d.in_force;
    WITH new AS (
        INSERT INTO margin_calib.parameter (
            instrument, valid_from, recorded_at, symmetric_rates,
            initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate, short_initial_rate,
            short_maintenance_rate, binding_term, long_binding_term, short_binding_term, long_unrounded,
            short_unrounded, long_core, short_core, long_value_at_risk, short_value_at_risk, long_expected_shortfall,
            short_expected_shortfall, long_stressed_es, short_stressed_es, long_floor, short_floor,
            long_buffer_used, short_buffer_used, model, model_reason, vol, stress_from, stress_to, returns, returns_used, first_ts,
            last_ts, last_price, bar_interval, gaps, duplicates, stale, idle, restarts, rejected, jumps, last_jump_ts,
            fallback, fallback_reason, policy, policy_version, path,
            proxy, proxy_multiplier, borrowed_returns, run, reading, feed, relation_name, input_hash, path_before)
        SELECT c.instrument, v.start, CASE WHEN v.start IS NOT NULL THEN greatest(v.start, clock_timestamp()) END, c.symmetric_rates, (c.calibration).*,
               i.proxy, i.proxy_multiplier, CASE WHEN i.proxy IS NOT NULL THEN c.borrowed_returns END,
               store_parameters.run, store_parameters.reading, c.feed, f.relation_name, c.input_hash, c.path_before
          FROM unnest(results) AS c
          JOIN unnest(decisions) AS d ON d.instrument = c.instrument AND d.outcome IN ('apply', 'wait')
          JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
          JOIN margin_calib.feed AS f ON f.id = c.feed
          LEFT JOIN margin_calib.parameter AS p ON p.id = d.in_force
         CROSS JOIN LATERAL (SELECT CASE WHEN d.outcome = 'apply' THEN coalesce(p.valid_to, as_of) END) AS v (start)
         ORDER BY c.instrument
        RETURNING id)
    SELECT array_agg(n.id ORDER BY n.id) INTO made FROM new AS n;
    UPDATE margin_calib.refresh_run AS r SET parameters = r.parameters + cardinality(made) WHERE r.id = run;
    RETURN made;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_parameters(margin_calib.engine_calibration[], margin_calib.engine_decision[], timestamptz, bigint, bigint) IS
'Internal to publish: the new versions of parameters, in force where the decision is to apply, and their numbers.';

-- ---- evidence of a proposal ----

CREATE OR REPLACE FUNCTION margin_calib.market_with(parameter margin_calib.parameter) RETURNS margin_calib.engine_market
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW(m.instrument, m.kind, m.multiplier, m.currency, m.price, r.rates[1], r.rates[2], r.rates[3], r.rates[4],
               (parameter).id, m.data_through, m.fresh_until, m.stale_reason)::margin_calib.engine_market
      FROM margin_calib.market_stored AS m CROSS JOIN LATERAL (SELECT margin_calib.parameter_rates(parameter)) AS r (rates)
     WHERE m.instrument = (parameter).instrument;
END;
COMMENT ON FUNCTION margin_calib.market_with(margin_calib.parameter) IS
'Internal: the stored market of an instrument, with the rates of another version of its parameter.';

CREATE OR REPLACE FUNCTION margin_calib.proposal_effect(proposal bigint) RETURNS SETOF margin_calib.proposal_impact
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    parameter margin_calib.parameter;
    accounts  text[];
    held      margin_calib.engine_holding[];
    pegs      margin_calib.engine_market[];
    add_ons   margin_calib.engine_add_on[];
    positions margin_calib.account_position[];
    credits   margin_calib.account_offset[];
BEGIN
    SELECT v.* INTO parameter FROM margin_calib.proposal AS p JOIN margin_calib.parameter AS v ON v.id = p.parameter_id WHERE p.id = proposal;
    SELECT array_agg(p.account ORDER BY p.account), array_agg(ROW(p.account, p.instrument, p.quantity, p.unusable, p.entry_quantity, p.entry_value, p.entry_inverse)::margin_calib.engine_holding)
      INTO accounts, held FROM margin_calib.account_position AS p WHERE p.instrument = parameter.instrument;
    pegs := ARRAY(SELECT ROW(m.*)::margin_calib.engine_market FROM margin_calib.market_stored AS m
                   WHERE m.instrument = ANY (margin_calib.peg_prices(ARRAY[parameter.instrument])));
    add_ons := ARRAY(SELECT a FROM margin_calib.add_ons(ARRAY[parameter.instrument], false, pegs, statement_timestamp()) AS a);
    positions := ARRAY(SELECT p FROM margin_calib.positions_at(held, ARRAY[margin_calib.market_with(parameter)], add_ons) AS p) || ARRAY(SELECT p FROM margin_calib.account_position AS p
                                     WHERE p.account = ANY (accounts) AND p.instrument <> parameter.instrument);
    EXECUTE format('SELECT array_agg(ROW(c.*)::margin_calib.account_offset) FROM (%s) AS c', margin_calib.offset_query('unnest($3)', 'margin_calib.offset_stored'))
       INTO credits USING accounts, statement_timestamp(), positions;
    RETURN QUERY
        SELECT proposal_effect.proposal, n.account, n.currency, r.initial_margin, n.initial_margin, r.maintenance_margin, n.maintenance_margin
          FROM margin_calib.requirements_at(positions, credits, statement_timestamp()) AS n
          JOIN margin_calib.requirement AS r ON r.account = n.account AND r.currency = n.currency
         WHERE (r.initial_margin, r.maintenance_margin) IS DISTINCT FROM (n.initial_margin, n.maintenance_margin);
END
$function$;
COMMENT ON FUNCTION margin_calib.proposal_effect(bigint) IS
'Internal: requirements, stored and with the numbers of a proposal, of the accounts that it would change, with every charge and offset.';

CREATE OR REPLACE FUNCTION margin_calib.proposal_backtest(instrument text, policy text, before numeric[], after numeric[])
    RETURNS TABLE (backtest bigint, observations bigint, exceptions_before bigint, exceptions_after bigint, traffic_light text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    SELECT l.id, count(*), count(*) FILTER (WHERE f.loss > r.before), count(*) FILTER (WHERE f.loss > r.after),
           (margin_calib.traffic_light_counts(count(*) FILTER (WHERE f.loss > f.value_at_risk AND NOT f.fallback),
                                              count(*) FILTER (WHERE f.value_at_risk IS NOT NULL AND NOT f.fallback), 0.99)).zone
      FROM (SELECT b.id FROM margin_calib.policy_backtest AS b
             WHERE b.policy = proposal_backtest.policy
               AND EXISTS (SELECT FROM margin_calib.policy_forecast AS p
                            WHERE p.backtest = b.id AND p.instrument = proposal_backtest.instrument)
             ORDER BY b.id DESC LIMIT 1) AS l
      JOIN margin_calib.policy_forecast AS f ON f.backtest = l.id AND f.instrument = proposal_backtest.instrument AND f.loss IS NOT NULL
     CROSS JOIN LATERAL (
           SELECT proposal_backtest.before[s.side] AS before, proposal_backtest.after[s.side] AS after
             FROM (SELECT CASE f.side WHEN 'long' THEN 1 ELSE 3 END) AS s (side)) AS r
     GROUP BY l.id;
END;
COMMENT ON FUNCTION margin_calib.proposal_backtest(text, text, numeric[], numeric[]) IS
'Internal: in the latest stored backtest of a policy with this instrument, the losses of both sides, those above the initial rate of their side before and after, and the traffic light of the value at risk at 99 %; no row without one.';

CREATE OR REPLACE FUNCTION margin_calib.add_evidence(proposals bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    INSERT INTO margin_calib.proposal_impact
        SELECT e.* FROM unnest(proposals) AS n (id) CROSS JOIN LATERAL margin_calib.proposal_effect(n.id) AS e;
    UPDATE margin_calib.proposal AS p
       SET initial_impact = i.initial, maintenance_impact = i.maintenance, backtest = b.backtest, observations = b.observations,
           exceptions_before = b.exceptions_before, exceptions_after = b.exceptions_after, traffic_light = b.traffic_light
      FROM margin_calib.proposal AS q
      JOIN margin_calib.parameter AS v ON v.id = q.parameter_id
      LEFT JOIN margin_calib.parameter AS o ON o.id = q.parameter_before
     CROSS JOIN LATERAL (
           SELECT coalesce(sum(m.initial_after - m.initial_before), 0) AS initial,
                  coalesce(sum(m.maintenance_after - m.maintenance_before), 0) AS maintenance
             FROM margin_calib.proposal_impact AS m WHERE m.proposal = q.id) AS i
      LEFT JOIN LATERAL margin_calib.proposal_backtest(q.instrument, v.policy, margin_calib.parameter_rates(o),
                                                       margin_calib.parameter_rates(v)) AS b ON true
     WHERE q.id = ANY (proposals) AND p.id = q.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_evidence(bigint[]) IS
'Internal: what proposals that wait would do to accounts, and how often losses of the latest stored backtest exceeded the rates before and after.';

-- ---- proposals ----

-- Notionals and rates alone: the sums of an instrument's two sides are all that is read of its positions.
CREATE OR REPLACE FUNCTION margin_calib.calibrated_impact(before numeric[], parameter margin_calib.parameter)
    RETURNS TABLE (accounts bigint, initial numeric, maintenance numeric, currency text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    SELECT n.accounts, n.long * (r.rates[1] - coalesce(calibrated_impact.before[1], 0)) + n.short * (r.rates[3] - coalesce(calibrated_impact.before[3], 0)),
           n.long * (r.rates[2] - coalesce(calibrated_impact.before[2], 0)) + n.short * (r.rates[4] - coalesce(calibrated_impact.before[4], 0)), i.currency
      FROM margin_calib.instrument AS i
     CROSS JOIN LATERAL (SELECT margin_calib.parameter_rates(parameter)) AS r (rates)
     CROSS JOIN LATERAL (
           SELECT count(*) AS accounts, coalesce(sum(p.notional) FILTER (WHERE p.quantity >= 0), 0) AS long,
                  coalesce(sum(p.notional) FILTER (WHERE p.quantity < 0), 0) AS short
             FROM margin_calib.account_position AS p WHERE p.instrument = i.instrument) AS n
     WHERE i.instrument = (parameter).instrument;
END;
COMMENT ON FUNCTION margin_calib.calibrated_impact(numeric[], margin_calib.parameter) IS
'Internal: how many accounts hold the instrument, and what the rates of this version add to notional * rate of their stored positions.';

CREATE OR REPLACE FUNCTION margin_calib.policy_setter(policy text, version integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT a.login FROM margin_calib.audit AS a
     WHERE a.kind = 'policy' AND a.object = policy_setter.policy || ' ' || policy_setter.version ORDER BY a.id LIMIT 1;
END;
COMMENT ON FUNCTION margin_calib.policy_setter(text, integer) IS
'Internal: login that set this version of a policy; NULL for a shipped one.';

CREATE OR REPLACE FUNCTION margin_calib.store_proposals(made bigint[], decisions margin_calib.engine_decision[], as_of timestamptz)
    RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
AS $function$
DECLARE
    stored bigint[];
BEGIN
    WITH new AS (
        INSERT INTO margin_calib.proposal (
            kind, instrument, state, is_automatic, is_significant, parameter_id, parameter_before, change, change_over_day, exceeds,
            accounts, initial_impact, maintenance_impact, impact_currency, policy_author, created_at, expires_at, decided_at)
        SELECT 'calibration', v.instrument, CASE d.outcome WHEN 'apply' THEN 'applied' ELSE 'open' END, d.outcome = 'apply',
               coalesce(d.change > 0.15, false), v.id, d.in_force, d.change, d.change_over_day, d.exceeds,
               i.accounts, i.initial, i.maintenance, i.currency,
               CASE WHEN (o.policy, o.policy_version) IS DISTINCT FROM (v.policy, v.policy_version)
                    THEN margin_calib.policy_setter(v.policy, v.policy_version) END,
               as_of, CASE WHEN d.outcome = 'wait' THEN as_of + d.expires_after END, CASE WHEN d.outcome = 'apply' THEN as_of END
          FROM unnest(decisions) AS d
          JOIN margin_calib.parameter AS v ON v.id = ANY (made) AND v.instrument = d.instrument
          LEFT JOIN margin_calib.parameter AS o ON o.id = d.in_force
         CROSS JOIN LATERAL margin_calib.calibrated_impact(margin_calib.parameter_rates(o), v) AS i
         ORDER BY v.id
        RETURNING id)
    SELECT array_agg(n.id ORDER BY n.id) INTO stored FROM new AS n;
    RETURN stored;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_proposals(bigint[], margin_calib.engine_decision[], timestamptz) IS
'Internal to publish: a proposal for each new version of a parameter, applied or open.';

-- The place is made first: one open proposal an instrument.
CREATE OR REPLACE FUNCTION margin_calib.supersede_proposals(decisions margin_calib.engine_decision[], as_of timestamptz) RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    gone bigint[];
BEGIN
    PERFORM margin_calib.audit_guard('proposal', d.open_proposal::text) FROM unnest(decisions) AS d
      WHERE d.open_proposal IS NOT NULL AND d.outcome IN ('same', 'apply', 'wait', 'refused');
    WITH superseded AS (
        UPDATE margin_calib.proposal AS p SET state = 'superseded', decided_at = as_of,
               decision_reason = CASE d.outcome WHEN 'same' THEN 'the calibration agrees with what is in force again'
                                                WHEN 'refused' THEN 'the calibration agrees with a proposal that was refused'
                                                ELSE 'another calibration' END
          FROM unnest(decisions) AS d
         WHERE p.id = d.open_proposal AND d.outcome IN ('same', 'apply', 'wait', 'refused') RETURNING p.id)
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}') INTO gone FROM superseded AS s;
    RETURN gone;
END
$function$;
COMMENT ON FUNCTION margin_calib.supersede_proposals(margin_calib.engine_decision[], timestamptz) IS
'Internal to publish: ends open proposals whose numbers are not the latest calibration any more, and returns them.';

CREATE OR REPLACE FUNCTION margin_calib.audit_proposals(proposals bigint[], action text DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
AS $function$
BEGIN
    PERFORM margin_calib.record_changes(ARRAY(
        SELECT a.entry
          FROM margin_calib.proposal AS p
          JOIN margin_calib.parameter AS v ON v.id = p.parameter_id
         CROSS JOIN LATERAL (VALUES
               ('proposal', p.id::text, coalesce(audit_proposals.action,
                    CASE p.state WHEN 'applied' THEN 'apply' WHEN 'superseded' THEN 'supersede' ELSE p.state END),
                to_jsonb(p), coalesce(p.decision_reason, p.reason)),
               ('parameter', v.id::text, NULL, margin_calib.governed_parameter(v), NULL)) AS e (kind, object, action, content, reason)
         -- OFFSET 0: looked up once
         CROSS JOIN LATERAL (SELECT margin_calib.audit_entry(e.action, e.kind, e.object, e.content, coalesce(audit_proposals.reason, e.reason))
                             OFFSET 0) AS a (entry)
         WHERE p.id = ANY (proposals) AND (a.entry).old IS DISTINCT FROM (a.entry).new
         ORDER BY p.id, e.kind DESC));
END
$function$;
COMMENT ON FUNCTION margin_calib.audit_proposals(bigint[], text, text) IS
'Internal: entries of the audit trail for proposals and their parameters, as far as they have changed.';

CREATE OR REPLACE FUNCTION margin_calib.notify_proposals(proposals bigint[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    -- its number alone: whoever may connect may listen
    SELECT pg_notify('margin_calib_proposal', jsonb_build_object('proposal', p.id)::text)
      FROM margin_calib.proposal AS p WHERE p.id = ANY (proposals) AND p.state = 'open' ORDER BY p.id;
END;
COMMENT ON FUNCTION margin_calib.notify_proposals(bigint[]) IS
'Internal: one NOTIFY margin_calib_proposal for each that waits.';

-- ---- publish ----

CREATE OR REPLACE FUNCTION margin_calib.publish(results margin_calib.engine_calibration[], as_of timestamptz, run bigint, reading bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan SET jit = off
AS $function$
DECLARE
    decisions CONSTANT margin_calib.engine_decision[] := ARRAY(SELECT d FROM margin_calib.decide(results, as_of) AS d);
    gone      bigint[];
    stored    bigint[] := '{}';
    waiting   bigint[];
BEGIN
    PERFORM margin_calib.raise_alerts(results, as_of);
    -- first prices of an instrument: its product group can be calibrated with it
    UPDATE margin_calib.product_group AS g SET is_due = true
     WHERE g.name IN (SELECT m.group_name FROM unnest(results) AS c
                        JOIN margin_calib.product_group_member AS m ON m.instrument = c.instrument
                        JOIN margin_calib.instrument AS i ON i.instrument = c.instrument AND i.price_feed IS NULL);
    gone := margin_calib.supersede_proposals(decisions, as_of);
    IF EXISTS (SELECT FROM unnest(decisions) AS d WHERE d.outcome IN ('apply', 'wait')) THEN
        stored := margin_calib.store_proposals(margin_calib.store_parameters(results, decisions, as_of, run, reading), decisions, as_of);
        UPDATE margin_calib.proposal AS p SET superseded_by = s.id
          FROM margin_calib.proposal AS s WHERE p.id = ANY (gone) AND s.id = ANY (stored) AND s.instrument = p.instrument;
    END IF;
    UPDATE margin_calib.instrument AS i
       SET policy = c.policy, price_feed = c.feed, stale_reason = p.problem,
           path = CASE WHEN p.problem IS NULL THEN (c.calibration).path ELSE i.path END,
           path_policy = CASE WHEN p.problem IS NULL THEN (c.calibration).policy ELSE i.path_policy END,
           path_policy_version = CASE WHEN p.problem IS NULL THEN (c.calibration).policy_version ELSE i.path_policy_version END,
           last_price = CASE WHEN p.problem IS NULL THEN (c.calibration).last_price::numeric ELSE i.last_price END,
           data_through = CASE WHEN p.problem IS NULL THEN (c.calibration).last_ts ELSE i.data_through END,
           fresh_until = CASE WHEN p.problem IS NULL THEN (c.calibration).last_ts + c.stale_after ELSE i.fresh_until END,
           borrowed_returns = CASE WHEN p.problem IS NULL THEN c.borrowed_returns ELSE i.borrowed_returns END
      FROM unnest(results) AS c CROSS JOIN LATERAL margin_calib.calibration_problem(c) AS p (problem)
     WHERE i.instrument = c.instrument;
    waiting := ARRAY(SELECT p.id FROM margin_calib.proposal AS p WHERE p.id = ANY (stored) AND p.state = 'open');
    IF waiting <> '{}' THEN
        PERFORM margin_calib.add_evidence(waiting), margin_calib.notify_proposals(waiting);
    END IF;
    PERFORM margin_calib.audit_proposals(gone || stored);
END
$function$;
COMMENT ON FUNCTION margin_calib.publish(margin_calib.engine_calibration[], timestamptz, bigint, bigint) IS
'Internal: puts calibrations into force, or before a human where they leave the band of their policy. One that failed leaves rates and price as they are and makes the instrument stale, with its reason.';

REVOKE ALL ON FUNCTION
    margin_calib.register_instruments(text[]), margin_calib.settle_instruments(text[], text[]),
    margin_calib.raise_alerts(margin_calib.engine_calibration[], timestamptz),
    margin_calib.store_parameters(margin_calib.engine_calibration[], margin_calib.engine_decision[], timestamptz, bigint, bigint),
    margin_calib.market_with(margin_calib.parameter), margin_calib.proposal_effect(bigint),
    margin_calib.proposal_backtest(text, text, numeric[], numeric[]), margin_calib.add_evidence(bigint[]),
    margin_calib.calibrated_impact(numeric[], margin_calib.parameter), margin_calib.policy_setter(text, integer),
    margin_calib.store_proposals(bigint[], margin_calib.engine_decision[], timestamptz),
    margin_calib.supersede_proposals(margin_calib.engine_decision[], timestamptz),
    margin_calib.audit_proposals(bigint[], text, text), margin_calib.notify_proposals(bigint[]),
    margin_calib.publish(margin_calib.engine_calibration[], timestamptz, bigint, bigint) FROM PUBLIC;
