-- check_order: what is found without rates is what is found with them, over accounts of every kind; it agrees with what refresh stored; the kept
-- query of holdings follows its feeds and tables.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

CREATE TABLE t.px (sym text, ts timestamptz, p float8);
INSERT INTO t.px
SELECT s, date_trunc('minute', now()) - i * interval '1 day', b * exp(0.03 * sin(i * m))
  FROM generate_series(0, 400) AS i, (VALUES ('BTC-USD-PERP', 90000, 7), ('ETH-USD-PERP', 3000, 11), ('BTC-PERPETUAL', 90000, 7), ('USDT-USD', 1, 0), ('FREE', 50, 5), ('NOVECTOR', 70, 3)) AS v (s, b, m);
CREATE TABLE t.qt (coin text, at timestamptz, expiry timestamptz, strike float8, cp text, mark float8, fwd float8);
INSERT INTO t.qt
SELECT 'BTC', date_trunc('minute', now()), x.e, x.k, c, black76_price(c, 90000, x.k, extract(epoch FROM x.e - date_trunc('minute', now()))::float8 / 31536000, 0.5 - 0.1 * ln(x.k / 90000)), 90000
  FROM (SELECT date_trunc('year', now()) + interval '2 years 8 hours', 40000.0 + 10000 * g FROM generate_series(0, 10) AS g) AS x (e, k), unnest('{call,put}'::text[]) AS c;
CREATE TABLE t.opt AS SELECT i, format('BTC-USD-%s-%s-%s', to_char(date_trunc('year', now()) + interval '2 years', 'DDMONYY'), 50000 + 5000 * i, CASE WHEN i % 2 = 0 THEN 'C' ELSE 'P' END) AS sym
                        FROM generate_series(0, 15) AS i;
SELECT lives_ok($$ SELECT set_contracts(array_agg(sym), 'paradex') FROM t.opt $$);
-- it has rates and no vector, since nothing says what its settlement asset is worth; and an option that is registered and has no price of its own
SELECT lives_ok($$ SELECT set_contract(jsonb_populate_record(parse_symbol('BTC-USD-PERP', 'paradex'), '{"instrument": "NOVECTOR", "underlying": "XYZ", "settlement_asset": "XYZ"}')),
                          set_instrument((SELECT o.sym FROM t.opt AS o WHERE o.i = 3), kind => 'linear') $$);
SELECT lives_ok($$ SELECT set_contracts('{BTC-USD-PERP,ETH-USD-PERP}', 'paradex'), set_contracts('{BTC-PERPETUAL}', 'deribit'), set_instrument('BTC-PERPETUAL', kind => 'inverse', multiplier => 10),
                          set_amount_step('USD', 0.01) $$);
CREATE TABLE t.pos (acct text, sym text, q numeric, entry numeric);
CREATE TABLE t.bal (acct text, asset text, amount numeric);
-- of every kind: options, futures, an inverse one, unknown ones, rows without a name or quantity, a closed one, the same twice, with entries and without
INSERT INTO t.pos
SELECT 'a' || a, (ARRAY['BTC-USD-PERP', 'ETH-USD-PERP', 'BTC-PERPETUAL', 'FREE', 'NOSUCH'] || (SELECT array_agg(o.sym ORDER BY o.i) FROM t.opt AS o))[1 + (a * 7 + k * 5) % 21],
       round(((a * 13 + k * 29) % 101 - 50) / 7.0, 3) * CASE WHEN (a + k) % 21 = 2 THEN 1000 ELSE 1 END, CASE WHEN (a + k) % 3 > 0 THEN 1000 * (1 + (a * k) % 90) END
  FROM generate_series(1, 40) AS a, generate_series(1, 12) AS k WHERE (a * 7 + k * 5) % 21 <> 4 OR a % 8 = 0;
