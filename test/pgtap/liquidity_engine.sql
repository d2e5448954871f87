-- Add-ons in the engine: amounts by hand, requirement_now = refresh = recomputed from nothing, events that
-- begin and end by themselves, pegs that depend on another price, rows that cannot be used, errors, rights.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

SELECT create_standard_tables('t');
INSERT INTO candles (instrument, ts, close)
    SELECT k, date_trunc('day', now()) - b * interval '1 day', round((50 * exp(0.03 * sin(ascii(k) * b) * cos(b * b)))::numeric, 6)::float8
      FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E', 'U']) AS k, generate_series(1, 200) AS b;
INSERT INTO positions (account, instrument, quantity) VALUES
    ('a', 'A', 30), ('a', 'B', -7), ('b', 'A', -400), ('b', 'C', 5), ('c', 'D', 12.5), ('d', 'E', 3), ('d', 'A', 1);
CALL refresh(commit_batches => false);

CREATE VIEW t.stored AS
SELECT account, currency, initial_margin, maintenance_margin, notional, positions, data_through, is_stale, stale_reason,
       base_initial_margin, base_maintenance_margin FROM margin_calib.margin_requirement;
CREATE VIEW t.live AS
SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.positions, r.data_through, r.is_stale, r.stale_reason,
       r.base_initial_margin, r.base_maintenance_margin
  FROM (SELECT DISTINCT account FROM t.positions) AS a, margin_calib.requirement_now(a.account) AS r;
CREATE FUNCTION t.differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM (SELECT * FROM t.stored EXCEPT ALL SELECT * FROM t.live) AS x)
         + (SELECT count(*) FROM (SELECT * FROM t.live EXCEPT ALL SELECT * FROM t.stored) AS x) $$;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

SELECT is_empty($$ SELECT * FROM margin_position WHERE initial_margin <> base_initial_margin OR maintenance_margin <> base_maintenance_margin
                    OR tier_initial_charge + liquidity_initial_charge + open_interest_charge + event_initial_charge + peg_charge + confidence_charge <> 0 $$,
    'without add-ons the margin is the calibrated one');
SELECT is((SELECT sum(initial_margin - base_initial_margin) FROM margin_requirement), 0.00, 'and so is the requirement');

-- a market by hand: prices and rates that are round
CREATE PROCEDURE t.by_hand() LANGUAGE sql AS $$
    UPDATE margin_calib.parameter SET symmetric_rates = true, initial_rate = 0.1, maintenance_rate = 0.06 WHERE valid_to IS NULL;
    UPDATE margin_calib.instrument SET last_price = 100;
    UPDATE margin_calib.instrument SET last_price = 0.97 WHERE instrument = 'U' $$;
CREATE TABLE t.depth (sym text, at timestamptz, spread numeric, volume float8, oi numeric, sources integer, age numeric, width numeric);
SELECT attach_liquidity('t.depth', 'sym', 'at', spread => 'spread', volume => 'volume', open_interest => 'oi',
                        price_sources => 'sources', price_age => 'age', price_width => 'width') > 0;
INSERT INTO depth VALUES ('A', now() - interval '40 days', 1, 1, NULL, NULL, NULL, NULL),
    ('A', now() - interval '3 days', 0.003, 800, NULL, NULL, NULL, NULL), ('A', now() - interval '1 hour', 0.002, 1200, 5000, 3, 0, 0),
    ('B', now() - interval '1 hour', 0.001, NULL, NULL, NULL, NULL, NULL), ('C', now() - interval '1 hour', NULL, 10, NULL, 1, NULL, 0.01);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT instrument, spread, latest_spread, average_spread, average_daily_volume, open_interest, rows_used, data_through = now() - interval '1 hour' FROM instrument_liquidity ORDER BY 1 $$,
    $$ VALUES ('A', 0.0025, 0.002, 0.0025, 1000::numeric, 5000::numeric, 2, true), ('B', 0.001, 0.001, 0.001, NULL, NULL, 1, true),
              ('C', NULL, NULL, NULL, 10, NULL, 1, true) $$, 'latest and mean over 30 days up to the latest row');
