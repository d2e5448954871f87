-- Borrowed history: the splice by hand, calibrations beside those of the union of own and synthetic prices in plain SQL, fading, what
-- recalibrates a borrower, and what is refused.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- the splice by hand: squares of 100, 200, 400 over 400 times 8, the proxy's bar at the first own ts lends nothing
CREATE TABLE hand (symbol text, ts timestamp, price numeric);
INSERT INTO hand VALUES ('BTC', '2024-01-01', 100), ('BTC', '2024-01-02', 200), ('BTC', '2024-01-03', 400), ('BTC', '2024-01-04', 800),
    ('NEW', '2024-01-03', 8), ('NEW', '2024-01-04', 10);
CREATE FUNCTION path(borrower text, multiplier numeric, relation regclass DEFAULT 'hand') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s%s', to_char(b.ts, 'DD HH24'), b.price, CASE WHEN b.is_borrowed THEN '*' END), ', ' ORDER BY b.ts, b.price)
      FROM borrowed_prices(relation, 'symbol', 'ts', 'price', borrower, 'BTC', multiplier) AS b $$;
SELECT is(path('NEW', 2), '01 00 0.5*, 02 00 2*, 03 00 8, 04 00 10', 'multiplier 2, bars at the same time');
SELECT is(path('NEW', 0.5), '01 00 4*, 02 00 5.656854249492381*, 03 00 8, 04 00 10', 'multiplier 1/2');
SELECT is((SELECT count(*) FROM borrowed_prices('hand', 'symbol', 'ts', 'price', 'NEW', 'BTC') AS b WHERE b.price IN (2, 4) AND b.is_borrowed), 2::bigint,
          'the multiplier is 1 unless it is given');
UPDATE hand SET ts = ts + interval '6 hours' WHERE symbol = 'NEW';
SELECT is(path('NEW', 2), '01 00 0.5*, 02 00 2*, 03 00 8*, 03 06 8, 04 06 10', 'bars apart: the last borrowed one stands at the first own price');
INSERT INTO hand VALUES ('NEW', '2024-01-02 12:00', NULL), ('NEW', '2024-01-02 13:00', 'NaN'), ('NEW', '2024-01-02 14:00', -1), ('NEW', '2024-01-03 06:00', 9),
    ('BTC', '2024-01-02 18:00', 0), ('BTC', '2024-01-02 19:00', NULL), ('BTC', '2024-01-03 00:00', 1600);
SELECT is(path('NEW', 2), '01 00 0.5*, 02 00 2*, 02 12 , 02 13 NaN, 02 14 NaN, 03 00 8*, 03 00 128*, 03 06 8, 03 06 9, 04 06 10',
          'own rows stay, usable or not, unusable ones of the proxy lend nothing, of two prices at one ts the lower one counts');
SELECT is(path('NOT-YET', 2), NULL, 'no own price, nothing to splice to');
SELECT is((SELECT count(*) FROM borrowed_prices('hand', 'symbol', 'ts', 'price', 'NEW', 'NO-SUCH')), 6::bigint, 'an unknown proxy lends nothing');
INSERT INTO hand VALUES ('OLD', '2023-12-31', 5);
SELECT is(path('OLD', 2), '31 00 5', 'a proxy that is younger lends nothing');
INSERT INTO hand VALUES ('BTC', '2023-01-01', 1e-300), ('BTC', '2023-01-02', 1e300);
SELECT is((SELECT count(*) FROM borrowed_prices('hand', 'symbol', 'ts', 'price', 'NEW', 'BTC', 100) AS b WHERE b.price = 'NaN' AND b.is_borrowed), 2::bigint,
          'a borrowed price beyond double precision is NaN, not an error');

INSERT INTO hand VALUES ('WILD', '2023-01-01', 1e300), ('WILD', '2023-01-02', 1e-300);
SELECT is((SELECT string_agg(b.price::text, ' ' ORDER BY b.ts) FROM borrowed_prices('hand', 'symbol', 'ts', 'price', 'NEW', 'WILD', 0.1) AS b WHERE b.is_borrowed),
          'NaN 8', 'nor is a ratio beyond it');

