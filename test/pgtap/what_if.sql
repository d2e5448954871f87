-- What an account would be after trades, and orders that are checked or refused: margins from rows of the set by hand, equity to the
-- cent, components, hedges; the boundary of check_order; triggers of enforce_margin on tables of many kinds; rights.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    given text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS given = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || CASE WHEN given = '' THEN ' (no hint)' ELSE '' END;
END $$;
CREATE FUNCTION t.detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    given text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS given = PG_EXCEPTION_DETAIL;
    RETURN given;
END $$;
CREATE FUNCTION t.terms(more jsonb) RETURNS boolean LANGUAGE sql AS $$
    SELECT set_contract(jsonb_populate_record(NULL::contract, '{"kind": "perpetual", "payoff": "linear", "underlying": "BTC", "quote_currency": "USD", "settlement_asset": "USD", "contract_size": 1, "multiplier": 1}' || more)) $$;
CREATE FUNCTION t.day(n numeric) RETURNS timestamptz LANGUAGE sql AS $$ SELECT date_trunc('day', now()) + n * interval '1 day' $$;

CREATE TABLE t.px (sym text, ts timestamptz, p float8);
CREATE TABLE t.pos (acct text, sym text, q numeric, entry numeric);
CREATE TABLE t.bal (acct text, asset text, q numeric);
CREATE TABLE t.qt (coin text, at timestamptz, expiry timestamptz, strike float8, cp text, mark float8, fwd float8);
INSERT INTO px SELECT s, t.day(0) - i * interval '1 day', b * exp(0.02 * sin(i * m))
  FROM generate_series(0, 40) AS i, (VALUES ('BTC', 10000, 7), ('ETH', 1000, 11), ('BTC-I', 10000, 7), ('BTC-S', 10000, 7), ('USDC-USD', 0.8, 0), ('EUR-USD', 1.25, 0)) AS v (s, b, m);
INSERT INTO qt SELECT 'BTC', now() - interval '1 minute', t.day(d), k, c, black76_price(c, 10000, k, extract(epoch FROM t.day(d) - now() + interval '1 minute')::float8 / 31536000, 0.5, 1), 10000
  FROM unnest('{30,90}'::int[]) AS d, generate_series(7000, 14000, 500) AS k, unnest('{call,put}'::text[]) AS c;
SELECT ok(attach_prices('t.px', 'sym', 'ts', 'p') > 0 AND attach_positions('t.pos', 'acct', 'sym', 'q', entry_price => 'entry') > 0 AND attach_collateral('t.bal', 'acct', 'asset', 'q') > 0
          AND attach_quotes('t.qt', 'coin', 'at', 'expiry', 'strike', 'cp', mark => 'mark', forward => 'fwd') > 0);
CALL refresh(commit_batches => false);
SELECT set_asset('USDC', 'USDC-USD'), set_asset('EUR', 'EUR-USD'), set_asset('BTC', 'BTC'), set_asset('USD', 'EUR-USD', 'EUR'), set_instrument('BTC-I', kind => 'inverse', multiplier => 10);
SELECT t.terms(x) FROM unnest(ARRAY['{"instrument": "BTC"}', '{"instrument": "ETH", "underlying": "ETH", "settlement_asset": "USDC"}', '{"instrument": "BTC-S", "kind": "spot"}',
    '{"instrument": "BTC-I", "payoff": "inverse", "settlement_asset": "BTC", "contract_size": 10}']::jsonb[]) AS x;
SELECT t.terms(jsonb_build_object('instrument', n, 'kind', 'option', 'option_kind', c, 'strike', k, 'expiry', t.day(d), 'premium', 'currency') || more)
  FROM (VALUES ('C', 'call', 11000, 30, '{}'::jsonb), ('P', 'put', 9000, 60, '{"settlement_asset": "USDC"}'), ('I', 'call', 11000, 60, '{"payoff": "inverse", "settlement_asset": "BTC", "premium": "coin"}')) AS v (n, c, k, d, more);
-- a tenth down and up, vol by a tenth; maintenance half of it
SELECT add_scenario_set('tenth', scenario_grid('{-0.1,0.1}', '{0,0.1}'), method => '{"measure": "worst", "maintenance_factor": 0.5}');
SELECT add_scenario_set('fifth', scenario_grid('{-0.2,0.2}'), method => '{"measure": "worst"}');
SELECT set_margin_model(NULL, 'tenth');
INSERT INTO bal VALUES ('a', 'USD', 5000), ('b', 'USD', 3000), ('r', 'USD', 100000);
INSERT INTO pos VALUES ('a', 'BTC', 1, 9000), ('b', 'BTC', 2, NULL), ('b', 'C', -1, NULL), ('b', 'ETH', -3, 1100), ('r', 'BTC', 1, 9500);
SELECT set_margin_model('r', NULL);
CALL refresh(commit_batches => false);