CALL t.by_hand();
SELECT queue_add_ons(NULL);
CALL refresh(commit_batches => false);
-- A: a 30 of 1000 a day at 10 % is within one day: 3000 * 0.0025 / 2 = 3.75. b: 400 take 4 days, factor 2: 40000 * 0.00125 * 2 = 100, and
-- as much margin again: 4000 and 2400. B has no volume: 700 * 0.0005 = 0.35. C: 5 of 10 at 10 %: 5 days, 500 * 0.1 * (sqrt 5 - 1) = 61.803.., 37.082..;
-- confidence 1/3 * 0.8 = 0.2666..: 500 * 0.7333.. = 366.666..
SELECT results_eq($$ SELECT account, instrument, base_initial_margin, base_maintenance_margin, liquidity_initial_charge, liquidity_maintenance_charge, confidence_charge,
                            liquidation_horizon, initial_margin, maintenance_margin FROM margin_position WHERE instrument IN ('A', 'B', 'C') ORDER BY 1, 2 $$,
    $$ VALUES ('a', 'A', 300.00, 180.00, 3.75, 3.75, 0.00, 1::numeric, 303.75, 183.75), ('a', 'B', 70.00, 42.00, 0.35, 0.35, 0.00, NULL, 70.35, 42.35),
              ('b', 'A', 4000.00, 2400.00, 4100.00, 2500.00, 0.00, 4, 8100.00, 4900.00), ('b', 'C', 50.00, 30.00, 61.81, 37.09, 366.67, 5, 478.48, 67.09),
              ('d', 'A', 10.00, 6.00, 0.13, 0.13, 0.00, 1, 10.13, 6.13) $$, 'liquidity and confidence by hand, rounded up');
-- tiers of A: 5 % and 20 % above 10000: b 40000 -> 500 + 6000 = 6500 and 3250; a 3000 -> 150, below the calibrated 300
SELECT ok(set_tiers('A', ARRAY[(0, 0.05, 0.025), (10000, 0.2, 0.1)]::margin_tier[], 'listing') > 0);
SELECT is((SELECT is_stale FROM margin_requirement WHERE account = 'b'), true, 'tiers that wait make requirements stale');
SELECT is((SELECT is_stale FROM margin_requirement WHERE account = 'c'), false, 'those that they concern');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, tier_initial_charge, tier_maintenance_charge, liquidity_initial_charge, liquidity_maintenance_charge, initial_margin, maintenance_margin
                       FROM margin_position WHERE instrument = 'A' ORDER BY 1 $$,
    $$ VALUES ('a', 0.00, 0.00, 3.75, 3.75, 303.75, 183.75), ('b', 2500.00, 850.00, 1600.00, 1650.00, 8100.00, 4900.00), ('d', 0.00, 0.00, 0.13, 0.13, 10.13, 6.13) $$,
    'a tier margin counts where it is above, and the longer horizon charges what it leaves: max(base * 2, tier) + cost of exit');
SELECT set_tiers('A', ARRAY[(0, 0.05, 0.025), (10000, 0.5, 0.25)]::margin_tier[]);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT tier_initial_charge, liquidity_initial_charge, initial_margin FROM margin_position WHERE account = 'b' AND instrument = 'A' $$,
    $$ VALUES (11500.00, 100.00, 15600.00) $$, 'tiers above the longer horizon: 500 + 15000, and the cost of exit alone');
SELECT results_eq($$ SELECT (tiers)[2].initial_rate, valid_to IS NULL, reason FROM tier_schedule ORDER BY id $$, $$ VALUES (0.2, false, 'listing'), (0.5, true, NULL) $$, 'tier tables are kept');
SELECT is(set_tiers('A', NULL), NULL, 'NULL ends them');
-- open interest of A: 5000 * 100 = 500,000 is a quarter of the way from 400,000 to 800,000: 0.1 -> 0.325
SELECT set_liquidity_policy('A', open_interest_lower => 400000, open_interest_upper => 800000);
SELECT set_liquidity_policy(participation => 0.2);
SELECT set_liquidity_policy('C', participation => 0.1, maximum_horizon => 4);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, instrument, open_interest_charge, liquidation_horizon, tier_initial_charge, liquidity_initial_charge, initial_margin FROM margin_position WHERE instrument IN ('A', 'C') AND account IN ('a', 'b') ORDER BY 1, 2 $$,
    $$ VALUES ('a', 'A', 675.00, 1::numeric, 0.00, 3.75, 978.75), ('b', 'A', 9000.00, 2, 0.00, 1727.57, 14727.57), ('b', 'C', 0.00, 4, 0.00, 50.00, 466.67) $$,
    'open interest by hand; 2 days at 20 %: 4000 * 0.41421.. + 50 * 1.41421..; a horizon that is capped');
