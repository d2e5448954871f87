-- The engine's numbers and rights: arithmetic by hand, requirement_now = what refresh stores, history,
-- rounding, and roles that have no more than they need.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- rates without a memory, so that calibrate_margin can recompute them here; paths have rate_path.sql
SELECT set_policy('crypto_venue', unset => '{rise_per_day,rise_after_breach}');
SELECT create_standard_tables('t');
CREATE TABLE t.book_2 (acct text, sym text, amount double precision);
SELECT attach_positions('t.book_2', 'acct', 'sym', 'amount');

-- 30 instruments with 100 to 390 bars, one with 3, one stale
INSERT INTO candles (instrument, ts, close)
    SELECT 'I' || i, date_trunc('day', now()) - b * interval '1 day',
           round((50 * exp(0.03 * sin(i * b) * cos(b * b) + 0.001 * i))::numeric, 6)::float8
      FROM generate_series(1, 30) AS i, generate_series(0, 99 + 10 * i) AS b;
INSERT INTO candles (instrument, ts, close) VALUES ('YOUNG', now() - interval '2 days', 10), ('YOUNG', now() - interval '1 day', 11),
    ('OLD', now() - interval '200 days', 10), ('OLD', now() - interval '199 days', 10.5);
INSERT INTO positions (account, instrument, quantity)
    SELECT 'a' || a, CASE WHEN k = 5 AND a % 7 = 0 THEN 'UNKNOWN' WHEN k = 6 AND a % 5 = 0 THEN 'OLD' ELSE 'I' || 1 + (a * 7 + k * 3) % 31 END,
           (a - 20) * (k - 3.5) / 7
      FROM generate_series(1, 40) AS a, generate_series(1, 8) AS k ON CONFLICT DO NOTHING;
INSERT INTO book_2 SELECT 'a' || a, 'I' || 1 + a % 30, -a / 3.0 FROM generate_series(1, 60) AS a;
INSERT INTO book_2 VALUES ('a3', 'YOUNG', 0.1), ('a3', 'YOUNG', 0.2), ('a4', 'I1', 'NaN'), ('gone', 'I1', 1), ('gone', 'I1', -1);
SELECT set_instrument('I2', kind => 'inverse', multiplier => 100);
SELECT set_instrument('I3', kind => 'spot', currency => 'EUR');
SELECT set_instrument('I4', multiplier => 0.001, currency => 'BTC', policy => 'prop_desk');
SELECT set_amount_step('BTC', 0.00000001);
CALL refresh(commit_batches => false);

CREATE VIEW t.stored AS
SELECT account, currency, initial_margin, maintenance_margin, notional, positions, data_through, is_stale, stale_reason
  FROM margin_calib.margin_requirement;
CREATE VIEW t.live AS
SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.positions, r.data_through, r.is_stale, r.stale_reason
  FROM (SELECT account FROM t.positions UNION SELECT acct FROM t.book_2) AS a, margin_calib.requirement_now(a.account) AS r;
CREATE FUNCTION t.differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM (SELECT * FROM t.stored EXCEPT ALL SELECT * FROM t.live) AS x)
         + (SELECT count(*) FROM (SELECT * FROM t.live EXCEPT ALL SELECT * FROM t.stored) AS x) $$;

SELECT is(t.differences(), 0::bigint, 'requirement_now equals what refresh stored, every account, both ways');
SELECT ok((SELECT count(*) FROM t.stored) > 60, 'there are requirements to compare');
SELECT ok((SELECT count(*) FROM t.stored WHERE is_stale) BETWEEN 5 AND 40, 'some of them stale');
INSERT INTO candles (instrument, ts, close) SELECT 'I' || i, now() - interval '1 hour', 70 + i FROM generate_series(5, 12) AS i;
UPDATE positions SET quantity = -quantity WHERE account IN ('a1', 'a2');
INSERT INTO candles (instrument, ts, close) VALUES ('UNKNOWN', now() - interval '1 hour', 3);
SELECT ok(t.differences() > 0, 'a live answer is ahead of the stored one');
SELECT is((SELECT is_stale FROM margin_requirement WHERE account = 'a1' LIMIT 1), true, 'and the stored one says so');
CREATE TABLE t.foreseen AS SELECT * FROM t.live;
CALL refresh(commit_batches => false);
SELECT is(t.differences(), 0::bigint, 'equal again after refresh');
SELECT is((SELECT count(*) FROM (SELECT * FROM t.stored EXCEPT ALL SELECT * FROM t.foreseen) AS x), 0::bigint,
          'and what refresh stores is what the live answer foresaw');