SELECT throws_ok(format('SELECT * FROM borrowed_prices(%s)', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('NULL, ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC''', '22004'), ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', NULL', '22004'),
             ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''NEW''', '22023'), ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC'', 0', '22023'),
             ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC'', -1', '22023'), ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC'', ''NaN''', '22023'),
             ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC'', ''Infinity''', '22023'), ('''hand'', ''symbol'', ''ts'', ''price'', ''NEW'', ''BTC'', NULL', '22004'),
             ('''hand'', ''sym'', ''ts'', ''price'', ''NEW'', ''BTC''', '42703'), ('''hand'', ''symbol'', ''price'', ''price'', ''NEW'', ''BTC''', '42804')) v (call, state);
SELECT is((SELECT count(*) FROM borrowed_prices('hand', 'symbol', 'ts', 'price', $$x'); DROP TABLE hand; --$$, $$"'\$$)), 0::bigint, 'names are values');
CREATE ROLE mc_borrower;
GRANT USAGE ON SCHEMA t TO mc_borrower;
SELECT grant_rights('mc_borrower', 'reader');
SET LOCAL ROLE mc_borrower;
SELECT throws_ok($$ SELECT * FROM margin_calib.borrowed_prices('t.hand', 'symbol', 'ts', 'price', 'NEW', 'BTC') $$, '42501', NULL, 'SELECT is needed');
SELECT throws_ok($$ SELECT margin_calib.set_proxy('NEW', 'BTC') $$, '42501', NULL, 'and the engine''s rights for set_proxy');
RESET ROLE;

-- the engine: a house policy whose terms all come from the lookback, so that fading can end
-- rates without a memory, so that calibrate_margin can recompute them here
SELECT set_policy('new_product', buffer => 0);
SELECT set_policy('short', based_on => 'prop_desk', model => 'filtered_historical', lookback => 60, min_returns => 40, confidence => 0.95);
CREATE TABLE lenders (symbol text, ts timestamptz, price float8, PRIMARY KEY (symbol, ts));
CREATE TABLE listings (id text, at timestamptz, last numeric, PRIMARY KEY (id, at));
CREATE TABLE book (client text, symbol text, qty numeric);
INSERT INTO lenders SELECT s, date_trunc('day', now()) - (200 - i) * interval '1 day', 1000 * exp(0.03 * sin(i * i * 1.3 + ascii(s)))
  FROM unnest('{BTC,ETH}'::text[]) AS s, generate_series(1, 200) AS i;
INSERT INTO listings SELECT s, date_trunc('day', now()) - (6 - i) * interval '1 day' + interval '1 hour', round((7 * exp(0.02 * sin(i * i)))::numeric, 6)
  FROM unnest('{NEW,NEWER,PLAIN}'::text[]) AS s, generate_series(1, 5) AS i;
INSERT INTO book VALUES ('alice', 'NEW', 3), ('bob', 'PLAIN', 3), ('carol', 'NEWER', -2);
SELECT attach_prices('lenders', 'symbol', 'ts', 'price', 'short');
SELECT attach_prices('listings', 'id', 'at', 'last', 'short', 'new_product');
SELECT attach_positions('book', 'client', 'symbol', 'qty');
CALL refresh(commit_batches => false);
SELECT is(array_agg(policy || ' ' || coalesce(borrowed_returns::text, '-') ORDER BY instrument), '{"short -","short -","new_product -","new_product -","new_product -"}',
          'without a proxy new products have their policy') FROM margin_parameter;
SELECT set_proxy('NEW', 'BTC', 1.5), set_proxy('NEWER', 'ETH');
SELECT ok(bool_and(is_stale = (instrument IN ('NEW', 'NEWER'))), 'a proxy waits for the next refresh') FROM margin_parameter WHERE instrument IN ('NEW', 'NEWER', 'PLAIN');