SELECT is((SELECT maintenance_margin - base_maintenance_margin - liquidity_maintenance_charge FROM margin_position WHERE account = 'a' AND instrument = 'A'), 0.00,
          'open interest is in initial margin alone');
SELECT set_liquidity_policy('A', reset => true), set_liquidity_policy(reset => true);
CALL refresh(commit_batches => false);

-- pegs: of E, whose currency is U; of D itself
SELECT set_instrument('E', currency => 'UST'), set_instrument('D', kind => 'spot');
SELECT set_peg('U', currency => 'UST'), set_peg('U', instrument => 'D', factor => 2);
DELETE FROM capture_queue WHERE key = 'E' AND feed > 0 OR key = 'D' AND feed > 0;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT instrument, currency, peg_charge, initial_margin, maintenance_margin FROM margin_position WHERE instrument IN ('D', 'E') ORDER BY 1 $$,
    $$ VALUES ('D', 'USD', 50.00, 175.00, 75.00), ('E', 'UST', 2.40, 32.40, 18.00) $$,
    '0.99 - 0.97: 2 * 0.02 of a notional of 1250, and 4 * 0.02 of a margin of 30');
UPDATE margin_calib.instrument SET last_price = 0.985 WHERE instrument = 'U';
INSERT INTO capture_queue VALUES (0, 'U', false, now());
SELECT is((SELECT array_agg(is_stale ORDER BY account) FROM margin_requirement WHERE account IN ('c', 'd')), ARRAY[true, true, true], 'the price of a peg makes those that depend on it stale');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT instrument, peg_charge FROM margin_position WHERE instrument IN ('D', 'E') ORDER BY 1 $$, $$ VALUES ('D', 12.50), ('E', 0.60) $$,
    'and its refresh recomputes them');

-- the charges of a position grow with its size, without a step, whichever of them binds
CREATE TABLE t.sizes AS
SELECT k, q, c.*, 10 * q AS base, 10 * q + c.tier_initial_charge + c.liquidity_initial_charge + c.open_interest_charge + c.event_initial_charge
                     + c.peg_charge + c.confidence_charge AS initial, 5 * q + c.tier_maintenance_charge + c.liquidity_maintenance_charge + c.event_maintenance_charge AS maintenance
  FROM generate_series(1, 4) AS k, generate_series(0, 120, 0.5) AS q,
       position_charges(ROW('X', CASE WHEN k > 1 THEN tiers_from_leverage(ARRAY[1000 * k, 5000.0], ARRAY[12.0, 6, 1.5]) END, 0.002 * k, CASE WHEN k <> 3 THEN 100 END, 500, 0.1, 1, 9,
                            40000, 90000, 0.1 * k, 0.01 * k, 0.2, 0.01, 0.1, 0.04, 0.001, NULL, NULL)::engine_add_on, 'linear', q, 1, 100, 0.1, 0.05, 0.01) AS c;
SELECT is((SELECT count(*) FROM t.sizes), 964::bigint, 'a row for each size');
SELECT is_empty($$ SELECT * FROM (SELECT k, q, initial, maintenance, lag(initial) OVER w AS last_i, lag(maintenance) OVER w AS last_m FROM t.sizes WINDOW w AS (PARTITION BY k ORDER BY q)) AS s
                    WHERE initial < last_i OR maintenance < last_m OR initial - last_i > 150 OR maintenance - last_m > 75 OR maintenance > initial $$,
    'margins are monotone, maintenance is below initial, and no step is above what 0.5 more is worth');
SELECT is_empty($$ SELECT * FROM t.sizes WHERE tier_initial_charge + base < ceil(100 * tier_margin(100 * q, CASE WHEN k > 1 THEN tiers_from_leverage(ARRAY[1000 * k, 5000.0], ARRAY[12.0, 6, 1.5]) END)) / 100 $$,
    'base and tier charge are never below the tier margin');