INSERT INTO t.pos VALUES ('a3', NULL, 1, NULL), ('a5', 'BTC-USD-PERP', 'NaN', 1), ('a7', 'BTC-USD-PERP', 3, 80000), ('a7', 'BTC-USD-PERP', -3, 85000), ('a9', '', 2, 5), ('a11', repeat('x', 600), 1, 1);
INSERT INTO t.pos VALUES ('a13', 'NOVECTOR', 4, 60), ('a14', 'NOVECTOR', -2, NULL), ('hand', 'BTC-USD-PERP', 2, 80000), ('closed', 'FREE', 3, 40), ('closed', 'FREE', -3, 60);
INSERT INTO t.bal VALUES ('hand', 'USD', 1000), ('closed', 'USD', 1000);
INSERT INTO t.bal SELECT 'a' || a, s, amount * a FROM generate_series(1, 41) AS a, (VALUES ('USD', 900), ('BTC', 0.1), ('USDT', -50), ('ETH', 3)) AS v (s, amount) WHERE a % 4 > 0 AND (a + length(s)) % 3 > 0;
INSERT INTO t.bal VALUES ('a2', NULL, 5), ('a2', 'NONE', 5);
SELECT lives_ok($$ SELECT attach_prices('t.px', instrument => 'sym', ts => 'ts', price => 'p'),
                          attach_quotes('t.qt', 'coin', 'at', 'expiry', 'strike', 'cp', mark => 'mark', forward => 'fwd', settings => surface_settings(minimum_quotes => 4)),
                          attach_positions('t.pos', account => 'acct', instrument => 'sym', quantity => 'q', entry_price => 'entry'),
                          attach_collateral('t.bal', account => 'acct', asset => 'asset', quantity => 'amount') $$);
CALL refresh(commit_batches => false);
SELECT lives_ok($$ SELECT set_asset('USDC', NULL), set_asset('USDT', 'USDT-USD'), set_asset('BTC', 'BTC-USD-PERP', limit_share => 0.4, wrong_way_haircut => 0.1), set_asset('ETH', 'ETH-USD-PERP') $$);
SELECT lives_ok($$ SELECT set_margin_model(NULL, 'paradex'), set_margin_model('a6', NULL), set_margin_model('a10', 'paradex', 'USDC'), set_margin_model('a12', NULL, 'USD') $$);
CALL refresh(commit_batches => false);
CALL refresh(commit_batches => false);
SELECT ok((SELECT count(vector) FROM instrument_risk WHERE currency = 'USD') >= 18, 'options have vectors');

-- ---- before a trade: what refresh stored, which takes rates and charges along ----
CREATE TABLE t.nothing AS SELECT (check_order(a.account, 'BTC-USD-PERP', 0)).*, a.equity AS stored_equity, a.initial_margin AS stored_initial, a.stale_reason AS stored_reason FROM margin_account AS a;
SELECT ok(count(*) > 35) FROM t.nothing;
SELECT is_empty($$ SELECT account, initial_before, stored_initial FROM t.nothing WHERE initial_before IS DISTINCT FROM stored_initial $$, 'the requirement before is the stored one');
SELECT is_empty($$ SELECT account, equity, stored_equity FROM t.nothing WHERE equity IS DISTINCT FROM stored_equity $$, 'and so is equity');
SELECT is_empty($$ SELECT account, stale_reason, stored_reason FROM t.nothing WHERE stale_reason IS DISTINCT FROM stored_reason $$, 'and the reason');

-- ---- by hand ----
-- 2 bought at 80000, 1 sold at 91000 for 5, all now at 90000
SELECT is(equity, 1000 + 2 * 10000 + 1000 - 5.00, 'equity') FROM check_order('hand', 'BTC-USD-PERP', -1, 91000, 5);
SELECT results_eq($$ SELECT initial_margin, initial_before FROM check_order('hand', 'BTC-USD-PERP', -1) $$,
                  $$ SELECT ceil(round((m.of_one).initial_margin::numeric, 6) * 100) / 100, ceil(round((m.of_two).initial_margin::numeric, 6) * 100) / 100
                       FROM (SELECT portfolio_margin(1, r.vector, s.method) AS of_one, portfolio_margin(2, r.vector, s.method) AS of_two
                               FROM instrument_risk AS r, scenario_set('paradex') AS s WHERE r.instrument = 'BTC-USD-PERP' AND r.currency = 'USD') AS m $$,
                  'the requirement is that of the one that is left, and before of two');