-- ---- before, after, change ----
CREATE FUNCTION t.rows(account text, trades text DEFAULT '[]', parameters text DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', item, instrument, quantity, equity, initial_margin, maintenance_margin, excess) FROM what_if(account, trades::jsonb, parameters::jsonb) $$;
SELECT results_eq($$ SELECT t.rows('a') $$, ARRAY['before 6000.00 1000.00 500.00 5000.00', 'after 6000.00 1000.00 500.00 5000.00', 'change 0.00 0.00 0.00 0.00', 'component BTC 1 1000.00 500.00'], 'as it is');
SELECT results_eq($$ SELECT t.rows('a', '[{"instrument": "BTC", "quantity": 2}]') $$,
    ARRAY['before 6000.00 1000.00 500.00 5000.00', 'after 6000.00 3000.00 1500.00 3000.00', 'change 0.00 2000.00 1000.00 -2000.00', 'component BTC 3 3000.00 1500.00'], 'more at the present price: equity stays');
SELECT results_eq($$ SELECT t.rows('a', '[{"instrument": "BTC", "quantity": 2, "price": 10100, "fee": 7.5}]') $$,
    ARRAY['before 6000.00 1000.00 500.00 5000.00', 'after 5792.50 3000.00 1500.00 2792.50', 'change -207.50 2000.00 1000.00 -2207.50', 'component BTC 3 3000.00 1500.00'], 'at a worse price, with a fee: less by the difference and the fee');
SELECT results_eq($$ SELECT t.rows('a', '[{"instrument": "BTC", "quantity": -1, "price": 10100}]') $$,
    ARRAY['before 6000.00 1000.00 500.00 5000.00', 'after 6100.00 0.00 0.00 6100.00', 'change 100.00 -1000.00 -500.00 1100.00', 'component BTC 0 0.00 0.00'], 'closed: profit is kept, margin is free');
SELECT is((SELECT count(*) FROM what_if('a', '[{"instrument": "BTC", "quantity": 3}, {"instrument": "BTC", "quantity": -3}]') AS w WHERE item = 'change' AND (equity, initial_margin, maintenance_margin, notional) = (0, 0, 0, 0)), 1::bigint, 'there and back: nothing');
SELECT results_eq($$ SELECT t.rows('none', '[{"instrument": "ETH", "quantity": -2, "price": 990}]') $$,
    ARRAY['before 0.00 0.00 0.00 0.00', 'after -16.00 160.00 80.00 -176.00', 'change -16.00 160.00 80.00 -176.00', 'component ETH -2 160.00 80.00'], 'an account that there is not; ten USDC a contract are eight dollars');
SELECT results_eq($$ SELECT t.rows('none') $$, ARRAY['before 0.00 0.00 0.00 0.00', 'after 0.00 0.00 0.00 0.00', 'change 0.00 0.00 0.00 0.00'], 'without anything');
-- options: at the present price equity stays, at a worse one it falls by just the difference
-- value and what is paid for it are each rounded down
SELECT is(w.equity IN (0.00, -0.01), true, n || ' at the present price') FROM unnest('{C,P,I,BTC-S}'::text[]) AS n, what_if('a', jsonb_build_array(jsonb_build_object('instrument', n, 'quantity', 2))) AS w WHERE w.item = 'change';
SELECT is(w.position_value > 0 AND w.collateral_value + w.position_value = w.equity, true, n || ' is paid for') FROM unnest('{C,P,I,BTC-S}'::text[]) AS n, what_if('a', jsonb_build_array(jsonb_build_object('instrument', n, 'quantity', 2))) AS w WHERE item = 'change';
-- premiums as quoted: dollars, USDC, coins; the difference of two prices is exact
SELECT is(h.equity - l.equity, v.want, 'the price of ' || n) FROM (VALUES ('C', 300, 310, -20.00), ('P', 300, 310, -16), ('I', 0.03, 0.04, -200), ('BTC-S', 9000, 9100, -200), ('BTC', 9000, 9100, -200), ('ETH', 900, 910, -16)) AS v (n, low, high, want),
    what_if('a', jsonb_build_array(jsonb_build_object('instrument', n, 'quantity', 2, 'price', low))) AS l, what_if('a', jsonb_build_array(jsonb_build_object('instrument', n, 'quantity', 2, 'price', high))) AS h WHERE l.item = 'change' AND h.item = 'change';
-- 20 contracts of 10 dollars: 200 / 8000 - 200 / 10000 coins at 10000
SELECT is(equity, 50.00, 'an inverse contract bought below its price') FROM what_if('none', '[{"instrument": "BTC-I", "quantity": 20, "price": 8000}]') WHERE item = 'change';
SELECT is(equity, -50.00, 'and sold') FROM what_if('none', '[{"instrument": "BTC-I", "quantity": -20, "price": 8000}]') WHERE item = 'change';
SELECT is(w.equity, n.equity, 'a trade that is then entered leaves the same account') FROM what_if('a', '[{"instrument": "ETH", "quantity": 5, "price": 950}]') AS w,
    LATERAL (SELECT 5000 + 1000 + 5 * 50 * 0.8) AS n (equity) WHERE item = 'after';
SAVEPOINT entered;
INSERT INTO pos VALUES ('a', 'ETH', 5, 950), ('a', 'BTC-I', 20, 8000);
SELECT is((SELECT equity FROM account_now('a')), 6250.00, 'indeed: USDC count at their price, coins at that of the contract');
ROLLBACK TO entered;
-- 1 bought at 500 and 1 sold at 1500 have earned 1000 USDC, whatever ETH costs
SAVEPOINT cancelled;
INSERT INTO pos VALUES ('a', 'ETH', 1, 500), ('a', 'ETH', -1, 1500);
SELECT results_eq($$ SELECT item, equity FROM what_if('a') WHERE item IN ('before', 'after') $$, $$ VALUES ('before', 6800.00), ('after', 6800.00) $$, 'long and short rows that cancel out have a profit');
SELECT is((check_order('a', 'BTC', 1)).equity, 6800.00, 'for check_order too');
SELECT is((SELECT equity FROM account_now('a')), 6800.00, 'as refresh has it');
ROLLBACK TO cancelled;

-- ---- rates, parameters ----
SELECT results_eq($$ SELECT item, model, equity, initial_margin FROM what_if('r') WHERE item <> 'component' $$, $$ SELECT i, 'rates', e, m * initial_margin FROM margin_account, (VALUES ('before', 100500.00, 1), ('after', 100500, 1), ('change', 0, 0)) AS v (i, e, m) WHERE account = 'r' $$, 'under rates');
SELECT is((SELECT sum(initial_margin) FROM what_if('r', '[{"instrument": "ETH", "quantity": 1}]') WHERE item = 'component'), (SELECT initial_margin FROM what_if('r', '[{"instrument": "ETH", "quantity": 1}]') WHERE item = 'after'), 'components too');
SELECT results_eq($$ SELECT DISTINCT model FROM what_if('a', '[]', '{"scenario_set": "rates"}') $$, $$ VALUES ('rates') $$, 'rates instead of a set');
SELECT is(initial_margin, 1600.00, 'another set') FROM what_if('a', '[]', '{"scenario_set": "paradex"}') WHERE item = 'after';
SELECT is(initial_margin, 2000.00, 'that nobody uses') FROM what_if('r', '[]', '{"scenario_set": "fifth"}') WHERE item = 'after';
SELECT results_eq($$ SELECT currency, unrealised_pnl, initial_margin FROM what_if('a', '[]', '{"currency": "EUR"}') WHERE item = 'after' $$, $$ VALUES ('EUR', 1250.00, 1250.00) $$, 'another currency');
SELECT results_eq($$ SELECT item, collateral_value, equity FROM what_if('a', '[]', '{"currency": "EUR"}') WHERE item IN ('before', 'after') $$,
    $$ SELECT i, c.collateral_value, c.collateral_value + 1250 FROM (VALUES ('before'), ('after')) AS v (i), collateral_of('{a}', false, now(), 'EUR') AS c WHERE c.collateral_value BETWEEN 1000 AND 5000 / 0.8 $$, 'and so is the collateral');
-- collateral that loses with the position: its haircut is that after the trade
SAVEPOINT wrong_way;
SELECT set_asset('BTC', wrong_way_haircut => 0.4);
INSERT INTO bal VALUES ('w', 'BTC', 1);
CALL refresh(commit_batches => false);
SELECT is((check_order('w', 'BTC', 0)).equity, (SELECT equity FROM margin_account WHERE account = 'w'), 'no trade, no more haircut');
CREATE TABLE t.verdict AS SELECT (check_order('w', 'BTC', 1)).*;
SELECT ok(v.equity < a.equity - 1000, 'a trade that matches the collateral takes of it') FROM t.verdict AS v, margin_account AS a WHERE a.account = 'w';
SELECT is(w.equity, v.equity, 'what_if says the same') FROM t.verdict AS v, what_if('w', '[{"instrument": "BTC", "quantity": 1}]') AS w WHERE w.item = 'after';
INSERT INTO pos VALUES ('w', 'BTC', 1, 10000);
SELECT is((SELECT a.equity FROM account_now('w') AS a), v.equity, 'and so it is when the trade is made') FROM t.verdict AS v;
ROLLBACK TO wrong_way;
SELECT results_eq($$ SELECT item, collateral_value, equity FROM what_if('a', '[]', '{"collateral": -1000.001}') WHERE item IN ('before', 'after') $$, $$ VALUES ('before', 5000.00, 6000.00), ('after', 3999.99, 4999.99) $$, 'withdrawn: rounded down');
INSERT INTO px VALUES ('BTC', t.day(0) + interval '1 minute', 11000);
SELECT results_eq($$ SELECT item, equity, initial_margin FROM what_if('a', '[{"instrument": "BTC", "quantity": 1, "price": 11000}]', '{"live": true}') WHERE item IN ('before', 'after') $$,
    $$ VALUES ('before', 7000.00, 1100.00), ('after', 7000.00, 2200.00) $$, 'live: at the price that refresh has not seen');
SELECT results_eq($$ SELECT item, equity, initial_margin FROM what_if('a') WHERE item IN ('before', 'after') $$, $$ VALUES ('before', 6000.00, 1000.00), ('after', 6000.00, 1000.00) $$, 'else at that of the latest refresh');
DELETE FROM px WHERE sym = 'BTC' AND p = 11000;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM what_if(NULL) UNION ALL SELECT * FROM what_if('a', NULL) UNION ALL SELECT * FROM what_if('a', '[]', NULL) $$, 'NULL gives no row');
SELECT is(t.refused(format('SELECT * FROM what_if(''a'', %L, %L)', trades, parameters)), want, want)
  FROM (VALUES ('{}', '{}', '22023: trades are a JSON array of objects'), ('3', '{}', '22023: trades are a JSON array of objects'), ('[{"instrument": "BTC", "amount": 1}]', '{}', '22023: a trade has no field amount'),
               ('[]', '[]', '22023: parameters of what_if are a JSON object'), ('[]', '{"collateral": "NaN"}', '22023: a currency has a name, collateral is a finite amount, and hedges are instruments'),
               ('[]', '{"collateral": "-Infinity"}', '22023: a currency has a name, collateral is a finite amount, and hedges are instruments'), ('[]', '{"currency": ""}', '22023: a currency has a name, collateral is a finite amount, and hedges are instruments'),
               ('[]', '{"hedges": ["BTC", null]}', '22023: a currency has a name, collateral is a finite amount, and hedges are instruments'), ('[]', '{"set": "x"}', '22023: what_if has no parameter set'), ('[]', '{"scenario_set": "nosuch"}', '42704: there is no scenario set ''nosuch'''),
               ('[{"instrument": "BTC"}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'), ('[{"quantity": 1}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
               ('[{"instrument": "", "quantity": 1}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
               ('[{"instrument": "BTC", "quantity": "NaN"}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'), ('[{"instrument": "BTC", "quantity": 1, "price": 0}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
               ('[{"instrument": "BTC", "quantity": 1, "price": -1}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
               ('[{"instrument": "BTC", "quantity": 1, "fee": "Infinity"}]', '{}', '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
               ('[null]', '{}', '22023: trades are a JSON array of objects'), ('[[]]', '{}', '22023: trades are a JSON array of objects'), ('null', '{}', '22023: trades are a JSON array of objects'),
               ('[{"instrument": "XRP", "quantity": 1}]', '{}', '42704: instrument ''XRP'' cannot be valued'), ('[{"instrument": "BTC", "quantity": 1}]', '{"currency": "CHF"}', '55000: instrument ''BTC'' cannot be valued'),
               ('[]', '{"hedges": ["XRP"]}', '42704: instrument ''XRP'' cannot be valued')) AS v (trades, parameters, want);
SELECT is(left(t.refused($$ SELECT * FROM what_if('a', '[{"instrument": "BTC", "quantity": "x"}]') $$), 6), '22P02:', 'a quantity that is no number');
SELECT is(t.detail($$ SELECT * FROM what_if('a', '[{"instrument": "XRP", "quantity": 1}]') $$), 'XRP: it is not known.', 'with the reason');
SELECT is(t.refused($$ SELECT * FROM what_if('a', '[]', '{"scenario_set": null, "currency": null, "collateral": null, "live": null, "hedges": null}') $$), 'no error', 'a NULL among the parameters is as if left out');
SELECT is(t.refused($$ SELECT * FROM what_if('a', '[]', '{"hedges": []}') $$), 'no error', 'no hedges to look for');

-- ---- components and hedges ----
SELECT is(count(*) FILTER (WHERE sum_initial <> initial_margin OR sum_maintenance <> maintenance_margin), 0::bigint, 'components add up to the last cent')
  FROM (VALUES ('a', 'tenth'), ('b', 'tenth'), ('b', 'deribit'), ('b', 'derive'), ('b', 'paradex'), ('b', 'rates'), ('r', 'okx_major')) AS v (account, s),
       LATERAL (SELECT sum(initial_margin) FILTER (WHERE item = 'component') AS sum_initial, sum(maintenance_margin) FILTER (WHERE item = 'component') AS sum_maintenance,
                       max(initial_margin) FILTER (WHERE item = 'after') AS initial_margin, max(maintenance_margin) FILTER (WHERE item = 'after') AS maintenance_margin
                  FROM what_if(v.account, '[{"instrument": "C", "quantity": 0.333}, {"instrument": "BTC-I", "quantity": -7}, {"instrument": "P", "quantity": 1.7}]', jsonb_build_object('scenario_set', s))) AS x;
-- fall of a tenth: 2 BTC lose 2000, -3 ETH gain 240; the rest is the option
SELECT is((SELECT count(*) FROM what_if('b') AS w, (VALUES ('BTC', 2000), ('ETH', -240)) AS v (n, loss) WHERE item = 'component' AND instrument = n AND abs(initial_margin - loss) <= 0.01), 2::bigint, 'a component is its loss in the worst scenario, that of a hedge is negative');
SELECT is(bool_and(abs(initial_margin) < 0.2 AND abs(notional - 10000) < 2), true, 'hedges in full: to a part in 1e5') FROM what_if('a', '[]', '{"hedges": ["ETH", "BTC"]}') WHERE item = 'hedge';
-- brute force: the least of 2001 quantities
CREATE TABLE t.vec AS SELECT i.instrument, scenario_pnl(i.contract, i.market, i.as_of, s) AS vector FROM scenario_set('tenth') AS s, risk_inputs('{BTC,C,ETH,P,BTC-I,I}', 'USD', false, now()) AS i;
SELECT ok(h.initial_margin <= g.least + 0.02 AND h.initial_margin < a.initial_margin, format('hedge in %s: %s of %s, the best of a grid is %s', h.instrument, h.initial_margin, a.initial_margin, round(g.least::numeric, 2)))
  FROM what_if('b', '[]', '{"hedges": ["P", "C", "BTC-I", "I", "ETH"]}') AS h, what_if('b') AS a,
       LATERAL (SELECT min((m).initial_margin) AS least
                  FROM (SELECT g, portfolio_margin(b.q, v.vector, s.method) AS m
                          FROM scenario_set('tenth') AS s, generate_series(-1000, 1000) AS g,
                               LATERAL (SELECT p.sym, p.q::float8 FROM t.pos AS p WHERE p.acct = 'b' UNION ALL SELECT h.instrument, g * CASE h.instrument WHEN 'BTC-I' THEN 4 WHEN 'ETH' THEN 0.06 ELSE 0.01 END) AS b (sym, q)
                          JOIN t.vec AS v ON v.instrument = b.sym GROUP BY g, s.method) AS x) AS g
 WHERE h.item = 'hedge' AND a.item = 'after';
SELECT is((SELECT count(*) FROM what_if('none', '[]', '{"hedges": ["BTC"]}') WHERE item = 'hedge' AND quantity = 0), 1::bigint, 'nothing needs no hedge');

-- ---- check_order ----
CREATE FUNCTION t.verdict(c order_check) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', (c).accepted, (c).equity, (c).initial_before, (c).initial_margin, (c).excess, (c).reason) $$;
SELECT is(t.verdict(check_order('a', 'BTC', 5)), 't 6000.00 1000.00 6000.00 0.00', 'accepted exactly at equity = requirement');
SELECT is(t.verdict(check_order('a', 'BTC', 5.00001)), 'f 6000.00 1000.00 6000.01 -0.01 equity of account a would be 6000.00 USD, and its initial requirement 6000.01', 'refused a step beyond');
SELECT is(t.verdict(check_order('a', 'BTC', 5, 10000.001)), 'f 5999.99 1000.00 6000.00 -0.01 equity of account a would be 5999.99 USD, and its initial requirement 6000.00', 'or at a price that is a step worse');
SELECT is(t.verdict(check_order('a', 'BTC', 5, NULL, 0.01)), 'f 5999.99 1000.00 6000.00 -0.01 equity of account a would be 5999.99 USD, and its initial requirement 6000.00', 'or with a fee of one');
SELECT is(t.verdict(check_order('a', ARRAY[('BTC', 6, NULL, NULL), ('BTC', -1, NULL, NULL)]::what_if_trade[])), 't 6000.00 1000.00 6000.00 0.00', 'several at once');
SELECT is((check_order('a', 'BTC', -12)).accepted, false, 'turned around too far');
SELECT is((check_order('a', 'BTC', -7)).accepted, true, 'turned around');
SAVEPOINT short;
UPDATE bal SET q = -900 WHERE acct = 'a';
SELECT is(t.verdict(check_order('a', 'BTC', -0.5)), 't 100.00 1000.00 500.00 -400.00', 'short of margin: what reduces the shortfall is accepted');
SELECT is((check_order('a', 'BTC', 0.01)).accepted, false, 'what adds to it is not');
SELECT is((check_order('a', 'BTC', 0)).accepted, true, 'what leaves it is');
SELECT is((check_order('a', 'BTC', -0.5, 9000)).accepted, true, 'selling a half for 500 less frees as much');
SELECT is((check_order('a', 'BTC', -0.5, 8999.98)).accepted, false, 'for more less it makes it worse');
ROLLBACK TO short;
SELECT is(t.refused(s), m, m) FROM (VALUES ($$ SELECT check_order(NULL, 'BTC', 1) $$, '22004: an order has an account and trades'), ($$ SELECT check_order('', 'BTC', 1) $$, '22004: an order has an account and trades'),
    ($$ SELECT check_order('a', NULL::what_if_trade[]) $$, '22004: an order has an account and trades'), ($$ SELECT check_order('a', NULL, 1) $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
    ($$ SELECT check_order('a', 'BTC', NULL) $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'), ($$ SELECT check_order('a', 'BTC', 'NaN') $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive'),
    ($$ SELECT check_order('a', 'XRP', 1) $$, '42704: instrument ''XRP'' cannot be valued'), ($$ SELECT check_order('a', 'BTC', 1, -1) $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive')) AS v (s, m);
SELECT is((check_order('a', '{}'::what_if_trade[])).accepted, true, 'no trade at all');
SELECT is((check_order('r', 'BTC', 1)).initial_margin, 2 * (SELECT initial_margin FROM margin_account WHERE account = 'r'), 'under rates');

-- ---- enforce_margin: positions ----
SELECT enforce_margin('t.pos');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 't.pos'::regclass AND tgname LIKE 'margin_calib_check%'), 4::bigint, 'insert, update, delete, truncate');
SELECT enforce_margin('t.pos');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 't.pos'::regclass AND tgname LIKE 'margin_calib_check%'), 4::bigint, 'once');
CREATE FUNCTION t.attempt(s text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    more text;
    tip  text;
BEGIN
    EXECUTE s;
    RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN
    RETURN 'accepted';
WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS more = PG_EXCEPTION_DETAIL, tip = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', SQLSTATE || ':', SQLERRM, nullif(more, ''), CASE WHEN tip = '' THEN '(no hint)' END);
END $$;
SELECT is(t.attempt(s), want, s) FROM (VALUES
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 5) $$, 'accepted'),
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 5.00001) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6000.01; it was 1000.00 before.'),
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 6), ('a', 'BTC', -1) $$, 'accepted'),
    ($$ INSERT INTO t.pos SELECT 'a', 'BTC', 0.5 FROM generate_series(1, 10) $$, 'accepted'),
    ($$ INSERT INTO t.pos SELECT 'a', 'BTC', 0.5 FROM generate_series(1, 11) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6500.00; it was 1000.00 before.'),
    -- entered at 9000 each: 6 * 1000 of profit
    ($$ UPDATE t.pos SET q = 6 WHERE acct = 'a' $$, 'accepted'),
    ($$ UPDATE t.pos SET q = 7, entry = NULL WHERE acct = 'a' $$, 'MCM01: account a has no margin for this equity of account a would be 5000.00 USD, and its initial requirement 7000.00; it was 1000.00 before.'),
    ($$ UPDATE t.pos SET acct = 'zz' WHERE acct = 'a' $$, 'accepted'),
    ($$ UPDATE t.pos SET entry = entry WHERE acct = 'a' $$, 'accepted'),
    ($$ DELETE FROM t.pos WHERE acct = 'a' $$, 'accepted'),
    ($$ DELETE FROM t.pos WHERE false $$, 'accepted'), ($$ INSERT INTO t.pos SELECT * FROM t.pos WHERE false $$, 'accepted'),
    ($$ INSERT INTO t.pos VALUES (NULL, 'BTC', 1) $$, '22004: a row of t.pos has no account, and so no margin'),
    ($$ INSERT INTO t.pos VALUES ('a', NULL, 1) $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive The trade given is {"fee": null, "price": null, "quantity": 1, "instrument": null}.'),
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', NULL) $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive The trade given is {"fee": null, "price": null, "quantity": null, "instrument": "BTC"}.'),
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 'NaN') $$, '22023: a trade has an instrument and a finite quantity, and a price, if any, is positive The trade given is {"fee": null, "price": null, "quantity": null, "instrument": "BTC"}.'),
    ($$ INSERT INTO t.pos VALUES ('a', 'XRP', 1) $$, '42704: instrument ''XRP'' cannot be valued XRP: it is not known.'),
    ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 0) $$, 'accepted')) AS v (s, want)
