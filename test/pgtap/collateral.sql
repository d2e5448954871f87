-- Collateral in the engine: amounts by hand, stored = live = recomputed from nothing, pegs with a memory, wrong-way exposure,
-- limits, debts, rows and assets that cannot be used, errors.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

SELECT create_standard_tables('t');
INSERT INTO candles (instrument, ts, close)
    SELECT k, date_trunc('day', now()) - b * interval '1 day',
           CASE k WHEN 'USDT-USD' THEN round((0.9995 + 0.0004 * sin(b * b))::numeric, 6)::float8
                  ELSE round((50 * exp(0.03 * sin(ascii(right(k, 1)) * b) * cos(b * b)))::numeric, 6)::float8 END
      FROM unnest(ARRAY['BTCUSDT', 'ETHA', 'SOLC', 'USDT-USD']) AS k, generate_series(1, 200) AS b;
CREATE TABLE balances (who text, coin text, amount numeric);
SELECT attach_collateral('balances', account => 'who', asset => 'coin', quantity => 'amount');
CALL refresh(commit_batches => false);

CREATE FUNCTION t.differences() RETURNS bigint LANGUAGE sql AS $$
    WITH live AS (SELECT c.* FROM margin_calib.collateral_of(ARRAY(SELECT DISTINCT who FROM t.balances WHERE who IS NOT NULL), true, clock_timestamp()) AS c),
    stored AS (SELECT c.* FROM margin_calib.account_collateral AS c)
    SELECT (SELECT count(*) FROM (SELECT s::text FROM stored AS s EXCEPT ALL SELECT l::text FROM live AS l) AS x)
         + (SELECT count(*) FROM (SELECT l::text FROM live AS l EXCEPT ALL SELECT s::text FROM stored AS s) AS x)
         + (SELECT count(*) FROM margin_calib.verify()) $$;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text; detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || CASE WHEN hint || detail = '' THEN ' without a word' ELSE '' END;