DELETE FROM candles WHERE instrument = 'I7';
INSERT INTO candles (instrument, ts, close) VALUES ('I8', now() + interval '1 hour', 1000);
CALL recalibrate(commit_batches => false);
SELECT is(t.differences(), 0::bigint, 'equal with prices deleted and a price of the future');
SELECT isnt((SELECT last_price FROM instrument WHERE instrument = 'I8'), 1000::numeric, 'a price of the future is not used');

-- arithmetic, recomputed from the base tables
CREATE VIEW t.net AS
SELECT account, instrument, sum(q) AS q
  FROM (SELECT account, instrument, quantity AS q FROM t.positions
        UNION ALL SELECT acct, sym, amount::numeric FROM t.book_2 WHERE amount <> 'NaN') AS u
 GROUP BY 1, 2;
SELECT is_empty($$
    SELECT p.account, p.instrument, p.initial_margin, ceil(abs(n.q) * i.multiplier * CASE i.kind WHEN 'inverse' THEN 1 ELSE i.last_price END
                * CASE WHEN n.q > 0 AND NOT k.symmetric_rates THEN k.long_initial_rate
                       WHEN NOT k.symmetric_rates THEN k.short_initial_rate
                       ELSE greatest(k.long_initial_rate, k.short_initial_rate) END
                * CASE i.currency WHEN 'BTC' THEN 100000000 ELSE 100 END) / CASE i.currency WHEN 'BTC' THEN 100000000 ELSE 100 END
      FROM t.net AS n JOIN instrument AS i USING (instrument) JOIN parameter AS k USING (instrument)
      LEFT JOIN margin_position AS p USING (account, instrument)
     WHERE k.valid_to IS NULL AND n.q <> 0 AND p.initial_margin IS DISTINCT FROM
           ceil(abs(n.q) * i.multiplier * CASE i.kind WHEN 'inverse' THEN 1 ELSE i.last_price END
                * CASE WHEN n.q > 0 AND NOT k.symmetric_rates THEN k.long_initial_rate
                       WHEN NOT k.symmetric_rates THEN k.short_initial_rate
                       ELSE greatest(k.long_initial_rate, k.short_initial_rate) END
                * CASE i.currency WHEN 'BTC' THEN 100000000 ELSE 100 END) / CASE i.currency WHEN 'BTC' THEN 100000000 ELSE 100 END
$$, 'initial margin of every position: ceil(notional * rate of its side) to the step');
SELECT is_empty($$
    SELECT account, currency, sum(initial_margin), sum(maintenance_margin), sum(notional), count(*)::integer FROM margin_position GROUP BY 1, 2
    EXCEPT SELECT account, currency, initial_margin, maintenance_margin, notional, positions FROM margin_requirement
     WHERE initial_margin > 0 $$, 'positions add up exactly to requirements');
SELECT is((SELECT count(DISTINCT currency) FROM margin_requirement), 3::bigint, 'one row for each currency');
SELECT is((SELECT quantity FROM margin_position WHERE account = 'a3' AND instrument = 'YOUNG'), 0.3, 'float quantities add up in decimal');
SELECT is((SELECT count(*) FROM margin_position WHERE account = 'gone'), 0::bigint, 'a net position of zero is no position');
SELECT results_eq($$ SELECT p.stale_reason, r.is_stale FROM margin_position AS p JOIN margin_requirement AS r USING (account, currency)
                      WHERE account = 'a4' AND instrument = 'I1' $$, $$ VALUES ('unusable position rows of I1: 1', true) $$,
                  'a NaN quantity makes its position and the requirement stale');

-- by hand: rates set, one position of each kind
UPDATE margin_calib.parameter SET symmetric_rates = false, long_initial_rate = 0.1, long_maintenance_rate = 0.05,
       short_initial_rate = 0.2, short_maintenance_rate = 0.07, initial_rate = 0.2, maintenance_rate = 0.07
 WHERE valid_to IS NULL AND instrument IN ('I1', 'I2', 'I3');