CREATE FUNCTION expected(name text, lender text, multiplier float8) RETURNS margin_calibration LANGUAGE sql AS $$
    WITH start AS (SELECT at, last::float8 AS price FROM listings WHERE id = name AND at <= now() ORDER BY at LIMIT 1),
         lent AS (SELECT l.ts, l.price, last_value(l.price) OVER (ORDER BY l.ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS splice
                    FROM lenders AS l, start AS s WHERE l.symbol = lender AND l.ts <= s.at),
         both_paths AS (SELECT l.ts, s.price * exp(multiplier * ln(l.price / l.splice)) AS price FROM lent AS l, start AS s
                    UNION ALL SELECT at, last FROM listings WHERE id = name AND at <= now())
    SELECT calibrate_margin(ts, price, policy('short')) FROM both_paths $$;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT client FROM book) AS b
      LEFT JOIN LATERAL (SELECT to_jsonb(r) - 'as_of' AS r FROM margin_requirement AS r WHERE r.account = b.client) AS stored ON true
      LEFT JOIN LATERAL (SELECT to_jsonb(r) - 'as_of' AS r FROM requirement_now(b.client) AS r) AS live ON true
     WHERE stored.r IS DISTINCT FROM live.r $$;
CREATE TABLE foreseen AS SELECT r.account, r.initial_margin FROM book, requirement_now(client) AS r;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT account, initial_margin FROM foreseen EXCEPT SELECT account, initial_margin FROM margin_requirement $$, 'the live answer foresaw it');
SELECT is(differences(), 0::bigint, 'requirement_now = refresh with borrowed history');
SELECT results_eq($$ SELECT instrument, policy, proxy, proxy_multiplier, borrowed_returns, returns_used, fallback FROM margin_parameter WHERE instrument > 'F' ORDER BY 1 $$,
    $$ VALUES ('NEW', 'short', 'BTC', 1.5, 56, 60, false), ('NEWER', 'short', 'ETH', 1, 56, 60, false), ('PLAIN', 'new_product', NULL, NULL, NULL, 4, true) $$,
    'the feed''s policy from the first day: 4 own returns, 56 borrowed ones');
CREATE FUNCTION matches(name text, lender text, multiplier float8) RETURNS boolean LANGUAGE sql AS $$
    SELECT (p.initial_rate, p.long_initial_rate, p.short_initial_rate, p.maintenance_rate, p.returns, p.returns_used, p.binding_term, p.fallback)
           = (e.initial_rate, e.long_initial_rate, e.short_initial_rate, e.maintenance_rate, e.returns, e.returns_used, e.binding_term, e.fallback)
           AND abs(p.vol / e.vol - 1) < 1e-9 AND abs(p.long_unrounded / e.long_unrounded - 1) < 1e-9
      FROM margin_parameter_history AS p, expected(name, lender, multiplier) AS e WHERE p.instrument = name AND p.valid_to IS NULL $$;
SELECT ok(matches('NEW', 'BTC', 1.5) AND matches('NEWER', 'ETH', 1), 'rates are those of the union of synthetic and own prices');
SELECT ok(NOT matches('NEW', 'BTC', 1.4) AND NOT matches('NEW', 'ETH', 1.5), 'and the comparison tells another multiplier or proxy');
SELECT results_eq($$ SELECT proxy, proxy_multiplier, borrowed_returns FROM margin_parameter_history WHERE instrument = 'NEW' ORDER BY valid_from, parameter_id $$,
    $$ VALUES (NULL, NULL::numeric, NULL::integer), ('BTC', 1.5, 56) $$, 'history knows what was borrowed');

-- level 2 on one relation
CREATE VIEW everything AS SELECT symbol, ts, price FROM lenders UNION ALL SELECT id, at, last::float8 FROM listings;
SELECT is((SELECT (calibrate_margin(b.ts, b.price, policy('short'))).initial_rate FROM borrowed_prices('everything', 'symbol', 'ts', 'price', 'NEW', 'BTC', 1.5) AS b),
          (SELECT initial_rate FROM margin_parameter WHERE instrument = 'NEW'), 'calibrate_margin on borrowed_prices is the engine''s calibration');