;
-- rows of an instrument that nothing is known of can be closed, not opened, whoever pays
SAVEPOINT unknown;
SELECT stop_enforcing('t.pos');
INSERT INTO pos VALUES ('a', 'XRP', 2);
SELECT enforce_margin('t.pos', pays => false);
SELECT is(t.attempt(s), want, s || ', paid elsewhere') FROM (VALUES
    ($$ INSERT INTO t.pos VALUES ('a', 'XRP', 1) $$, '42704: instrument ''XRP'' cannot be valued XRP: it is not known.'),
    ($$ UPDATE t.pos SET q = -3 WHERE sym = 'XRP' $$, '42704: instrument ''XRP'' cannot be valued XRP: it is not known.'),
    ($$ UPDATE t.pos SET q = 1 WHERE sym = 'XRP' $$, 'accepted'), ($$ DELETE FROM t.pos WHERE sym = 'XRP' $$, 'accepted')) AS v (s, want);
SELECT enforce_margin('t.pos');
SELECT is(t.attempt(s), want, s) FROM (VALUES
    ($$ INSERT INTO t.pos VALUES ('a', 'XRP', 1) $$, '42704: instrument ''XRP'' cannot be valued XRP: it is not known.'),
    ($$ UPDATE t.pos SET q = 1 WHERE sym = 'XRP' $$, 'accepted'), ($$ UPDATE t.pos SET q = 1 WHERE sym = 'XRP' OR acct = 'a' AND q > 1 $$, 'accepted'),
    ($$ UPDATE t.pos SET q = 1 + 7 * (sym = 'BTC')::int, entry = NULL WHERE acct = 'a' $$, 'MCM01: account a has no margin for this equity of account a would be 5000.00 USD, and its initial requirement 8000.00; it was 1000.00 before.')) AS v (s, want);
