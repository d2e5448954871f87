-- Stress tests: what accounts would lose beyond what they have, and the most likely move that does it. doc/stress.md.

-- What collateral is in a scenario: a spot pair on itself. A unit of account and a pegged asset move only where the set has a factor of their name.
CREATE OR REPLACE FUNCTION margin_calib.asset_moves(asset text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM margin_calib.asset AS a WHERE a.asset = asset_moves.asset AND a.price_instrument IS NOT NULL)
           AND NOT EXISTS (SELECT FROM margin_calib.peg_stages AS p WHERE p.asset = asset_moves.asset);
END;
COMMENT ON FUNCTION margin_calib.asset_moves(text) IS
'Internal to stress tests: does an asset move as an underlying of its name: it has a price, and no peg.';

CREATE OR REPLACE FUNCTION margin_calib.asset_contract(asset text, currency text) RETURNS margin_calib.contract
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW('collateral ' || asset, NULL, 'spot', 'linear', NULL, asset, currency, currency, NULL, NULL, 1, 1, NULL, NULL, NULL)::margin_calib.contract;
END;
COMMENT ON FUNCTION margin_calib.asset_contract(text, text) IS
'Internal to stress tests: a unit of collateral as a spot pair.';

CREATE OR REPLACE FUNCTION margin_calib.asset_pnl(asset text, price double precision, currency text, scenarios margin_calib.scenario_set) RETURNS double precision[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF asset_pnl.asset = asset_pnl.currency
       OR NOT EXISTS (SELECT FROM unnest(scenarios.factors) AS f WHERE f.factor = asset_pnl.asset) AND NOT margin_calib.asset_moves(asset_pnl.asset) THEN
        RETURN ARRAY(SELECT 0::double precision FROM unnest(scenarios.scenarios));
    END IF;
    RETURN margin_calib.scenario_profits(margin_calib.scenario_pnl(
        margin_calib.asset_contract(asset, currency), margin_calib.contract_market(price), '2000-01-01', scenarios));
END
$function$;
COMMENT ON FUNCTION margin_calib.asset_pnl(text, double precision, text, margin_calib.scenario_set) IS
'Internal: what a unit of an asset earns in each scenario.';

CREATE OR REPLACE FUNCTION margin_calib.stress_positions(scenarios margin_calib.scenario_set, accounts text[]) RETURNS SETOF margin_calib.engine_stress
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    used  record;
    risks margin_calib.engine_risk[];
BEGIN
    FOR used IN
        SELECT s.currency, array_agg(s.account) AS accounts FROM margin_calib.account_state AS s
         WHERE stress_positions.accounts IS NULL OR s.account = ANY (stress_positions.accounts) GROUP BY s.currency ORDER BY s.currency LOOP
        risks := margin_calib.with_vectors(
            ARRAY(SELECT i FROM margin_calib.risk_inputs(
                      ARRAY(SELECT DISTINCT p.instrument FROM margin_calib.account_position AS p WHERE p.account = ANY (used.accounts) AND p.instrument <> ''),
                      used.currency, false, statement_timestamp()) AS i), scenarios);
        RETURN QUERY
            SELECT p.account, used.currency, p.instrument, p.quantity::double precision, r.pnl,
                   CASE WHEN r.pnl IS NULL THEN coalesce(r.stale_reason, 'rows without an instrument') END
              FROM unnest(used.accounts) AS a (account)
              JOIN margin_calib.account_position AS p ON p.account = a.account
              LEFT JOIN (SELECT u.instrument, margin_calib.scenario_profits(u.vector) AS pnl, u.stale_reason FROM unnest(risks) AS u) AS r ON r.instrument = p.instrument;
        RETURN QUERY
            SELECT c.account, used.currency, c.asset, c.quantity::double precision, r.pnl, CASE WHEN r.pnl IS NULL THEN c.stale_reason END
              FROM unnest(used.accounts) AS a (account)
              JOIN margin_calib.account_collateral AS c ON c.account = a.account
              LEFT JOIN (SELECT d.asset, margin_calib.asset_pnl(d.asset, d.price, used.currency, scenarios) AS pnl
                           FROM (SELECT DISTINCT ON (o.asset) o.asset, o.price::double precision AS price FROM margin_calib.account_collateral AS o
                                  WHERE o.account = ANY (used.accounts) AND o.price > 0 ORDER BY o.asset) AS d) AS r ON r.asset = c.asset;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.stress_positions(margin_calib.scenario_set, text[]) IS
'Internal to stress tests: stored positions and collateral of accounts (NULL: all), and what a unit of each earns in every scenario.';

CREATE OR REPLACE FUNCTION margin_calib.stress_losses(scenarios margin_calib.scenario_set, held margin_calib.engine_stress[])
    RETURNS TABLE (account text, currency text, equity double precision, scenario integer, pnl double precision, reason text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1000
BEGIN ATOMIC
    SELECT s.account, s.currency, (s.collateral + s.position_value + s.unrealised_pnl)::double precision, n.scenario, coalesce(e.pnl, 0),
           coalesce(s.stale_reason, o.reason)
      FROM (SELECT DISTINCT h.account FROM unnest(held) AS h) AS a
      JOIN margin_calib.account_state AS s ON s.account = a.account
     CROSS JOIN generate_series(1, cardinality((scenarios).scenarios)) AS n (scenario)
      -- in one order, so that a sum is always the same
      LEFT JOIN (SELECT h.account, u.scenario, sum(h.quantity * u.pnl ORDER BY h.instrument COLLATE "C", h.quantity) AS pnl
                   FROM unnest(held) AS h CROSS JOIN LATERAL unnest(h.pnl) WITH ORDINALITY AS u (pnl, scenario)
                  GROUP BY h.account, u.scenario) AS e ON e.account = a.account AND e.scenario = n.scenario
      LEFT JOIN (SELECT h.account, min(h.reason) AS reason FROM unnest(held) AS h GROUP BY h.account) AS o ON o.account = a.account;
END;
COMMENT ON FUNCTION margin_calib.stress_losses(margin_calib.scenario_set, margin_calib.engine_stress[]) IS
'Internal to stress tests: profit of each account in each scenario, beside what it has.';

CREATE OR REPLACE FUNCTION margin_calib.stress_test(scenario_set text, accounts text[] DEFAULT NULL) RETURNS SETOF margin_calib.stress_scenario
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 50
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    scenarios CONSTANT margin_calib.scenario_set := margin_calib.plain_scenarios(margin_calib.scenario_set(stress_test.scenario_set));
    held      CONSTANT margin_calib.engine_stress[] := ARRAY(SELECT p FROM margin_calib.stress_positions(scenarios, stress_test.accounts) AS p);
BEGIN
    RETURN QUERY
        WITH lost AS MATERIALIZED (SELECT l.*, greatest(-(l.equity + l.pnl), 0) + 0 AS shortfall FROM margin_calib.stress_losses(scenarios, held) AS l),
        total AS (
            SELECT l.scenario, l.currency, count(*) AS accounts, sum(l.pnl ORDER BY l.account COLLATE "C") AS pnl,
                   coalesce(sum(-l.pnl ORDER BY l.account COLLATE "C") FILTER (WHERE l.pnl < 0), 0) AS losses, count(*) FILTER (WHERE l.shortfall > 0) AS exhausted,
                   sum(l.shortfall ORDER BY l.account COLLATE "C") AS shortfall,
                   (array_agg(l.account ORDER BY l.shortfall DESC, l.account COLLATE "C") FILTER (WHERE l.shortfall > 0))[1] AS worst_account,
                   max(l.shortfall) AS worst_shortfall, count(l.reason) AS stale
              FROM lost AS l GROUP BY l.scenario, l.currency),
        part AS (
            SELECT u.scenario, h.currency, h.instrument, sum(h.quantity * u.pnl ORDER BY h.account COLLATE "C") AS pnl, l.shortfall > 0 AS of_exhausted
              FROM unnest(held) AS h CROSS JOIN LATERAL unnest(h.pnl) WITH ORDINALITY AS u (pnl, scenario)
              JOIN lost AS l ON l.account = h.account AND l.scenario = u.scenario
             GROUP BY u.scenario, h.currency, h.instrument, l.shortfall > 0),
        worst AS (
            SELECT DISTINCT ON (p.scenario, p.currency) p.scenario, p.currency, p.instrument, p.pnl
              FROM part AS p ORDER BY p.scenario, p.currency, p.of_exhausted DESC, p.pnl, p.instrument COLLATE "C")
        SELECT t.scenario, (scenarios.scenarios[t.scenario]).label, t.currency, t.accounts, t.pnl, t.losses, t.exhausted, t.shortfall, t.worst_account, t.worst_shortfall,
               CASE WHEN w.pnl < 0 THEN w.instrument END, CASE WHEN w.pnl < 0 THEN w.pnl END, t.stale
          FROM total AS t LEFT JOIN worst AS w ON w.scenario = t.scenario AND w.currency = t.currency
         ORDER BY t.currency, t.scenario;
END
$function$;
COMMENT ON FUNCTION margin_calib.stress_test(text, text[]) IS
'What accounts (NULL: all) would lose in each scenario of a set, by full revaluation at the prices of the latest refresh, a row for each scenario and currency: profits, losses beyond what accounts have, the account and the instrument that lose most. Scenarios count in full whatever their weights are. Collateral moves too, as its asset would as an underlying; units of account and pegged assets only where the set has a factor of their name. Equity is without haircuts. Errors: 42704 for a set that is not known; 22023 when it has histories, and none of an underlying, is told in stress_accounts. doc/stress.md.';

CREATE OR REPLACE FUNCTION margin_calib.stress_accounts(scenario_set text, accounts text[] DEFAULT NULL) RETURNS SETOF margin_calib.stress_account
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    scenarios CONSTANT margin_calib.scenario_set := margin_calib.plain_scenarios(margin_calib.scenario_set(stress_accounts.scenario_set));
    held      CONSTANT margin_calib.engine_stress[] := ARRAY(SELECT p FROM margin_calib.stress_positions(scenarios, stress_accounts.accounts) AS p);
BEGIN
    RETURN QUERY
        SELECT l.account, l.currency, l.equity, l.scenario, (scenarios.scenarios[l.scenario]).label, l.pnl, l.equity + l.pnl, greatest(-(l.equity + l.pnl), 0) + 0,
               w.instrument, w.pnl, l.reason IS NOT NULL, l.reason
          FROM (SELECT DISTINCT ON (s.account) s.* FROM margin_calib.stress_losses(scenarios, held) AS s ORDER BY s.account, s.pnl, s.scenario) AS l
          LEFT JOIN LATERAL (
               SELECT h.instrument, h.quantity * h.pnl[l.scenario] AS pnl FROM unnest(held) AS h
                WHERE h.account = l.account AND h.quantity * h.pnl[l.scenario] < 0 ORDER BY 2, h.instrument COLLATE "C" LIMIT 1) AS w ON true
         ORDER BY greatest(-(l.equity + l.pnl), 0) + 0 DESC, l.equity + l.pnl, l.account;
END
$function$;
COMMENT ON FUNCTION margin_calib.stress_accounts(text, text[]) IS
'The scenario of a set in which each account (NULL: every) loses most, as margin_calib.stress_test revalues it, those with the largest losses beyond what they have first. Error 42704 for a set that is not known.';

-- ---- reverse ----

CREATE OR REPLACE FUNCTION margin_calib.reverse_stress_test(
    accounts text[] DEFAULT NULL, fund numeric DEFAULT NULL, cover integer DEFAULT NULL, currency text DEFAULT 'USD', horizon integer DEFAULT 1,
    lookback integer DEFAULT 250, reach double precision DEFAULT 12) RETURNS margin_calib.reverse_stress
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    as_of     CONSTANT timestamptz := statement_timestamp();
    states    CONSTANT margin_calib.account_state[] := ARRAY(
        SELECT s FROM margin_calib.account_state AS s
         WHERE (reverse_stress_test.accounts IS NULL OR s.account = ANY (reverse_stress_test.accounts)) AND s.currency = reverse_stress_test.currency
         ORDER BY array_position(reverse_stress_test.accounts, s.account), s.account);
    inputs    margin_calib.engine_risk[];
    positions margin_calib.reverse_position[];
    factors   text[];
    prices    text[];
    unpriced  text;
    history   double precision[];
    spread    double precision[];
BEGIN
    IF (horizon BETWEEN 1 AND 1000 AND lookback BETWEEN 20 AND 100000) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'horizon is 1 to 1,000 bars, lookback 20 to 100,000',
            DETAIL = format('They are %s and %s.', coalesce(horizon::text, 'NULL'), coalesce(lookback::text, 'NULL'));
    ELSIF states = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('no such account is kept in %s', coalesce(reverse_stress_test.currency, 'NULL')),
            HINT = 'margin_calib.margin_account lists accounts and their currencies as of the latest refresh.';
    END IF;
    inputs := ARRAY(SELECT i FROM margin_calib.risk_inputs(
        ARRAY(SELECT DISTINCT p.instrument FROM margin_calib.account_position AS p JOIN unnest(states) AS s ON s.account = p.account WHERE p.instrument <> ''),
        reverse_stress_test.currency, false, as_of) AS i);
    -- collateral that moves, as in stress_test
    positions := ARRAY(
        SELECT ROW(p.account, p.quantity::double precision, i.contract, i.market)::margin_calib.reverse_position
          FROM unnest(states) AS s JOIN margin_calib.account_position AS p ON p.account = s.account JOIN unnest(inputs) AS i ON i.instrument = p.instrument
         WHERE i.market IS DISTINCT FROM NULL AND p.quantity <> 0
        UNION ALL
        SELECT ROW(c.account, c.quantity::double precision, margin_calib.asset_contract(c.asset, s.currency),
                   margin_calib.contract_market(c.price::double precision))::margin_calib.reverse_position
          FROM unnest(states) AS s JOIN margin_calib.account_collateral AS c ON c.account = s.account
         WHERE c.price > 0 AND c.quantity <> 0 AND c.asset <> s.currency AND margin_calib.asset_moves(c.asset));
    factors := ARRAY(SELECT DISTINCT (p.contract).underlying COLLATE "C" FROM unnest(positions) AS p ORDER BY 1);
    -- the asset's price, else that of the instrument whose underlying it is
    prices := ARRAY(
        SELECT coalesce(a.price_instrument, n.instrument, i.instrument) FROM unnest(factors) WITH ORDINALITY AS f (factor, place)
          LEFT JOIN margin_calib.asset AS a ON a.asset = f.factor
          LEFT JOIN margin_calib.instrument AS n ON n.instrument = f.factor
          LEFT JOIN LATERAL (SELECT min(q.instrument) AS instrument FROM unnest(inputs) AS q WHERE (q.contract).underlying = f.factor AND (q.contract).kind <> 'option') AS i ON true
         ORDER BY f.place);
    unpriced := factors[array_position(prices, NULL)];
    IF unpriced IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('underlying %s has no history of prices', unpriced),
            HINT = format('Write margin_calib.set_asset(%L, ''instrument'').', unpriced);
    ELSIF factors = '{}' THEN
        RETURN NULL;
    END IF;
    history := margin_calib.joint_history(prices, lookback, as_of);
    SELECT margin_calib.covariance(r.returns) INTO spread
      FROM (SELECT ARRAY(SELECT history[t][k + 1] FROM generate_series(1, cardinality(prices)) AS k ORDER BY k) AS returns
              FROM generate_series(1, array_length(history, 1)) AS t) AS r;
    spread := (SELECT array_agg(ARRAY(SELECT spread[i][j] * horizon FROM generate_series(1, cardinality(factors)) AS j ORDER BY j) ORDER BY i)
                 FROM generate_series(1, cardinality(factors)) AS i);
    RETURN margin_calib.reverse_stress_accounts(
        positions, as_of, factors, spread, ARRAY(SELECT s.account FROM unnest(states) AS s),
        ARRAY(SELECT (s.collateral + s.position_value + s.unrealised_pnl)::double precision FROM unnest(states) AS s), fund::double precision, cover, reach => reach);
END
$function$;
COMMENT ON FUNCTION margin_calib.reverse_stress_test(text[], numeric, integer, text, integer, integer, double precision) IS
'The most likely move of the market, over a horizon in bars, that exhausts the first of some accounts (NULL: all that are kept in the currency, then by name), or makes the losses of the accounts beyond what they have add up to a fund, of the `cover` largest of them (NULL: of all). Moves are judged by the covariance of the joint log returns of the latest lookback bars of the attached prices (set_asset says which are an underlying''s) times the horizon; positions, prices and collateral are those of the latest refresh, collateral moves as in stress_test. NULL without a position that moves. Answer and method: margin_calib.reverse_stress_accounts. Errors: 42704 for accounts that are not known, 55000 for an underlying without prices, 22023 for a horizon or lookback out of range or too short a history. Needs SELECT on the attached tables.';

REVOKE ALL ON FUNCTION
    margin_calib.asset_moves(text), margin_calib.asset_contract(text, text), margin_calib.asset_pnl(text, double precision, text, margin_calib.scenario_set), margin_calib.stress_positions(margin_calib.scenario_set, text[]),
    margin_calib.stress_losses(margin_calib.scenario_set, margin_calib.engine_stress[]), margin_calib.stress_test(text, text[]),
    margin_calib.stress_accounts(text, text[]),
    margin_calib.reverse_stress_test(text[], numeric, integer, text, integer, integer, double precision) FROM PUBLIC;
