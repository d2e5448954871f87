-- Scenario sets that are made from prices or a few numbers: their content, rebuilds, versions that are forgotten, the audit trail, rights, errors.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, margin_calib;
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.shocks(content jsonb, factor text, kind text DEFAULT 'price_shocks') RETURNS float8[] LANGUAGE sql AS $$
    SELECT array_agg(x::float8 ORDER BY i) FROM jsonb_array_elements(content -> 'factors') AS f, jsonb_array_elements_text(f -> kind) WITH ORDINALITY AS u (x, i) WHERE f ->> 'factor' = factor $$;
CREATE FUNCTION pg_temp.near(a float8[], b float8[], tolerance float8) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_and(abs(u.x - u.y) <= tolerance) IS TRUE FROM unnest(a, b) AS u (x, y) HAVING count(*) = count(u.x) AND count(*) = count(u.y) $$;
CREATE FUNCTION pg_temp.stored(set_name text) RETURNS jsonb LANGUAGE sql AS $$ SELECT content FROM user_scenario_set WHERE name = set_name ORDER BY version DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.versions(set_name text) RETURNS integer[] LANGUAGE sql AS $$ SELECT array_agg(version ORDER BY version) FROM user_scenario_set WHERE name = set_name $$;

-- ---- prices by hand: three instruments, one with a hole ----
CREATE TABLE candles (symbol text, ts timestamptz, close float8);
INSERT INTO candles SELECT s, timestamptz '2026-01-01 00:00Z' + d * interval '1 day', p
  FROM (VALUES ('A', 0, 100::float8), ('A', 1, 110), ('A', 2, 121), ('A', 3, 60.5), ('A', 4, 90.75), ('B', 0, 10), ('B', 1, 5), ('B', 3, 20), ('B', 4, 10), ('V', 0, 0.5), ('V', 1, 0.5), ('V', 3, 1), ('V', 4, 0.8)) AS v (s, d, p);
SELECT attach_prices('candles', 'symbol', 'ts', 'close');
CALL refresh(commit_batches => false);
SELECT is(add_historical_set('hand', '{"BTC": "A", "ETH": "B"}', 3, reason => 'by hand'), 1, 'a historical set');
SELECT ok(pg_temp.near(pg_temp.shocks(pg_temp.stored('hand'), 'BTC'), '{0.1,-0.45,0.5}', 1e-15), 'simple returns of A between the times that both have');
SELECT ok(pg_temp.near(pg_temp.shocks(pg_temp.stored('hand'), 'ETH'), '{-0.5,3,-0.5}', 1e-15), 'and of B, over the hole');
SELECT is((SELECT array_agg(s ->> 'label' ORDER BY i) FROM jsonb_array_elements(pg_temp.stored('hand') -> 'scenarios') WITH ORDINALITY AS u (s, i)),
          '{2026-01-02 00:00:00Z,2026-01-04 00:00:00Z,2026-01-05 00:00:00Z}'::text[], 'a label is the time');
SELECT is(add_historical_set('two', '{"BTC": "A", "ETH": "B"}', 2, 2), 1, 'two bars');
SELECT ok(pg_temp.near(pg_temp.shocks(pg_temp.stored('two'), 'BTC'), '{-0.395,-0.175}', 1e-15), 'overlap');
SELECT is(add_historical_set('vol', '{"BTC": {"price": "A", "vol": "V"}, "ETH": "B"}', 2), 1, 'a vol series');
SELECT ok(pg_temp.near(pg_temp.shocks(pg_temp.stored('vol'), 'BTC', 'vol_shocks'), '{1,-0.2}', 1e-15), 'gives vol shocks');
SELECT is(pg_temp.shocks(pg_temp.stored('vol'), 'ETH', 'vol_shocks'), NULL, 'to its underlying alone');
-- s_1 is the mean of the squares, then lambda s + (1 - lambda) u^2
SELECT is(add_historical_set('fhs', '{"BTC": "A", "ETH": "B"}', 3, kind => 'filtered', lambda => 0.5), 1, 'a filtered set');
SELECT ok(pg_temp.near(pg_temp.shocks(pg_temp.stored('fhs'), 'ETH'), (
    SELECT ARRAY[exp(u1 * sqrt(v4 / v1)) - 1, exp(u2 * sqrt(v4 / v2)) - 1, exp(u3 * sqrt(v4 / v3)) - 1]
      FROM (SELECT ln(0.5) AS u1, ln(4) AS u2, ln(0.5) AS u3) AS u, LATERAL (SELECT (u1 ^ 2 + u2 ^ 2 + u3 ^ 2) / 3 AS v1) AS a,
           LATERAL (SELECT (v1 + u1 ^ 2) / 2 AS v2) AS b, LATERAL (SELECT (v2 + u2 ^ 2) / 2 AS v3) AS c, LATERAL (SELECT (v3 + u3 ^ 2) / 2 AS v4) AS d)::float8[], 1e-13), 'the vol of then out, that of now in');
SELECT ok(pg_temp.near((portfolio_margin(q, scenario_pnl(parse_symbol(c || '-USD-PERP', 'paradex'), contract_market(p), '2026-01-01', s), jsonb_populate_record(NULL::margin_method, '{"measure": "worst"}'))).pnl, '{-40,255,0}', 1e-12), 'a book in it: 100 of BTC, 100 of ETH')
  FROM scenario_set('hand') AS s, (VALUES ('BTC', 1, 100), ('ETH', 10, 10)) AS v (c, q, p) GROUP BY s.name HAVING bool_and(s.name = 'hand');
-- the same in which order ever, and a price of the future counts for nothing
SELECT is(joint_returns(series, seconds, price, 2, 9), '{{1,0.6931471805599453,-0.6931471805599453},{3,0,1.3862943611198906}}'::float8[], 'joint_returns')
  FROM (VALUES (2, 1, 1::float8), (1, 0, 1), (1, 1, 2), (2, 0, 2), (2, 3, 4), (1, 2, 5), (1, 3, 2), (1, 3, NULL), (2, 2, 'NaN'), (2, 2.5, -1)) AS v (series, seconds, price);
SELECT is(joint_returns(1, s, 2 ^ s, 2, 9), NULL, 'a series without a row') FROM generate_series(1, 3) AS s;
SELECT is(joint_returns(1, s, 2 ^ s, 1, 2), '{{4,0.6931471805599453},{5,0.6931471805599453}}'::float8[], 'the latest alone') FROM generate_series(1, 5) AS s;
INSERT INTO candles VALUES ('A', now() + interval '1 hour', 1), ('B', now() + interval '1 hour', 1);
SELECT is(rebuild_scenario_sets(), 0, 'prices of the future change nothing');
DELETE FROM candles WHERE ts > now();