-- the proxy's prices change: borrowers follow, in the same refresh
CREATE TABLE before AS SELECT * FROM margin_parameter;
UPDATE lenders SET price = price * 1.3 WHERE symbol = 'BTC' AND ts = date_trunc('day', now()) - interval '20 days';
SELECT ok(bool_and(is_stale) FILTER (WHERE instrument IN ('BTC', 'NEW')) AND NOT bool_or(is_stale) FILTER (WHERE instrument IN ('ETH', 'NEWER', 'PLAIN')),
          'a change of the proxy makes its borrowers wait, and nobody else') FROM margin_parameter;
SELECT ok((SELECT is_stale FROM margin_requirement WHERE account = 'alice') AND NOT (SELECT is_stale FROM margin_requirement WHERE account = 'carol'),
          'so do the accounts that hold them');
DELETE FROM foreseen;
INSERT INTO foreseen SELECT r.account, r.initial_margin FROM book, requirement_now(client) AS r;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT account, initial_margin FROM foreseen EXCEPT SELECT account, initial_margin FROM margin_requirement $$, 'the live answer foresaw this too');
SELECT ok(matches('NEW', 'BTC', 1.5), 'rates with the proxy''s new prices');
SELECT isnt(p.initial_rate, b.initial_rate, 'which are others') FROM margin_parameter AS p JOIN before AS b USING (instrument) WHERE instrument = 'NEW';
SELECT is(p.parameter_id, b.parameter_id, 'another borrower is as it was') FROM margin_parameter AS p JOIN before AS b USING (instrument) WHERE instrument = 'NEWER';
SELECT is(differences(), 0::bigint, 'requirement_now = refresh after a change of the proxy');
SELECT is((SELECT count(*) FROM capture_queue), 0::bigint, 'the queue is empty');
UPDATE lenders SET price = price * 1.1 WHERE symbol = 'ETH' AND ts = date_trunc('day', now()) - interval '30 days';
INSERT INTO listings VALUES ('NEWER', now() - interval '1 hour', 7.5);
CALL refresh(commit_batches => false, batch_keys => 1);
SELECT ok(matches('NEWER', 'ETH', 1), 'both change, and a batch has one key');
UPDATE lenders SET price = price * 1.1 WHERE symbol = 'ETH' AND ts = date_trunc('day', now()) - interval '31 days';
UPDATE listings SET last = last * 1.01 WHERE id = 'NEWER';
CALL refresh(commit_batches => false);
SELECT ok(matches('NEWER', 'ETH', 1), 'both change in one batch');
SELECT is((SELECT instruments FROM refresh_run ORDER BY id DESC LIMIT 1), 2, 'which calibrates each of them once');

