-- The arithmetic from balances and positions of an account to its equity and requirement, as the latest refresh stored them.

CREATE OR REPLACE FUNCTION margin_calib.account_line(
    currency text, instrument text, margin text, item text, figure numeric, unit text, arithmetic text, note text) RETURNS margin_calib.requirement_explanation
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW(NULL, currency, instrument, margin, item, figure, unit, arithmetic, note, NULL)::margin_calib.requirement_explanation;
END;
COMMENT ON FUNCTION margin_calib.account_line(text, text, text, text, numeric, text, text, text) IS
'Internal to explain_margin_account: a row.';

CREATE OR REPLACE FUNCTION margin_calib.explain_collateral(state margin_calib.account_state, step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    c      margin_calib.account_collateral;
    counts numeric[] := '{}';
BEGIN
    FOR c IN SELECT a.* FROM margin_calib.account_collateral AS a WHERE a.account = state.account ORDER BY a.priority, a.asset COLLATE "C" LOOP
        RETURN NEXT margin_calib.account_line(c.currency, c.asset, NULL, 'balance', c.quantity, c.asset, NULL, concat_ws('; ', CASE WHEN c.quantity < 0 THEN 'a debt' END, 'stale: ' || c.stale_reason));
        RETURN NEXT margin_calib.account_line(c.currency, c.asset, NULL, 'value', c.value, c.currency, format('%s * %s', c.quantity, c.price),
            margin_calib.follows(c.value, c.quantity * c.price, 'quantity * price'));
        RETURN NEXT margin_calib.account_line(c.currency, c.asset, NULL, 'haircut', c.haircut, NULL, NULL, format(
            '%s; market %s, currency %s, horizon %s, spread %s; least %s, quality %s, peg %s, weight %s; wrong way %s', c.binding_term, c.market_haircut,
            c.currency_haircut, c.horizon_haircut, c.spread_haircut, c.minimum_haircut, c.quality_haircut, c.peg_haircut, c.weight_haircut, c.wrong_way_haircut));
        RETURN NEXT margin_calib.account_line(c.currency, c.asset, NULL, 'collateral value', c.collateral_value, c.currency,
            CASE WHEN c.quantity < 0 THEN c.value::text
                 ELSE format('(%s - %s) * (1 - %s)', c.value, c.excess_value, c.haircut) || CASE WHEN c.excess_value > 0 THEN format(' + %s * (1 - %s)', c.excess_value, c.excess_haircut) ELSE '' END END,
            margin_calib.follows(c.collateral_value,
                CASE WHEN c.quantity < 0 THEN - margin_calib.round_up(- c.value, step)
                     ELSE margin_calib.round_down(margin_calib.counted_amount(c.value, c.excess_value, c.haircut, c.excess_haircut), step) END,
                format('%s rounded to multiples of %s', CASE WHEN c.quantity < 0 THEN 'a debt counts in full, away from zero;' ELSE 'what counts, down;' END, step)));
        counts := counts || c.collateral_value;
    END LOOP;
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'collateral value', state.collateral_value, state.currency, nullif(margin_calib.added_up(counts), ''),
        margin_calib.follows(state.collateral_value, coalesce((SELECT sum(n) FROM unnest(counts) AS n), 0), 'of the assets above'));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_collateral(margin_calib.account_state, numeric) IS
'Internal to explain_margin_account: rows of balances, and what of them counts.';