ROLLBACK TO unknown;
SELECT is(left(t.attempt(s), 40), 'MCM01: account b has no margin for this ', s) FROM (VALUES ($$ INSERT INTO t.pos VALUES ('a', 'BTC', 1), ('b', 'BTC', 100) $$), ($$ UPDATE t.pos SET q = 300 WHERE acct = 'b' AND sym = 'BTC' $$), ($$ UPDATE t.pos SET acct = 'b', q = 30, entry = NULL WHERE acct = 'a' $$)) AS v (s);
-- an option at the present price is paid for: equity stays
SELECT is(t.attempt($$ INSERT INTO t.pos VALUES ('a', 'C', -20) $$) ~ '^MCM01: account a has no margin for this equity of account a would be (6000.00|5999.99) USD, ', true, 'options sold');
SELECT is(t.refused(s), m, m) FROM (VALUES ($$ SELECT enforce_margin('t.bal') $$, '55000: relation t.bal is attached as collateral'), ($$ SELECT enforce_margin(NULL) $$, '22004: relation NULL is no attached table of positions, so it is one of orders, and its columns must be named'),
    ($$ SELECT enforce_margin('t.vec') $$, '22004: relation t.vec is no attached table of positions, so it is one of orders, and its columns must be named'), ($$ SELECT enforce_margin('t.pos', pays => NULL) $$, '22004: pays is true or false, not NULL (no hint)'),
    ($$ SELECT enforce_margin('margin_calib.margin_account', 'account', 'currency', 'equity') $$, '42809: relation margin_account is no permanent table'),
    ($$ SELECT enforce_margin(NULL, 'account', 'currency', 'equity') $$, '42809: relation NULL is no permanent table'),
    ($$ SELECT enforce_margin('t.vec', 'a', 'b', 'c') $$, '42703: column a of relation t.vec does not exist'), ($$ SELECT enforce_margin('t.pos', price => 'nosuch') $$, '42703: column nosuch of relation t.pos does not exist'),
    ($$ SELECT stop_enforcing('t.bal') $$, '42704: margin is not enforced on relation t.bal'), ($$ SELECT stop_enforcing(NULL) $$, '42704: margin is not enforced on relation NULL')) AS v (s, m);
