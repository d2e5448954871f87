-- Product groups in the engine: credits beside plain SQL, live = stored, incremental = from scratch, settings, rights.
\set ON_ERROR_STOP on
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
SELECT setseed(0.7);

SELECT create_standard_tables('t');
CREATE TABLE t.book_2 (acct text, sym text, amount numeric);
SELECT attach_positions('t.book_2', 'acct', 'sym', 'amount');
-- one factor; K4 and K5 move against it, K8 alone, K9 is flat, K10 has few bars and K11 none
INSERT INTO candles (instrument, ts, close)
    SELECT 'K' || k, date_trunc('day', now()) - (400 - i) * interval '1 day',
           CASE WHEN k = 9 THEN 50 ELSE 100 * exp(sum(0.02 * CASE WHEN k < 4 OR k IN (6, 7, 13, 14) THEN f + 0.3 * e WHEN k < 6 THEN -f + 0.4 * e ELSE e END) OVER (PARTITION BY k ORDER BY i)) END
      FROM (SELECT i, k, sqrt(-2 * ln(1 - u)) * cos(2 * pi() * v) AS f, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS e
              FROM (SELECT i, random() AS u, random() AS v FROM generate_series(1, 399) AS i) AS c, unnest('{1,2,3,4,5,6,7,8,9,10,13,14}'::integer[]) AS k) AS r
     WHERE k <> 10 OR i > 350;
-- K3 misses some days
DELETE FROM candles WHERE instrument = 'K3' AND extract(day FROM ts) IN (5, 6, 20);
INSERT INTO positions (account, instrument, quantity)
    SELECT 'a' || a, 'K' || k, round(((random() - 0.5) * 100)::numeric, 2) FROM generate_series(1, 18) AS a, unnest('{1,2,3,4,5,6,7,8,9,10,11,13,14}'::integer[]) AS k WHERE random() < 0.5;
INSERT INTO book_2 SELECT 'a' || a, 'K' || k, round(((random() - 0.5) * 100)::numeric, 1) FROM generate_series(15, 24) AS a, generate_series(1, 8) AS k WHERE random() < 0.4;
SELECT set_instrument('K6', currency => 'EUR'), set_instrument('K7', currency => 'EUR'), set_amount_step('EUR', 0.05);
SELECT set_instrument('K2', kind => 'inverse', multiplier => 10);
CALL refresh(commit_batches => false);

CREATE VIEW t.stored AS
SELECT account, currency, initial_margin, maintenance_margin, notional, positions, data_through, is_stale, stale_reason, offset_credit, maintenance_offset_credit
  FROM margin_calib.margin_requirement;
CREATE VIEW t.live AS
SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.positions, r.data_through, r.is_stale, r.stale_reason, r.offset_credit, r.maintenance_offset_credit
  FROM (SELECT account FROM t.positions UNION SELECT acct FROM t.book_2) AS a, margin_calib.requirement_now(a.account) AS r;
CREATE FUNCTION t.differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM (SELECT * FROM t.stored EXCEPT ALL SELECT * FROM t.live) AS x)
         + (SELECT count(*) FROM (SELECT * FROM t.live EXCEPT ALL SELECT * FROM t.stored) AS x) $$;

-- ---- without groups nothing changes ----
CREATE TABLE t.before AS SELECT *, initial_margin::text AS digits FROM t.stored;
SELECT is((SELECT count(*) FROM t.before WHERE offset_credit <> 0 OR maintenance_offset_credit <> 0), 0::bigint, 'no group, no credit');
SELECT is_empty($$ SELECT account, currency, sum(initial_margin)::text, sum(maintenance_margin)::text FROM margin_position WHERE initial_margin IS NOT NULL GROUP BY 1, 2
                   EXCEPT SELECT account, currency, digits, maintenance_margin::text FROM t.before $$, 'requirements are the sums of margins to the last digit');