CREATE OR REPLACE FUNCTION margin_calib.explain_profits(
    state margin_calib.account_state, positions margin_calib.account_position[], prices margin_calib.asset_price[], step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    line  record;
    pnls  numeric[] := '{}';
BEGIN
    FOR line IN SELECT p, u.pnl, u.asset, x.price, margin_calib.unit_size(p, t) AS size, coalesce(t.payoff, p.kind) = 'inverse' AS is_inverse
                  FROM unnest(positions) AS p LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument
                 CROSS JOIN LATERAL (SELECT margin_calib.unrealised_pnl(p, t) AS pnl, margin_calib.profit_asset(p, t) AS asset) AS u
                  LEFT JOIN unnest(prices) AS x ON x.asset = u.asset
                 WHERE p.entry_quantity IS NOT NULL AND coalesce(t.kind, p.kind) NOT IN ('option', 'spot') ORDER BY p.instrument COLLATE "C" LOOP
        RETURN NEXT margin_calib.account_line(state.currency, (line.p).instrument, NULL, 'unrealised profit', line.pnl * line.price, state.currency,
            format(CASE WHEN line.is_inverse THEN '%s * (%s * %s - %s) * %s' ELSE '%s * (%s * %s - %s) * %s' END, line.size,
                   CASE WHEN line.is_inverse THEN (line.p).entry_inverse ELSE (line.p).entry_quantity END, (line.p).price,
                   CASE WHEN line.is_inverse THEN (line.p).entry_quantity ELSE (line.p).entry_value END, line.price),
            CASE WHEN line.pnl IS NULL THEN 'none: it needs a price'
                 WHEN line.is_inverse THEN format('size * (sum of quantity / entry * price - quantity), at the price of %s', line.asset)
                 ELSE format('size * (quantity * price - sum of quantity * entry), at the price of %s', line.asset) END);
        pnls := pnls || coalesce(line.pnl * line.price, 0);
    END LOOP;
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'unrealised profit', state.unrealised_pnl, state.currency, nullif(margin_calib.added_up(pnls), ''),
        margin_calib.follows(state.unrealised_pnl, margin_calib.floor_to(coalesce((SELECT sum(n) FROM unnest(pnls) AS n), 0), step),
                             format('of positions with an entry price, rounded down to a multiple of %s', step)));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_profits(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric) IS
'Internal to explain_margin_account: rows of unrealised profits.';

CREATE OR REPLACE FUNCTION margin_calib.explain_rates_model(
    state margin_calib.account_state, positions margin_calib.account_position[], prices margin_calib.asset_price[], step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN QUERY
        SELECT x.* FROM (
            SELECT margin_calib.account_line(state.currency, p.instrument, NULL, 'position value', p.quantity * margin_calib.unit_size(p, t) * p.price * a.price, state.currency,
                       format('%s * %s * %s * %s', p.quantity, margin_calib.unit_size(p, t), p.price, a.price), 'of a spot pair: quantity * size * price, at the price of its currency') AS line
              FROM unnest(positions) AS p LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument
              LEFT JOIN unnest(prices) AS a ON a.asset = margin_calib.profit_asset(p, t)
             WHERE coalesce(t.kind, p.kind) = 'spot' ORDER BY p.instrument COLLATE "C") AS v CROSS JOIN LATERAL (SELECT (v.line).*) AS x;
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'position value', state.position_value, state.currency, NULL, format('of spot pairs, rounded down to a multiple of %s', step));
    RETURN QUERY
        WITH part AS (
            SELECT m.place, m.margin, r.currency, m.amount, a.price, m.stored
              FROM margin_calib.requirement AS r
              LEFT JOIN margin_calib.asset_prices(ARRAY(SELECT q.currency FROM margin_calib.requirement AS q WHERE q.account = state.account), state.currency, false, state.as_of) AS a ON a.asset = r.currency
             CROSS JOIN LATERAL (VALUES (1, 'initial', r.initial_margin, state.initial_margin), (2, 'maintenance', r.maintenance_margin, state.maintenance_margin)) AS m (place, margin, amount, stored)
             WHERE r.account = state.account)
        SELECT x.* FROM (
            SELECT p.place, 1 AS inner_place, p.currency, margin_calib.account_line(state.currency, NULL, p.margin, 'requirement in ' || p.currency, p.amount * p.price, state.currency,
                       format('%s * %s', p.amount, p.price), 'explain_requirement has its arithmetic') AS line FROM part AS p
            UNION ALL
            SELECT p.place, 2, NULL, margin_calib.account_line(state.currency, NULL, p.margin, p.margin || ' requirement', min(p.stored), state.currency,
                       margin_calib.added_up(array_agg(p.amount * p.price ORDER BY p.currency COLLATE "C")),
                       margin_calib.follows(min(p.stored), margin_calib.round_up(sum(p.amount * p.price), step), format('rounded up to a multiple of %s', step))) FROM part AS p GROUP BY p.place, p.margin) AS v
         CROSS JOIN LATERAL (SELECT (v.line).*) AS x ORDER BY v.place, v.inner_place, v.currency COLLATE "C";
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_rates_model(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric) IS
'Internal to explain_margin_account: rows of an account that is margined by rates.';