-- events: rates and multiples add up, begin and end by themselves
CREATE TABLE t.event_id AS SELECT add_event('CPI', now() - interval '1 minute', now() + interval '1 hour', ARRAY['A'], rate => 0.02) AS cpi,
    add_event('expiry', now() - interval '1 minute', now() + interval '1 hour', NULL, multiplier => 1.5, applies_to => 'both') AS expiry,
    add_event('later', now() + interval '1 hour', now() + interval '2 hours', ARRAY['A', 'B'], rate => 0.5) AS later;
SELECT is((SELECT is_stale FROM refresh_status), true, 'an event that has begun is seen by a monitor');
SELECT is((SELECT bool_and(is_stale) FROM margin_requirement), true, 'an event that runs makes requirements stale until they are refreshed');
CREATE TABLE t.foreseen AS SELECT account, currency, initial_margin, maintenance_margin FROM t.live;
CALL t.by_hand();
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, event_initial_charge, event_maintenance_charge FROM margin_position WHERE instrument = 'A' ORDER BY 1 $$,
    $$ VALUES ('a', 210.00, 90.00), ('b', 2800.00, 1200.00), ('d', 7.00, 3.00) $$, '0.02 N + 0.5 of the base in initial, 0.5 of the base in maintenance');
UPDATE margin_event SET from_ts = now() - interval '2 seconds' WHERE name = 'later';
UPDATE margin_event SET until_ts = now() - interval '2 seconds' WHERE name = 'CPI';
SELECT is((SELECT array_agg(DISTINCT i ORDER BY i) FROM pending_add_ons() AS i), ARRAY['A', 'B'], 'events that have ended or begun wait for a refresh');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, instrument, event_initial_charge, event_maintenance_charge FROM margin_position WHERE instrument IN ('A', 'B', 'C') ORDER BY 1, 2 $$,
    $$ VALUES ('a', 'A', 1650.00, 90.00), ('a', 'B', 385.00, 21.00), ('b', 'A', 22000.00, 1200.00), ('b', 'C', 25.00, 15.00), ('d', 'A', 55.00, 3.00) $$,
    'no other change of data: one has ended, one has begun');
SELECT cancel_event(later), cancel_event(expiry) FROM t.event_id;
CALL refresh(commit_batches => false);
SELECT is((SELECT sum(event_initial_charge + event_maintenance_charge) FROM margin_position), 0.00, 'cancelled events are over');
SELECT results_eq($$ SELECT name, applied, cancelled_by IS NOT NULL FROM margin_event ORDER BY id $$, $$ VALUES ('CPI', 'over', false), ('expiry', 'over', true), ('later', 'over', true) $$, 'and stay on record');
SELECT is((SELECT count(*) FROM pending_add_ons()), 0::bigint, 'nothing waits');
SELECT throws_ok(format('SELECT cancel_event(%s)', later), '42704') FROM t.event_id;

-- components add up, exactly
SELECT is_empty($$ SELECT * FROM margin_position
                    WHERE initial_margin <> base_initial_margin + tier_initial_charge + liquidity_initial_charge + open_interest_charge + event_initial_charge + peg_charge + confidence_charge
                       OR maintenance_margin <> base_maintenance_margin + tier_maintenance_charge + liquidity_maintenance_charge + event_maintenance_charge
                       OR maintenance_margin > initial_margin $$, 'components add up, maintenance is not above initial');
SELECT is_empty($$ SELECT account, currency, sum(base_initial_margin), sum(base_maintenance_margin), sum(initial_margin) FROM margin_position GROUP BY 1, 2
                   EXCEPT SELECT account, currency, base_initial_margin, base_maintenance_margin, initial_margin FROM margin_requirement $$, 'and requirements are their sums');

-- rows that cannot be used, and figures that are old
INSERT INTO depth VALUES ('A', now(), -0.1, 5, NULL, NULL, NULL, NULL), ('A', now(), 3, 5, NULL, NULL, NULL, NULL), ('A', now(), 0.1, 'NaN', NULL, NULL, NULL, NULL),
    ('A', now(), 0.1, 5, -1, NULL, NULL, NULL), ('A', now(), NULL, NULL, NULL, NULL, NULL, NULL), ('A', now() + interval '1 day', 0.5, 1, NULL, NULL, NULL, NULL),
    (NULL, now(), 0.1, 1, NULL, NULL, NULL, NULL), ('A', NULL, 0.1, 1, NULL, NULL, NULL, NULL), ('A', 'infinity', 0.1, 1, NULL, NULL, NULL, NULL);
