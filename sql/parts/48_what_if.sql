-- What an account would be after trades: requirements before and after, what each position has of them, and what would hedge it.

CREATE OR REPLACE FUNCTION margin_calib.what_if_settings(parameters jsonb) RETURNS margin_calib.what_if_setting
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown CONSTANT text[] := margin_calib.unknown_keys(parameters, 'margin_calib.what_if_setting');
    result  margin_calib.what_if_setting;
BEGIN
    IF jsonb_typeof(parameters) <> 'object' OR unknown <> '{}' THEN
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = CASE WHEN unknown <> '{}' THEN format('what_if has no parameter %s', unknown[1]) ELSE 'parameters of what_if are a JSON object' END,
            HINT = 'Parameters are scenario_set, currency, collateral, live and hedges: {"scenario_set": "deribit", "hedges": ["BTC-PERP"]}.';
    END IF;
    result := jsonb_populate_record(NULL::margin_calib.what_if_setting, parameters);
    IF result.currency = '' OR abs(result.collateral) >= 'Infinity' OR array_position(result.hedges, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a currency has a name, collateral is a finite amount, and hedges are instruments',
            DETAIL = format('The parameters given are %s.', left(parameters::text, 1000)),
            HINT = 'Write {"currency": "USD", "collateral": -1000, "hedges": ["BTC-PERP"]}, and leave out what there is not.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.what_if_settings(jsonb) IS
'Internal to what_if: its parameters; error 22023 for one that there is not, or that has no usable value.';

CREATE OR REPLACE FUNCTION margin_calib.are_objects(content jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(content) WHEN 'array' THEN NOT EXISTS (SELECT FROM jsonb_array_elements(content) AS e WHERE jsonb_typeof(e) <> 'object') ELSE false END;
END;
COMMENT ON FUNCTION margin_calib.are_objects(jsonb) IS
'Internal: whether a JSON value is an array of objects; NULL is not.';

CREATE OR REPLACE FUNCTION margin_calib.what_if_trades(trades jsonb) RETURNS margin_calib.what_if_trade[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown CONSTANT text[] := margin_calib.unknown_keys(trades, 'margin_calib.what_if_trade[]');
    result  margin_calib.what_if_trade[];
BEGIN
    IF unknown <> '{}' OR margin_calib.are_objects(trades) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = CASE WHEN unknown <> '{}' THEN format('a trade has no field %s', unknown[1]) ELSE 'trades are a JSON array of objects' END,
            HINT = 'Write [{"instrument": "BTC-PERP", "quantity": -2, "price": 90000}].';
    END IF;
    result := ARRAY(SELECT t FROM jsonb_populate_recordset(NULL::margin_calib.what_if_trade, trades) AS t);
    PERFORM margin_calib.check_trades(result);
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.what_if_trades(jsonb) IS
'Internal to what_if: its trades; error 22023 for what is none.';

CREATE OR REPLACE FUNCTION margin_calib.what_if_figures(item text, account text, trial margin_calib.engine_trial) RETURNS margin_calib.what_if_row
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW(what_if_figures.item, what_if_figures.account, f.currency, f.model, NULL, NULL, f.collateral_value, f.position_value, f.unrealised_pnl, f.equity,
               f.initial_margin, f.maintenance_margin, f.excess, f.maintenance_excess, f.notional, f.leverage, f.tier, ((trial).portfolio).worst_scenario,
               ((trial).portfolio).worst_pnl, ((trial).portfolio).charges, f.is_stale, f.stale_reason)::margin_calib.what_if_row
      FROM margin_calib.account_figures((trial).state, false) AS f;
END;
COMMENT ON FUNCTION margin_calib.what_if_figures(text, text, margin_calib.engine_trial) IS
'Internal to what_if: a row of its answer.';

CREATE OR REPLACE FUNCTION margin_calib.what_if_change(before margin_calib.what_if_row, after margin_calib.what_if_row) RETURNS margin_calib.what_if_row
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW('change', (after).account, (after).currency, (after).model, NULL, NULL, (after).collateral_value - (before).collateral_value,
               (after).position_value - (before).position_value, (after).unrealised_pnl - (before).unrealised_pnl,
               (after).equity - (before).equity, (after).initial_margin - (before).initial_margin,
               (after).maintenance_margin - (before).maintenance_margin, (after).excess - (before).excess,
               (after).maintenance_excess - (before).maintenance_excess, (after).notional - (before).notional,
               NULL, NULL, NULL, NULL, NULL, (after).is_stale, (after).stale_reason)::margin_calib.what_if_row;
END;
COMMENT ON FUNCTION margin_calib.what_if_change(margin_calib.what_if_row, margin_calib.what_if_row) IS
'Internal to what_if: what is after less what was before.';

-- Best quantity: the least initial margin over a grid of both signs, up to one and a half times what offsets all deltas of the book, then over finer
-- grids around it. Margin is convex in the quantity as long as nothing but the tail of the losses counts; elsewhere the best of what was tried is the
-- answer.
CREATE OR REPLACE FUNCTION margin_calib.best_hedge(
    held margin_calib.engine_holding[], risks margin_calib.engine_risk[], hedge margin_calib.engine_risk, method margin_calib.margin_method,
    OUT quantity double precision, OUT initial_margin double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    book    CONSTANT margin_calib.engine_risk[] := ARRAY(SELECT r FROM unnest(risks) AS r WHERE r.instrument <> hedge.instrument AND r.vector IS NOT NULL);
    own     CONSTANT double precision := coalesce((SELECT sum(h.quantity) FROM unnest(held) AS h WHERE h.instrument = hedge.instrument), 0);
    scale   double precision;
    step    double precision;
    tried   double precision[];
    margins double precision[];
    best    integer;
BEGIN
    SELECT sum(abs(h.quantity::double precision) * abs((margin_calib.risk_terms(r.vector)).delta))
           / nullif(greatest(abs((margin_calib.risk_terms(hedge.vector)).delta), 0.01 * (margin_calib.risk_terms(hedge.vector)).notional), 0)
      INTO scale FROM unnest(held) AS h JOIN unnest(risks) AS r ON r.instrument = h.instrument;
    IF coalesce(scale, 0) = 0 THEN
        quantity := 0;
        initial_margin := NULL;
        RETURN;
    END IF;
    step := scale / 8;
    tried := ARRAY(SELECT g * step FROM generate_series(-12, 12) AS g);
    LOOP
        margins := ARRAY(
            SELECT (margin_calib.portfolio_margin(b.quantity, b.vector, method)).initial_margin
              FROM unnest(tried) WITH ORDINALITY AS t (trade, place)
             CROSS JOIN LATERAL (
                   SELECT h.quantity::double precision AS quantity, r.vector FROM unnest(held) AS h JOIN unnest(book) AS r ON r.instrument = h.instrument
                   UNION ALL SELECT own + t.trade, hedge.vector) AS b
             GROUP BY t.place ORDER BY t.place);
        SELECT m.place INTO best FROM unnest(margins) WITH ORDINALITY AS m (margin, place) ORDER BY m.margin, abs(tried[m.place]) LIMIT 1;
        IF initial_margin IS NULL OR margins[best] < initial_margin THEN
            quantity := tried[best];
            initial_margin := margins[best];
        END IF;
        EXIT WHEN step < scale * 1e-6;
        step := step / 4;
        tried := ARRAY(SELECT quantity + g * step FROM generate_series(-4, 4) AS g);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.best_hedge(margin_calib.engine_holding[], margin_calib.engine_risk[], margin_calib.engine_risk, margin_calib.margin_method) IS
'Internal to what_if: the trade in one instrument that leaves a book the least initial margin in scenarios, to 1e-6 of its size, and that margin; NULL for a book without delta.';

CREATE OR REPLACE FUNCTION margin_calib.what_if_hedges(
    account text, held margin_calib.engine_holding[], hedges text[], model margin_calib.engine_model, after margin_calib.what_if_row,
    assets margin_calib.engine_holding[], cash numeric, live boolean, as_of timestamptz) RETURNS SETOF margin_calib.what_if_row
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    scenarios CONSTANT margin_calib.scenario_set := margin_calib.set_in_force(model.scenario_set, live, false);
    risks     CONSTANT margin_calib.engine_risk[] := margin_calib.risks_of(
        ARRAY(SELECT h.instrument FROM unnest(held) AS h UNION SELECT unnest(hedges)), model.currency, scenarios, live, as_of);
    name      text;
    hedge     margin_calib.engine_risk;
    trade     margin_calib.what_if_trade;
    line      margin_calib.what_if_row;
    lines     margin_calib.what_if_row[] := '{}';
BEGIN
    FOREACH name IN ARRAY hedges LOOP
        trade.instrument := name;
        trade.quantity := 0;
        -- an instrument that there is not, or without a price, is told as a trade in it would be
        PERFORM margin_calib.trades_cash(ARRAY[trade], model, live, as_of);
        SELECT r.* INTO hedge FROM unnest(risks) AS r WHERE r.instrument = name;
        trade.quantity := margin_calib.significant(coalesce((margin_calib.best_hedge(held, risks, hedge, scenarios.method)).quantity, 0));
        SELECT (margin_calib.what_if_figures('hedge', what_if_hedges.account, t)).* INTO line
          FROM margin_calib.trade_trial(held, ARRAY[trade], cash, margin_calib.trades_cash(ARRAY[trade], model, live, as_of), model, assets, live, as_of) AS t
         WHERE (t.state).account = 'after';
        line.instrument := name;
        line.quantity := trade.quantity;
        line.notional := margin_calib.significant(abs(trade.quantity::double precision) * (margin_calib.risk_terms(hedge.vector)).notional);
        lines := lines || line;
    END LOOP;
    RETURN QUERY
        SELECT l.* FROM unnest(lines) AS l
          LEFT JOIN margin_calib.instrument_liquidity AS q ON q.instrument = l.instrument
         ORDER BY l.initial_margin >= after.initial_margin,
                  CASE WHEN l.initial_margin < after.initial_margin
                       THEN l.notional * coalesce(q.spread / 2, 1) / (after.initial_margin - l.initial_margin) END, l.instrument;
END
$function$;
COMMENT ON FUNCTION margin_calib.what_if_hedges(text, margin_calib.engine_holding[], text[], margin_calib.engine_model, margin_calib.what_if_row, margin_calib.engine_holding[], numeric, boolean, timestamptz) IS
'Internal to what_if: the best hedge in each instrument, the cheapest first.';

-- Each has its share of the published requirement, rounded so that they add up to it; charges are those of the position.
CREATE OR REPLACE FUNCTION margin_calib.what_if_components(
    account text, held margin_calib.engine_holding[], model margin_calib.engine_model, after margin_calib.what_if_row, live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.what_if_row
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    positions CONSTANT margin_calib.account_position[] := ARRAY(SELECT p FROM margin_calib.positions_of(held, live, as_of) AS p);
    rates     CONSTANT margin_calib.asset_price[] := ARRAY(
        SELECT a FROM margin_calib.asset_prices(ARRAY(SELECT DISTINCT p.currency FROM unnest(positions) AS p), model.currency, live, as_of) AS a);
    step      CONSTANT numeric := margin_calib.amount_step_of(model.currency);
    scenarios margin_calib.scenario_set;
    risks     margin_calib.engine_risk[] := '{}';
BEGIN
    IF model.scenario_set IS NOT NULL THEN
        scenarios := margin_calib.set_in_force(model.scenario_set, live, false);
        risks := margin_calib.risks_of(ARRAY(SELECT p.instrument FROM unnest(positions) AS p), model.currency, scenarios, live, as_of);
    END IF;
    RETURN QUERY
        WITH euler AS (
            SELECT c.instrument, c.initial, c.maintenance
              FROM (SELECT margin_calib.margin_contributions(p.quantity::double precision, r.vector, scenarios.method) AS list
                      FROM unnest(positions) AS p JOIN unnest(risks) AS r ON r.instrument = p.instrument) AS l CROSS JOIN unnest(l.list) AS c),
        share AS (
            SELECT p.instrument, p.quantity, r.vector IS NOT NULL AS has_vector,
                   coalesce(CASE WHEN r.vector IS NULL THEN p.initial_margin * x.price
                                 ELSE margin_calib.significant(e.initial)
                                      + coalesce(p.tier_initial_charge + p.liquidity_initial_charge + p.open_interest_charge + p.event_initial_charge + p.peg_charge
                                                 + p.confidence_charge, 0) * x.price END, 0) AS initial,
                   coalesce(CASE WHEN r.vector IS NULL THEN p.maintenance_margin * x.price
                                 ELSE margin_calib.significant(e.maintenance)
                                      + coalesce(p.tier_maintenance_charge + p.liquidity_maintenance_charge + p.event_maintenance_charge, 0) * x.price END, 0) AS maintenance
              FROM unnest(positions) AS p
              LEFT JOIN unnest(risks) AS r ON r.instrument = p.instrument
              LEFT JOIN euler AS e ON e.instrument = p.instrument
              LEFT JOIN unnest(rates) AS x ON x.asset = p.currency),
        line AS (
            SELECT s.instrument, s.quantity, s.initial, s.maintenance FROM share AS s
            UNION ALL -- what offsets of product groups take off
            SELECT NULL, NULL, after.initial_margin - sum(s.initial), after.maintenance_margin - sum(s.maintenance) FROM share AS s
            HAVING model.scenario_set IS NULL AND (sum(s.initial) > after.initial_margin OR sum(s.maintenance) > after.maintenance_margin)),
        running AS (
            SELECT l.instrument, l.quantity, sum(l.initial) OVER ordered AS initial, sum(l.maintenance) OVER ordered AS maintenance,
                   lead(1) OVER ordered IS NULL AS is_last, row_number() OVER ordered AS place
              FROM line AS l WINDOW ordered AS (ORDER BY l.instrument COLLATE "C")),
        rounded AS (
            SELECT n.*, CASE WHEN n.is_last THEN after.initial_margin ELSE round(n.initial / step) * step END AS initial_sum,
                   CASE WHEN n.is_last THEN after.maintenance_margin ELSE round(n.maintenance / step) * step END AS maintenance_sum
              FROM running AS n)
        SELECT 'component', what_if_components.account, model.currency, coalesce(model.scenario_set, 'rates'), d.instrument, d.quantity, NULL::numeric, NULL::numeric,
               NULL::numeric, NULL::numeric, round(d.initial_sum - lag(d.initial_sum, 1, 0::numeric) OVER (ORDER BY d.place), scale(step)),
               round(d.maintenance_sum - lag(d.maintenance_sum, 1, 0::numeric) OVER (ORDER BY d.place), scale(step)),
               NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::text, NULL::integer, NULL::double precision, NULL::margin_calib.component_amount[],
               after.is_stale, after.stale_reason
          FROM rounded AS d ORDER BY d.place;
END
$function$;
COMMENT ON FUNCTION margin_calib.what_if_components(text, margin_calib.engine_holding[], margin_calib.engine_model, margin_calib.what_if_row, boolean, timestamptz) IS
'Internal to what_if: what each position has of the requirements; under rates its own margins, and in a row without an instrument what offsets take off.';

CREATE OR REPLACE FUNCTION margin_calib.what_if(account text, trades jsonb DEFAULT '[]', parameters jsonb DEFAULT '{}') RETURNS SETOF margin_calib.what_if_row
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    as_of      CONSTANT timestamptz := statement_timestamp();
    setting    CONSTANT margin_calib.what_if_setting := margin_calib.what_if_settings(parameters);
    asked      CONSTANT margin_calib.what_if_trade[] := margin_calib.what_if_trades(trades);
    live       CONSTANT boolean := coalesce(setting.live, false);
    held       CONSTANT margin_calib.engine_holding[] := ARRAY(
        SELECT h FROM margin_calib.holdings(ARRAY[what_if.account]) AS h WHERE margin_calib.is_held(h));
    model      margin_calib.engine_model;
    assets     CONSTANT margin_calib.engine_holding[] := ARRAY(
        SELECT h FROM margin_calib.collateral_holdings(ARRAY[what_if.account]) AS h WHERE margin_calib.is_held(h));
    cash       numeric;
    found      margin_calib.engine_trial;
    before     margin_calib.what_if_row;
    after      margin_calib.what_if_row;
BEGIN
    PERFORM margin_calib.require_account(what_if.account);
    SELECT m.* INTO model FROM margin_calib.models_of(ARRAY[what_if.account]) AS m;
    model.scenario_set := CASE coalesce(setting.scenario_set, model.scenario_set) WHEN 'rates' THEN NULL ELSE coalesce(setting.scenario_set, model.scenario_set) END;
    model.currency := coalesce(setting.currency, model.currency);
    cash := coalesce(margin_calib.trades_cash(asked, model, live, as_of), 0) + coalesce(setting.collateral, 0);
    FOR found IN SELECT t.* FROM margin_calib.trade_trial(held, asked, 0, cash, model, assets, live, as_of) AS t LOOP
        IF (found.state).account = 'before' THEN
            before := margin_calib.what_if_figures('before', what_if.account, found);
        ELSE
            after := margin_calib.what_if_figures('after', what_if.account, found);
        END IF;
    END LOOP;
    RETURN NEXT before;
    RETURN NEXT after;
    RETURN NEXT margin_calib.what_if_change(before, after);
    RETURN QUERY SELECT c.* FROM margin_calib.what_if_components(what_if.account, margin_calib.traded_holdings(what_if.account, held, asked), model, after, live, as_of) AS c;
    IF setting.hedges IS NOT NULL AND model.scenario_set IS NOT NULL THEN
        RETURN QUERY SELECT h.* FROM margin_calib.what_if_hedges(what_if.account, margin_calib.traded_holdings(what_if.account, held, asked), setting.hedges, model, after, assets, cash, live, as_of) AS h;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.what_if(text, jsonb, jsonb) IS
'What an account would be after trades, without a write. trades: [{"instrument": "BTC-PERP", "quantity": -2, "price": 90000, "fee": 5}, ...], quantities negative to sell, price as the instrument is quoted or left out for the present one; [] for the account as it is. parameters: {"scenario_set": "deribit", "currency": "USD", "collateral": 1000, "live": true, "hedges": ["ETH-PERP"]}, each of which may be left out. Rows: before, after, change; component, what each position has of the requirements after the trades (they add up); and hedge, for each instrument asked for, the trade that leaves the least initial margin, the cheapest first: by what it costs (half the spread where liquidity is known, else its notional) a unit of margin saved. Positions and balances are those of the attached tables as the caller''s transaction sees them. NULL gives no row. Errors: 22023 for a trade or parameter that is none, 42704 for an instrument or set that is not known, 55000 for an instrument without a price, 42501 for an account that was not granted. Needs SELECT on the attached tables.';

REVOKE ALL ON FUNCTION
    margin_calib.are_objects(jsonb), margin_calib.what_if_settings(jsonb), margin_calib.what_if_trades(jsonb), margin_calib.what_if_figures(text, text, margin_calib.engine_trial),
    margin_calib.what_if_change(margin_calib.what_if_row, margin_calib.what_if_row),
    margin_calib.best_hedge(margin_calib.engine_holding[], margin_calib.engine_risk[], margin_calib.engine_risk, margin_calib.margin_method),
    margin_calib.what_if_hedges(text, margin_calib.engine_holding[], text[], margin_calib.engine_model, margin_calib.what_if_row, margin_calib.engine_holding[], numeric, boolean, timestamptz),
    margin_calib.what_if_components(text, margin_calib.engine_holding[], margin_calib.engine_model, margin_calib.what_if_row, boolean, timestamptz),
    margin_calib.what_if(text, jsonb, jsonb) FROM PUBLIC;