CREATE OR REPLACE FUNCTION margin_calib.component_figure(initial double precision, maintenance double precision, margin text) RETURNS numeric
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.significant(CASE margin WHEN 'initial' THEN initial ELSE maintenance END);
END;
COMMENT ON FUNCTION margin_calib.component_figure(double precision, double precision, text) IS
'Internal to explain_margin_account: amount of a component or charge in one of the two requirements.';

CREATE OR REPLACE FUNCTION margin_calib.explain_scenario_model(
    state margin_calib.account_state, positions margin_calib.account_position[], prices margin_calib.asset_price[], step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    scenarios CONSTANT margin_calib.scenario_set := margin_calib.set_in_force(state.model, false, true);
    names     CONSTANT text[] := ARRAY(SELECT p.instrument FROM unnest(positions) AS p);
    risks     CONSTANT margin_calib.engine_risk[] := margin_calib.risks_of(names, state.currency, scenarios, false, state.as_of);
    vectors   CONSTANT text[] := ARRAY(SELECT r.instrument FROM unnest(risks) AS r WHERE r.vector IS NOT NULL);
    found     record;
    m         margin_calib.portfolio_margin;
    charges   margin_calib.component_amount[];
    label     text;
BEGIN
    SELECT margin_calib.portfolio_margin(p.quantity::double precision, r.vector, scenarios.method) AS margin,
           margin_calib.margin_contributions(p.quantity::double precision, r.vector, scenarios.method) AS slopes
      INTO found FROM unnest(positions) AS p JOIN unnest(risks) AS r ON r.instrument = p.instrument AND r.vector IS NOT NULL;
    m := found.margin;
    charges := (SELECT c.charges FROM margin_calib.portfolio_charges(positions, vectors, prices, step) AS c);
    label := coalesce(nullif((scenarios.scenarios)[m.worst_scenario].label, ''), format('scenario %s', m.worst_scenario));
    RETURN QUERY
        SELECT x.* FROM (
            SELECT margin_calib.account_line(state.currency, p.instrument, v.margin, v.item, v.figure, state.currency, v.arithmetic, v.note) AS line
              FROM unnest(positions) AS p JOIN unnest(risks) AS r ON r.instrument = p.instrument
              LEFT JOIN unnest(found.slopes) AS s ON s.instrument = p.instrument
             CROSS JOIN LATERAL (SELECT margin_calib.risk_terms(r.vector) AS terms, margin_calib.scenario_profits(r.vector) AS profits) AS k
             CROSS JOIN LATERAL (VALUES
                   (1, NULL, 'position value', margin_calib.significant(p.quantity::double precision * (k.terms).value), format('%s * %s', p.quantity, (k.terms).value),
                    'quantity * value of one contract', (k.terms).kind IN ('option', 'spot')),
                   (2, NULL, 'profit in the worst scenario', margin_calib.significant(p.quantity::double precision * k.profits[m.worst_scenario]), format('%s * %s', p.quantity, k.profits[m.worst_scenario]),
                    format('quantity * profit of one contract in %s', label), m.worst_scenario IS NOT NULL),
                   (3, 'initial', 'share of the margin', margin_calib.significant(s.initial), NULL, 'quantity * slope of the margin', true),
                   (4, 'maintenance', 'share of the margin', margin_calib.significant(s.maintenance), NULL, 'quantity * slope of the margin', true),
                   (5, NULL, 'no vector', p.initial_margin, NULL, coalesce(r.stale_reason, 'it has no risk vector') || '; its margin by rates is charged', r.vector IS NULL)) AS v (place, margin, item, figure, arithmetic, note, is_there)
             WHERE v.is_there AND (r.vector IS NOT NULL OR v.place = 5) ORDER BY p.instrument COLLATE "C", v.place) AS u CROSS JOIN LATERAL (SELECT (u.line).*) AS x;
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'position value', state.position_value, state.currency, NULL,
        margin_calib.follows(state.position_value, margin_calib.floor_to(coalesce(margin_calib.significant(m.value), 0), step), format('of options and spot pairs, rounded down to a multiple of %s', step)));
    RETURN QUERY
        SELECT x.* FROM (
            SELECT g.place, v.place AS inner_place, margin_calib.account_line(state.currency, NULL, g.margin, v.item, v.figure, state.currency, v.arithmetic, v.note) AS line
              FROM (VALUES (1, 'initial', m.initial_loss, m.initial_margin, state.initial_margin), (2, 'maintenance', m.maintenance_loss, m.maintenance_margin, state.maintenance_margin))
                   AS g (place, margin, loss, total, stored)
             CROSS JOIN LATERAL (
                   SELECT 0 AS place, 'loss in scenarios' AS item, coalesce(margin_calib.significant(g.loss), 0) AS figure, NULL::text AS arithmetic,
                          format('by %s of %s version %s%s', replace(coalesce((scenarios.method).measure, 'expected_shortfall'), '_', ' '), scenarios.name, scenarios.version,
                                 CASE WHEN m.worst_scenario IS NOT NULL THEN format('; the worst is %s', label) ELSE '; none loses' END) AS note
                   UNION ALL
                   SELECT c.place, 'component ' || c.name, margin_calib.component_figure(c.initial, c.maintenance, g.margin), NULL, 'of the method of the set'
                     FROM unnest(m.components) WITH ORDINALITY AS c (name, initial, maintenance, place)
                   UNION ALL
                   SELECT 1000, 'margin in scenarios', margin_calib.required_amount(g.total, step), NULL, format('loss and components, rounded up to a multiple of %s', step)
                   UNION ALL
                   SELECT 1000 + c.place, 'charge ' || c.name, margin_calib.component_figure(c.initial, c.maintenance, g.margin), NULL, 'on top of the scenarios'
                     FROM unnest(charges) WITH ORDINALITY AS c (name, initial, maintenance, place)
                   UNION ALL
                   SELECT 9999, g.margin || ' requirement', g.stored,
                          margin_calib.added_up(margin_calib.required_amount(g.total, step) || ARRAY(
                              SELECT margin_calib.component_figure(c.initial, c.maintenance, g.margin) FROM unnest(charges) WITH ORDINALITY AS c (name, initial, maintenance, place) ORDER BY c.place)),
                          margin_calib.follows(g.stored, margin_calib.required_amount(g.total, step) + coalesce((
                              SELECT sum(margin_calib.component_figure(c.initial, c.maintenance, g.margin)) FROM unnest(charges) AS c), 0), format('as of %s', state.as_of))) AS v) AS u
         CROSS JOIN LATERAL (SELECT (u.line).*) AS x ORDER BY u.place, u.inner_place;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_scenario_model(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric) IS