END $$;
CREATE VIEW t.m AS SELECT * FROM margin_calib.margin_collateral;
CREATE FUNCTION t.price(name text) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT last_price FROM margin_calib.instrument WHERE instrument = name $$;
CREATE FUNCTION t.rate(name text) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT long_initial_rate FROM margin_calib.market_stored WHERE instrument = name $$;
CREATE FUNCTION t.up(x numeric, step numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT ceil(x / step) * step $$;

-- ---- prices ----

SELECT is((SELECT count(*) FROM asset_prices('{}', 'USD', false, now())), 0::bigint, 'no asset, no price');
SELECT is((SELECT count(*) FROM asset_prices(NULL, 'USD', false, now())), 0::bigint, 'NULL, no price');
SELECT is(refused($$ SELECT * FROM asset_prices('{BTC}', NULL, false, now()) $$), '22004', 'a price has a currency');
SELECT is((SELECT price FROM asset_prices('{USD}', 'USD', true, now())), 1::numeric, 'the currency itself is 1');
SELECT ok((SELECT price IS NULL AND stale_reason ~ 'set_asset' FROM asset_prices('{BTC}', 'USD', true, now())), 'an asset without a price says what to write');
SELECT lives_ok($$ SELECT set_asset('BTC', 'BTCUSDT', 'USDT') $$, 'an asset priced in another');
SELECT ok((SELECT price IS NULL AND stale_reason ~ 'priced in USDT' FROM asset_prices('{BTC}', 'USD', false, now())), 'which has no price itself');
SELECT is((SELECT price FROM asset_prices('{BTC}', 'USDT', false, now())), t.price('BTCUSDT'), 'but one in its own currency');
SELECT lives_ok($$ SELECT set_asset('USDT', 'USDT-USD'), set_asset('SOL', 'SOLC'), set_asset('USDC') $$, 'more assets');
SELECT is((SELECT price FROM asset_prices('{BTC}', 'USD', false, now())), t.price('BTCUSDT') * t.price('USDT-USD'), 'chained once');
SELECT is((SELECT price FROM asset_prices('{ETHA}', 'USD', false, now())), t.price('ETHA'), 'an instrument is an asset of its name');
SELECT is((SELECT price FROM asset_prices('{USDC}', 'USD', false, now())), 1::numeric, 'a unit of account is worth 1');

-- ---- haircuts by hand ----

INSERT INTO balances VALUES ('a', 'BTC', 10), ('a', 'BTC', 2.5), ('a', 'USD', -100.005), ('b', 'SOL', 7), ('b', 'USD', 1000);
CALL refresh(commit_batches => false);
SELECT is(differences(), 0::bigint, 'stored = live = recomputed');
SELECT is((SELECT quantity FROM m WHERE account = 'a' AND asset = 'BTC'), 12.5, 'rows add up');
SELECT is((SELECT value FROM m WHERE account = 'a' AND asset = 'BTC'), 12.5 * t.price('BTCUSDT') * t.price('USDT-USD'), 'value = quantity * price, exact');
SELECT is((SELECT haircut FROM m WHERE account = 'a' AND asset = 'BTC'), up(rate('BTCUSDT') + rate('USDT-USD'), 0.005), 'haircut: both legs, rounded up');
SELECT is((SELECT haircut FROM m WHERE account = 'b' AND asset = 'SOL'), up(rate('SOLC'), 0.005), 'haircut of one leg');
SELECT is((SELECT collateral_value FROM m WHERE account = 'b' AND asset = 'SOL'),
          floor(7 * t.price('SOLC') * (1 - up(rate('SOLC'), 0.005)) * 100) / 100, 'collateral value is rounded down to the cent');
SELECT is((SELECT ROW(haircut, collateral_value, binding_term)::text FROM m WHERE account = 'a' AND asset = 'USD'), '(0,-100.01,debt)', 'a debt has no haircut, and is rounded up');
SELECT is((SELECT ROW(haircut, collateral_value, binding_term)::text FROM m WHERE account = 'b' AND asset = 'USD'), '(0,1000.00,"own currency")', 'cash in the currency has none');
SELECT is((SELECT ROW(haircut, binding_term, market_haircut)::text FROM collateral_haircut WHERE asset = 'SOL'),
          ROW(trim_scale(up(rate('SOLC'), 0.005)), 'calibrated', rate('SOLC'))::text, 'the published haircut is the same');

SELECT lives_ok($$ SELECT set_asset('SOL', maximum_weight => 0.6), set_credit_quality(3, 0.35) $$, 'a maximum weight');
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(haircut, binding_term)::text FROM m WHERE asset = 'SOL'), '(0.4,weight)', 'leaves at most 60 %');
SELECT lives_ok($$ SELECT set_asset('SOL', minimum_haircut => 0.431) $$, 'a floor');
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(haircut, binding_term)::text FROM m WHERE asset = 'SOL'), '(0.435,minimum)', 'is rounded up, too');
SELECT lives_ok($$ SELECT set_credit_quality(3, 0.5), set_asset('SOL', credit_quality => 3) $$, 'a credit quality step');
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(haircut, binding_term)::text FROM m WHERE asset = 'SOL'), '(0.5,quality)', 'has its floor');
SELECT is((SELECT array_agg(haircut ORDER BY id) FILTER (WHERE valid_to IS NOT NULL) FROM asset_haircut WHERE asset = 'SOL'),
          ARRAY[up(rate('SOLC'), 0.005), 0.4, 0.435], 'history has those before');
SELECT lives_ok($$ SELECT set_credit_quality(3, NULL) $$, 'a step that is no longer set');
CALL refresh(commit_batches => false);
SELECT ok((SELECT haircut = 1 AND collateral_value = 0 AND binding_term = 'no data' AND stale_reason ~ 'set_credit_quality' FROM m WHERE asset = 'SOL'), 'leaves nothing, with the reason');
SELECT lives_ok($$ SELECT set_asset('SOL', 'SOLC', haircut_step => 0.0001, reset => true) $$, 'reset forgets');
CALL refresh(commit_batches => false);
SELECT is((SELECT haircut FROM m WHERE asset = 'SOL'), up(rate('SOLC'), 0.0001), 'all of it');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed after settings');

