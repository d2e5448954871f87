-- Scenario sets: those of venues by their published numbers, sets of users, versions, checks, the audit trail, rights.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = margin_calib, public;
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- the weighted profits of one linear contract at a price of 100
CREATE FUNCTION pg_temp.profits(set_name text) RETURNS float8[] LANGUAGE sql AS $$
    SELECT (portfolio_margin(1, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s), s.method)).pnl FROM scenario_set(set_name) AS s $$;
CREATE FUNCTION pg_temp.near(a float8[], b float8[], tolerance float8) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_and(abs(u.x - u.y) <= tolerance) IS TRUE FROM unnest(a, b) AS u (x, y) HAVING count(*) = count(u.x) AND count(*) = count(u.y) $$;
CREATE FUNCTION pg_temp.vols(set_name text, days float8) RETURNS float8[] LANGUAGE sql AS $$
    -- the vol of each scenario, from a call at the money: F (2 Phi(vol sqrt(t) / 2) - 1) is its price where F does not move
    SELECT array_agg(DISTINCT round((implied_vol('call', terms.value + p, 100, 100, days / 365))::numeric, 9)::float8)
      FROM scenario_set(set_name) AS s,
           LATERAL (SELECT scenario_pnl(jsonb_populate_record(parse_symbol('BTC-USD-27JUN36-100-C', 'paradex'),
                               jsonb_build_object('expiry', timestamptz '2026-01-01 00:00Z' + days * interval '1 day')),
                               contract_market(100, 0.6), '2026-01-01 00:00Z', s)) AS v (v),
           LATERAL (SELECT (risk_terms(v.v)).value) AS terms,
           LATERAL unnest(scenario_profits(v.v), s.scenarios) AS u (p, label, price_shock, price_unit, vol_shock, vol_unit, skew, weight, both_ways, contingency)
     WHERE coalesce(u.price_shock, 0) = 0 AND u.skew IS NULL $$;

-- ---- SPAN: two thirds of the published future's moves are rounded to 10 (../shared names none that is not) ----
SELECT ok(pg_temp.near(array(SELECT x / 15 * 10000 FROM unnest(pg_temp.profits('span')) AS x),
                       '{0,0,3330,3330,-3330,-3330,6670,6670,-6670,-6670,10000,10000,-10000,-10000,7000,-7000}', 4), 'span: a future in the order of the published table');
SELECT is((SELECT array_agg(sign(vol_shock) ORDER BY i) FROM scenario_set('span') AS s, unnest(s.scenarios) WITH ORDINALITY AS u (label, price_shock, price_unit, vol_shock, vol_unit, skew, weight, both_ways, contingency, i)),
          '{1,-1,1,-1,1,-1,1,-1,1,-1,1,-1,1,-1,NULL,NULL}'::float8[], 'span: vol up, then down, none in the extremes');
-- ---- Paradex ----
SELECT is((portfolio_margin(1, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(50000), '2026-01-01', s), s.method)).initial_margin, 8000::float8, 'paradex: 16 % of a perpetual') FROM scenario_set('paradex') AS s;
SELECT ok(abs((portfolio_margin(-2, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(50000), '2026-01-01', s), s.method)).maintenance_margin - 8000) < 1e-9, 'and half of it for maintenance, short') FROM scenario_set('paradex') AS s;
SELECT ok(pg_temp.near((pg_temp.profits('paradex'))[17:24], '{-15.84,-15.84,16,16,16,15.99,16,16}', 1e-9), 'paradex: tails by their weights');
SELECT ok(pg_temp.near(pg_temp.vols('paradex', 7.5), ARRAY[0.6 * (1 - 0.22 * 4 ^ 0.3), 0.6 * (1 + 0.4 * 4 ^ 0.3)], 1e-6), 'paradex: vols at 7.5 days');
SELECT ok(pg_temp.near(pg_temp.vols('paradex', 120), ARRAY[0.6 * (1 - 0.22 * 0.25 ^ 0.13), 0.6 * (1 + 0.4 * 0.25 ^ 0.13)], 1e-6), 'at 120 days');
-- ---- Deribit ----
SELECT ok(pg_temp.near((SELECT array_agg(x ORDER BY i) FROM scenario_set('deribit') AS s,
              unnest(scenario_profits(scenario_pnl(parse_symbol('BTC-PERPETUAL', 'deribit'), contract_market(100000), '2026-01-01', s))) WITH ORDINALITY AS u (x, i)
              WHERE i IN (1, 4, 7, 10)),
          -- N 0.31335083 coins in the published vector: 10 USD a contract at 100,000 are 1e-4 of a coin
          ARRAY(SELECT x / 0.31335083 * 1e-4 FROM unnest('{-0.05968587238095239,-0.04272965863636364,-0.02724789826086957,-0.013056284583333334}'::float8[]) AS x), 1e-15), 'deribit: its risk vector of an inverse position');