-- ---- rebuilds ----
SELECT is(rebuild_scenario_sets(), 0, 'nor does nothing');
SELECT is((SELECT count(*) FROM audit WHERE kind LIKE 'scenario%'), 8::bigint, 'and the trail has nothing of it');
INSERT INTO candles VALUES ('A', '2026-01-06 00:00Z', 100), ('B', '2026-01-06 00:00Z', 10);
SELECT is(rebuild_scenario_sets(), 3, 'a new bar: a version of each that has it');
SELECT is(pg_temp.versions('hand'), '{1,2}'::integer[], 'of a set');
SELECT is(pg_temp.versions('vol'), '{1}'::integer[], 'the vol has no new bar');
SELECT is((SELECT data_through FROM user_scenario_set WHERE name = 'hand' AND version = 2), timestamptz '2026-01-06 00:00Z', 'with its time');
SELECT ok(abs((pg_temp.shocks(pg_temp.stored('hand'), 'BTC'))[3] - (100 / 90.75 - 1)) < 1e-15, 'and its return');
SELECT is(cardinality((scenario_set('hand')).scenarios), 3, 'which is in force');
UPDATE candles SET close = 200 WHERE symbol = 'A' AND ts = '2026-01-06 00:00Z';
CALL recalibrate(commit_batches => false);
SELECT is(pg_temp.versions('hand'), '{1,2,3}'::integer[], 'recalibrate does it, also of a price that was corrected');
SELECT is((SELECT array_agg(content::text = rebuilt_scenario_set(name, data_through)::text ORDER BY version) FROM user_scenario_set WHERE name = 'hand'), '{t,f,t}'::boolean[], 'what a version was made of can be made again, while the prices are the same');
SELECT is((SELECT new ->> 'content_sha256' FROM audit WHERE kind = 'scenario_set' AND object = 'hand 3'), encode(sha256(convert_to(rebuilt_scenario_set('hand')::text, 'UTF8')), 'hex'), 'the trail has its digest');
SELECT is((SELECT new ? 'content' FROM audit WHERE kind = 'scenario_set' AND object = 'hand 3'), false, 'not the content');
INSERT INTO candles VALUES ('A', '2026-01-06 00:00:30Z', 150), ('B', '2026-01-06 00:00:30Z', 15);
SELECT is(rebuilt_scenario_set('hand', '2026-01-06 00:00Z'), pg_temp.stored('hand'), 'a price half a minute later is not of that time');
DELETE FROM candles WHERE ts = '2026-01-06 00:00:30Z';
SET LOCAL extra_float_digits = 0;
SET LOCAL timezone = 'Asia/Kathmandu';
SELECT is(rebuild_scenario_sets(), 0, 'settings of the session change no digit');
RESET extra_float_digits;
RESET timezone;

-- ---- one bad set stops no other ----
DELETE FROM candles WHERE symbol = 'B' AND ts < '2026-01-05 00:00Z';
INSERT INTO candles VALUES ('A', '2026-01-07 00:00Z', 101), ('V', '2026-01-06 00:00Z', 0.9), ('V', '2026-01-07 00:00Z', 0.9);
SELECT is(add_historical_set('alone', '{"BTC": "A"}', 2), 1, 'one that needs A alone');
INSERT INTO candles VALUES ('A', '2026-01-08 00:00Z', 102);
SELECT is(rebuild_scenario_sets(), 1, 'it is made');
SELECT is((SELECT string_agg(name || ': ' || error, '; ' ORDER BY name) FROM scenario_recipe WHERE error IS NOT NULL),
          'fhs: the history of B is too short: 2 prices, and 4 are needed (22023); hand: the history of B is too short: 2 prices, and 4 are needed (22023); two: the history of B is too short: 2 prices, and 4 are needed (22023); vol: the history of B is too short: 2 prices, and 3 are needed (22023)', 'the others say why not');
SELECT is(pg_temp.versions('hand'), '{1,2,3}'::integer[], 'their versions stay');
SELECT is((scenario_set('hand')).version, 3, 'in force');
SELECT results_eq($$ SELECT instrument, message FROM alert WHERE kind = 'scenario_set_failed' AND instrument = 'hand' $$,
    $$ VALUES ('hand', 'scenario set hand: the history of B is too short: 2 prices, and 4 are needed (22023); the version in force stays') $$, 'an alert says so');
SELECT is(rebuild_scenario_sets(), 0, 'again');
SELECT is((SELECT count(*) FROM alert WHERE kind = 'scenario_set_failed'), 4::bigint, 'one alert each, once');
INSERT INTO candles VALUES ('B', '2026-01-01 00:00Z', 10), ('B', '2026-01-02 00:00Z', 5), ('B', '2026-01-04 00:00Z', 20);
SELECT cmp_ok(rebuild_scenario_sets(), '>', 0, 'with prices again it goes on');
SELECT is((SELECT count(*) FROM scenario_recipe WHERE error IS NOT NULL), 0::bigint, 'and nothing is wrong');
SELECT is_empty('SELECT * FROM verify_audit()', 'the trail fits');
SAVEPOINT gone;
DROP TABLE candles;
SELECT is(rebuild_scenario_sets(), 0, 'a table that is gone');
SELECT is((SELECT bool_and(error ~ '\(42703\)$') FROM scenario_recipe), true, 'is no error of the caller');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT string_agg(DISTINCT error, '; ' ORDER BY error) FROM scenario_recipe), 'no price feed has prices of A (22023)', 'nor of recalibrate');
ROLLBACK TO gone;