-- what was bought at 40 and sold at 60 has earned 3 * 20
SELECT is(equity, 1060.00, 'profit of long and short rows that cancel out') FROM check_order('closed', 'BTC-USD-PERP', 0);
SELECT is(unrealised_pnl, 60.00, 'as refresh has it') FROM margin_account WHERE account = 'closed';
SELECT is(excess, equity - initial_margin, 'excess') FROM check_order('a1', 'BTC-USD-PERP', 1);
SELECT results_eq($$ SELECT price, data_through, fresh_until, stale_reason FROM asset_prices('{USD}', 'USD', false, now()) $$,
                  $$ SELECT price, data_through, fresh_until, stale_reason FROM asset_quotes('{USD}', 'USD', '{}') $$, 'the price of the currency itself, short and long');
SELECT is(array_agg(price ORDER BY asset), '{1,1.0}'::numeric[], 'is 1, beside another asset too') FROM asset_prices('{USD,USDC}', 'USD', false, now());
SELECT is_empty($$ SELECT * FROM asset_prices('{}', 'USD', false, now()) $$, 'no asset, no price');

-- ---- what nobody knows the requirement of ----
INSERT INTO t.bal VALUES ('unknown', 'USD', 1000000), ('garbled', 'USD', 1000000);
INSERT INTO t.pos VALUES ('unknown', 'NOSUCH', 5, NULL), ('unknown', 'BTC-USD-PERP', 1, NULL), ('garbled', 'BTC-USD-PERP', 2, NULL), ('garbled', 'ETH-USD-PERP', 'NaN', NULL), ('garbled', 'ETH-USD-PERP', 1, NULL);
SELECT results_eq($$ SELECT accepted, excess > 900000, reason FROM check_order('unknown', 'BTC-USD-PERP', 1) $$,
                  $$ VALUES (false, true, 'account unknown has a position whose requirement is not known, and this does not lower the others: instrument NOSUCH is not known') $$, 'an unknown position is no room for more');
SELECT results_eq($$ SELECT accepted, reason FROM check_order('garbled', 'BTC-USD-PERP', 1) $$,
                  $$ VALUES (false, 'account garbled has a position whose requirement is not known, and this does not lower the others: unusable position rows of ETH-USD-PERP: 1') $$, 'nor is a row without a quantity');
SELECT results_eq($$ SELECT c.accepted, c.is_stale, c.reason FROM unnest('{unknown,garbled}'::text[]) AS a CROSS JOIN LATERAL check_order(a, 'BTC-USD-PERP', -1) AS c $$,
                  $$ VALUES (true, true, NULL), (true, true, NULL) $$, 'but the others may be closed');
SELECT is(accepted, true, 'and nothing be done') FROM check_order('unknown', 'BTC-USD-PERP', 0);
DELETE FROM t.pos WHERE acct = 'garbled' AND q = 'NaN';
SELECT is(accepted, true, 'and all is well without it') FROM check_order('garbled', 'BTC-USD-PERP', 1);
DELETE FROM t.pos WHERE acct IN ('unknown', 'garbled');
DELETE FROM t.bal WHERE acct IN ('unknown', 'garbled');