SELECT ok(pg_temp.near(pg_temp.vols('deribit', 7.5), ARRAY[0.6 * (1 - 0.25 * 4 ^ 0.3), 0.6, 0.6 * (1 + 0.5 * 4 ^ 0.3)], 1e-6), 'deribit: vols at 7.5 days');
SELECT ok(pg_temp.near((SELECT array_agg(weight ORDER BY i) FROM scenario_set('deribit') AS s, unnest(s.scenarios) WITH ORDINALITY AS u (label, price_shock, price_unit, vol_shock, vol_unit, skew, weight, both_ways, contingency, i) WHERE i > 27),
          ARRAY(SELECT 0.16 / m FROM unnest('{0.66,0.33,0.5,1,2,3,4,5}'::float8[]) AS m), 1e-15), 'deribit: extreme moves count as one of 16 %');
-- ---- Derive ----
SELECT is((SELECT count(*) FROM scenario_set('derive') AS s, unnest(s.scenarios) AS u WHERE NOT coalesce(u.contingency, false)), 33::bigint, 'derive: 33 scenarios');
SELECT ok(pg_temp.near((pg_temp.profits('derive'))[24:31], '{-13.86,-13.86,13.86,13.86,13.86,13.86,13.86,13.86}', 1e-9), 'derive: tails by their weights');
SELECT ok(pg_temp.near(pg_temp.vols('derive', 0.25), ARRAY[0.6 * greatest(1 - 0.3 * 30 ^ 0.3, 0), 0.6, 0.6 * (1 + 0.5 * 30 ^ 0.3)], 1e-6), 'derive: a quarter of a day counts as one');

-- ---- factors with shocks of their own ----
CREATE TABLE pg_temp.joint AS SELECT jsonb_populate_record(NULL::scenario_set, '{"name": "joint", "scenarios": [{"weight": 2}, {}], "law": {"beta": 0.5},
    "factors": [{"factor": "BTC", "price_shocks": [-0.1, 0.2]}, {"factor": "ETH", "price_shocks": [0.1, 0.1], "law": {"beta": 1}}]}') AS s;