SELECT is(set_product_group('nobody', ARRAY['X1', 'X2']), '{X1,X2}', 'a group of instruments without prices: they are told');
CALL refresh(commit_batches => false);
SELECT results_eq('SELECT *, initial_margin::text FROM t.stored ORDER BY 1, 2', 'SELECT * FROM t.before ORDER BY 1, 2', 'and changes no requirement');
SELECT results_eq($$ SELECT first_instrument, is_reliable, reason FROM margin_offset WHERE group_name = 'nobody' $$,
    $$ VALUES (NULL::text, NULL::boolean, 'no price feed has its instruments') $$, 'the view says why');
SELECT is((SELECT message FROM alert WHERE kind = 'offset_failed'), 'product group nobody: no price feed has its instruments; no credit', 'and so does an alert');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT count(*) FROM alert WHERE kind = 'offset_failed'), 1::bigint, 'once');
SELECT drop_product_group('nobody');

-- ---- groups ----
SELECT is(set_product_group('factor', ARRAY['K1', 'K2', 'K3', 'K4', 'K6', 'K7', 'K9', 'K10', 'K11'], lookback => 300, rationale => 'one factor'), '{K11}', 'a group, with a member without prices');
SELECT is(set_product_group('strict', ARRAY['K5', 'K8', 'K13', 'K14'], breakdown => 'worst', cap => 0.5, subperiods => 2, lookback => 200, confidence => 0.95), '{}', 'another');
CREATE TABLE t.foreseen AS SELECT * FROM t.live;
CALL refresh(commit_batches => false);
SELECT is(t.differences(), 0::bigint, 'requirement_now equals what refresh stored, both ways');
SELECT is_empty($$ SELECT * FROM t.foreseen EXCEPT ALL SELECT * FROM t.stored $$, 'and foresaw it before the groups were calibrated');
SELECT ok((SELECT count(*) FROM margin_requirement WHERE offset_credit > 0) > 10, 'there are credits');
SELECT is((SELECT count(DISTINCT currency) FROM account_offset WHERE credit > 0), 2::bigint, 'in both currencies');
SELECT is_empty($$ SELECT p.account, p.currency, sum(p.initial_margin) - r.offset_credit, sum(p.maintenance_margin) - r.maintenance_offset_credit
                     FROM margin_position AS p JOIN margin_requirement AS r USING (account, currency) WHERE p.initial_margin IS NOT NULL
                    GROUP BY p.account, p.currency, r.offset_credit, r.maintenance_offset_credit
                   EXCEPT SELECT account, currency, initial_margin, maintenance_margin FROM margin_requirement $$, 'margins less credit are the requirement, exactly');
SELECT is_empty($$ SELECT account, currency, coalesce(sum(credit) FILTER (WHERE margin = 'initial'), 0), coalesce(sum(credit) FILTER (WHERE margin = 'maintenance'), 0)
                     FROM margin_account_offset GROUP BY 1, 2
                   EXCEPT SELECT account, currency, offset_credit, maintenance_offset_credit FROM margin_requirement $$, 'credits by group add up to it');