'Internal to explain_margin_account: rows of an account under a scenario set.';

CREATE OR REPLACE FUNCTION margin_calib.explain_account_rows(account text) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    positions CONSTANT margin_calib.account_position[] := ARRAY(SELECT p FROM margin_calib.account_position AS p WHERE p.account = explain_account_rows.account);
    state     margin_calib.account_state;
    figures   record;
    step      numeric;
    prices    margin_calib.asset_price[];
BEGIN
    SELECT s.* INTO state FROM margin_calib.account_state AS s WHERE s.account = explain_account_rows.account;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('account %s has neither positions nor collateral as of the latest refresh', explain_account_rows.account),
            HINT = 'SELECT account FROM margin_calib.margin_account lists those that have.';
    END IF;
    SELECT m.* INTO figures FROM margin_calib.margin_account AS m WHERE m.account = state.account;
    step := margin_calib.amount_step_of(state.currency);
    prices := ARRAY(SELECT x FROM margin_calib.asset_prices(margin_calib.position_assets(positions), state.currency, false, state.as_of) AS x);
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'model', NULL, NULL, NULL,
        CASE state.model WHEN 'rates' THEN 'rates of each instrument' ELSE format('scenario set %s', state.model) END);
    RETURN QUERY SELECT * FROM margin_calib.explain_collateral(state, step);
    RETURN QUERY SELECT * FROM margin_calib.explain_profits(state, positions, prices, step);
    IF state.model = 'rates' THEN
        RETURN QUERY SELECT * FROM margin_calib.explain_rates_model(state, positions, prices, step);
    ELSE
        RETURN QUERY SELECT * FROM margin_calib.explain_scenario_model(state, positions, prices, step);
    END IF;
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'equity', state.equity, state.currency, format('%s + %s + %s', state.collateral_value, state.position_value, state.unrealised_pnl),
        margin_calib.follows(state.equity, state.collateral_value + state.position_value + state.unrealised_pnl, 'collateral + positions + profit'));
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'excess', figures.excess, state.currency, format('%s - %s', state.equity, state.initial_margin),
        concat_ws('; ', 'equity - initial requirement', 'tier ' || nullif(figures.tier, '')));
    RETURN NEXT margin_calib.account_line(state.currency, NULL, NULL, 'staleness', NULL, NULL, NULL, coalesce('stale: ' || figures.stale_reason, 'not stale'));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_account_rows(text) IS