SELECT stop_enforcing('t.pos');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 't.pos'::regclass AND tgname LIKE 'margin_calib_check%'), 0::bigint, 'no longer');
SELECT is(t.attempt($$ INSERT INTO t.pos VALUES ('a', 'BTC', 1000) $$), 'accepted', 'so anything goes');
SELECT is(t.refused($$ SELECT stop_enforcing('t.pos') $$), '42704: margin is not enforced on relation t.pos');

-- ---- orders: all, those that buy, those that sell ----
CREATE TABLE t.orders (id int PRIMARY KEY, client text, symbol text, amount numeric, lim numeric) PARTITION BY RANGE (id);
CREATE TABLE t.orders_1 PARTITION OF t.orders FOR VALUES FROM (0) TO (100);
CREATE TABLE t.orders_2 PARTITION OF t.orders FOR VALUES FROM (100) TO (200);
SELECT enforce_margin('t.orders', 'client', 'symbol', 'amount', 'lim');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'margin_calib_check%'), 6::bigint, 'insert and update, on partitions too');
INSERT INTO orders VALUES (1, 'a', 'BTC', 2, 10000), (2, 'a', 'BTC', -6, 10000);
SELECT is(t.attempt(s), want, s) FROM (VALUES
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 3, 10000) $$, 'accepted'),
    -- all of them: 1 + 5.1 - 6; those that buy alone: 1 + 2 + 3.1 = 6.1
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 3.1, 10000) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6100.00; it was 3000.00 before.'),
    ($$ INSERT INTO t.orders_2 VALUES (103, 'a', 'BTC', 3.1, 10000) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6100.00; it was 3000.00 before.'),
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', -1, 10000) $$, 'accepted'),
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', -1.5, 10000) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6500.00; it was 5000.00 before.'),
    -- a limit 100 above the price: three of them cost 300
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 3, 10100) $$, 'MCM01: account a has no margin for this equity of account a would be 5700.00 USD, and its initial requirement 6000.00; it was 3000.00 before.'),
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 3, NULL) $$, 'accepted'),
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 2, 10000), (4, 'a', 'BTC', 1, 10000), (5, 'a', 'BTC', -1, 10000) $$, 'accepted'),
    ($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 2, 10000), (104, 'a', 'BTC', 2, 10000) $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 7000.00; it was 3000.00 before.'),
    ($$ INSERT INTO t.orders VALUES (1, 'a', 'BTC', 5, 10000) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount $$, 'accepted'),
    ($$ INSERT INTO t.orders VALUES (1, 'a', 'BTC', 5.5, 10000) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6500.00; it was 3000.00 before.'),
    ($$ UPDATE t.orders SET amount = 5 WHERE id = 1 $$, 'accepted'),
    ($$ UPDATE t.orders SET amount = 5.5 WHERE id = 1 $$, 'MCM01: account a has no margin for this equity of account a would be 6000.00 USD, and its initial requirement 6500.00; it was 3000.00 before.'),
    ($$ DELETE FROM t.orders $$, 'accepted'),
    ($$ INSERT INTO t.orders VALUES (3, NULL, 'BTC', 1, 1) $$, '22004: a row of t.orders has no account, and so no margin')) AS v (s, want);