CALL recalibrate(commit_batches => false);
SELECT results_eq($$ SELECT instrument, reason, count(*) FROM quarantine WHERE resolved_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2 $$,
    $$ VALUES ('A', 'every figure is NULL', 1::bigint), ('A', 'open interest is negative or not finite', 1), ('A', 'spread is not a fraction of the price between 0 and 2', 1),
              ('A', 'ts is NULL', 1), ('A', 'ts is in the future', 1), ('A', 'ts is infinite', 1), ('A', 'volume is negative or not finite', 1), (NULL, 'instrument is NULL', 1) $$,
    'rows that cannot be used are in quarantine, with the reason');
SELECT results_eq($$ SELECT spread, average_daily_volume, rows_used, rows_rejected FROM instrument_liquidity WHERE instrument = 'A' $$,
    $$ VALUES (0.0025, 1000::numeric, 2, 8) $$, 'and change no figure');
SELECT is(t.differences(), 0::bigint, 'requirement_now equals what refresh stored');
DELETE FROM depth WHERE sym IS NULL OR at IS NULL OR at >= now();
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM quarantine WHERE resolved_at IS NULL), 0::bigint, 'rows that are gone are resolved');
UPDATE depth SET at = at - interval '5 days' WHERE sym = 'B';
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM margin_requirement WHERE account = 'a'), 'a price or a liquidity figure is older than allowed', 'old figures make a requirement stale');
DELETE FROM depth WHERE sym = 'B';
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM margin_requirement WHERE account = 'a'), 'B: it has no usable liquidity row', 'so do figures that are gone');
SELECT isnt((SELECT liquidity_initial_charge FROM margin_position WHERE account = 'a' AND instrument = 'B'), 0.00, 'which are charged all the same');
SELECT is(t.differences(), 0::bigint, 'live as stored');
UPDATE depth SET volume = 0 WHERE sym = 'C';
CALL refresh(commit_batches => false);
SELECT is((SELECT liquidation_horizon FROM margin_position WHERE instrument = 'C'), 4::numeric, 'a market without volume: the maximum horizon');
INSERT INTO depth VALUES ('Z', now(), 0.01, 5, NULL, NULL, NULL, NULL);
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM instrument WHERE instrument = 'Z'), 0::bigint, 'liquidity registers no instrument');
SELECT set_instrument('Y'), set_peg('Y', instrument => 'C');
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM margin_position WHERE instrument = 'C'), 'C: the price Y of its peg: it is not known', 'a peg without a price is no silence');
SELECT is(t.differences(), 0::bigint, 'live as stored, with a peg that has no price');
SELECT set_peg(NULL, instrument => 'C');

-- a second feed, one with volumes of rows, by watermark
CREATE TABLE t.ticks (sym text, at timestamptz, traded numeric);
INSERT INTO ticks SELECT k, date_trunc('day', now()) - i * interval '6 hours', i FROM unnest(ARRAY['A', 'E']) AS k, generate_series(1, 8) AS i;
SELECT attach_liquidity('t.ticks', 'sym', 'at', volume => 'traded', volume_per => 'row', averaging_window => '1 day', capture => 'watermark') > 0;
CALL refresh(commit_batches => false);
SELECT is((SELECT average_daily_volume FROM instrument_liquidity WHERE instrument = 'E'), 10::numeric, 'volumes of rows: 1 + 2 + 3 + 4 in a day');
SELECT is((SELECT count(*) FROM alert WHERE kind = 'second_feed' AND instrument = 'A'), 1::bigint, 'the first feed of an instrument counts');
INSERT INTO ticks VALUES ('E', date_trunc('day', now()) - interval '1 hour', 90);
CALL refresh(commit_batches => false);
SELECT is((SELECT average_daily_volume FROM instrument_liquidity WHERE instrument = 'E'), 100::numeric, 'the watermark sees what is new');
UPDATE ticks SET traded = 91 WHERE traded = 90;
CALL refresh(commit_batches => false);
SELECT is((SELECT average_daily_volume FROM instrument_liquidity WHERE instrument = 'E'), 100::numeric, 'it does not see what is corrected');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT average_daily_volume FROM instrument_liquidity WHERE instrument = 'E'), 101::numeric, 'recalibrate does');
SELECT is(t.differences(), 0::bigint, 'live as stored, with two feeds');
SELECT detach('t.ticks');
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM instrument_liquidity WHERE instrument = 'E'), 0::bigint, 'a feed that is detached no longer counts');
ALTER TABLE depth RENAME COLUMN spread TO gap;
CALL refresh(commit_batches => false);
SELECT matches((SELECT stale_reason FROM margin_requirement WHERE account = 'b'), 'its liquidity feed (t\.)?depth cannot be read', 'a feed that cannot be read makes requirements stale');
SELECT is(t.differences(), 0::bigint, 'live as stored');
ALTER TABLE depth RENAME COLUMN gap TO spread;
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM margin_requirement WHERE account = 'b'), NULL, 'until it can be read again');