-- ---- size ----

CREATE TABLE other (symbol text, ts timestamptz, volume numeric);
CREATE TABLE depth (symbol text, ts timestamptz, spread numeric, volume numeric);
INSERT INTO depth SELECT 'SOLC', date_trunc('hour', now()), 0.002, 10;
SELECT attach_liquidity('depth', 'symbol', 'ts', spread => 'spread', volume => 'volume');
INSERT INTO balances VALUES ('big', 'SOL', 9), ('huge', 'SOL', 1e9);
CALL refresh(commit_batches => false);
-- 9 units at 10 % of 10 a day take 9 days: factor 3
SELECT is((SELECT ROW(liquidation_horizon, horizon_haircut, spread_haircut, haircut)::text FROM m WHERE account = 'big'),
          ROW(9, trim_scale(rate('SOLC') * 2), 0.003, trim_scale(up(rate('SOLC') * 3 + 0.003, 0.0001)))::text, 'nine days: three times the rate, three half spreads');
SELECT is((SELECT liquidation_horizon FROM m WHERE account = 'huge'), 60.000000, '1e9 units take the longest horizon');
SELECT is((SELECT haircut FROM m WHERE account = 'huge'), least(1, up(round((rate('SOLC') + 0.001) * sqrt(60::numeric), 12), 0.0001)), 'and no more');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with liquidity');

-- ---- limits ----

SELECT lives_ok($$ SELECT set_asset('BTC', limit_amount => 100, excess_haircut => 0.9, haircut_step => 0.01) $$, 'a limit');
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(excess_value, excess_haircut)::text FROM m WHERE account = 'a' AND asset = 'BTC'),
          ROW(trim_scale(12.5 * t.price('BTCUSDT') * t.price('USDT-USD') - 100), 0.9)::text, 'the value above it');
SELECT is((SELECT collateral_value FROM m WHERE account = 'a' AND asset = 'BTC'),
          floor((100 * (1 - h) + (v - 100) * 0.1) * 100) / 100, 'counts a tenth')
  FROM (SELECT up(rate('BTCUSDT') + rate('USDT-USD'), 0.01), 12.5 * t.price('BTCUSDT') * t.price('USDT-USD')) AS x (h, v);
SELECT lives_ok($$ SELECT set_asset('SOL', limit_share => 0.2) $$, 'a share');
CALL refresh(commit_batches => false);
SELECT is((SELECT excess_value FROM m WHERE account = 'b' AND asset = 'SOL'), 7 * t.price('SOLC') - 0.2 * (7 * t.price('SOLC') + 1000), 'of all that the account holds, before haircuts');
SELECT is((SELECT excess_value FROM m WHERE account = 'big'), 9 * t.price('SOLC') * 0.8, 'also when it is all');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with limits');

-- ---- wrong way ----