SELECT is(left(t.attempt($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 1, 0) $$), 6), '22023:', 'a limit of 0');
SELECT is(left(t.attempt($$ INSERT INTO t.orders VALUES (3, 'new', 'C', 1, 400) $$), 6), 'MCM01:', 'an option that cannot be paid');
ALTER TABLE t.orders RENAME TO renamed_orders;
SELECT is(left(t.attempt($$ INSERT INTO t.renamed_orders VALUES (3, 'a', 'BTC', 3.1, 10000) $$), 6), 'MCM01:', 'by another name');
SELECT is(left(t.attempt($$ INSERT INTO t.orders_2 VALUES (103, 'a', 'BTC', 3.1, 10000) $$), 6), 'MCM01:', 'and a partition of it');
ALTER TABLE t.renamed_orders RENAME TO orders;
SELECT stop_enforcing('t.orders');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'margin_calib_check%'), 0::bigint, 'none is left on partitions');
SELECT enforce_margin('t.orders', 'client', 'symbol', 'amount', 'lim', pays => false);
SELECT is(t.attempt($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 3, 10100) $$), 'accepted', 'what is paid elsewhere does not count');
ALTER TABLE orders DROP COLUMN lim;
SELECT is(left(t.attempt($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 1) $$), 6), '42703:', 'a column that is gone');
SELECT stop_enforcing('t.orders');
SELECT is(t.attempt($$ INSERT INTO t.orders VALUES (3, 'a', 'BTC', 1) $$), 'accepted', 'until checks end');