-- own returns push the borrowed ones out of the lookback, one by one
CREATE FUNCTION list_days(n integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO listings SELECT 'NEW', (SELECT min(at) FROM listings WHERE id = 'NEW') + i * interval '1 hour', round((7 * exp(0.02 * sin(i * i * 0.7)))::numeric, 6)
      FROM generate_series(1, n) AS i ON CONFLICT DO NOTHING $$;
CREATE TABLE faded (own integer, borrowed integer, used integer, right_rates boolean);
DO $$
DECLARE n integer;
BEGIN
    FOREACH n IN ARRAY '{10,30,54,55,56,57,70,85}'::int[] LOOP
        PERFORM list_days(n);
        CALL refresh(commit_batches => false);
        INSERT INTO faded SELECT (SELECT count(DISTINCT at) - 1 FROM listings WHERE id = 'NEW' AND at <= now()), p.borrowed_returns, p.returns_used, true
          FROM margin_parameter AS p WHERE p.instrument = 'NEW';
    END LOOP;
END $$;
SELECT is_empty($$ SELECT * FROM faded WHERE borrowed <> greatest(60 - own, 0) OR borrowed IS NULL $$, 'borrowed returns = lookback - own returns, down to 0');
SELECT ok((SELECT count(*) FROM faded WHERE borrowed = 0) >= 2 AND (SELECT count(*) FROM faded WHERE borrowed BETWEEN 1 AND 55) >= 2, 'before and after the end');
SELECT is((SELECT (p.initial_rate, p.long_initial_rate, p.short_initial_rate, p.maintenance_rate) FROM margin_parameter AS p WHERE instrument = 'NEW'),
          (SELECT (c.initial_rate, c.long_initial_rate, c.short_initial_rate, c.maintenance_rate) FROM (SELECT (calibrate_margin(at, last, policy('short'))).* FROM listings WHERE id = 'NEW') AS c),
          'then the rates are those of its own prices alone');
SELECT ok(matches('NEW', 'BTC', 1.5), 'and still those of the union');
CREATE TABLE incremental AS SELECT instrument, initial_rate, maintenance_rate, policy, fallback, borrowed_returns FROM margin_parameter;
CALL recalibrate(commit_batches => false);
SELECT is_empty($$ SELECT instrument, initial_rate, maintenance_rate, policy, fallback, borrowed_returns FROM margin_parameter EXCEPT TABLE incremental $$,
                'incremental = recomputed');
SELECT is((SELECT count(*) FROM alert WHERE kind <> 'jump'), 0::bigint, 'no alert so far');

-- a price of the future is no first price
INSERT INTO listings VALUES ('FUTURE', now() + interval '1 day', 5);
SELECT set_instrument('FUTURE'), set_proxy('FUTURE', 'BTC');
CALL refresh(commit_batches => false);
SELECT is((SELECT borrowed_returns FROM margin_parameter WHERE instrument = 'FUTURE'), NULL, 'an instrument without a price borrows nothing');
INSERT INTO listings VALUES ('FUTURE', now() - interval '1 hour', 5);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT price, borrowed_returns, policy FROM margin_parameter WHERE instrument = 'FUTURE' $$, $$ VALUES (5::numeric, 60, 'short') $$,
                  'the future is left out of a borrower too; one own price, and every return is borrowed');
SELECT is((SELECT count(*) FROM quarantine WHERE instrument = 'FUTURE'), 1::bigint, 'and quarantined');

-- a proxy without data: as if there were none, and an alert
SELECT set_instrument('GHOST'), set_proxy('PLAIN', 'GHOST', 2);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT policy, proxy, borrowed_returns, returns_used, fallback, is_stale FROM margin_parameter WHERE instrument = 'PLAIN' $$,
    $$ VALUES ('new_product', 'GHOST', 0, 4, true, false) $$, 'a proxy without prices: the policy of new products');
SELECT results_eq($$ SELECT kind, instrument FROM alert WHERE kind <> 'jump' $$, $$ VALUES ('proxy_without_data', 'PLAIN') $$, 'and an alert');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT count(*) FROM alert WHERE kind = 'proxy_without_data'), 1::bigint, 'once');
INSERT INTO lenders SELECT 'GHOST', ts, price FROM lenders WHERE symbol = 'ETH';
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT policy, borrowed_returns FROM margin_parameter WHERE instrument = 'PLAIN' $$, $$ VALUES ('short', 56) $$, 'its first prices are lent at once');
SELECT ok(matches('PLAIN', 'GHOST', 2), 'with the multiplier');
SELECT is(differences(), 0::bigint, 'requirement_now = refresh');
DELETE FROM lenders WHERE symbol = 'GHOST';
CALL refresh(commit_batches => false);
SELECT is((SELECT borrowed_returns FROM margin_parameter WHERE instrument = 'PLAIN'), 0, 'and gone when they are');
SELECT is(differences(), 0::bigint, 'requirement_now = refresh without them');

-- what ends it
SELECT set_proxy('NEWER', NULL);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT policy, proxy, proxy_multiplier, borrowed_returns FROM margin_parameter WHERE instrument = 'NEWER' $$,
    $$ VALUES ('new_product', NULL, NULL::numeric, NULL::integer) $$, 'set_proxy(..., NULL) ends it');