-- ---- without rates and with them: an event to come sends every check the long way ----
CREATE FUNCTION t.checks() RETURNS TABLE (account text, sym text, verdict text) LANGUAGE sql AS $$
    SELECT a.account, s.sym, (c.accepted, c.reason, c.equity, c.initial_before, c.initial_margin, c.excess, c.is_stale, c.stale_reason)::text
      FROM (SELECT 'a' || i AS account, i FROM generate_series(1, 42) AS i) AS a
     CROSS JOIN LATERAL (SELECT o.sym, o.i FROM (SELECT sym, i FROM t.opt UNION ALL VALUES ('BTC-USD-PERP', 100), ('BTC-PERPETUAL', 101)) AS o WHERE (o.i + a.i) % 6 = 0) AS s
     CROSS JOIN LATERAL check_order(a.account, s.sym, ((a.i * 17 + s.i * 5) % 9 - 4) * 0.75, CASE WHEN (a.i + s.i) % 4 > 0 THEN 20000 + 100 * a.i END, CASE WHEN a.i % 2 = 0 THEN 1.25 END) AS c
    UNION ALL -- several trades: all is closed, half of it, twice the same, two that cancel out
    SELECT a.account, k.what, (c.accepted, c.reason, c.equity, c.initial_before, c.initial_margin, c.excess, c.is_stale, c.stale_reason)::text
      FROM (SELECT 'a' || i AS account FROM generate_series(1, 42) AS i) AS a
     CROSS JOIN LATERAL (VALUES ('all', -1), ('half', -0.5), ('twice', 0.25), ('none', 0)) AS k (what, share)
     CROSS JOIN LATERAL (SELECT array_agg(ROW(h.instrument, h.quantity * k.share, NULL, NULL)::what_if_trade) AS trades FROM unnest(holdings_of('positions', a.account)) AS h
                          WHERE h.quantity <> 0 AND h.instrument NOT IN ('', 'NOSUCH', 'NOVECTOR')) AS t
     CROSS JOIN LATERAL check_order(a.account, CASE k.what WHEN 'twice' THEN t.trades || t.trades WHEN 'none' THEN t.trades || ROW('BTC-USD-PERP', 5, NULL, NULL)::what_if_trade || ROW('BTC-USD-PERP', -5, NULL, NULL)::what_if_trade
                                                                 ELSE t.trades END) AS c
     WHERE t.trades IS NOT NULL $$;
-- what is not usual in a position
UPDATE instrument SET stale_reason = 'no price today' WHERE instrument = 'ETH-USD-PERP';
UPDATE instrument_risk SET stale_reason = 'no quote today' WHERE instrument = (SELECT o.sym FROM t.opt AS o WHERE o.i = 6);
CREATE TABLE t.short AS SELECT * FROM t.checks();
SELECT is(has_add_ons(false), false, 'nothing adds yet');
SELECT lives_ok($$ SELECT add_event('later', now() + interval '1 day', now() + interval '2 days', '{FREE}', rate => 0.1) $$);
SELECT is(has_add_ons(false), true, 'an event is to come');
CREATE TABLE t.long AS SELECT * FROM t.checks();
SELECT ok(count(*) > 120) FROM t.short;
SELECT ok(count(*) FILTER (WHERE verdict LIKE '(t,%') > 10 AND count(*) FILTER (WHERE verdict LIKE '(f,%') > 10, 'some are accepted and some are not') FROM t.short;
SELECT is_empty($$ SELECT s.account, s.sym, s.verdict, l.verdict FROM t.short AS s JOIN t.long AS l USING (account, sym) WHERE s.verdict IS DISTINCT FROM l.verdict $$, 'both ways say the same');
SELECT ok(count(*) FILTER (WHERE verdict LIKE '%no price today%') > 10 AND count(DISTINCT substring(verdict FROM 'and \d+ more')) > 5, 'of several reasons') FROM t.short;
UPDATE instrument SET stale_reason = NULL WHERE instrument = 'ETH-USD-PERP';
UPDATE instrument_risk SET stale_reason = NULL WHERE instrument = (SELECT o.sym FROM t.opt AS o WHERE o.i = 6);