-- ---- keys of other types, quoted names ----
CREATE TABLE t."Their Orders" ("Who" uuid, "What" varchar, "How Many" float8);
SELECT enforce_margin('t."Their Orders"', 'Who', 'What', 'How Many');
INSERT INTO bal VALUES ('6f1b0e8e-0000-4000-8000-000000000001', 'USD', 1000);
SELECT is(t.attempt($$ INSERT INTO t."Their Orders" VALUES ('6f1b0e8e-0000-4000-8000-000000000001', 'BTC', 1) $$), 'accepted', 'uuid');
SELECT is(t.attempt($$ INSERT INTO t."Their Orders" VALUES ('6f1b0e8e-0000-4000-8000-000000000001', 'BTC', 1.1) $$) LIKE 'MCM01: account 6f1b0e8e-0000-4000-8000-000000000001 %', true, 'uuid, too many');
DROP TABLE t."Their Orders";
CREATE TABLE t.ints (who integer, what text, n integer);
SELECT enforce_margin('t.ints', 'who', 'what', 'n');
INSERT INTO bal VALUES ('17', 'USD', 1000);
SELECT is(t.attempt($$ INSERT INTO t.ints VALUES (17, 'BTC', 1) $$), 'accepted', 'integers');
SELECT is(left(t.attempt($$ INSERT INTO t.ints VALUES (17, 'BTC', -2) $$), 6), 'MCM01:', 'integers, too many');