-- ---- evidence beside the functions for any table ----
SELECT is_empty($$
    SELECT o.first_instrument, o.second_instrument FROM margin_offset AS o,
           LATERAL (SELECT correlation_reliability(v[1], v[2], o.confidence, o.subperiods ORDER BY ts) AS e
                      FROM (SELECT r.ts, r.values AS v FROM align_returns('candles', 'instrument', 'ts', 'close', ARRAY[o.first_instrument, o.second_instrument], 'intersection') AS r
                             ORDER BY r.ts DESC LIMIT o.lookback) AS l) AS w
     WHERE o.second_instrument <> 'K11' AND o.first_instrument <> 'K11'
       AND ((e).observations <> o.observations OR abs((e).offset_correlation - o.offset_correlation) > 1e-12 OR abs((e).correlation - o.correlation) > 1e-12
            OR (e).reason IS DISTINCT FROM o.reason OR (e).is_reliable <> o.is_reliable)
$$, 'evidence of every pair is that of correlation_reliability over align_returns');
SELECT is((SELECT count(*) FROM margin_offset), 36 + 6::bigint, '9 instruments have 36 pairs, 4 have 6');
SELECT is((SELECT bool_and(reason = 'no common prices' AND offset_correlation = 0) FROM margin_offset WHERE 'K11' IN (first_instrument, second_instrument)), true, 'a member without prices');
SELECT is((SELECT bool_and(reason = 'a series is constant') FROM margin_offset WHERE 'K9' IN (first_instrument, second_instrument) AND 'K11' NOT IN (first_instrument, second_instrument)), true, 'a flat one');
SELECT is((SELECT bool_and(reason LIKE 'too few returns%') FROM margin_offset WHERE 'K10' IN (first_instrument, second_instrument) AND NOT first_instrument || second_instrument ~ 'K9|K11'), true, 'a young one');
SELECT ok((SELECT min(applied_correlation) FILTER (WHERE second_instrument = 'K4') < -0.7 AND min(applied_correlation) FILTER (WHERE second_instrument = 'K3' AND first_instrument < 'K3' AND first_instrument !~ 'K1.') > 0.7
             FROM margin_offset WHERE first_instrument IN ('K1', 'K2')), 'what moves together, and what moves against it');
SELECT is_empty($$ SELECT * FROM margin_offset WHERE abs(applied_correlation) > abs(offset_correlation) OR applied_correlation * offset_correlation < 0 OR (NOT is_reliable AND applied_correlation <> 0) $$,
    'nothing is applied that the evidence does not support');
SELECT ok((SELECT bool_and(is_positive_semidefinite(correlation)) FROM offset_calibration WHERE valid_to IS NULL), 'matrices in force are positive semidefinite');

-- ---- credits, recomputed from positions and applied correlations ----
CREATE VIEW t.held AS
SELECT p.account, p.currency, m.group_name, p.instrument, k.margin, k.amount, sign(p.quantity) * k.amount::float8 AS signed,
       CASE p.currency WHEN 'EUR' THEN 0.05 ELSE 0.01 END AS step
  FROM margin_position AS p JOIN product_group_member AS m USING (instrument),
       LATERAL (VALUES ('initial', p.initial_margin), ('maintenance', p.maintenance_margin)) AS k (margin, amount)
 WHERE k.amount IS NOT NULL AND p.quantity <> 0;
CREATE VIEW t.expected AS
SELECT s.*, trunc(g.cap * (s.gross - CASE g.breakdown WHEN 'worst' THEN s.worst ELSE s.combined END) / s.step) * s.step AS credit
  FROM (SELECT b.account, b.currency, b.group_name, b.margin, b.step, b.gross, b.zero, b.one,
               least(b.gross, ceil(round(b.combined::numeric, 8) / b.step) * b.step) AS combined,
               least(b.gross, ceil(round(greatest(b.worst, b.combined)::numeric, 8) / b.step) * b.step) AS worst
          FROM (SELECT h.account, h.currency, h.group_name, h.margin, h.step, sum(h.amount) AS gross, sqrt(sum(h.signed ^ 2)) AS zero, abs(sum(h.signed)) AS one,
                       sqrt(sum(greatest(h.signed, 0)) ^ 2 + sum(least(h.signed, 0)) ^ 2) AS worst,
                       (SELECT sqrt(greatest(sum(CASE WHEN i.instrument = j.instrument THEN i.signed ^ 2
                                                      WHEN i.signed * j.signed * coalesce(c.applied_correlation, 0) < 0 THEN i.signed * j.signed * c.applied_correlation
                                                      ELSE abs(i.signed * j.signed) END), 0))
                          FROM t.held AS i JOIN t.held AS j USING (account, currency, group_name, margin)
                          LEFT JOIN margin_offset AS c ON c.group_name = i.group_name AND i.instrument <> j.instrument
                               AND c.first_instrument IN (i.instrument, j.instrument) AND c.second_instrument IN (i.instrument, j.instrument)
                         WHERE (i.account, i.currency, i.group_name, i.margin) = (h.account, h.currency, h.group_name, h.margin)) AS combined
                  FROM t.held AS h GROUP BY h.account, h.currency, h.group_name, h.margin, h.step HAVING count(*) > 1) AS b) AS s
  JOIN product_group AS g ON g.name = s.group_name;