-- ---- the kept query ----
CREATE FUNCTION t.held(account text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(h.instrument || ':' || coalesce(h.quantity::text, '-') || ':' || h.unusable || ':' || coalesce(h.entry_value::text, '-'), ' ' ORDER BY h.instrument) FROM holdings(ARRAY[account]) AS h $$;
CREATE FUNCTION t.held_with_another(account text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(h.instrument || ':' || coalesce(h.quantity::text, '-') || ':' || h.unusable || ':' || coalesce(h.entry_value::text, '-'), ' ' ORDER BY h.instrument)
      FROM holdings(ARRAY[held_with_another.account, 'nobody']) AS h WHERE h.account = held_with_another.account $$;
SELECT is(t.held('a' || i), t.held_with_another('a' || i), 'one account alone: a' || i) FROM generate_series(1, 12) AS i;
INSERT INTO t.pos VALUES ('k', 'FREE', 2, 10), ('k', 'FREE', 3, NULL), ('k', NULL, 1, 1);
SELECT is(t.held('k'), ':-:1:1 FREE:5:0:20', 'sums by hand');
INSERT INTO t.pos SELECT 'many', 'i' || i % 100, i, CASE WHEN i % 3 > 0 THEN i / 7.0 END FROM generate_series(1, 300) AS i;
SELECT is(t.held('many'), t.held_with_another('many'), 'a hundred instruments, three rows each');
SELECT is(cardinality(holdings_of('positions', 'many')), 100, 'which are added up');
DELETE FROM t.pos WHERE acct = 'many';
CREATE TABLE t.more (id bigint, sym text, q float8);
INSERT INTO t.more VALUES (77, 'FREE', 1.5), (77, 'FREE', 'Infinity');
SELECT lives_ok($$ SELECT attach_positions('t.more', account => 'id', instrument => 'sym', quantity => 'q') $$);
INSERT INTO t.pos VALUES ('77', 'FREE', 2, NULL);
SELECT is(t.held('77'), 'FREE:3.5:1:-', 'a second feed, whose accounts are numbers');
SELECT is(t.held('k'), ':-:1:1 FREE:5:0:20', 'which this one is not');
SELECT is(t.held('99999999999999999999'), NULL, 'nor this, which is no bigint');
ALTER TABLE t.more ALTER COLUMN id TYPE text;
SELECT is(t.held('77'), 'FREE:3.5:1:-', 'the column has another type');
ALTER TABLE t.more RENAME TO renamed;
SELECT is(t.held('77'), 'FREE:3.5:1:-', 'and the table another name');
ALTER TABLE t.renamed DROP COLUMN q;
SELECT is(t.refused($$ SELECT t.held('77') $$), '42703: column q of relation t.renamed does not exist', 'or no such column');
SELECT lives_ok($$ SELECT detach('t.renamed') $$);
SELECT is(t.held('77'), 'FREE:2:0:-', 'without it again');
UPDATE feed SET error = 'gone' WHERE relation = 't.pos'::regclass;
SELECT is(t.refused($$ SELECT t.held('77') $$), '55000: position feed t.pos cannot be read');
UPDATE feed SET error = NULL WHERE relation = 't.pos'::regclass;
SELECT is(t.held('77'), 'FREE:2:0:-');
-- a view that asks for holdings itself
CREATE VIEW t.nested AS SELECT 'n'::text AS acct, h.instrument AS sym, h.quantity AS q FROM unnest(holdings_of('collateral', 'a1')) AS h;
SELECT lives_ok($$ SELECT attach_positions('t.nested', account => 'acct', instrument => 'sym', quantity => 'q', capture => 'watermark') $$);
SELECT is((SELECT count(*) FROM holdings('{n}')), (SELECT count(DISTINCT asset) FROM t.bal WHERE acct = 'a1'), 'a feed that reads balances');
SELECT is(holdings_of('positions', NULL), NULL);
SELECT is(t.refused($$ SELECT holdings_of('prices', 'a') $$), '22023: feeds of kind prices have no accounts');


-- ---- charges: what tiers add to a position is added to the account ----
SELECT lives_ok($$ SELECT detach('t.nested'), set_tiers('BTC-USD-PERP', ARRAY[ROW(0, 0.4, 0.3), ROW(100000, 0.6, 0.5)]::margin_tier[]) $$);
CALL refresh(commit_batches => false);
SELECT ok(sum(p.tier_initial_charge) > 0, 'tiers add something') FROM account_position AS p WHERE p.account = 'hand';
SELECT is((SELECT c.initial::numeric FROM portfolio_requirement AS r CROSS JOIN unnest(r.charges) AS c WHERE r.account = 'hand' AND c.name = 'tiers'),
          (SELECT sum(p.tier_initial_charge) FROM account_position AS p WHERE p.account = 'hand'), 'and that is the charge');
SELECT is(initial_before, a.initial_margin, 'which a check counts too') FROM margin_account AS a, check_order('hand', 'BTC-USD-PERP', -1) WHERE a.account = 'hand';

SELECT * FROM finish();
ROLLBACK;