-- ---- versions do not grow without bound ----
SELECT is(add_historical_set('short', '{"BTC": "A"}', 2, keep => 2), 1, 'a recipe that keeps two');
CREATE FUNCTION pg_temp.day(i integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO candles VALUES ('A', timestamptz '2026-01-10 00:00Z' + i * interval '1 day', 100 + i * i);
    RETURN rebuild_scenario_sets();
END $$;
SELECT is(sum(pg_temp.day(i)), 10::bigint, 'five days, two sets that need A alone') FROM generate_series(1, 5) AS i;
SELECT is(pg_temp.versions('short'), '{5,6}'::integer[], 'two are there');
SELECT is(pg_temp.versions('alone'), '{1,2,3,4,5,6,7}'::integer[], 'of the other all');
SELECT results_eq($$ SELECT object, action, reason FROM audit WHERE kind = 'scenario_set' AND object LIKE 'short %' ORDER BY id $$,
    $$ VALUES ('short 1', 'create', NULL), ('short 2', 'create', 'made anew from prices'), ('short 3', 'create', 'made anew from prices'), ('short 1', 'delete', 'the recipe keeps 2 of the versions that were made from prices'),
              ('short 4', 'create', 'made anew from prices'), ('short 2', 'delete', 'the recipe keeps 2 of the versions that were made from prices'), ('short 5', 'create', 'made anew from prices'),
              ('short 3', 'delete', 'the recipe keeps 2 of the versions that were made from prices'), ('short 6', 'create', 'made anew from prices'), ('short 4', 'delete', 'the recipe keeps 2 of the versions that were made from prices') $$, 'the trail tells of each');
SELECT is((SELECT max(octet_length(a::text)) < 1500 FROM audit AS a WHERE kind = 'scenario_set' AND object LIKE 'short %'), true, 'in short entries');
SELECT is(pg_temp.refused($$ SELECT scenario_set('short', 1) $$), '42704: there is no scenario set ''short'' of version 1', 'what was deleted is gone');
SELECT is(encode(sha256(convert_to(rebuilt_scenario_set('short', (SELECT (new ->> 'data_through')::timestamptz FROM audit WHERE object = 'short 2' AND action = 'create'))::text, 'UTF8')), 'hex'),
          (SELECT new ->> 'content_sha256' FROM audit WHERE object = 'short 2' AND action = 'create'), 'but for the prices that it was made of');
SELECT is(add_historical_set('short', '{"BTC": "A"}', 3, keep => 1), 7, 'a recipe that is written again goes on counting');
SELECT is(pg_temp.versions('short'), '{7}'::integer[], 'and keeps what it says');
SELECT is(add_scenario_set('short', '[{"price_shock": -0.1}]', reason => 'for the weekend'), 8, 'a version by hand');
SELECT is((SELECT count(*) FROM scenario_recipe WHERE name = 'short'), 0::bigint, 'ends the recipe');
SELECT is((SELECT reason FROM audit WHERE kind = 'scenario_recipe' AND object = 'short' AND action = 'delete'), 'for the weekend', 'the trail says why');
SELECT is(pg_temp.day(6), 1, 'and is not overtaken');
SELECT is(add_historical_set('short', '{"BTC": "A"}', 3, keep => 1), 9, 'until a recipe is written');
SELECT is(pg_temp.versions('short'), '{8,9}'::integer[], 'what was added by hand is not forgotten');
SELECT is(add_historical_set('span', '{"BTC": "A"}', 3), 2, 'a name of the extension');
SELECT is(drop_scenario_set('span', 'no'), 1::bigint, 'is dropped');
SELECT is((SELECT count(*) FROM scenario_recipe WHERE name = 'span'), 0::bigint, 'with its recipe');
SELECT is(pg_temp.day(7), 2, 'which is not made again');
SELECT is_empty('SELECT * FROM verify_audit()', 'the trail fits still');

SELECT is(store_rebuilt_set(r, pg_temp.stored('hand') || '{"law": {"beta": 2}}', now()), false, 'a recipe that was written anew in the meantime is not overtaken') FROM (SELECT jsonb_populate_record(q, '{"set_at": "2020-01-01"}') AS r FROM scenario_recipe AS q WHERE q.name = 'hand') AS x;
SELECT is((SELECT count(*) FROM alert WHERE message = 'scenario set gone: x; the version in force stays'), 0::bigint, 'nor is there an alert of one that is gone') FROM (SELECT store_rebuild_failure(jsonb_populate_record(q, '{"name": "gone"}'), 'x', now()) FROM scenario_recipe AS q WHERE q.name = 'hand') AS x;

-- ---- what is changed around the trail is found ----
SELECT is_empty($$ SELECT DISTINCT kind FROM governed_row EXCEPT SELECT kind FROM audit $$, 'what is governed is in the trail');
CREATE FUNCTION pg_temp.found(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    problems text;
BEGIN
    EXECUTE statement;
    SELECT string_agg(concat_ws(' ', v.kind, v.object), '; ') INTO problems FROM verify_audit() AS v;
    RAISE EXCEPTION USING ERRCODE = 'MC000', MESSAGE = coalesce(problems, '');
EXCEPTION WHEN SQLSTATE 'MC000' THEN
    RETURN nullif(SQLERRM, '');
END $$;
SELECT is(pg_temp.found(format('UPDATE user_scenario_set SET %s WHERE name = ''hand'' AND version = 1', c)), 'scenario_set hand 1', c)
  FROM unnest('{"content = content || ''{\"x\": 1}''","data_through = now()","set_by = ''x''","set_at = now()","is_built = false, data_through = NULL"}'::text[]) AS c;
SELECT is(pg_temp.found(format('UPDATE scenario_recipe SET %s WHERE name = ''hand''', c)), 'scenario_recipe hand', c)
  FROM unnest('{"kind = ''macro''","arguments = ''{}''","law = ''{}''","method = ''{}''","keep = 3","set_at = now()","set_by = ''x''"}'::text[]) AS c;
SELECT is(pg_temp.found(format('UPDATE scenario_recipe SET %s WHERE name = ''hand''', c)), NULL, c || ' is what a rebuild writes') FROM unnest('{"error = ''x''","built_at = now()"}'::text[]) AS c;
SELECT is((SELECT count(*) FROM pg_extension AS e, unnest(e.extconfig) AS c WHERE e.extname = 'margin_calib' AND c = 'margin_calib.scenario_recipe'::regclass), 1::bigint, 'recipes are dumped');

-- ---- errors ----
SELECT is(pg_temp.refused('SELECT add_historical_set(' || a || ')'), m, a) FROM (VALUES
    ($$NULL, '{"BTC": "A"}'$$, '22004: a scenario set has a name and factors'), ($$'', '{"BTC": "A"}'$$, '22004: a scenario set has a name and factors'), ($$'x', NULL$$, '22004: a scenario set has a name and factors'),
    ($$'x', 'null'$$, '22004: a scenario set has a name and factors'), ($$'x', '[]'$$, '22023: factors are a JSON object with 1 to 400 underlyings'), ($$'x', '{}'$$, '22023: factors are a JSON object with 1 to 400 underlyings'),
    ($$'x', '{"BTC": 1}'$$, '22023: a factor is an underlying and the instrument that has its prices'), ($$'x', '{"BTC": null}'$$, '22023: a factor is an underlying and the instrument that has its prices'),
    ($$'x', '{"": "A"}'$$, '22023: a factor is an underlying and the instrument that has its prices'), ($$'x', '{"BTC": ""}'$$, '22023: a factor is an underlying and the instrument that has its prices'),
    ($$'x', '{"BTC": {"vol": "A"}}'$$, '22023: a factor is an underlying and the instrument that has its prices'), ($$'x', '{"BTC": {"price": "A", "vols": "V"}}'$$, '22023: a factor is an underlying and the instrument that has its prices'),
    ($$'x', '{"BTC": {"price": "A", "vol": null}}'$$, '22023: a factor is an underlying and the instrument that has its prices'), ($$'x', '{"BTC": ["A"]}'$$, '22023: a factor is an underlying and the instrument that has its prices'),
    ($$'x', '{"BTC": "A"}', 0$$, '22023: scenarios lies between 1 and 100000'), ($$'x', '{"BTC": "A"}', 100001$$, '22023: scenarios lies between 1 and 100000'), ($$'x', '{"BTC": "A"}', NULL$$, '22004: scenarios of a scenario set is not NULL'),
    ($$'x', '{"BTC": "A"}', 2, 0$$, '22023: horizon lies between 1 and 250'), ($$'x', '{"BTC": "A"}', 2, 251$$, '22023: horizon lies between 1 and 250'), ($$'x', '{"BTC": "A"}', kind => 'garch'$$, '22023: the kind of a historical set is plain or filtered'),
    ($$'x', '{"BTC": "A"}', kind => NULL$$, '22023: the kind of a historical set is plain or filtered'), ($$'x', '{"BTC": "A"}', 2, kind => 'filtered', lambda => 1$$, '22023: lambda must lie strictly between 0 and 1'),
    ($$'x', '{"BTC": "A"}', 2, kind => 'filtered', lambda => 'NaN'$$, '22023: lambda must lie strictly between 0 and 1'), ($$'x', '{"BTC": "A"}', 2, kind => 'filtered', lambda => NULL$$, '22004: lambda of a scenario set is not NULL'),
    ($$'x', '{"BTC": "A"}', 2, keep => 0$$, '22023: keep lies between 1 and 10,000'), ($$'x', '{"BTC": "A"}', 2, keep => NULL$$, '22004: keep of a scenario set is not NULL'),
    ($$'x', '{"BTC": "A"}', 2, law => '{"betas": 1}'$$, '22023: a scenario set has no field betas'), ($$'x', '{"BTC": "A"}', 2, method => '{"measure": "best"}'$$, '22023: unknown measure'),
    ($$'x', '{"BTC": "A", "ETH": "NOPE"}', 2$$, '22023: no price feed has prices of NOPE'), ($$'x', '{"BTC": "NOPE"}', 2$$, '22023: no price feed has prices of NOPE'),
    ($$'x', '{"BTC": "A", "ETH": "B"}', 6$$, '22023: the history of B is too short: 5 prices, and 7 are needed'), ($$'x', '{"BTC": "A", "ETH": "B"}', 4, 2$$, '22023: the history of B is too short: 5 prices, and 6 are needed')) AS v (a, m);
INSERT INTO candles SELECT 'odd', timestamptz '2026-01-01 07:00Z' + d * interval '1 day', 1 FROM generate_series(1, 30) AS d;
SELECT is(pg_temp.refused($$ SELECT add_historical_set('x', '{"BTC": "A", "ODD": "odd"}', 3) $$), '22023: A, odd do not have enough times in common: fewer than 2, and 4 are needed', 'times that never meet');
SELECT is((SELECT count(*) FROM scenario_recipe WHERE name = 'x') + (SELECT count(*) FROM user_scenario_set WHERE name = 'x'), 0::bigint, 'nothing stays of them');
SELECT is(pg_temp.refused('SELECT rebuilt_scenario_set(' || a || ')'), m, m) FROM (VALUES ('''nope''', '42704: there is no recipe of a scenario set ''nope'''), ('NULL', '42704: there is no recipe of a scenario set NULL')) AS v (a, m);
SELECT is(pg_temp.refused('SELECT ' || a), m, a) FROM (VALUES
    ($$filtered_returns('{1e200,1}')$$, '22003: value out of range: overflow'), ($$filtered_returns('{0.1,NULL}')$$, '22004: returns must not contain NULL'), ($$filtered_returns('{0.1,NaN}')$$, '22023: returns must be finite'), ($$filtered_returns('{0.1}', 0)$$, '22023: lambda must lie strictly between 0 and 1'),
    ($$filtered_returns('{0.1}', 'NaN')$$, '22023: lambda must lie strictly between 0 and 1'), ($$filtered_returns('{{0.1}}')$$, '2202E: returns must be a one-dimensional array'),
    ('joint_returns(3, 1, 1, 2, 5)', '22023: there are more series than was said'), ('joint_returns(0, 1, 1, 2, 5)', '22023: series are numbered from 1 to 800'), ('joint_returns(1, 1, 1, 0, 5)', '22023: count of joint_returns must lie between 1 and 800'),
    ('joint_returns(1, 1, 1, 1, 0)', '22023: most of joint_returns must lie between 1 and 2147483647')) AS v (a, m);
SELECT is(filtered_returns('{}'), '{}'::float8[], 'no return');
SELECT is(filtered_returns('{0,0}'), '{0,0}'::float8[], 'no move');
SELECT is(filtered_returns(NULL), NULL, 'NULL');

-- ---- macro factors ----
SELECT is(pg_temp.shocks(m, 'BTC'), '{-0.375,0.1875}'::float8[], 'beta times shock') FROM macro_scenarios('[{"label": "a", "price_shock": -0.25}, {"price_shock": 0.125, "weight": 2}]', '{"BTC": 1.5, "ETH": {"price": 8}, "*": {"vol": 3}}') AS m;
SELECT is(pg_temp.shocks(m, 'ETH'), '{-0.99,1}'::float8[], 'never below the lowest') FROM macro_scenarios('[{"price_shock": -0.25}, {"price_shock": 0.125}]', '{"BTC": 1.5, "ETH": {"price": 8}}') AS m;
SELECT is(pg_temp.shocks(m, 'ETH'), '{-0.5,-0.4}'::float8[], 'which can be chosen') FROM macro_scenarios('[{"price_shock": -0.25}, {"price_shock": -0.05}]', '{"ETH": 8}', -0.5) AS m;
SELECT is(pg_temp.shocks(m, 'ETH', 'vol_shocks'), '{0.25,0,-0.99}'::float8[], 'vols by their beta') FROM macro_scenarios('[{"vol_shock": 0.5}, {"price_shock": 1}, {"vol_shock": -3}]', '{"ETH": {"price": 8, "vol": 0.5}}') AS m;
SELECT is(m -> 'factors' -> 0 ? 'vol_shocks', false, 'none without a shock of vols') FROM macro_scenarios('[{"price_shock": 1, "vol_shock": null}]', '{"ETH": 1}') AS m;
SELECT is(pg_temp.refused('SELECT macro_scenarios(' || a || ')'), m, a) FROM (VALUES
    ($$'{}', '{"A": 1}'$$, '22023: shocks are a JSON array of objects and betas a JSON object, both with something in them'), ($$'[]', '{"A": 1}'$$, '22023: shocks are a JSON array of objects and betas a JSON object, both with something in them'),
    ($$'[{}]', '{}'$$, '22023: shocks are a JSON array of objects and betas a JSON object, both with something in them'), ($$'[1]', '{"A": 1}'$$, '22023: a macro shock has a label, price_shock and vol_shock, weight, both_ways and contingency, the shocks being numbers'),
    ($$'[{"price": 1}]', '{"A": 1}'$$, '22023: a macro shock has a label, price_shock and vol_shock, weight, both_ways and contingency, the shocks being numbers'),
    ($$'[{"price_shock": "x"}]', '{"A": 1}'$$, '22023: a macro shock has a label, price_shock and vol_shock, weight, both_ways and contingency, the shocks being numbers'),
    ($$'[{}]', '{"A": "x"}'$$, '22023: a beta is a number, or an object with the numbers price and vol'), ($$'[{}]', '{"A": {"skew": 1}}'$$, '22023: a beta is a number, or an object with the numbers price and vol'),
    ($$'[{}]', '{"": 1}'$$, '22023: a beta is a number, or an object with the numbers price and vol'), ($$'[{}]', '{"A": 1}', -1$$, '22023: lowest lies above -1 and is not above 0'), ($$'[{}]', '{"A": 1}', 'NaN'$$, '22023: lowest lies above -1 and is not above 0')) AS v (a, m);
SELECT ok(pg_temp.refused($$ SELECT macro_scenarios('[{"price_shock": 1e300}]', '{"A": 1e300}') $$) ~ '^22003: ', 'beyond float8');
INSERT INTO candles SELECT s, timestamptz '2025-01-01 00:00Z' + d * interval '1 day', 100 * exp(k * 0.02 * sin(d * 1.3)) FROM (VALUES ('M', 1), ('D', 2), ('flat', 0)) AS v (s, k), generate_series(1, 60) AS d;
CALL refresh(commit_batches => false);
SELECT is(add_macro_set('macro', '[{"label": "crash", "price_shock": -0.2}]', '{"BTC": "M", "ETH": "D", "USDT": 0}', 'M', 40), 1, 'a macro set');
SELECT is(pg_temp.shocks(pg_temp.stored('macro'), 'BTC'), '{-0.2}'::float8[], 'the beta of the macro factor to itself is 1');
SELECT is(pg_temp.shocks(pg_temp.stored('macro'), 'USDT'), '{0}'::float8[], 'a given beta');
SELECT ok(abs((pg_temp.shocks(pg_temp.stored('macro'), 'ETH'))[1] + 0.2 * (SELECT regr_slope(exp(2 * r) - 1, exp(r) - 1) FROM (SELECT 0.02 * (sin(d * 1.3) - sin((d - 1) * 1.3)) AS r FROM generate_series(21, 60) AS d) AS q)) < 1e-12, 'one from prices, of simple returns');
SELECT is(pg_temp.refused($$ SELECT add_macro_set('x', '[{"price_shock": -0.2}]', '{"BTC": "M"}', 'flat', 40) $$), '22023: there is no beta to flat: its price does not move', 'a macro factor that stands still');
SELECT is(pg_temp.refused($$ SELECT add_macro_set('x', '[{"price_shock": -0.2}]', '{"BTC": "M"}', NULL, 40) $$), '22004: macro of a scenario set is not NULL', 'none');
SELECT is(pg_temp.refused($$ SELECT add_macro_set('x', '[{"price_shock": -0.2}]', '{"BTC": "M"}', 'M', 19) $$), '22023: lookback lies between 20 and 100000', 'a short lookback');
SELECT is(pg_temp.refused($$ SELECT add_macro_set('x', '[{"price_shock": -0.2}]', '{"BTC": "M"}', 'M', 60) $$), '22023: the history of M is too short: 60 prices, and 61 are needed', 'a short history');
SELECT is(pg_temp.refused($$ SELECT add_macro_set('x', NULL, '{"BTC": "M"}', 'M', 40) $$), '22004: shocks of a scenario set is not NULL', 'no shocks');

-- ---- correlations that break down ----
SELECT is((SELECT array_agg(s ->> 'label' ORDER BY i) FROM jsonb_array_elements(c -> 'scenarios') WITH ORDINALITY AS u (s, i)),
          '{together +3,together -3,apart A +3,apart A -3,apart B +3,apart B -3,opposed A +3,opposed A -3}'::text[], 'two factors: their only opposition once') FROM correlation_scenarios('{A,B}', '{0.01,0.02}') AS c;
SELECT ok(pg_temp.near(pg_temp.shocks(c, 'B'), ARRAY[exp(0.06) - 1, exp(-0.06) - 1, 0, 0, exp(0.06) - 1, exp(-0.06) - 1, exp(-0.06) - 1, exp(0.06) - 1], 1e-15), 'moves of the second') FROM correlation_scenarios('{A,B}', '{0.01,0.02}') AS c;
SELECT ok(pg_temp.near(pg_temp.shocks(c, 'C'), ARRAY[exp(-0.02) - 1, exp(0.02) - 1, exp(-0.02) - 1, exp(0.02) - 1, exp(0.04) - 1, exp(-0.04) - 1], 1e-15), 'of three each opposes the two others') FROM correlation_scenarios('{A,B,C}', '{0.01,0.02,0.04}', deviations => '{1}', breakdowns => '{opposed}') AS c;
SELECT is(jsonb_array_length(c -> 'scenarios'), 2, 'one factor moves together with itself') FROM correlation_scenarios('{A}', '{0.01}') AS c;
SELECT is(jsonb_array_length(c -> 'scenarios'), n, 'eigenvalues ' || e) FROM (VALUES (0.8, 4, '1.8 and 0.2'), (1, 2, '2 and 0, which is no direction'), (-1, 2, '2 and 0 the other way')) AS v (r, n, e), correlation_scenarios('{A,B}', '{0.1,0.1}', ARRAY[[1, r], [r, 1]], '{1}', 0, '{apart}') AS c;
SELECT is(pg_temp.refused('SELECT correlation_scenarios(' || a || ')'), m, a) FROM (VALUES
    ($$NULL, '{0.1}'$$, '22004: factors, vols, deviations, stress and breakdowns are not NULL, and have no NULL in them'), ($$'{A,NULL}', '{0.1,0.1}'$$, '22004: factors, vols, deviations, stress and breakdowns are not NULL, and have no NULL in them'),
    ($$'{}', '{}'$$, '22023: a breakdown is one of 1 to 100 different factors with names'), ($$'{A,A}', '{0.1,0.1}'$$, '22023: a breakdown is one of 1 to 100 different factors with names'), ($$'{A,""}', '{0.1,0.1}'$$, '22023: a breakdown is one of 1 to 100 different factors with names'),
    ($$'{A,B}', '{0.1}'$$, '22023: vols are one for each factor, from 0 to 10'), ($$'{A}', '{-0.1}'$$, '22023: vols are one for each factor, from 0 to 10'), ($$'{A}', '{NaN}'$$, '22023: vols are one for each factor, from 0 to 10'),
    ($$'{A}', '{0.1}', deviations => '{0}'$$, '22023: deviations are 1 to 100 numbers above 0 and at most 100'), ($$'{A}', '{0.1}', deviations => '{}'$$, '22023: deviations are 1 to 100 numbers above 0 and at most 100'),
    ($$'{A}', '{0.1}', stress => 1.1$$, '22023: stress lies between 0 and 1'), ($$'{A}', '{0.1}', stress => 'NaN'$$, '22023: stress lies between 0 and 1'), ($$'{A}', '{0.1}', stress => 0.5$$, '22023: a stress below 1 needs a correlation matrix'),
    ($$'{A}', '{0.1}', breakdowns => '{alone}'$$, '22023: breakdowns are some of together, apart and opposed, each once'), ($$'{A}', '{0.1}', breakdowns => '{apart}'$$, '22023: a single factor can only move together'),
    ($$'{A,B}', '{0.1,0.1}', '{{1,0.5}}'$$, '2202E: matrix must be a square matrix'), ($$'{A,B}', '{0.1,0.1}', '{{1,2},{2,1}}'$$, '22023: the correlation matrix is positive semidefinite, with 1 on its diagonal and a row for each factor'),
    ($$'{A,B}', '{0.1,0.1}', '{{4,1},{1,4}}'$$, '22023: the correlation matrix is positive semidefinite, with 1 on its diagonal and a row for each factor'), ($$'{A,B}', '{0.1,0.1}', '{{1}}'$$, '22023: the correlation matrix is positive semidefinite, with 1 on its diagonal and a row for each factor')) AS v (a, m);
SELECT is(pg_temp.refused($$ SELECT add_correlation_set('x', '{"BTC": "M", "ETH": "flat"}', lookback => 40) $$), '22023: the price of flat does not move', 'a price that stands still');
SELECT is(pg_temp.refused($$ SELECT add_correlation_set('x', '{"BTC": {"price": "M"}}', lookback => 40) $$), '22023: a factor is an underlying and the instrument that has its prices', 'no vols there');
SELECT is(pg_temp.refused($$ SELECT add_correlation_set('x', '{"BTC": "M"}', NULL, lookback => 40) $$), '22004: deviations of a scenario set is not NULL', 'NULL');
SELECT is(pg_temp.refused($$ SELECT add_correlation_set('x', '{"BTC": "M"}', stress => 'NaN', lookback => 40) $$), '22023: stress lies between 0 and 1', 'NaN');

-- ---- stablecoins ----
SELECT is(pg_temp.shocks(d, 'USDT'), '{-0.01,-0.01,-0.03,-0.03,-0.05,-0.05,-0.13,-0.13,-0.35,-0.35}'::float8[], 'depths alone and with a fall of the coins') FROM depeg_scenarios('USDT') AS d;
SELECT is((SELECT array_agg((s ->> 'price_shock')::float8 ORDER BY i) FROM jsonb_array_elements(d -> 'scenarios') WITH ORDINALITY AS u (s, i)), '{0,-0.15,0,-0.15,0,-0.15,0,-0.15,0,-0.15}'::float8[], 'of 15 %') FROM depeg_scenarios('USDT') AS d;
SELECT is(d -> 'scenarios' -> 1 ->> 'label', 'USDC -13 %, coins -20 %', 'labels') FROM depeg_scenarios('USDC', '{0.13}', '{0.2}') AS d;
SELECT is(add_scenario_set('depeg', d -> 'scenarios', factors => d -> 'factors', method => '{"measure": "worst"}'), 1, 'a set') FROM depeg_scenarios('USDT', '{0.13}', '{0.2}', '{USDC}') AS d;
SELECT is(scenario_profits(scenario_pnl(jsonb_populate_record(NULL::contract, jsonb_build_object('instrument', 'x', 'kind', 'perpetual', 'payoff', 'linear', 'underlying', u, 'contract_size', 1, 'multiplier', 1)),
              contract_market(100), '2026-01-01', s)), p::float8[], u) FROM scenario_set('depeg') AS s, (VALUES ('USDT', '{-13,-13}'), ('USDC', '{0,0}'), ('BTC', '{0,-20}'), ('anything', '{0,-20}')) AS v (u, p);
-- quoted in what falls: 100 dollars are 125 USDT of 0.8, and 85 are 106.25
CREATE FUNCTION pg_temp.profits(more jsonb, s scenario_set, market contract_market DEFAULT contract_market(100)) RETURNS numeric[] LANGUAGE sql AS $$
    SELECT array_agg(round(p::numeric, 9) ORDER BY i) FROM unnest(scenario_profits(scenario_pnl(
               jsonb_populate_record(NULL::contract, '{"instrument": "x", "kind": "perpetual", "payoff": "linear", "underlying": "BTC", "quote_currency": "USDT", "settlement_asset": "USDT", "contract_size": 1, "multiplier": 1}' || more),
               market, '2026-01-01', s))) WITH ORDINALITY AS u (p, i) $$;
SELECT is(add_scenario_set('quoted', d -> 'scenarios', factors => d -> 'factors'), 1) FROM depeg_scenarios('USDT', '{0.2}', '{0.15}', '{USDC}') AS d;
SELECT is(pg_temp.profits(more, s), want::numeric[], more::text) FROM scenario_set('quoted') AS s, (VALUES
    ('{}'::jsonb, '{20,5}'), ('{"kind": "spot"}', '{0,-15}'), ('{"quote_currency": "USD", "settlement_asset": "USD"}', '{0,-15}'), ('{"quote_currency": "USD"}', '{0,-12}'), ('{"quote_currency": null}', '{0,-12}'),
    ('{"settlement_asset": "USD"}', '{25,6.25}'), ('{"settlement_asset": null}', '{25,6.25}'), ('{"underlying": "USDC"}', '{20,20}'), ('{"underlying": "USDT", "quote_currency": "USD", "settlement_asset": "USD"}', '{-20,-20}'),
    ('{"quote_currency": "USDC", "settlement_asset": "USDC"}', '{0,-15}'), ('{"underlying": "USDT", "quote_currency": "USDC", "settlement_asset": "USDC"}', '{-20,-20}'),
    ('{"payoff": "inverse", "quote_currency": "USD", "settlement_asset": "BTC"}', '{0,-0.001764706}')) AS v (more, want);
-- the same as shocks of the quotes themselves: options, ranges, betas, vols; and a factor that is told in another currency than its quotes
SELECT is(pg_temp.profits(c, jsonb_populate_record(NULL::scenario_set, a), m), pg_temp.profits(c, jsonb_populate_record(NULL::scenario_set, b), m), what) FROM (VALUES
    ('{"kind": "option", "option_kind": "put", "strike": 90, "expiry": "2026-03-01"}'::jsonb, contract_market(100, vol => 0.6),
     '{"name": "a", "scenarios": [{"price_shock": -1, "price_unit": "range", "vol_shock": 0.5}, {"price_shock": 0.1, "vol_shock": -1, "vol_unit": "range"}], "law": {"price_range": 0.1, "vol_down": 0.3},
       "factors": [{"factor": "BTC", "currency": "USD", "law": {"beta": 2, "price_range": 0.15, "vol_down": 0.2}}, {"factor": "USDT", "price_shocks": [-0.2, 0.1]}, {"factor": "*"}]}'::jsonb,
     '{"name": "a", "scenarios": [{"price_shock": 0.0625, "vol_shock": 0.5}, {"price_shock": 0.0909090909090909090909, "vol_shock": -1, "vol_unit": "range"}],
       "factors": [{"factor": "BTC", "law": {"vol_down": 0.2}}, {"factor": "USDT", "price_shocks": [-0.2, 0.1]}, {"factor": "*"}]}'::jsonb, 'an option'),
    ('{"quote_currency": "USD", "settlement_asset": "USD"}', contract_market(100),
     '{"name": "a", "scenarios": [{}, {}], "factors": [{"factor": "BTC", "currency": "USDT", "price_shocks": [0.1, -0.5]}, {"factor": "USDT", "price_shocks": [-0.2, 0.1]}]}',
     '{"name": "a", "scenarios": [{}, {}], "factors": [{"factor": "BTC", "price_shocks": [-0.12, -0.45]}]}', 'a history in USDT, of a contract in dollars'),
    ('{"quote_currency": "EUR", "settlement_asset": "USD"}', contract_market(100),
     '{"name": "a", "scenarios": [{}], "factors": [{"factor": "BTC", "currency": "USDT", "price_shocks": [0.1]}, {"factor": "USDT", "price_shocks": [-0.2]}, {"factor": "EUR", "price_shocks": [0.1]}]}',
     '{"name": "a", "scenarios": [{}], "factors": [{"factor": "BTC", "price_shocks": [-0.2]}]}', 'and of one in euros')) AS v (c, m, a, b, what);
SELECT is(pg_temp.refused($$ SELECT pg_temp.profits('{}', jsonb_populate_record(NULL::scenario_set, '{"name": "a", "scenarios": [{}], "factors": [{"factor": "BTC", "currency": "USD", "price_shocks": [0]}, {"factor": "USDT", "price_shocks": [-1]}]}')) $$),
          '22023: scenario 1 of set a leaves USDT worth nothing, and no price in it', 'no price in what is worth nothing');
SELECT matches(pg_temp.refused($$ SELECT portfolio_margin(1, scenario_pnl(jsonb_populate_record(c, jsonb_build_object('instrument', f)), contract_market(100), '2026-01-01', jsonb_populate_record(s, f)))
              FROM scenario_set('quoted') AS s, parse_symbol('BTCUSDT', 'binance') AS c, unnest('{"{\"factors\": [{\"factor\": \"*\", \"currency\": \"USD\"}]}","{\"factors\": [{\"factor\": \"*\"}]}"}'::jsonb[]) AS f $$),
              'set', 'vectors of sets that differ in nothing but a currency are never added');
SELECT is(pg_temp.refused('SELECT depeg_scenarios(' || a || ')'), m, a) FROM (VALUES
    ('NULL', '22004: stablecoin, depths, falls and unmoved are not NULL, and have no NULL in them'), ($$'USDT', '{NULL}'$$, '22004: stablecoin, depths, falls and unmoved are not NULL, and have no NULL in them'),
    ($$''$$, '22023: stablecoin is an asset, and unmoved are others, each once'), ($$'*'$$, '22023: stablecoin is an asset, and unmoved are others, each once'), ($$'USDT', unmoved => '{USDT}'$$, '22023: stablecoin is an asset, and unmoved are others, each once'),
    ($$'USDT', '{1}'$$, '22023: depths are shares of the peg that are lost, above 0 and below 1'), ($$'USDT', '{}'$$, '22023: depths are shares of the peg that are lost, above 0 and below 1'), ($$'USDT', '{NaN}'$$, '22023: depths are shares of the peg that are lost, above 0 and below 1'),
    ($$'USDT', falls => '{1.5}'$$, '22023: falls are shares of the price that are lost, above 0 and below 1')) AS v (a, m);
SELECT is(jsonb_array_length(d -> 'scenarios'), 5, 'without falls') FROM depeg_scenarios('USDT', falls => '{}') AS d;

-- ---- the factor * ----
CREATE TABLE pg_temp.every AS SELECT jsonb_populate_record(NULL::scenario_set, '{"name": "every", "scenarios": [{"price_shock": 0.5}], "factors": [{"factor": "A", "price_shocks": [-0.1]}, {"factor": "*", "law": {"beta": 0.5}}]}') AS s;
SELECT is(scenario_profits(scenario_pnl(parse_symbol(c || '-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s)), p::float8[], c || ': its own factor, else *') FROM pg_temp.every, (VALUES ('A', '{-10}'), ('B', '{25}')) AS v (c, p);

-- ---- OKX: announcement of 2 January 2025, MR1 and MR6 ----
CREATE FUNCTION pg_temp.profits(set_name text) RETURNS numeric[] LANGUAGE sql AS $$
    SELECT array_agg(DISTINCT round(x::numeric, 9) ORDER BY round(x::numeric, 9)) FROM unnest((SELECT (portfolio_margin(1, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s), s.method)).pnl FROM scenario_set(set_name) AS s)) AS x $$;
SELECT is(pg_temp.profits(n), m::numeric[], n) FROM (VALUES ('okx_major', '{-12,-8,-4,0,4,8,12}'), ('okx_group_2', '{-18,-12,-6,0,6,12,18}'), ('okx_other', '{-25,-16,-8,0,8,16,25}')) AS v (n, m);
SELECT is((m).maintenance_margin, 12::float8, 'a perpetual of BTC: 12 %, and half of 24 %') FROM (SELECT portfolio_margin(1, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s), s.method) AS m FROM scenario_set('okx_major') AS s) AS q;
SELECT ok(abs((m).initial_margin - 15.6) < 1e-12, 'initial is 1.3 times that') FROM (SELECT portfolio_margin(1, scenario_pnl(parse_symbol('BTC-USD-PERP', 'paradex'), contract_market(100), '2026-01-01', s), s.method) AS m FROM scenario_set('okx_major') AS s) AS q;
SELECT results_eq(format($$ SELECT u.price_shock, u.vol_shock, u.weight FROM scenario_set(%L) AS s, unnest(s.scenarios) AS u WHERE u.weight IS NOT NULL $$, n), format($$ VALUES (%s::float8, NULL::float8, 0.5::float8), (-%s, NULL, 0.5) $$, x, x), n || ': extreme moves, vols as they are')
  FROM (VALUES ('okx_major', 0.24), ('okx_group_2', 0.36), ('okx_other', 0.5)) AS v (n, x);
SELECT is((SELECT string_agg(concat_ws(' ', q.vol_unit, q.vol_shock, q.n), ', ' ORDER BY q.vol_unit, q.vol_shock) FROM (SELECT u.vol_unit, u.vol_shock, count(DISTINCT u.price_shock) AS n FROM unnest(s.scenarios) AS u WHERE u.vol_unit IS NOT NULL GROUP BY 1, 2) AS q),
          'absolute -0.2 7, absolute 0.2 7, range -1 7, range 0 7, range 1 7, relative -0.25 7, relative 0.25 7', n || ': seven moves with each change of vols') FROM unnest('{okx_major,okx_group_2,okx_other}'::text[]) AS n, scenario_set(n) AS s;
-- vols in points at 1, 30 and 60 days: from a call at the money, F (2 Phi(vol sqrt(t) / 2) - 1)
SELECT ok(pg_temp.near((SELECT array_agg(DISTINCT round(implied_vol('call', (risk_terms(v.v)).value + p, 100, 100, days / 365.0)::numeric, 7)::float8) FROM unnest(scenario_profits(v.v), s.scenarios) AS u (p, label, price_shock, price_unit, vol_shock, vol_unit)
              WHERE u.price_shock = 0 AND u.vol_unit = 'range'), ARRAY[0.6 - points, 0.6, 0.6 + points], 1e-6), format('okx: vols by %s points at %s days', points * 100, days))
  FROM (VALUES (1, 0.3), (30, 0.25), (60, 0.2)) AS d (days, points), scenario_set('okx_major') AS s,
       LATERAL (SELECT scenario_pnl(jsonb_populate_record(parse_symbol('BTC-USD-27JUN36-100-C', 'paradex'), jsonb_build_object('expiry', timestamptz '2026-01-01 00:00Z' + days * interval '1 day')), contract_market(100, 0.6), '2026-01-01 00:00Z', s)) AS v (v);
SELECT is(tier_margin(10000000, standard_tiers('okx_mr9'), 'maintenance'), 202500::numeric, 'MR9: 1M at 0.75 %, 4M at 1.75 %, 5M at 2.5 %');
-- OKX: USDT with USD, then USDT with USDC, then USDC with USD
SELECT results_eq(format('SELECT * FROM settlement_hedges(''{USDT,USD,USDC}'', %L)', d), format('SELECT a, b, c::numeric FROM (VALUES %s) AS v (a, b, c) WHERE c > 0', w), d) FROM (VALUES
    ('{10,-4,-3}', $$('USDT', 'USD', 4), ('USDT', 'USDC', 3)$$), ('{10,-4,-30}', $$('USDT', 'USD', 4), ('USDT', 'USDC', 6)$$), ('{-1,5,-7}', $$('USDT', 'USD', 1), ('USD', 'USDC', 4)$$),
    ('{0,5,-7}', $$('USD', 'USDC', 5)$$), ('{1,2,3}', $$('', '', 0)$$), ('{0.1,-0.3,0}', $$('USDT', 'USD', 0.1)$$)) AS v (d, w);
SELECT is((SELECT sum(tier_margin(h.amount, standard_tiers('okx_mr9'), 'maintenance')) FROM settlement_hedges('{USDT,USD}', '{10000000,-12000000}') AS h), 202500::numeric, 'the published example from positions');
SELECT is_empty($$ SELECT settlement_hedges(NULL, '{1}') UNION ALL SELECT settlement_hedges('{}', '{}') $$, 'none');
SELECT is(pg_temp.refused('SELECT settlement_hedges(' || a || ')'), m, a) FROM (VALUES
    ($$'{A}', '{1,2}'$$, '2202E: assets and deltas are one-dimensional arrays of one length'), ($$'{A,NULL}', '{1,2}'$$, '22004: assets and deltas have no NULL in them'), ($$'{A,B}', '{1,NULL}'$$, '22004: assets and deltas have no NULL in them'),
    ($$'{A,A}', '{1,2}'$$, '22023: assets are at most 100, each once, and deltas are finite'), ($$'{A,B}', '{1,NaN}'$$, '22023: assets are at most 100, each once, and deltas are finite'), ($$'{A,B}', '{1,-Infinity}'$$, '22023: assets are at most 100, each once, and deltas are finite')) AS v (a, m);
SELECT is((SELECT h.amount FROM settlement_hedges('[5:6]={A,B}', '[0:1]={3,-2}') AS h), 2::numeric, 'arrays that do not begin at 1');
SELECT is(correlation_scenarios('[0:1]={A,B}', '[7:8]={0.01,0.02}', '[0:1][3:4]={{1,0.5},{0.5,1}}', '{3}', 0.5), correlation_scenarios('{A,B}', '{0.01,0.02}', '{{1,0.5},{0.5,1}}', '{3}', 0.5), 'nor here');
SELECT is(pg_temp.refused('SELECT ' || a), m, a) FROM (VALUES ($$correlation_scenarios('{{A}}', '{0.1}')$$, '2202E: factors, vols, deviations and breakdowns are one-dimensional arrays'),
    ($$depeg_scenarios('USDT', '{{0.1}}')$$, '2202E: depths, falls and unmoved are one-dimensional arrays')) AS v (a, m);
SELECT is(pg_temp.refused($$ SELECT standard_tiers('x') $$), '42704: there are no standard tiers ''x''', 'other tiers');
SELECT is(standard_tiers(NULL), NULL, 'NULL');

-- ---- rights ----
CREATE ROLE scenario_analyst;
SELECT grant_rights('scenario_analyst', 'analyst');
SELECT grant_rights('scenario_analyst', 'engine');
GRANT USAGE ON SCHEMA public TO scenario_analyst;
SET LOCAL ROLE scenario_analyst;
SELECT is(pg_temp.refused($$ SELECT margin_calib.add_historical_set('theirs', '{"BTC": "A"}', 2) $$), '42501: permission denied for table candles', 'what a role may not read is not read for it');
RESET ROLE;
GRANT SELECT ON candles TO scenario_analyst;
SET LOCAL ROLE scenario_analyst;
SELECT is(margin_calib.add_historical_set('theirs', '{"BTC": "A"}', 2), 1, 'with SELECT it is');
SELECT is(pg_temp.refused($$ DELETE FROM margin_calib.scenario_recipe $$), '42501: permission denied for table scenario_recipe', 'no role writes recipes itself');
RESET ROLE;
REVOKE SELECT ON candles FROM scenario_analyst;
SET LOCAL ROLE scenario_analyst;
SELECT is(margin_calib.rebuild_scenario_sets(), 0, 'a rebuild without it');
SELECT is((SELECT DISTINCT error FROM margin_calib.scenario_recipe), 'permission denied for table candles (42501)', 'says so of each');
RESET ROLE;
SELECT is((SELECT string_agg(p.proname, ', ') FROM pg_proc AS p WHERE p.pronamespace = 'margin_calib'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
            AND p.proname ~ '(recipe|rebuil|_content$|depeg|macro|breakdown|correlation_scenarios|joint_history|historical|correlation_set|standard_tiers)'), NULL, 'nobody else may');
SELECT is_empty('SELECT * FROM verify_audit()', 'and the trail fits');
SELECT * FROM finish();
ROLLBACK;