SELECT is_empty($$ SELECT account, currency, group_name, margin, gross, combined, worst, credit FROM t.expected
                   EXCEPT SELECT account, currency, group_name, margin, gross, combined, worst_breakdown, credit FROM account_offset $$, 'gross, combined, worst breakdown and credit of every book, recomputed');
SELECT is((SELECT count(*) FROM account_offset), (SELECT count(*) FROM t.expected), 'and no other');
SELECT ok((SELECT count(*) > 15 AND count(*) FILTER (WHERE breakdown = 'worst') > 2 FROM account_offset WHERE credit > 0), 'of both kinds');
SELECT is_empty($$ SELECT e.account FROM t.expected AS e JOIN account_offset AS o USING (account, currency, group_name, margin)
                    WHERE o.at_zero < e.zero::numeric - 1e-6 OR o.at_zero > e.zero::numeric + e.step OR o.at_one < e.one::numeric - 1e-6 OR o.at_one > e.one::numeric + e.step $$, 'the breakdowns to 0 and to 1, rounded up');
SELECT is_empty($$ SELECT * FROM margin_account_offset WHERE credit < 0 OR credit > cap * (gross - combined) OR mod(credit, CASE currency WHEN 'EUR' THEN 0.05 ELSE 0.01 END) <> 0
                       OR requirement <> gross - credit OR uncovered <> greatest(worst_breakdown - requirement, 0) OR (credit = 0) <> (reason IS NOT NULL) $$, 'bounds, steps, reasons');
SELECT is_empty($$ SELECT account FROM account_offset WHERE breakdown = 'worst' AND gross - credit < worst_breakdown $$, 'a credit against the worst breakdown leaves it covered');

-- ---- by hand: margins 30.00 and -30.00, correlation 0.5, cap 0.8 ----
UPDATE margin_calib.parameter SET symmetric_rates = true, initial_rate = 0.1, maintenance_rate = 0.05 WHERE valid_to IS NULL AND instrument IN ('K1', 'K3', 'K4');
UPDATE margin_calib.instrument SET last_price = 100 WHERE instrument IN ('K1', 'K3', 'K4');
UPDATE offset_calibration SET instruments = '{K1,K3,K4}', correlation = '{{1,0.5,-0.5},{0.5,1,0},{-0.5,0,1}}' WHERE group_name = 'factor' AND valid_to IS NULL;
INSERT INTO positions VALUES ('h1', 'K1', 3), ('h1', 'K3', -3), ('h2', 'K1', 3), ('h2', 'K3', 3), ('h3', 'K1', 3), ('h3', 'K4', 3), ('h4', 'K1', 3), ('h4', 'K3', -3), ('h4', 'K10', 1);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, gross, combined, credit, requirement, at_zero, at_one, worst_breakdown, uncovered FROM margin_account_offset
                      WHERE account IN ('h1', 'h2', 'h3') AND margin = 'initial' ORDER BY 1 $$,
    $$ VALUES ('h1', 60.00, 30.00, 24.00, 36.00, 42.43, 0.00, 42.43, 6.43), ('h2', 60.00, 60.00, 0.00, 60.00, 42.43, 60.00, 60.00, 0.00),
              ('h3', 60.00, 30.00, 24.00, 36.00, 42.43, 60.00, 60.00, 24.00) $$, 'a hedge, two longs, and two longs that move against each other, by hand');