SELECT lives_ok($$ SELECT set_asset('BTC', 'BTCUSDT', 'USDT', wrong_way_haircut => 0.2, haircut_step => 0.000001, reset => true) $$, 'an asset that accounts may be long in');
INSERT INTO positions (account, instrument, quantity) VALUES ('a', 'BTCUSDT', 5), ('w', 'ETHA', 20);
INSERT INTO balances VALUES ('w', 'SOL', 10), ('w', 'BTC', 1);
CALL refresh(commit_batches => false);
-- the position is worth 5 * price in USD, the asset 12.5 * price * 0.9996: 0.4 of it
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'a' AND asset = 'BTC'),
          round(0.2 * 5 / (12.5 * t.price('USDT-USD')), 12), 'in proportion to what the position matches');
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'w' AND asset = 'BTC'), 0::numeric, 'not for other positions');
UPDATE positions SET quantity = -5 WHERE account = 'a';
CALL refresh(commit_batches => false);
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'a' AND asset = 'BTC'), 0::numeric, 'nor for a short one');
UPDATE positions SET quantity = 5000 WHERE account = 'a';
CALL refresh(commit_batches => false);
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'a' AND asset = 'BTC'), 0.2, 'at most the haircut itself');
SELECT lives_ok($$ SELECT set_wrong_way('SOL', 'ETHA', 0.3) $$, 'a pair');
CALL refresh(commit_batches => false);
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'w' AND asset = 'SOL'), round(least(0.3 * 20 * t.price('ETHA') / (10 * t.price('SOLC')), 0.3), 12), 'counts');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with wrong-way exposure');
SELECT lives_ok($$ SELECT set_wrong_way('SOL', 'ETHA', 0.3, side => 'short') $$, 'a pair of the other side');
CALL refresh(commit_batches => false);
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'w' AND asset = 'SOL'), 0::numeric, 'does not');
SELECT lives_ok($$ SELECT set_wrong_way('SOL', 'ETHA', 0.3, correlation => 1) $$, 'a pair that must move as one');
CALL refresh(commit_batches => false);
SELECT is((SELECT round(correlation, 9) FROM wrong_way_correlation), (
    SELECT round(corr(a.r, b.r)::numeric, 9) FROM (SELECT ts, ln(close / lag(close) OVER (ORDER BY ts)) AS r FROM candles WHERE instrument = 'SOLC') AS a
      JOIN (SELECT ts, ln(close / lag(close) OVER (ORDER BY ts)) AS r FROM candles WHERE instrument = 'ETHA') AS b USING (ts)), 'correlation of log returns, as PostgreSQL has it');
SELECT is((SELECT wrong_way_haircut FROM m WHERE account = 'w' AND asset = 'SOL'), 0::numeric, 'and does not');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with a correlation');

-- ---- pegs ----

SELECT lives_ok($$ SELECT set_peg_stages('USDT', '[{"below": 0.995, "haircut": 0.02}, {"below": 0.97, "haircut": 0.5}, {"below": 0.9, "haircut": 1}]', '2 hours') $$, 'stages');
INSERT INTO balances VALUES ('s', 'USDT', 1000);
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(stage, haircut, next_below)::text FROM peg_status), '(0,0,0.995)', 'the peg holds');
SELECT is((SELECT count(*) FROM margin_alert WHERE kind = 'peg_stage'), 0::bigint, 'no alert');
CREATE FUNCTION t.tick(hours numeric, price float8) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO t.candles (instrument, ts, close) VALUES ('USDT-USD', date_trunc('hour', now()) - interval '20 hours' + hours * interval '1 hour', price);
    CALL margin_calib.refresh(commit_batches => false);
    RETURN (SELECT stage FROM margin_calib.peg_state WHERE asset = 'USDT');