-- incremental = live = from nothing, after changes of every kind in random order
CREATE FUNCTION t.change(i integer, k text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT double precision := random();
BEGIN
    CASE i
        WHEN 0 THEN INSERT INTO t.depth VALUES (k, now() - r * interval '60 days', r / 10, 100 * r, 1000 * r, (5 * r)::integer, 400 * r, r / 15);
        WHEN 1 THEN DELETE FROM t.depth WHERE sym = k AND random() < 0.3;
        WHEN 2 THEN UPDATE t.depth SET spread = r / 20, volume = 1000 * r WHERE sym = k;
        WHEN 3 THEN PERFORM margin_calib.set_tiers(k, margin_calib.tiers_from_leverage(ARRAY[(1000 * r)::numeric], ARRAY[10, 3]));
        WHEN 4 THEN PERFORM margin_calib.set_tiers(k, NULL);
        WHEN 5 THEN PERFORM margin_calib.add_event(k, now() - interval '1 hour', clock_timestamp() + interval '1 day', CASE WHEN r < 0.7 THEN ARRAY[k] END, rate => 0.01, applies_to => 'both');
        WHEN 6 THEN UPDATE margin_calib.margin_event SET until_ts = now() - interval '1 minute' WHERE id = (SELECT min(id) FROM margin_calib.margin_event WHERE applied = 'running');
        WHEN 7 THEN PERFORM margin_calib.set_peg(CASE WHEN r < 0.8 THEN 'U' END, instrument => k);
        WHEN 8 THEN PERFORM margin_calib.set_liquidity_policy(CASE WHEN r < 0.5 THEN k END, participation => 0.05 + r::numeric / 2, open_interest_lower => 100, open_interest_upper => 10000);
        ELSE UPDATE t.positions SET quantity = quantity * (0.5 + r::numeric) WHERE instrument = k;
             INSERT INTO t.candles (instrument, ts, close) VALUES ('U', now() - r * interval '10 hours', 0.9 + r / 8) ON CONFLICT DO NOTHING;
    END CASE;
END $$;
CREATE TABLE t.outcome (round integer, live bigint, scratch bigint, charged numeric);
CREATE FUNCTION t.positions_now() RETURNS SETOF text LANGUAGE sql AS $$ SELECT p::text FROM margin_calib.account_position AS p $$;
CREATE PROCEDURE t.round(n integer) LANGUAGE plpgsql AS $$
DECLARE
    incremental text[];
    live bigint;
BEGIN
    PERFORM t.change(x.j, (ARRAY['A', 'B', 'C', 'D', 'E', 'U'])[x.k]) FROM (SELECT floor(10 * random())::integer AS j, 1 + floor(6 * random())::integer AS k FROM generate_series(1, 6)) AS x;
    CALL margin_calib.refresh(commit_batches => false);
    live := t.differences();
    incremental := ARRAY(SELECT t.positions_now());
    DELETE FROM margin_calib.account_position;
    DELETE FROM margin_calib.requirement;
    INSERT INTO margin_calib.capture_queue SELECT f.id, NULL, true, now() FROM margin_calib.feed AS f;
    CALL margin_calib.refresh(commit_batches => false);
    INSERT INTO t.outcome SELECT n, live,
        (SELECT count(*) FROM ((SELECT unnest(incremental) EXCEPT ALL SELECT t.positions_now()) UNION ALL (SELECT t.positions_now() EXCEPT ALL SELECT unnest(incremental))) AS d),
        (SELECT sum(initial_margin - base_initial_margin) FROM margin_calib.account_position);
END $$;
SELECT setseed(0.42);
DO $$ BEGIN FOR n IN 1 .. 25 LOOP CALL t.round(n); END LOOP; END $$;
SELECT is((SELECT sum(live) FROM t.outcome), 0::numeric, 'live = incremental, 25 rounds of 6 random changes');
SELECT is((SELECT sum(scratch) FROM t.outcome), 0::numeric, 'incremental = from nothing, position by position');
SELECT ok((SELECT count(DISTINCT charged) FROM t.outcome) > 15, 'and charges changed on the way');

-- errors
SELECT results_eq($$ SELECT t.refused('SELECT ' || q) FROM unnest(ARRAY[
        'set_tiers(NULL, NULL)', 'set_tiers(''WHO'', tiers_from_leverage(''{}'', ''{5}''))', 'set_tiers(''A'', ARRAY[(0, 0.1, 0.2)]::margin_tier[])',
        'set_liquidity_policy(''WHO'', participation => 0.1)', 'set_liquidity_policy(participation => 10)', 'set_liquidity_policy(horizon => 0)',
        'set_liquidity_policy(''D'', horizon => 5, maximum_horizon => 4)', 'set_liquidity_policy(''D'', reset => true, open_interest_lower => 5)', 'set_liquidity_policy(confidence_threshold => 55)',
        'set_peg(''U'')', 'set_peg(''U'', ''A'', ''USD'')', 'set_peg(''WHO'', currency => ''USD'')', 'set_peg(''U'', currency => ''USD'', threshold => 99)', 'set_peg(''U'', currency => ''USD'', factor => NULL)',
        'add_event(NULL, now(), now() + interval ''1 day'', rate => 0.1)', 'add_event(''x'', now(), now() - interval ''1 day'', rate => 0.1)', 'add_event(''x'', now() - interval ''2 days'', now() - interval ''1 day'', rate => 0.1)',
        'add_event(''x'', now(), ''infinity'', rate => 0.1)', 'add_event(''x'', now(), now() + interval ''1 day'', rate => 2)', 'add_event(''x'', now(), now() + interval ''1 day'')', 'add_event(''x'', now(), now() + interval ''1 day'', multiplier => 0.5)',
        'add_event(''x'', now(), now() + interval ''1 day'', ARRAY[''WHO''], rate => 0.1)', 'add_event(''x'', now(), now() + interval ''1 day'', ''{}'', rate => 0.1)', 'add_event(''x'', now(), now() + interval ''1 day'', rate => 0.1, applies_to => ''all'')',
        'cancel_event(0)', 'cancel_event(NULL)', 'attach_liquidity(''t.ticks'', ''sym'', ''at'')', 'attach_liquidity(''t.ticks'', ''sym'', ''at'', ''nosuch'')', 'attach_liquidity(''t.ticks'', ''sym'', ''at'', ''at'')',
        'attach_liquidity(''t.ticks'', ''sym'', ''at'', volume => ''traded'', volume_per => ''week'')', 'attach_liquidity(''t.ticks'', ''sym'', ''at'', volume => ''traded'', averaging_window => ''0'')', 'attach_liquidity(''t.depth'', ''sym'', ''at'', ''spread'')']) AS q $$,
    $$ VALUES ('22004: the instrument is NULL'), ('42704: instrument WHO is not known'), ('22023: the maintenance rate of tier 1 is not above its initial rate'),
              ('42704: instrument WHO is not known'), ('22023: participation is a share of volume above 0 and at most 1'), ('22023: a horizon is above zero, and finite'),
              ('22023: a maximum horizon is not below the horizon'), ('22023: open interest bounds come in pairs, the lower not above the upper'), ('22023: a confidence threshold is a fraction between 0 and 1'),
              ('22023: a peg is of an instrument or of a currency'), ('22023: a peg is of an instrument or of a currency'), ('42704: instrument WHO is not known'), ('22023: a peg threshold is above 0 and at most 1'), ('22004: a peg has a threshold and a factor, neither of them NULL'),
              ('22004: an event has a name'), ('22023: an event ends after it begins, and in the future'), ('22023: an event ends after it begins, and in the future'),
              ('22023: an event ends after it begins, and in the future'), ('22023: an event adds a rate between 0 and 1, or has a multiplier above 1'), ('22023: an event adds a rate between 0 and 1, or has a multiplier above 1'), ('22023: an event adds a rate between 0 and 1, or has a multiplier above 1'),
              ('42704: instrument WHO is not known'), ('22023: an event concerns at least one instrument'), ('22023: an event applies to ''initial'' margin or to ''both'' margins'),
              ('42704: event 0 does not run and is not to come'), ('42704: event NULL does not run and is not to come'), ('22004: a liquidity feed needs at least one column of figures'), ('42703: column nosuch of relation t.ticks does not exist'), ('42804: prices and quantities are numeric, double precision, real or integer columns'),
              ('22023: volume_per is ''day'' or ''row'''), ('22023: averaging_window and stale_after are positive intervals'), ('55000: relation t.depth is already attached') $$,
    'what is wrong is refused when it is written, with the rule');

-- rights
CREATE ROLE mc_reader; CREATE ROLE mc_engine; CREATE ROLE mc_nobody; CREATE ROLE mc_feed;
GRANT USAGE ON SCHEMA t TO mc_reader, mc_engine, mc_nobody, mc_feed;
GRANT INSERT ON depth TO mc_feed;
GRANT SELECT ON candles, positions, depth TO mc_reader, mc_engine;
SELECT grant_rights('mc_reader', 'reader'), grant_rights('mc_engine', 'engine'), grant_rights('mc_engine', 'analyst');
SET LOCAL ROLE mc_feed;
SELECT lives_ok($$ INSERT INTO t.depth VALUES ('A', now(), 0.01, 500) $$, 'a role that may only insert feeds');
RESET ROLE;
SET LOCAL ROLE mc_reader;
SELECT lives_ok($$ SELECT * FROM margin_calib.margin_requirement $$, 'a reader reads requirements');
SELECT lives_ok($$ SELECT * FROM margin_calib.requirement_now('b') $$, 'and live ones, with add-ons');
SELECT lives_ok($$ SELECT * FROM margin_calib.instrument_liquidity, margin_calib.tier_schedule, margin_calib.margin_event, margin_calib.peg, margin_calib.liquidity_policy, margin_calib.liquidity_feed $$, 'and what is behind them');
SELECT throws_ok($$ SELECT margin_calib.set_tiers('A', NULL) $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.add_event('x', now(), now() + interval '1 day', rate => 0.1) $$, '42501');
SELECT throws_ok($$ UPDATE margin_calib.margin_event SET rate = 0 $$, '42501');
RESET ROLE;
SET LOCAL ROLE mc_engine;
SELECT lives_ok($$ SELECT margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{}', '{5}')) $$, 'an engine role sets tiers');
SELECT lives_ok($$ SELECT margin_calib.cancel_event(margin_calib.add_event('x', now(), now() + interval '1 day', rate => 0.1)) $$, 'adds and cancels events');
SELECT lives_ok($$ SELECT margin_calib.set_peg(NULL, instrument => 'C'), margin_calib.set_liquidity_policy(horizon => 2) $$, 'sets pegs and policies');
SELECT lives_ok($$ CALL margin_calib.refresh(commit_batches => false) $$, 'and refreshes');
RESET ROLE;
SET LOCAL ROLE mc_nobody;
SELECT throws_ok($$ SELECT * FROM margin_calib.margin_event $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.set_peg('U', currency => 'USD') $$, '42501');
RESET ROLE;
SELECT is(t.differences(), 0::bigint, 'live as stored at the end');

-- what was without add-ons, is again
SELECT set_tiers(instrument, NULL), set_liquidity_policy(instrument, reset => true), set_peg(NULL, instrument => instrument) FROM instrument;
SELECT set_liquidity_policy(reset => true), set_peg(NULL, currency => 'UST'), detach('t.depth');
SELECT cancel_event(id) FROM margin_event WHERE applied <> 'over';
CALL recalibrate(commit_batches => false);
SELECT is_empty($$ SELECT account, instrument, initial_margin::text, base_initial_margin::text FROM margin_position WHERE initial_margin::text <> base_initial_margin::text OR maintenance_margin::text <> base_maintenance_margin::text $$,
    'without add-ons margins are the calibrated ones to the last digit');
SELECT * FROM finish();
ROLLBACK;