SELECT results_eq($$ SELECT account, initial_margin, maintenance_margin, offset_credit, maintenance_offset_credit FROM margin_requirement WHERE account IN ('h1', 'h2') ORDER BY 1 $$,
    $$ VALUES ('h1', 36.00, 18.00, 24.00, 12.00), ('h2', 60.00, 30.00, 0.00, 0.00) $$, 'and their requirements');
SELECT is((SELECT o.gross - o.combined FROM account_offset AS o WHERE account = 'h4' AND margin = 'initial'), 30.00, 'what is not in the calibration adds up in full');
CALL recalibrate(commit_batches => false);
SELECT is(t.differences(), 0::bigint, 'recalibrate brings calibrations back');
SELECT is((SELECT count(*) FROM offset_calibration WHERE group_name = 'factor' AND valid_to IS NULL AND cardinality(instruments) = 9), 1::bigint, 'of all members');

-- ---- incremental = from scratch, after random changes ----
CREATE FUNCTION t.all_results() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'p' || (p.account, p.instrument, p.currency, p.quantity, p.price, p.initial_margin, p.maintenance_margin, p.stale_reason)::text FROM margin_calib.account_position AS p
    UNION ALL SELECT 'r' || s::text FROM t.stored AS s
    UNION ALL SELECT 'o' || (o.account, o.currency, o.group_name, o.margin, o.instruments, o.gross, o.combined, o.at_zero, o.at_one, o.worst_breakdown, o.cap, o.breakdown, o.credit, o.reason)::text FROM margin_calib.account_offset AS o
    UNION ALL SELECT 'c' || (c.group_name, c.instruments, c.correlation, c.error)::text FROM margin_calib.offset_calibration AS c WHERE c.valid_to IS NULL $$;