END $$;
SELECT is(t.tick(0, 0.98), 1, 'below 0.995: stage 1 at once');
SELECT is((SELECT ROW(haircut, binding_term)::text FROM m WHERE account = 's') , '(0.02,peg)', 'and its haircut');
SELECT is(t.tick(1, 0.96), 2, 'below 0.97: stage 2 at once');
SELECT is((SELECT collateral_value FROM m WHERE account = 's'), 480.00, 'half of what it is worth');
SELECT is(t.tick(2, 0.996), 2, 'above: not over yet');
SELECT is(t.tick(3, 0.98), 2, 'nor an hour later');
SELECT is(t.tick(4, 0.998), 1, 'two hours at or above 0.97: back in stage 1');
SELECT is(t.tick(5.9, 0.9951), 1, 'not yet two hours at or above 0.995');
SELECT is(t.tick(6, 0.995), 0, 'two hours: the peg holds');
SELECT is((SELECT array_agg(stage ORDER BY id) FROM peg_stage_history WHERE asset = 'USDT'), '{0,1,2,1,0}', 'history of every change');
SELECT is((SELECT count(*) FROM margin_alert WHERE kind = 'peg_stage' AND instrument = 'USDT' AND is_open), 4::bigint, 'an alert for each');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with stages');
DELETE FROM candles WHERE instrument = 'USDT-USD' AND ts >= date_trunc('hour', now()) - interval '20 hours';
CALL refresh(commit_batches => false);
SELECT is(t.tick(0, 0.96), 2, 'the stage is a function of the prices');
SELECT is(t.tick(6, 0.999), 2, 'a price that has just come back has not dwelt');
SELECT is(t.tick(8, 0.999), 0, 'now it has');
SELECT is((SELECT ROW(price, haircut, collateral_value, binding_term)::text FROM collateral_of('{s}', true, now(), 'USDT')), '(1,0,1000.00,"own currency")', 'an account that owes in the pegged asset loses nothing by holding it');
INSERT INTO balances VALUES ('s', 'USDT', 1);
SELECT is((SELECT stale_reason FROM m WHERE account = 's'), 'changes wait for the next refresh', 'what waits is said');
SELECT is((SELECT count(*) FROM m WHERE is_stale AND account <> 's'), 0::bigint, 'and of nobody else');
CALL refresh(commit_batches => false);
SELECT is((SELECT is_stale FROM m WHERE account = 's'), false, 'until a refresh');
-- a table that takes a price of zero
CREATE TABLE zeros (symbol text, ts timestamptz, price numeric);
INSERT INTO zeros SELECT 'LUNA', date_trunc('day', now()) - b * interval '1 day', 1 FROM generate_series(1, 60) AS b;
SELECT attach_prices('zeros', 'symbol', 'ts', 'price');
CALL refresh(commit_batches => false);
SELECT lives_ok($$ SELECT set_asset('UST', 'LUNA'), set_peg_stages('UST', '[{"below": 0.9, "haircut": 1}]') $$, 'another peg');
INSERT INTO balances VALUES ('l', 'UST', 500);
CALL refresh(commit_batches => false);
SELECT ok((SELECT collateral_value > 0 FROM m WHERE account = 'l'), 'counts');
INSERT INTO zeros VALUES ('LUNA', now(), 0);
CALL refresh(commit_batches => false);
SELECT is((SELECT ROW(s.stage, s.price, m.haircut, m.collateral_value)::text FROM peg_status AS s, m WHERE s.asset = 'UST' AND m.account = 'l'), '(1,0,1,0.00)', 'a price of zero is quarantined, and the asset counts nothing');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed at zero');

-- ---- rows, accounts and assets that are odd ----

INSERT INTO balances VALUES ('odd', 'DOGE', 5), ('odd', NULL, 1), ('odd', 'USD', 'NaN'), ('odd', 'USD', 3), ('odd', 'SOL', NULL), (NULL, 'SOL', 1),
    ('odd', repeat('x', 600), 1), ('owes', 'DOGE', -5), ('zero', 'SOL', 4), ('zero', 'SOL', -4);
CALL refresh(commit_batches => false);
SELECT is((SELECT array_agg(DISTINCT reason COLLATE "C" ORDER BY reason COLLATE "C") FROM quarantine AS q JOIN feed AS f ON f.id = q.feed AND f.kind = 'collateral' WHERE resolved_at IS NULL),
          '{"account is NULL","asset has no price","asset is NULL","asset is longer than 500 bytes","quantity is NULL","quantity is NaN or infinite"}', 'bad rows are named');