SELECT is(scenario_profits(scenario_pnl(parse_symbol(c || '-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s)), p, c)
  FROM pg_temp.joint, (VALUES ('BTC', '{-5,10}'::float8[]), ('ETH', '{10,10}')) AS v (c, p);
SELECT is(pg_temp.refused($$ SELECT scenario_pnl(parse_symbol('SOL-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s) FROM pg_temp.joint $$),
          '22023: scenario set joint has no history of SOL', 'a coin without a history is not taken to stand still');
SELECT is(pg_temp.refused(format($$ SELECT scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', jsonb_populate_record(s, %L)) FROM pg_temp.joint $$, v)), m, m)
  FROM (VALUES ('{"factors": [{"factor": "BTC", "price_shocks": [0.1]}]}', '22023: price_shocks of a factor are one for each scenario, without NULL'),
               ('{"factors": [{"factor": "BTC", "vol_shocks": [0.1, null]}]}', '22023: vol_shocks of a factor are one for each scenario, without NULL'),
               ('{"factors": [{"factor": "BTC", "price_shocks": [0.1, "NaN"]}]}', '22023: a shock of a factor is not finite')) AS x (v, m);
SELECT is(pg_temp.refused($$ SELECT portfolio_margin(1, scenario_pnl(parse_symbol(c || '-USD-PERP', 'paradex'), contract_market(100), '2026-01-01',
                                 CASE c WHEN 'BTC' THEN s ELSE jsonb_populate_record(s, '{"factors": [{"factor": "BTC", "price_shocks": [-0.1, 0.2]}, {"factor": "ETH", "price_shocks": [0.1, 0.2], "law": {"beta": 1}}]}') END))
                               FROM pg_temp.joint, unnest('{BTC,ETH}'::text[]) AS c $$),
          '22023: risk vectors of different scenario sets cannot be added', 'another history under the same name and version does not mix');

SET LOCAL margin_calib.max_state_mb = 1;
SELECT is(pg_temp.refused($$ SELECT portfolio_margin(1, scenario_pnl(jsonb_populate_record(parse_symbol('BTC-USD-PERP', 'paradex'), jsonb_build_object('instrument', i)), contract_market(i), '2026-01-01', s))
                               FROM generate_series(1, 2000) AS i, (SELECT jsonb_populate_record(NULL::scenario_set, jsonb_build_object('name', 'n', 'scenarios', jsonb_agg('{}'::jsonb))) FROM generate_series(1, 100)) AS x (s) $$) ~ '^54000', true, 'vectors of a query have a limit');
RESET margin_calib.max_state_mb;

-- ---- sets of users ----
SELECT is(scenario_grid('{-0.1,0.1}', '{1,-1}', 'range'), '[{"price_shock": -0.1, "vol_shock": 1, "vol_unit": "range"}, {"price_shock": -0.1, "vol_shock": -1, "vol_unit": "range"},
    {"price_shock": 0.1, "vol_shock": 1, "vol_unit": "range"}, {"price_shock": 0.1, "vol_shock": -1, "vol_unit": "range"}]', 'a grid');
SELECT is(scenario_grid('{}'), '[]', 'an empty one');
SELECT is(scenario_grid(NULL), '[]', 'none');
SELECT is(add_scenario_set('mine', scenario_grid('{-0.2,0.2}'), method => '{"measure": "worst"}', reason => 'first'), 1, 'a set');
SELECT is(add_scenario_set('mine', scenario_grid('{-0.2,0.2}'), method => '{"measure": "worst"}', reason => 'again'), 1, 'the same set keeps its version');
SELECT is(pg_temp.profits('mine'), '{-20,20}'::float8[], 'is used');
SELECT is(add_scenario_set('mine', scenario_grid('{-0.3,0.2}'), factors => '[{"factor": "BTC", "law": {"beta": 0.5}}]', method => '{"measure": "worst"}'), 2, 'another version');
SELECT is(pg_temp.profits('mine'), '{-15,10}'::float8[], 'is in force');
SELECT is(add_scenario_set('past', '[{}, {}]', factors => '[{"factor": "BTC", "price_shocks": [0.01, -0.02]}, {"factor": "ETH", "price_shocks": [0.02, -0.01]}]'), 1, 'a history');
SELECT is(pg_temp.profits('past'), '{1,-2}'::float8[], 'is used');
SELECT is(drop_scenario_set('past'), 1::bigint, 'and dropped');
SELECT is((scenario_set('mine', 1)).version, 1, 'the former can be had');
SELECT is(add_scenario_set('span', scenario_grid('{-0.5}')), 2, 'a set of the extension gets a version');
SELECT is(cardinality((scenario_set('span')).scenarios), 1, 'which is in force');
SELECT is(cardinality((scenario_set('span', 1)).scenarios), 16, 'and its own stays');
SELECT results_eq($$ SELECT name, version, scenarios, is_standard FROM scenario_set_version WHERE name IN ('mine', 'span') ORDER BY 1, 2 $$,
    $$ VALUES ('mine', 1, 2, false), ('mine', 2, 2, false), ('span', 1, 16, true), ('span', 2, 1, false) $$, 'versions');
SELECT is(pg_temp.refused($$ SELECT portfolio_margin(1, scenario_pnl(jsonb_populate_record(parse_symbol('BTC-USD-PERP', 'paradex'), jsonb_build_object('instrument', n)), contract_market(1), '2026-01-01', scenario_set('mine', n))) FROM generate_series(1, 2) AS n $$),
          '22023: risk vectors of different scenario sets cannot be added', 'versions do not mix');
SELECT is((SELECT scenario_set(NULL)), NULL, 'a name of NULL');
SELECT is(pg_temp.refused($$ SELECT scenario_set('no such') $$), '42704: there is no scenario set ''no such''');
SELECT is(pg_temp.refused($$ SELECT scenario_set('mine', 3) $$), '42704: there is no scenario set ''mine'' of version 3');
SELECT is(pg_temp.refused(format('SELECT add_scenario_set(%s)', a)), m, m) FROM (VALUES
    ($$NULL, '[]'$$, '22004: a scenario set has a name and scenarios'), ($$'', '[]'$$, '22004: a scenario set has a name and scenarios'), ($$'x', NULL$$, '22004: a scenario set has a name and scenarios'),
    ($$'x', '{}'$$, '22023: scenarios are a JSON array of objects'), ($$'x', '[]'$$, '22023: a scenario set has 1 to 100,000 scenarios'), ($$'x', '[null]'$$, '22023: a scenario of a set is NULL'),
    ($$'x', '[{"price": 1}]'$$, '22023: a scenario set has no field price'), ($$'x', '[{}]', '{"vol": 1}'$$, '22023: a scenario set has no field vol'),
    ($$'x', '[{}]', '{"linear_skew": {"caps": 1}}'$$, '22023: a scenario set has no field caps'), ($$'x', '[{}]', NULL, '[{"law": {"beta": 1, "gamma": 1}}]'$$, '22023: a scenario set has no field gamma'),
    ($$'x', '[{}]', NULL, '[{"law": {"beta": 1}}]'$$, '22023: a factor of a scenario set has no name'), ($$'x', '[{}]', NULL, '[{"factor": "A"}, {"factor": "A"}]'$$, '22023: a factor of a scenario set is there twice'),
    ($$'x', '[{}]', NULL, NULL, '{"measures": 1}'$$, '22023: a scenario set has no field measures'), ($$'x', '[{}]', NULL, NULL, '{"measure": "best"}'$$, '22023: unknown measure'),
    ($$'x', '[{}]', NULL, NULL, '{"components": [{"kind": "notional", "initial": -1, "name": "a"}]}'$$, '22023: initial of a margin_component is out of range'),
    ($$'x', '[{}]', NULL, NULL, '{"components": [{"kind": "notional", "name": "a", "kinds": []}]}'$$, '22023: kinds of a margin_component are one or more, or NULL for all'),
    ($$'x', '[{"price_unit": "ticks"}]'$$, '22023: unknown price_unit'), ($$'x', '[{"weight": -1}]'$$, '22023: weight of a scenario is out of range')) AS v (a, m);
SELECT is((SELECT count(*) FROM user_scenario_set WHERE name = 'x'), 0::bigint, 'and nothing stays of them');
SELECT results_eq($$ SELECT action, object, reason FROM audit WHERE kind = 'scenario_set' ORDER BY id $$,
    $$ VALUES ('create', 'mine 1', 'first'), ('create', 'mine 2', NULL), ('create', 'past 1', NULL), ('delete', 'past 1', NULL), ('create', 'span 2', NULL) $$, 'the audit trail has them');
SELECT is(drop_scenario_set('span', 'not ours'), 1::bigint, 'dropped');
SELECT is(cardinality((scenario_set('span')).scenarios), 16, 'the one of the extension is in force again');
SELECT is(pg_temp.refused($$ SELECT drop_scenario_set('span') $$), '42704: no scenario set ''span'' was added');
SELECT is(pg_temp.refused($$ SELECT drop_scenario_set(NULL) $$), '42704: no scenario set NULL was added');
SELECT is_empty('SELECT * FROM verify_audit()', 'and the trail fits');
SELECT * FROM finish();
ROLLBACK;