CREATE FUNCTION t.disagreements(round integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
    UPDATE positions SET quantity = round(((random() - 0.5) * 100)::numeric, 2) WHERE random() < 0.1;
    DELETE FROM positions WHERE random() < 0.03;
    INSERT INTO positions SELECT 'a' || 1 + floor(24 * random()), 'K' || 1 + floor(11 * random()), -7.5 FROM generate_series(1, 10) ON CONFLICT DO NOTHING;
    IF round % 2 = 0 THEN
        UPDATE candles SET close = close * (0.99 + 0.02 * random()) WHERE instrument IN ('K1', 'K4', 'K6') AND random() < 0.1;
        UPDATE margin_calib.product_group SET calibrated_at = now() - interval '25 hours' WHERE name = 'factor';
    END IF;
    CASE round
        WHEN 2 THEN PERFORM set_product_group('strict', '{K5,K13,K14}', cap => 0.75);
        WHEN 3 THEN PERFORM set_product_group('factor', '{K1,K2,K3,K4,K6,K10}', lookback => 250);
        WHEN 4 THEN INSERT INTO candles (instrument, ts, close) SELECT 'K11', ts, close * 3 FROM candles WHERE instrument = 'K8';
                    PERFORM set_product_group('factor', '{K1,K2,K3,K4,K6,K10,K12}');
        WHEN 5 THEN PERFORM drop_product_group('strict');
        ELSE NULL;
    END CASE;
    CREATE TEMP TABLE foreseen ON COMMIT DROP AS SELECT * FROM t.live;
    CALL refresh(commit_batches => false);
    SELECT count(*) INTO wrong FROM (SELECT * FROM foreseen EXCEPT ALL SELECT * FROM t.stored) AS x;
    wrong := wrong + t.differences();
    DROP TABLE foreseen;
    CREATE TEMP TABLE incremental ON COMMIT DROP AS SELECT * FROM t.all_results();
    DELETE FROM margin_calib.account_position; DELETE FROM margin_calib.requirement; DELETE FROM margin_calib.account_offset;
    DELETE FROM margin_calib.offset_pair; DELETE FROM margin_calib.offset_calibration;
    UPDATE margin_calib.product_group SET is_due = true;
    INSERT INTO margin_calib.capture_queue SELECT id, NULL, true, now() FROM margin_calib.feed;
    CALL refresh(commit_batches => false, batch_keys => 7);
    wrong := wrong + (SELECT count(*) FROM (SELECT * FROM incremental EXCEPT ALL SELECT * FROM t.all_results()) AS x)
                   + (SELECT count(*) FROM (SELECT * FROM t.all_results() EXCEPT ALL SELECT * FROM incremental) AS x);
    DROP TABLE incremental;
    RETURN wrong;
END $$;
SELECT is(t.disagreements(n), 0::bigint, format('round %s: foreseen = stored = recomputed from scratch', n)) FROM generate_series(1, 6) AS n;
SELECT is_empty($$ SELECT account, currency, group_name, margin, gross, combined, worst, credit FROM t.expected
                   EXCEPT SELECT account, currency, group_name, margin, gross, combined, worst_breakdown, credit FROM account_offset $$, 'and credits are still those recomputed');

-- ---- when a group is calibrated ----
CREATE FUNCTION t.calibrations() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM margin_calib.offset_calibration WHERE group_name = 'factor' $$;
CREATE TABLE t.count AS SELECT t.calibrations() AS n;
UPDATE candles SET close = close * 1.01 WHERE instrument = 'K1' AND extract(day FROM ts) = 3;
CALL refresh(commit_batches => false);
SELECT is(t.calibrations(), (SELECT n FROM t.count), 'new prices alone calibrate no group');
SELECT is(t.differences(), 0::bigint, 'live as stored');
UPDATE margin_calib.product_group SET calibrated_at = now() - interval '23 hours';
CALL refresh(commit_batches => false);
SELECT is(t.calibrations(), (SELECT n FROM t.count), 'nor does an age of 23 hours');
UPDATE margin_calib.product_group SET calibrated_at = now() - interval '25 hours';
CREATE TABLE t.foreseen_2 AS SELECT * FROM t.live;
CALL refresh(commit_batches => false);
SELECT is(t.calibrations(), (SELECT n + 1 FROM t.count), 'but that of a day does');
SELECT is_empty($$ SELECT * FROM t.foreseen_2 EXCEPT ALL SELECT * FROM t.stored $$, 'as requirement_now foresaw');
UPDATE margin_calib.product_group SET calibrated_at = now() - interval '25 hours';
CALL refresh(commit_batches => false);
SELECT is(t.calibrations(), (SELECT n + 1 FROM t.count), 'one that changes nothing leaves no history');
SELECT ok((SELECT calibrated_at > now() - interval '1 hour' FROM product_group WHERE name = 'factor'), 'but is noted');
INSERT INTO candles (instrument, ts, close) SELECT 'K12', ts, close * 2 FROM candles WHERE instrument = 'K1';
INSERT INTO positions VALUES ('h1', 'K12', -20);
CREATE TABLE t.foreseen_3 AS SELECT * FROM t.live;
CALL refresh(commit_batches => false);
SELECT is((SELECT applied_correlation > 0.9 FROM margin_offset WHERE first_instrument = 'K1' AND second_instrument = 'K12'), true, 'first prices of a member calibrate its group');
SELECT is_empty($$ SELECT * FROM t.foreseen_3 EXCEPT ALL SELECT * FROM t.stored $$, 'as requirement_now foresaw');
SELECT is_empty($$ SELECT * FROM (SELECT valid_to, lead(valid_from) OVER (PARTITION BY group_name ORDER BY valid_from) AS next FROM offset_calibration WHERE group_name = 'factor') AS h
                    WHERE valid_to IS DISTINCT FROM next $$, 'history has no gap and no overlap');
SELECT ok(calibrate_offsets('factor') > 3, 'calibrate_offsets returns the reliable pairs');

-- ---- a feed that cannot be read: correlations stay, as rates do ----
UPDATE margin_calib.product_group SET is_due = true;
ALTER TABLE candles RENAME close TO shut;
CREATE TABLE t.credits AS SELECT account, group_name, margin, credit FROM account_offset;
UPDATE positions SET quantity = quantity;
CALL refresh(commit_batches => false);
SELECT results_eq('SELECT account, group_name, margin, credit FROM account_offset ORDER BY 1, 2, 3', 'SELECT * FROM t.credits ORDER BY 1, 2, 3', 'a broken feed takes no credit away');
SELECT is(t.differences(), 0::bigint, 'live as stored');
SELECT ok((SELECT bool_and(is_stale) FROM t.stored WHERE offset_credit > 0), 'but the requirements are stale');
ALTER TABLE candles RENAME shut TO close;
CALL refresh(commit_batches => false);
SELECT is((SELECT bool_or(is_due) FROM product_group), false, 'and the group is calibrated when the feed is back');

-- ---- a bad group stops nothing ----
SELECT set_product_group('broken', '{K8,K9}');
SET LOCAL margin_calib.max_state_mb = 1;
INSERT INTO candles (instrument, ts, close) SELECT k, now() - i * interval '1 minute', 50 + i % 7 FROM unnest('{K8,K9}'::text[]) AS k, generate_series(1, 25000) AS i ON CONFLICT DO NOTHING;
SELECT lives_ok($$ CALL refresh(commit_batches => false) $$, 'a refresh with a group beyond the memory limit');
SELECT matches((SELECT reason FROM margin_offset WHERE group_name = 'broken'), '^calibration failed: state exceeds margin_calib.max_state_mb .54000.$', 'says what is wrong');
SELECT ok((SELECT bool_and(credit = 0 AND combined = gross AND at_zero IS NULL AND reason LIKE 'calibration failed%') AND count(*) > 0 FROM margin_account_offset WHERE group_name = 'broken'), 'gives no credit, with the reason');
SELECT ok((SELECT count(*) > 5 FROM account_offset WHERE group_name = 'factor' AND credit > 0), 'and leaves the others theirs');
RESET margin_calib.max_state_mb;
CALL recalibrate(commit_batches => false);
SELECT is(t.differences(), 0::bigint, 'it comes back');
SELECT is((SELECT is_reliable FROM margin_offset WHERE group_name = 'broken'), true, 'with its correlations');

-- ---- caps ----
INSERT INTO positions VALUES ('cap', 'K1', 1), ('cap', 'K12', -0.5);
SELECT set_product_group('factor', '{K1,K12}', cap => 0);
CALL refresh(commit_batches => false);
SELECT is((SELECT sum(credit) FROM account_offset WHERE group_name = 'factor'), 0.00, 'a cap of 0 leaves no credit');
SELECT set_product_group('factor', '{K1,K12}', cap => 1, reliable => true, rationale => 'one is the other twice');
CALL refresh(commit_batches => false);
SELECT ok((SELECT credit = gross - combined FROM account_offset WHERE account = 'cap' AND margin = 'initial'), 'one of 1 all of it');
SELECT results_eq($$ SELECT cap, rationale FROM offset_calibration WHERE group_name = 'factor' ORDER BY valid_from DESC LIMIT 1 $$, $$ VALUES (1::numeric, 'one is the other twice') $$, 'history keeps cap and rationale');

-- ---- refused ----
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 0.81) $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 0.9, reliable => true) $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 0.9, reliable => true, rationale => ' ') $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 0.9, rationale => 'why not') $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 1.01, reliable => true, rationale => 'x') $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => -0.1) $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => 'NaN') $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', cap => NULL) $$, '22023', 'the cap of a product group lies between 0 and 0.8');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K12}') $$, '22023', 'an instrument is in one product group at most');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5}') $$, '22023', 'a product group has 2 to 800 different instruments');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K5}') $$, '22023', 'a product group has 2 to 800 different instruments');
SELECT throws_ok($$ SELECT set_product_group('g', '{{K5,K6}}') $$, '22023', 'a product group has 2 to 800 different instruments');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,NULL}') $$, '22004');
SELECT throws_ok($$ SELECT set_product_group('g', NULL) $$, '22004');
SELECT throws_ok($$ SELECT set_product_group(NULL, '{K5,K6}') $$, '22023', 'a product group has a name of 1 to 500 bytes');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', lookback => 79) $$, '22023', 'the lookback of a product group is at least 20 returns for each sub-period');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', lookback => NULL) $$, '22023', 'the lookback of a product group is at least 20 returns for each sub-period');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', subperiods => 0) $$, '22023', 'subperiods of a product group lie between 1 and 50');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', confidence => 1) $$, '22023', 'confidence of a product group lies between 0.5 and 1');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', confidence => 'NaN') $$, '22023', 'confidence of a product group lies between 0.5 and 1');
SELECT throws_ok($$ SELECT set_product_group('g', '{K5,K6}', breakdown => 'best') $$, '22023', 'breakdown is ''calibrated'' or ''worst''');
SELECT throws_ok($$ SELECT drop_product_group('g') $$, '42704', 'product group ''g'' does not exist');
SELECT throws_ok($$ SELECT calibrate_offsets(NULL) $$, '42704', 'product group NULL does not exist');
SELECT throws_ok($$ UPDATE margin_calib.product_group SET cap = 0.9, reliable = false $$, '23514');