SELECT set_proxy('NEWER', 'ETH', 100);
CALL refresh(commit_batches => false);
SELECT set_proxy('NEWER', 'ETH', 3);
CALL refresh(commit_batches => false);
SELECT ok(matches('NEWER', 'ETH', 3), 'another multiplier');
SELECT detach('lenders');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT policy, proxy, borrowed_returns FROM margin_parameter WHERE instrument = 'NEWER' $$, $$ VALUES ('new_product', 'ETH', 0) $$,
    'a proxy whose feed was detached lends nothing');
SELECT is((SELECT count(*) FROM alert WHERE kind = 'proxy_without_data' AND instrument = 'NEWER'), 1::bigint, 'which is an alert');
SELECT attach_prices('lenders', 'symbol', 'ts', 'price', 'short');
CALL refresh(commit_batches => false);
SELECT is((SELECT borrowed_returns > 0 FROM margin_parameter WHERE instrument = 'NEWER'), true, 'until it is attached again');
SELECT ok(matches('NEWER', 'ETH', 3), 'with the rates of before');

-- a proxy of a feed with keys of another type and without triggers
CREATE TABLE numbered (id integer, day date, price real);
INSERT INTO numbered SELECT 42, (now() AT TIME ZONE 'UTC')::date - i, 100 + 10 * sin(i) FROM generate_series(1, 90) AS i;
SELECT attach_prices('numbered', 'id', 'day', 'price', 'short', capture => 'watermark');
CALL refresh(commit_batches => false);
SELECT set_proxy('PLAIN', '42');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT policy, borrowed_returns FROM margin_parameter WHERE instrument = 'PLAIN' $$, $$ VALUES ('short', 56) $$, 'a proxy with a number, by watermark');
INSERT INTO numbered VALUES (42, (now() AT TIME ZONE 'UTC')::date, 200);
DELETE FROM numbered WHERE day < (now() AT TIME ZONE 'UTC')::date - 40;
CALL refresh(commit_batches => false);
SELECT is((SELECT borrowed_returns FROM margin_parameter WHERE instrument = 'PLAIN'), 36, 'whose new bar recalibrates its borrower');
SELECT is(differences(), 0::bigint, 'requirement_now = refresh');

-- what is refused
SELECT throws_ok(format('SELECT set_proxy(%s)', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('NULL, ''BTC''', '22004'), ('''NO-SUCH'', ''BTC''', '42704'), ('''NEW'', ''NO-SUCH''', '42704'), ('''NEW'', ''NEW''', '22023'),
             ('''ETH'', ''NEW''', '22023'), ('''BTC'', ''ETH''', '22023'), ('''GHOST'', ''PLAIN''', '22023'), ('''NEW'', ''BTC'', 0', '22023'),
             ('''NEW'', ''BTC'', -1', '22023'), ('''NEW'', ''BTC'', ''NaN''', '22023'), ('''NEW'', ''BTC'', ''Infinity''', '22023'),
             ('''NEW'', ''BTC'', 100.1', '22023'), ('''NEW'', ''BTC'', 0.009', '22023'), ('''NEW'', ''BTC'', NULL', '22004')) v (call, state);
SELECT is((SELECT proxy || proxy_multiplier FROM margin_parameter WHERE instrument = 'NEW'), 'BTC1.5', 'and nothing has changed');
SELECT lives_ok($$ SELECT set_proxy('BTC', NULL), set_proxy('NEW', 'BTC', 0.01), set_proxy('NEW', 'BTC', 100) $$, 'the ends of the range');
SELECT grant_rights('mc_borrower', 'engine'), grant_rights('mc_borrower', 'analyst');
GRANT SELECT ON lenders, listings, book, numbered TO mc_borrower;
SET LOCAL ROLE mc_borrower;
SELECT lives_ok($$ SELECT margin_calib.set_proxy('NEW', 'BTC', 2) $$, 'the engine''s rights are enough');
SELECT lives_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, 'to refresh as well');
SELECT lives_ok($$ SELECT * FROM margin_calib.requirement_now('alice') $$, 'and for the live answer');
RESET ROLE;
SELECT ok(matches('NEW', 'BTC', 2), 'with the same rates');

SELECT * FROM finish();
ROLLBACK;