UPDATE margin_calib.instrument SET last_price = 49.99 WHERE instrument IN ('I1', 'I2', 'I3');
INSERT INTO positions VALUES ('hand', 'I1', -3), ('hand', 'I2', 7), ('hand', 'I3', 0.5), ('hand_2', 'I1', 3);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT instrument, kind, notional, initial_margin, maintenance_margin FROM margin_position WHERE account = 'hand' ORDER BY 1 $$,
    $$ VALUES ('I1', 'linear', 149.97, 30.00, 10.50), ('I2', 'inverse', 700, 70.00, 35.00), ('I3', 'spot', 24.995, 2.50, 1.25) $$,
    'linear -3 * 49.99 at 0.2, inverse 7 * 100 at 0.1, spot 0.5 * 49.99 at 0.1, by hand');
SELECT results_eq($$ SELECT currency, initial_margin, maintenance_margin, notional FROM margin_requirement WHERE account = 'hand' ORDER BY 1 $$,
    $$ VALUES ('EUR', 2.50, 1.25, 24.995), ('USD', 100.00, 45.50, 849.97) $$, 'and their sums by currency');
SELECT results_eq($$ SELECT initial_margin, maintenance_margin FROM margin_position WHERE account = 'hand_2' $$,
    $$ VALUES (15.00, 7.50) $$, 'a long position pays the long rate');
SELECT is(round_up(0.09, 0.03), 0.09, 'rounding up keeps a multiple of the step');
SELECT is(round_up(0.0900000000000000000000000001, 0.03), 0.12, 'and moves what is above it by the least');
SELECT is(round_up(0, 0.01), 0.00, 'zero stays zero');
SELECT is(round_up(10.01, 0.05), 10.05, 'a step of 0.05');

-- history: a row in force for each instrument, no gap and no overlap
CALL recalibrate(commit_batches => false);
SELECT is_empty($$ SELECT instrument FROM parameter GROUP BY instrument
                   HAVING count(*) FILTER (WHERE valid_to IS NULL) <> 1 $$, 'one row in force for each instrument');
SELECT is_empty($$ SELECT * FROM (SELECT valid_to, lead(valid_from) OVER (PARTITION BY instrument ORDER BY valid_from) AS next FROM parameter) AS h
                    WHERE valid_to IS DISTINCT FROM next $$, 'history has no gap and no overlap');
SELECT is_empty($$ SELECT p.instrument FROM parameter AS p
                     JOIN (SELECT instrument, (calibrate_margin(ts, close, policy('crypto_venue'))).* FROM candles
                            WHERE ts <= now() GROUP BY instrument) AS c USING (instrument)
                    WHERE p.valid_to IS NULL AND p.policy = 'crypto_venue'
                      AND (p.initial_rate, p.maintenance_rate, p.fallback, p.policy_version) IS DISTINCT FROM (c.initial_rate, c.maintenance_rate, c.fallback, c.policy_version)
                      AND p.instrument <> 'I7' $$, 'rates in force are those of calibrate_margin');

-- rights
CREATE ROLE mc_feed; CREATE ROLE mc_reader; CREATE ROLE mc_engine; CREATE ROLE mc_analyst; CREATE ROLE mc_nobody;
GRANT USAGE ON SCHEMA t TO mc_feed, mc_reader, mc_engine, mc_nobody;
GRANT INSERT ON candles TO mc_feed;
GRANT SELECT ON candles, positions, book_2 TO mc_reader, mc_engine;
SELECT grant_rights('mc_reader', 'reader'), grant_rights('mc_engine', 'engine'), grant_rights('mc_engine', 'engine'), grant_rights('mc_analyst', 'analyst');
SELECT throws_ok($$ SELECT grant_rights('mc_reader', 'all') $$, '22023');
SELECT throws_ok($$ SELECT grant_rights('mc_who', 'reader') $$, '42704');
SET LOCAL ROLE mc_feed;
SELECT lives_ok($$ INSERT INTO t.candles (instrument, ts, close) VALUES ('I9', now(), 51) $$,
                'a role with INSERT on its table alone can feed');