-- ---- rights ----
CREATE ROLE mc_offset_reader; CREATE ROLE mc_offset_engine; CREATE ROLE mc_offset_nobody;
GRANT USAGE ON SCHEMA t TO mc_offset_reader, mc_offset_engine, mc_offset_nobody;
GRANT SELECT ON candles, positions, book_2 TO mc_offset_reader, mc_offset_engine;
SELECT grant_rights('mc_offset_reader', 'reader'), grant_rights('mc_offset_engine', 'engine'), grant_rights('mc_offset_engine', 'analyst');
UPDATE margin_calib.product_group SET is_due = true;
SET LOCAL ROLE mc_offset_reader;
SELECT lives_ok($$ SELECT * FROM margin_calib.margin_offset, margin_calib.margin_account_offset LIMIT 1 $$, 'a reader reads offsets');
SELECT lives_ok($$ SELECT * FROM margin_calib.requirement_now('cap') $$, 'and live requirements, calibrating what is due');
SELECT throws_ok($$ SELECT margin_calib.set_product_group('g', '{K5,K6}') $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.calibrate_offsets('factor') $$, '42501');
SELECT throws_ok($$ DELETE FROM margin_calib.account_offset $$, '42501');
RESET ROLE;
SET LOCAL ROLE mc_offset_engine;
SELECT lives_ok($$ SELECT margin_calib.set_product_group('g', '{K5,K6}') $$, 'an engine role sets groups');
SELECT lives_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, 'refreshes');
SELECT lives_ok($$ SELECT margin_calib.calibrate_offsets('g') $$, 'calibrates');
SELECT lives_ok($$ SELECT margin_calib.drop_product_group('g') $$, 'and drops them');
RESET ROLE;
SET LOCAL ROLE mc_offset_nobody;
SELECT throws_ok($$ SELECT * FROM margin_calib.margin_account_offset $$, '42501');
SELECT throws_ok($$ SELECT * FROM margin_calib.margin_offset $$, '42501');
RESET ROLE;

-- ---- and away ----
SELECT drop_product_group(name) FROM product_group;
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM account_offset), 0::bigint, 'without groups credits are taken back');
SELECT is_empty($$ SELECT account, currency, sum(initial_margin)::text FROM margin_position WHERE initial_margin IS NOT NULL GROUP BY 1, 2
                   EXCEPT SELECT account, currency, initial_margin::text FROM margin_requirement $$, 'to the last digit');
SELECT is((SELECT count(*) FROM offset_calibration WHERE valid_to IS NULL), 0::bigint, 'and no calibration is in force');
SELECT * FROM finish();
ROLLBACK;