SELECT ok((SELECT price IS NULL AND value IS NULL AND haircut = 1 AND collateral_value = 0 AND stale_reason ~ 'set_asset' FROM m WHERE account = 'odd' AND asset = 'DOGE'), 'an unknown asset counts nothing, with the reason');
SELECT ok((SELECT collateral_value = 3 AND is_stale AND stale_reason ~ 'unusable collateral rows of USD: 1' FROM m WHERE account = 'odd' AND asset = 'USD'), 'usable rows beside unusable ones count, stale');
SELECT ok((SELECT collateral_value IS NULL AND stale_reason IS NOT NULL FROM m WHERE account = 'owes'), 'a debt without a price could be any amount');
SELECT is((SELECT count(*) FROM m WHERE account = 'zero'), 0::bigint, 'nothing left, no row');
SELECT is((SELECT count(*) FROM collateral_of('{nobody,NULL}', true, now())), 0::bigint, 'an account without balances has no row');
SELECT is((SELECT count(*) FROM collateral_of(NULL, true, now())), 0::bigint, 'nor has NULL');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed with odd rows');
SELECT lives_ok($$ SELECT set_asset('DOGE') $$, 'the asset becomes known');
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM quarantine WHERE reason = 'asset has no price' AND resolved_at IS NULL), 0::bigint, 'and its rows are no longer in quarantine');
SELECT is((SELECT collateral_value FROM m WHERE account = 'owes'), -5.00, 'nor the debt unknown');
-- an old price
CREATE TABLE fresh AS SELECT fresh_until FROM instrument WHERE instrument = 'SOLC';
UPDATE instrument SET fresh_until = now() - interval '1 second' WHERE instrument = 'SOLC';
SELECT ok((SELECT staleness(c.stale_reason, c.fresh_until, false) ~ 'older' AND price > 0 FROM collateral_of('{b}', false, now()) AS c WHERE asset = 'SOL'), 'a stale price is said to be');
UPDATE instrument SET fresh_until = (SELECT f.fresh_until FROM fresh AS f) WHERE instrument = 'SOLC';
-- a feed that is broken keeps what was stored
CREATE TABLE kept AS SELECT account, asset, collateral_value FROM account_collateral;
ALTER TABLE balances RENAME COLUMN coin TO token;
CALL refresh(commit_batches => false);
SELECT ok((SELECT bool_and(is_stale AND stale_reason ~ 'cannot be read') FROM m), 'a feed that cannot be read makes all of it stale');
SELECT is((SELECT count(*) FROM (SELECT account, asset, collateral_value FROM m EXCEPT SELECT * FROM kept) AS x), 0::bigint, 'and keeps it');
SELECT is(refused($$ SELECT * FROM collateral_of('{a}', true, now()) $$), '55000', 'live it is an error');
ALTER TABLE balances RENAME COLUMN token TO coin;
CALL refresh(commit_batches => false);
SELECT is(differences(), 0::bigint, 'and when it can be read again all is as it was');

-- ---- use ----

INSERT INTO balances VALUES ('u', 'USD', 100), ('u', 'USDC', 100), ('u', 'SOL', 1), ('u', 'DOGE', -30);
SELECT set_asset('USDC', priority => 1);
SELECT set_asset('SOL', 'SOLC', reset => true);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT asset, used, uncovered FROM collateral_use('u', 120) $$,
    $$ VALUES ('DOGE', -30.00, 150.00), ('USDC', 100.00, 50.00), ('USD', 50.00, 0.00), ('SOL', 0.00, 0.00), (NULL, 120.00, 0.00) $$, 'debts first, then priority, haircut and name');
SELECT is((SELECT uncovered FROM collateral_use('u', 1000) WHERE asset IS NULL), 1000 - (SELECT sum(collateral_value) FROM m WHERE account = 'u'), 'the shortfall');
SELECT is((SELECT round(used_quantity * price * (1 - m.haircut), 6) FROM collateral_use('u', 190) AS x JOIN m ON m.account = 'u' AND m.asset = x.asset WHERE x.asset = 'SOL'), 20.000000, 'the quantity that it takes');
SELECT results_eq($$ SELECT asset, uncovered FROM collateral_use('nobody', 5) $$, $$ VALUES (NULL::text, 5::numeric) $$, 'an account without collateral covers nothing');
SELECT is((SELECT count(*) FROM collateral_use('u', NULL)), 0::bigint, 'NULL gives no row');
SELECT is(refused($$ SELECT * FROM collateral_use('u', -1) $$), '22023', 'a requirement is not negative');
SELECT is(refused($$ SELECT * FROM collateral_use('u', 'NaN') $$), '22023', 'nor NaN');
SELECT is((SELECT sum(collateral_value) FROM allocate_collateral('u', ARRAY[('x', 120), ('y', 50)]::collateral_demand[]) WHERE asset IS NULL), 170::numeric, 'an account''s collateral for two requirements');

-- ---- what is refused ----