'Internal to explain_margin_account: its rows, without their numbers.';

CREATE OR REPLACE FUNCTION margin_calib.explain_margin_account(account text) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 50
BEGIN ATOMIC
    SELECT e.ordinality::integer, e.currency, e.instrument, e.margin, e.item, e.figure, e.unit, e.arithmetic, e.note, e.parameter_id
      FROM margin_calib.explain_account_rows(explain_margin_account.account) WITH ORDINALITY AS e ORDER BY e.ordinality;
END;
COMMENT ON FUNCTION margin_calib.explain_margin_account(text) IS
'The arithmetic behind margin_account, a row a step, as the latest refresh stored it: each balance with its price, haircut and what counts of it; unrealised profit of each position; its value, its profit in the worst scenario and its share of the margin (quantity times slope: they add up to the margin in scenarios); loss in scenarios, components and charges; requirements, equity and excess. Under rates the requirement of each currency, whose arithmetic explain_requirement has. A figure that does not follow from those above says DOES NOT FOLLOW: what it is made of has changed since that refresh. NULL gives no row. Error 42704 for an account that has neither positions nor collateral. doc/accounts.md.';

CREATE OR REPLACE FUNCTION margin_calib.explain_margin_account_text(account text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.explanation_text('Account ' || explain_margin_account_text.account, 'Account',
                                         ARRAY(SELECT e FROM margin_calib.explain_margin_account(explain_margin_account_text.account) AS e));
END;
COMMENT ON FUNCTION margin_calib.explain_margin_account_text(text) IS
'The rows of explain_margin_account as one text of aligned lines, at most 120 characters wide. NULL gives NULL; error 42704 for an account that has neither positions nor collateral.';

REVOKE ALL ON FUNCTION
    margin_calib.component_figure(double precision, double precision, text), margin_calib.account_line(text, text, text, text, numeric, text, text, text),
    margin_calib.explain_collateral(margin_calib.account_state, numeric),
    margin_calib.explain_profits(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric),
    margin_calib.explain_rates_model(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric),
    margin_calib.explain_scenario_model(margin_calib.account_state, margin_calib.account_position[], margin_calib.asset_price[], numeric),
    margin_calib.explain_account_rows(text), margin_calib.explain_margin_account(text), margin_calib.explain_margin_account_text(text) FROM PUBLIC;