SELECT throws_ok($$ SELECT count(*) FROM margin_calib.capture_queue $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.attach_prices('t.candles', 'instrument', 'ts', 'close') $$, '42501');
RESET ROLE;
SELECT is((SELECT count(*) FROM capture_queue WHERE key = 'I9'), 1::bigint, 'and what it fed is in the queue');
SET LOCAL ROLE mc_reader;
SELECT lives_ok($$ SELECT * FROM margin_calib.margin_requirement, margin_calib.refresh_status $$, 'a reader reads requirements');
SELECT lives_ok($$ SELECT * FROM margin_calib.margin_parameter, margin_calib.margin_parameter_history LIMIT 1 $$, 'and parameters');
SELECT lives_ok($$ SELECT * FROM margin_calib.requirement_now('a1') $$, 'and live requirements');
SELECT throws_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, '42501');
SELECT throws_ok($$ DELETE FROM margin_calib.requirement $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.set_instrument('I9', multiplier => 2) $$, '42501');
RESET ROLE;
SET LOCAL ROLE mc_engine;
SELECT lives_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, 'an engine role refreshes');
SELECT lives_ok($$ CALL margin_calib.recalibrate(commit_batches => false) $$, 'and recalibrates');
SELECT throws_ok($$ SELECT margin_calib.set_instrument('I9', multiplier => 2) $$, '42501');
RESET ROLE;
SET LOCAL ROLE mc_analyst;
SELECT lives_ok($$ SELECT margin_calib.set_instrument('I9', multiplier => 2) $$, 'an analyst sets instruments');
SELECT throws_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, '42501');
RESET ROLE;
SELECT is((SELECT last_price FROM instrument WHERE instrument = 'I9'), 51::numeric, 'what the feed role inserted is in force');

-- hidden rows are not calibrated without: the feed is broken for a role that does not see them all
CALL refresh(commit_batches => false);
CREATE TABLE t.seen AS SELECT account, currency, initial_margin, is_stale FROM requirement;
ALTER TABLE t.book_2 ENABLE ROW LEVEL SECURITY;
ALTER TABLE t.candles ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE mc_engine;
CALL margin_calib.recalibrate(commit_batches => false);
RESET ROLE;
SELECT is(count(*), 2::bigint, 'row-level security breaks a feed') FROM feed WHERE error = 'row-level security would hide rows from mc_engine';
SELECT results_eq('SELECT account, initial_margin FROM requirement ORDER BY account, currency', 'SELECT account, initial_margin FROM t.seen ORDER BY account, currency', 'what was required stays');
SELECT ok(bool_and(is_stale), 'and is stale') FROM margin_requirement;
CALL refresh(commit_batches => false);
SELECT results_eq('SELECT account, initial_margin, is_stale FROM requirement ORDER BY account, currency', 'SELECT account, initial_margin, is_stale FROM t.seen ORDER BY account, currency', 'a role that sees all rows makes it whole');

SET LOCAL ROLE mc_nobody;
SELECT throws_ok($$ SELECT * FROM margin_calib.margin_requirement $$, '42501');
SELECT throws_ok($$ SELECT * FROM margin_calib.requirement_now('a1') $$, '42501');
SELECT throws_ok($$ CALL margin_calib.refresh() $$, '42501');
RESET ROLE;
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
     WHERE p.pronamespace = 'margin_calib'::regnamespace AND a.grantee = 0
       AND p.proname = ANY (array_remove(margin_calib.rights_on_functions('engine'), 'calibrate_margin') || '{grant_rights}')
       AND p.proname <> 'check_policy'
       AND NOT (p.proname IN ('surface_vol', 'surface_svg') AND p.proargtypes[0] = 'vol_surface'::regtype) -- of a surface that one has
       AND NOT (p.proname = 'scenario_pnl' AND p.proargtypes[0] = 'contract'::regtype) -- of terms that one has
 $$,
    'none of the engine''s functions is for PUBLIC');
SELECT is_empty($$
    SELECT c.relname FROM pg_class AS c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS a
     WHERE c.relnamespace = 'margin_calib'::regnamespace AND c.relkind IN ('r', 'v') AND a.grantee = 0 $$,
    'nor is a table or a view');
SELECT is_empty($$
    SELECT f.name FROM unnest(margin_calib.rights_on_functions('engine')) AS f (name)
     WHERE NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'margin_calib'::regnamespace AND p.proname = f.name) $$,
    'rights name functions that exist');
SELECT is_empty($$
    SELECT c.oid::regclass::text FROM pg_class AS c
     WHERE c.relnamespace = 'margin_calib'::regnamespace AND obj_description(c.oid, 'pg_class') IS NULL AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
     WHERE p.pronamespace = 'margin_calib'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
       AND p.proname = ANY (margin_calib.rights_on_functions('engine')) $$,
    'every table, view and function of the engine has a comment');
SELECT * FROM finish();
ROLLBACK;