-- ---- rights ----
CREATE ROLE t_reader;
CREATE ROLE t_stranger;
GRANT USAGE ON SCHEMA t, margin_calib TO t_reader, t_stranger;
SELECT grant_rights('t_reader', 'reader');
SELECT grant_account('a', 't_reader'), grant_account('17', 't_reader');
GRANT SELECT ON t.px, t.pos, t.bal, t.qt TO t_reader, t_stranger;
GRANT SELECT, INSERT ON t.ints TO t_reader, t_stranger;
SET LOCAL ROLE t_reader;
SELECT is((SELECT string_agg(account, ',') FROM margin_account), 'a', 'a reader sees the accounts that it was granted');
SELECT is((SELECT count(*) FROM what_if('a', '[{"instrument": "BTC", "quantity": 1}]') WHERE item = 'after' AND initial_margin = 2000), 1::bigint, 'what_if');
SELECT is((check_order('a', 'BTC', 5)).accepted, true, 'check_order');
SELECT is((check_order('a', 'BTC', 6)).accepted, false, 'check_order that refuses');
SELECT is((SELECT equity FROM account_now('a')), 6000.00, 'account_now');
INSERT INTO ints VALUES (17, 'BTC', 1);
SELECT throws_ok($$ INSERT INTO t.ints VALUES (17, 'BTC', 1) $$, 'MCM01', 'account 17 has no margin for this', 'its own orders are checked');
SELECT throws_ok($$ SELECT margin_calib.set_margin_model('a', NULL) $$, '42501', NULL, 'it sets no model');
SELECT throws_ok($$ SELECT margin_calib.set_account_tiers(NULL) $$, '42501', NULL, 'nor tiers');
SELECT throws_ok($$ SELECT margin_calib.enforce_margin('t.pos') $$, '42501', NULL, 'nor triggers');
SELECT throws_ok($$ SELECT margin_calib.forget_account_history('1 s') $$, '42501', NULL, 'nor forgets history');
RESET ROLE;
SET LOCAL ROLE t_stranger;
SELECT throws_ok($$ SELECT * FROM margin_calib.what_if('a') $$, '42501', NULL, 'a stranger asks nothing');
SELECT throws_ok($$ SELECT margin_calib.check_order('a', 'BTC', 1) $$, '42501', NULL, 'nor that');
SELECT throws_ok($$ SELECT * FROM margin_calib.margin_account $$, '42501', NULL, 'and sees nothing');
RESET ROLE;
SELECT is_empty($$ SELECT * FROM verify_audit() $$, 'the audit trail fits');
SELECT * FROM finish();
ROLLBACK;