SELECT is(refused(format('SELECT %s', c)), s, c)
  FROM (VALUES ('set_asset(NULL)', '22004'), ('set_asset('''')', '22023'), ('set_asset(''X'', ''NO-SUCH'')', '42704'), ('set_asset(''USDT'', currency => ''USDT'')', '22023'),
               ('set_asset(''X'', minimum_haircut => 2)', '22023'), ('set_asset(''X'', maximum_weight => ''NaN'')', '22023'), ('set_asset(''X'', limit_amount => -1)', '22023'),
               ('set_asset(''X'', limit_share => 5)', '22023'), ('set_asset(''X'', haircut_step => 0)', '22023'), ('set_asset(''X'', credit_quality => 9)', '42704'),
               ('set_asset(''X'', opportunity_cost => ''Infinity'')', '22023'), ('set_asset(''X'', excess_haircut => -0.1)', '22023'), ('drop_asset(''X'')', '42704'), ('drop_asset(NULL)', '42704'),
               ('set_credit_quality(0, 0.1)', '22023'), ('set_credit_quality(NULL, 0.1)', '22023'), ('set_credit_quality(1, 1.1)', '22023'),
               ('set_wrong_way(NULL, ''ETHA'', 0.1)', '22004'), ('set_wrong_way(''SOL'', ''ETHA'', 0)', '22023'), ('set_wrong_way(''SOL'', ''NO-SUCH'', 0.1)', '42704'),
               ('set_wrong_way(''NO'', ''ETHA'', 0.1)', '42704'), ('set_wrong_way(''SOL'', ''ETHA'', 0.1, side => ''up'')', '22023'), ('set_wrong_way(''SOL'', ''ETHA'', 0.1, 3)', '22023'),
               ('set_peg_stages(NULL, ''[]'')', '22004'), ('set_peg_stages(''USDT'', ''[]'')', '22023'), ('set_peg_stages(''USDT'', ''3'')', '22023'),
               ('set_peg_stages(''USDT'', ''[{"below": 0.9}]'')', '22023'), ('set_peg_stages(''USDT'', ''[{"below": 0.9, "haircut": 0.1, "x": 1}]'')', '22023'),
               ('set_peg_stages(''USDT'', ''[{"below": 0.9, "haircut": 0.1}, {"below": 0.95, "haircut": 0.2}]'')', '22023'),
               ('set_peg_stages(''USDT'', ''[{"below": 0.9, "haircut": 0.3}, {"below": 0.8, "haircut": 0.2}]'')', '22023'),
               ('set_peg_stages(''USDT'', ''[{"below": 1.9, "haircut": 0.3}]'')', '22023'), ('set_peg_stages(''USDC'', ''[{"below": 0.9, "haircut": 0.3}]'')', '42704'),
               ('set_peg_stages(''USDT'', ''[{"below": 0.9, "haircut": 0.3}]'', ''-1 hour'')', '22023'), ('attach_collateral(''balances'', ''who'', ''coin'', ''amount'')', '55000'),
               ('attach_collateral(''other'', ''symbol'', ''nope'', ''volume'')', '42703'), ('attach_collateral(''other'', ''symbol'', ''ts'', ''volume'')', '42804')) AS v (c, s);

-- ---- dropping ----

SELECT lives_ok($$ SELECT drop_asset('USDT') $$, 'an asset with stages is dropped');
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM peg_status WHERE asset = 'USDT') + (SELECT count(*) FROM collateral_haircut WHERE asset = 'USDT'), 0::bigint, 'and so are they');
SELECT ok((SELECT haircut = 1 AND collateral_value = 0 FROM m WHERE account = 's'), 'nothing of it counts');
SELECT is(differences(), 0::bigint, 'stored = live = recomputed');
SELECT lives_ok($$ SELECT detach('balances') $$, 'detached');
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM account_collateral), 0::bigint, 'balances no longer count');
SELECT is((SELECT count(*) FROM verify_audit()), 0::bigint, 'every setting is in the audit trail');
SELECT * FROM finish();
ROLLBACK;
