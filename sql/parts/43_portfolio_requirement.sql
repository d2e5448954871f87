-- From positions and risk vectors to the requirements of accounts under portfolio margin. Refresh, account_now, what_if and check_order take the
-- same way through these functions. Their joins are of arrays, whose lengths no plan knows: hash joins serve any.

CREATE OR REPLACE FUNCTION margin_calib.set_in_force(name text, live boolean, whole boolean) RETURNS margin_calib.scenario_set
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.scenario_set;
BEGIN
    IF live THEN
        RETURN margin_calib.scenario_set(set_in_force.name);
    ELSIF whole THEN
        SELECT (u.content).* INTO result FROM margin_calib.scenario_set_used AS u WHERE u.name = set_in_force.name;
    ELSE
        SELECT u.name, u.version, NULL, NULL, NULL, u.method INTO result FROM margin_calib.scenario_set_used AS u WHERE u.name = set_in_force.name;
    END IF;
    RETURN CASE WHEN result.name IS NULL THEN margin_calib.scenario_set(set_in_force.name) ELSE result END;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_in_force(text, boolean, boolean) IS
'Internal: a scenario set in its latest version (live), or in that of the latest refresh, of which without whole only name, version and method.';

CREATE OR REPLACE FUNCTION margin_calib.risks_of(names text[], currency text, scenarios margin_calib.scenario_set, live boolean, as_of timestamptz)
    RETURNS margin_calib.engine_risk[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = on SET enable_seqscan = off SET jit = off -- each instrument by the key
AS $function$
DECLARE
    stored  margin_calib.engine_risk[] := '{}';
    missing text[];
BEGIN
    IF NOT live THEN
        stored := ARRAY(
            SELECT ROW(r.instrument, NULL, NULL, r.as_of, r.vector, r.fresh_until, r.stale_reason)::margin_calib.engine_risk
              FROM unnest(names) AS n (instrument)
              -- by the key, whatever statistics say
             CROSS JOIN LATERAL (
                   SELECT k.* FROM margin_calib.instrument_risk AS k
                    WHERE k.scenario_set = scenarios.name AND k.currency = risks_of.currency AND k.instrument = n.instrument AND k.set_version = scenarios.version OFFSET 0) AS r);
        IF cardinality(stored) = cardinality(names) THEN
            RETURN stored;
        END IF;
    END IF;
    missing := ARRAY(SELECT n FROM unnest(names) AS n WHERE n <> '' EXCEPT SELECT s.instrument FROM unnest(stored) AS s);
    IF missing = '{}' THEN
        RETURN stored;
    END IF;
    RETURN stored || margin_calib.with_vectors(ARRAY(SELECT i FROM margin_calib.risk_inputs(missing, risks_of.currency, live, as_of) AS i),
                                               margin_calib.set_in_force(scenarios.name, live, true));
END
$function$;
COMMENT ON FUNCTION margin_calib.risks_of(text[], text, margin_calib.scenario_set, boolean, timestamptz) IS
'Internal: vectors of instruments, those that are stored and those that the stored market makes of the others, or all as they are now. Contract and market come with new ones only.';

CREATE OR REPLACE FUNCTION margin_calib.scenario_pnl(instrument text, scenario_set text, currency text DEFAULT 'USD') RETURNS margin_calib.risk_vector
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    scenarios CONSTANT margin_calib.scenario_set := margin_calib.set_in_force(scenario_pnl.scenario_set, false, false);
    risk      CONSTANT margin_calib.engine_risk := (margin_calib.risks_of(ARRAY[scenario_pnl.instrument], scenario_pnl.currency, scenarios, false, statement_timestamp()))[1];
BEGIN
    IF risk.vector IS NULL THEN
        PERFORM margin_calib.refuse_instrument(scenario_pnl.instrument, risk.contract IS NULL, risk.stale_reason);
    END IF;
    RETURN risk.vector;
END
$function$;
COMMENT ON FUNCTION margin_calib.scenario_pnl(text, text, text) IS
'Risk vector of an instrument of the engine in a scenario set, its profits in a currency: the one that refresh keeps (instrument_risk) when an account holds it under this set, else made from its terms and the market of the latest refresh. It is as fresh as that; instrument_risk and margin_parameter say whether it is stale. NULL gives NULL. Errors: 42704 for a set or an instrument that is not known, 55000 for one without a price, vol or price of its settlement asset. doc/accounts.md.';

CREATE OR REPLACE FUNCTION margin_calib.refuse_instrument(instrument text, is_unknown boolean, reason text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = CASE WHEN is_unknown THEN '42704' ELSE '55000' END,
        MESSAGE = format('instrument %L cannot be valued', instrument), DETAIL = coalesce(reason, 'It is not known') || '.',
        HINT = 'It needs contract terms (set_contract, set_instrument), prices (attach_prices), of an option a surface (attach_quotes), and a price of what it is settled in (set_asset).';
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse_instrument(text, boolean, text) IS
'Internal: error 42704 for an instrument that is not known, 55000 for one that has no price or vector.';

-- What liquidity, size, events, pegs and doubtful prices add to positions that have a vector; and, of positions without one, their margin by rates.
CREATE OR REPLACE FUNCTION margin_calib.portfolio_charges(
    positions margin_calib.account_position[], vectors text[], rates margin_calib.asset_price[], step numeric)
    RETURNS TABLE (account text, charges margin_calib.component_amount[], initial numeric, maintenance numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
BEGIN
    -- mostly there are none
    IF NOT EXISTS (SELECT FROM unnest(positions) AS p LEFT JOIN unnest(vectors) AS v (instrument) ON v.instrument = p.instrument
                    WHERE v.instrument IS NULL OR p.tier_initial_charge > 0 OR p.tier_maintenance_charge > 0 OR p.liquidity_initial_charge > 0
                       OR p.liquidity_maintenance_charge > 0 OR p.open_interest_charge > 0 OR p.event_initial_charge > 0
                       OR p.event_maintenance_charge > 0 OR p.peg_charge > 0 OR p.confidence_charge > 0) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT s.account, array_agg(ROW(s.name, CASE WHEN s.initial >= 1e308 THEN 'Infinity' ELSE s.initial END,
                                    CASE WHEN s.maintenance >= 1e308 THEN 'Infinity' ELSE s.maintenance END)::margin_calib.component_amount ORDER BY s.place), sum(s.initial), sum(s.maintenance)
          FROM (SELECT p.account, c.place, c.name, margin_calib.round_up(sum(c.initial * r.price), step) AS initial,
                       margin_calib.round_up(sum(c.maintenance * r.price), step) AS maintenance
                  FROM unnest(positions) AS p
                  JOIN unnest(rates) AS r ON r.asset = p.currency
                  LEFT JOIN unnest(vectors) AS v (instrument) ON v.instrument = p.instrument
                 CROSS JOIN LATERAL (VALUES (1, 'tiers', p.tier_initial_charge, p.tier_maintenance_charge, true),
                                            (2, 'liquidity', p.liquidity_initial_charge, p.liquidity_maintenance_charge, true),
                                            (3, 'open interest', p.open_interest_charge, 0, true),
                                            (4, 'event', p.event_initial_charge, p.event_maintenance_charge, true),
                                            (5, 'peg', p.peg_charge, 0, true), (6, 'price confidence', p.confidence_charge, 0, true),
                                            (7, 'no vector', p.initial_margin, p.maintenance_margin, false)) AS c (place, name, initial, maintenance, of_vectors)
                 WHERE c.of_vectors = (v.instrument IS NOT NULL) AND (c.initial > 0 OR c.maintenance > 0)
                 GROUP BY p.account, c.place, c.name) AS s
         GROUP BY s.account;
END
$function$;
COMMENT ON FUNCTION margin_calib.portfolio_charges(margin_calib.account_position[], text[], margin_calib.asset_price[], numeric) IS
'Internal: charges of accounts by name, in the currency that rates lead to; vectors: the instruments that have one. No row for an account without charges.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_reason(
    "position" margin_calib.account_position, has_vector boolean, vector_reason text, price numeric, price_reason text) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN ("position").unusable > 0 THEN ("position").stale_reason
                WHEN NOT has_vector THEN coalesce(vector_reason, ("position").instrument || ': it has no risk vector')
                WHEN price IS NULL THEN price_reason
                ELSE coalesce(vector_reason, CASE WHEN ("position").kind IS NOT NULL THEN ("position").stale_reason END) END;
END;
COMMENT ON FUNCTION margin_calib.portfolio_reason(margin_calib.account_position, boolean, text, numeric, text) IS
'Internal: why the margin in scenarios of a position may be wrong, NULL when it is not; price: that of its currency.';

CREATE OR REPLACE FUNCTION margin_calib.required_amount(margin double precision, step numeric) RETURNS numeric
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    amount CONSTANT numeric := margin_calib.significant(margin);
BEGIN
    RETURN coalesce(margin_calib.round_up(amount, step), round(0, scale(step)));
END
$function$;
COMMENT ON FUNCTION margin_calib.required_amount(double precision, numeric) IS
'Internal: margin in scenarios, rounded up to the amount step; 0 without one.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_sums(
    positions margin_calib.account_position[], scenarios margin_calib.scenario_set, currency text, risks margin_calib.engine_risk[],
    rates margin_calib.asset_price[], as_of timestamptz) RETURNS SETOF margin_calib.portfolio_requirement
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET enable_sort = off SET jit = off
AS $function$
DECLARE
    step    CONSTANT numeric := margin_calib.amount_step_of(portfolio_sums.currency);
    vectors CONSTANT text[] := ARRAY(SELECT r.instrument FROM unnest(risks) AS r WHERE r.vector IS NOT NULL);
BEGIN
    RETURN QUERY
        SELECT s.account, portfolio_sums.currency, scenarios.name, scenarios.version,
               margin_calib.required_amount((s.margin).initial_margin, step) + coalesce(c.initial, 0),
               margin_calib.required_amount((s.margin).maintenance_margin, step) + coalesce(c.maintenance, 0),
               coalesce((s.margin).initial_loss, 0), coalesce((s.margin).maintenance_loss, 0),
               coalesce((s.margin).components, '{}') || coalesce(c.charges, '{}'), (s.margin).worst_scenario, coalesce((s.margin).worst_pnl, 0),
               coalesce((s.margin).value, 0), coalesce((s.margin).notional, 0), coalesce((s.margin).delta, 0), coalesce((s.margin).vega, 0),
               s.positions, portfolio_sums.as_of, s.data_through, s.fresh_until, s.reasons > 0,
               margin_calib.first_reason(s.reason, s.reasons)
          FROM (SELECT p.account, margin_calib.portfolio_margin(CASE WHEN r.vector IS NOT NULL THEN p.quantity::double precision END, r.vector, scenarios.method) AS margin,
                       count(*)::integer AS positions, min(r.as_of) AS data_through, min(least(r.fresh_until, p.fresh_until)) AS fresh_until,
                       min(n.reason) AS reason, count(n.reason) AS reasons
                  FROM unnest(portfolio_sums.positions) AS p
                  LEFT JOIN unnest(risks) AS r ON r.instrument = p.instrument
                  LEFT JOIN unnest(rates) AS x ON x.asset = p.currency
                 CROSS JOIN LATERAL (SELECT margin_calib.portfolio_reason(p, r.vector IS NOT NULL, r.stale_reason, x.price, x.stale_reason)) AS n (reason)
                 GROUP BY p.account) AS s
          LEFT JOIN margin_calib.portfolio_charges(portfolio_sums.positions, vectors, rates, step) AS c ON c.account = s.account;
END
$function$;
COMMENT ON FUNCTION margin_calib.portfolio_sums(margin_calib.account_position[], margin_calib.scenario_set, text, margin_calib.engine_risk[], margin_calib.asset_price[], timestamptz) IS
'Internal: requirements of the accounts of positions in one scenario set: margin of the scenarios, rounded up to the amount step, and charges. A position without a vector counts its margin by rates, and makes the account stale.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_sums_apart(
    positions margin_calib.account_position[], scenarios margin_calib.scenario_set, currency text, risks margin_calib.engine_risk[],
    rates margin_calib.asset_price[], as_of timestamptz) RETURNS margin_calib.portfolio_requirement[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.portfolio_requirement[] := '{}';
    owner  record;
BEGIN
    FOR owner IN SELECT p.account, array_agg(p) AS positions FROM unnest(portfolio_sums_apart.positions) AS p GROUP BY p.account ORDER BY p.account LOOP
        BEGIN
            result := result || ARRAY(
                SELECT s FROM margin_calib.portfolio_sums(owner.positions, scenarios, portfolio_sums_apart.currency, risks, rates, as_of) AS s);
        EXCEPTION WHEN data_exception THEN
            result := result || ARRAY(
                SELECT jsonb_populate_record(s, jsonb_build_object('is_stale', true, 'stale_reason', format(
                           'its profits in the scenarios of %s cannot be added up: %s (%s)', scenarios.name, left(SQLERRM, 200), SQLSTATE)))
                  FROM margin_calib.portfolio_sums(owner.positions, scenarios, portfolio_sums_apart.currency, '{}', rates, as_of) AS s);
        END;
    END LOOP;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.portfolio_sums_apart(margin_calib.account_position[], margin_calib.scenario_set, text, margin_calib.engine_risk[], margin_calib.asset_price[], timestamptz) IS
'Internal to portfolio_requirements: portfolio_sums an account at a time, so that one whose quantities are beyond double precision does not stop the others; that one has the margins by rates of its positions, and a reason.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_requirements(
    positions margin_calib.account_position[], models margin_calib.engine_model[], live boolean, as_of timestamptz) RETURNS SETOF margin_calib.portfolio_requirement
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    used      record;
    scenarios margin_calib.scenario_set;
    risks     margin_calib.engine_risk[];
    rates     margin_calib.asset_price[];
    sums      margin_calib.portfolio_requirement[];
BEGIN
    FOR used IN
        SELECT m.scenario_set, m.currency, array_agg(p) AS positions, array_agg(DISTINCT p.instrument) AS names, array_agg(DISTINCT p.currency) AS currencies
          FROM unnest(models) AS m JOIN unnest(portfolio_requirements.positions) AS p ON p.account = m.account
         WHERE m.scenario_set IS NOT NULL GROUP BY m.scenario_set, m.currency ORDER BY m.scenario_set, m.currency LOOP
        scenarios := margin_calib.set_in_force(used.scenario_set, live, false);
        risks := margin_calib.risks_of(used.names, used.currency, scenarios, live, as_of);
        rates := ARRAY(SELECT a FROM margin_calib.asset_prices(used.currencies, used.currency, live, as_of) AS a);
        BEGIN
            sums := ARRAY(SELECT s FROM margin_calib.portfolio_sums(used.positions, scenarios, used.currency, risks, rates, as_of) AS s);
        EXCEPTION WHEN data_exception THEN
            sums := margin_calib.portfolio_sums_apart(used.positions, scenarios, used.currency, risks, rates, as_of);
        END;
        RETURN QUERY SELECT s.* FROM unnest(sums) AS s;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.portfolio_requirements(margin_calib.account_position[], margin_calib.engine_model[], boolean, timestamptz) IS
'Internal: requirements of those accounts of positions whose model is a scenario set.';

REVOKE ALL ON FUNCTION
    margin_calib.set_in_force(text, boolean, boolean), margin_calib.risks_of(text[], text, margin_calib.scenario_set, boolean, timestamptz),
    margin_calib.scenario_pnl(text, text, text), margin_calib.refuse_instrument(text, boolean, text),
    margin_calib.portfolio_charges(margin_calib.account_position[], text[], margin_calib.asset_price[], numeric),
    margin_calib.portfolio_reason(margin_calib.account_position, boolean, text, numeric, text),
    margin_calib.required_amount(double precision, numeric),
    margin_calib.portfolio_sums(margin_calib.account_position[], margin_calib.scenario_set, text, margin_calib.engine_risk[], margin_calib.asset_price[], timestamptz),
    margin_calib.portfolio_sums_apart(margin_calib.account_position[], margin_calib.scenario_set, text, margin_calib.engine_risk[], margin_calib.asset_price[], timestamptz),
    margin_calib.portfolio_requirements(margin_calib.account_position[], margin_calib.engine_model[], boolean, timestamptz) FROM PUBLIC;
