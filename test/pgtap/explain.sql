-- explain_margin: every step recomputed from the figures of its rows, the numbers in it traced to rows above or to the policy, and the
-- whole beside plain SQL, for shipped policies and for policies with every term, along paths, on generated and on real prices. Tampered
-- evidence, instruments without a rate, errors, lines.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- ---- an arithmetic as SQL: its numbers in double precision or in decimals, its words as functions ----
CREATE FUNCTION t.ceil12(q float8, OUT n float8) LANGUAGE sql AS $$ SELECT ceil(to_char(q, '9.99999999999EEEE')::numeric)::float8 $$;
CREATE FUNCTION t.evaluate(arithmetic text, decimals boolean) RETURNS numeric LANGUAGE plpgsql SET extra_float_digits = 1 AS $$
DECLARE
    expression text := regexp_replace(arithmetic, '(\d+(\.\d+)?(e[+-]?\d+)?)', CASE WHEN decimals THEN '(''\1''::numeric)' ELSE '(''\1''::float8)' END, 'g');
    result text;
BEGIN
    expression := regexp_replace(regexp_replace(regexp_replace(expression, '\mmax\(', 'greatest(', 'g'), '\mmin\(', 'least(', 'g'), '\mceil\(', 't.ceil12(', 'g');
    EXECUTE format('SELECT (%s)::text', expression) INTO result;
    RETURN result::numeric;
END $$;
SELECT is(t.evaluate('min(max(0.1 + 0.2, 1e-05), 1)', false), 0.30000000000000004, 'a step is computed in double precision');
SELECT is(t.evaluate('max(0.1 + 0.2, 1e-05)', true), 0.3, 'or in decimals');

-- ---- policies with every term, prices that are calm, stormy and calm again ----
CREATE TABLE t.future AS
SELECT k.symbol, '2024-01-01'::timestamptz + i * interval '1 day' AS ts,
       100 * exp(sum((CASE WHEN i BETWEEN 330 AND 345 THEN 0.09 ELSE 0.01 END) * sin(i * i * 1.7 + ascii(k.symbol))) OVER (PARTITION BY k.symbol ORDER BY i)) AS close
  FROM generate_series(1, 400) AS i,
       unnest('{crypto_venue,futures_clearing,prop_desk,new_product,every,minimum,maximum,stressed_var,no_floor,steps,falls,dead,young,timed,odd_step}'::text[]) AS k (symbol);
SELECT set_policy('every', based_on => 'futures_clearing', lookback => 250, stress_window => 60, stress_weight => 0.4, floor_lookback => 300, min_returns => 50,
                  buffer => 0.25, buffer_recovery => 30, rise_per_step => 0.05, rise_per_day => 0.1, rise_after_breach => 0.2, fall_per_day => 0.03, rounding_step => 0.0001);
SELECT set_policy('minimum', based_on => 'every', minimum_rate => 0.4, fallback_rate => 0.5);
SELECT set_policy('maximum', based_on => 'every', maximum_rate => 0.02, fallback_rate => 0.02, rise_per_step => 2);
SELECT set_policy('stressed_var', based_on => 'every', measure => 'value_at_risk', stress_weight => 0.9, unset => '{rise_per_step,rise_per_day,rise_after_breach,fall_per_day}');
SELECT set_policy('no_floor', based_on => 'every', floor_lookback => 0, buffer => 1, stress_weight => 0, unset => '{rise_per_step,rise_per_day,rise_after_breach,fall_per_day}');
SELECT set_policy('steps', based_on => 'every', buffer => 0, symmetric_rates => true, maintenance_ratio => 0.7, unset => '{rise_per_day,fall_per_day}');
SELECT set_policy('falls', based_on => 'every', buffer_recovery => 0, unset => '{rise_per_step,rise_per_day,rise_after_breach}');
SELECT set_policy('dead', based_on => 'every', dead_after => 5);
SELECT set_policy('young', based_on => 'every', lookback => 500, min_returns => 450, fallback_rate => 0.03);
SELECT set_policy('timed', based_on => 'every', lookback_time => '200 days');
SELECT set_policy('odd_step', based_on => 'every', rounding_step => 1.0 / 3000, maximum_rate => 1.0 / 3 * 2, maintenance_ratio => 1.0 / 3);
CREATE TABLE t.candles (symbol text, ts timestamptz, close float8);
SELECT attach_prices('t.candles', 'symbol', 'ts', 'close', policy => 'every', new_product_policy => NULL);
SELECT set_instrument(s, policy => s) FROM (SELECT DISTINCT symbol AS s FROM t.future) AS x;

CREATE TABLE t.seen AS
SELECT now() AS day, ''::text AS instrument, ''::text AS source, NULL::jsonb AS policy, NULL::margin_path AS path, NULL::numeric[] AS charged, e.*
  FROM explain_margin('every') AS e WHERE false;
CREATE PROCEDURE t.see(day timestamptz, source text) LANGUAGE sql SET extra_float_digits = 1 AS $$
    INSERT INTO t.seen
    SELECT day, i.instrument, source, to_jsonb(coalesce(u, s)), p.path,
           ARRAY[m.long_initial_rate, m.long_maintenance_rate, m.short_initial_rate, m.short_maintenance_rate], e.*
      FROM margin_calib.instrument AS i JOIN margin_calib.parameter AS p ON p.instrument = i.instrument AND p.valid_to IS NULL
      JOIN margin_calib.market_stored AS m ON m.instrument = i.instrument
      LEFT JOIN LATERAL (SELECT ROW(v.*)::margin_policy AS u FROM margin_calib.user_policy AS v WHERE v.name = p.policy AND v.version = p.policy_version) AS u ON true
      LEFT JOIN LATERAL (SELECT ROW(v.*)::margin_policy AS s FROM margin_calib.shipped_policy AS v WHERE v.name = p.policy AND v.version = p.policy_version) AS s ON true
     CROSS JOIN LATERAL margin_calib.explain_margin(i.instrument) AS e $$;
DO $$
DECLARE bar date;
BEGIN
    INSERT INTO t.candles SELECT * FROM t.future WHERE ts <= '2024-11-20';
    INSERT INTO t.candles VALUES ('every', '2024-03-01', NULL), ('every', '2024-03-02', -1);
    INSERT INTO t.candles SELECT symbol, ts, close * 0.97 FROM t.future WHERE symbol = 'every' AND ts = '2024-02-01';
    CALL margin_calib.refresh(commit_batches => false);
    CALL t.see('2024-11-20', 'generated');
    FOREACH bar IN ARRAY '{2024-11-24,2024-11-26,2024-11-27,2024-11-28,2024-11-29,2024-12-01,2024-12-05,2025-01-10,2025-02-02}'::date[] LOOP
        INSERT INTO t.candles SELECT f.* FROM t.future AS f
         WHERE f.ts <= bar AND f.ts > (SELECT max(c.ts) FROM t.candles AS c WHERE c.symbol = 'crypto_venue') AND f.symbol <> 'dead';
        INSERT INTO t.candles SELECT 'dead', d, (SELECT close FROM t.future WHERE symbol = 'dead' AND ts = '2024-11-20')
          FROM generate_series((SELECT max(ts) + interval '1 day' FROM t.candles WHERE symbol = 'dead'), bar, interval '1 day') AS d WHERE bar < '2024-12-02' OR bar > '2025-02-01';
        CALL margin_calib.refresh(commit_batches => false);
        CALL t.see(bar, 'generated');
    END LOOP;
END $$;
SELECT is(count(DISTINCT (instrument, day)), 150::bigint, 'fifteen instruments under policies of their own, ten days') FROM t.seen;

-- ---- real prices, when they are there ----
CREATE TABLE t.real (instrument text, ts timestamptz, open float8, high float8, low float8, close float8, volume float8);
\copy t.real FROM PROGRAM 'zcat ../shared/data/crypto_daily_cmc_2013_2021.csv.gz 2>/dev/null || true' WITH (FORMAT csv, HEADER)
DO $$
DECLARE bar date;
BEGIN
    DELETE FROM t.real WHERE instrument NOT IN (SELECT instrument FROM t.real GROUP BY instrument HAVING count(*) > 1200 ORDER BY count(*) DESC, instrument LIMIT 4) OR ts > '2020-04-20';
    IF NOT EXISTS (SELECT FROM t.real) THEN RETURN; END IF;
    -- each under every shipped policy
    INSERT INTO t.future SELECT r.instrument || '/' || p.name, r.ts, r.close FROM t.real AS r, margin_calib.shipped_policy AS p;
    INSERT INTO t.candles SELECT * FROM t.future WHERE symbol LIKE '%/%' AND ts <= '2020-03-01';
    CALL margin_calib.refresh(commit_batches => false);
    PERFORM margin_calib.set_instrument(i.instrument, policy => split_part(i.instrument, '/', 2)) FROM margin_calib.instrument AS i WHERE i.instrument LIKE '%/%';
    FOREACH bar IN ARRAY '{2020-03-11,2020-03-12,2020-03-13,2020-03-20,2020-04-20}'::date[] LOOP
        INSERT INTO t.candles SELECT f.* FROM t.future AS f
         WHERE f.symbol LIKE '%/%' AND f.ts <= bar AND f.ts > (SELECT max(c.ts) FROM t.candles AS c WHERE c.symbol LIKE '%/%');
        CALL margin_calib.refresh(commit_batches => false);
        CALL t.see(bar, 'real');
    END LOOP;
    DELETE FROM t.seen WHERE source = 'real' AND instrument NOT LIKE '%/%';
END $$;
SELECT CASE WHEN EXISTS (SELECT FROM t.real) THEN is(count(DISTINCT (instrument, day)), 80::bigint, 'four coins under the shipped policies, through March 2020')
            ELSE skip('../shared/data is not there', 1) END FROM t.seen WHERE source = 'real';

-- ---- every arithmetic gives its figure, to the last digit ----
CREATE VIEW t.step AS
SELECT s.*, item ~ '(initial|maintenance) rate( in force)?$' AS decimals FROM t.seen AS s;
SELECT cmp_ok(count(*), '>', 4000::bigint, 'thousands of steps') FROM t.step WHERE arithmetic IS NOT NULL;
SELECT is_empty($$ SELECT instrument, day, side, item, figure, arithmetic FROM t.step WHERE arithmetic IS NOT NULL AND figure IS NOT NULL
                     AND CASE WHEN decimals THEN t.evaluate(arithmetic, true) <> figure ELSE t.evaluate(arithmetic, false)::float8 <> figure::float8 END $$,
                'every arithmetic gives its figure, to the last digit');
SELECT is_empty($$ SELECT DISTINCT instrument, item, arithmetic FROM t.step WHERE figure IS NULL AND arithmetic IS NOT NULL $$, 'and nothing has an arithmetic without a figure');
SELECT is_empty($$ SELECT instrument, day, item, note FROM t.step WHERE note LIKE '%DOES NOT FOLLOW%' $$, 'no evidence contradicts itself');

-- every number in an arithmetic is a figure above it, of its side or of both, a field of the policy, or of the path
CREATE TABLE t.operand AS
SELECT s.instrument, s.day, s.step, s.side, s.item, n.number[1]::numeric AS number
  FROM t.step AS s CROSS JOIN LATERAL regexp_matches(s.arithmetic, '(\d+(?:\.\d+)?(?:e[+-]?\d+)?)', 'g') AS n (number);
CREATE INDEX ON t.operand (instrument, day, number);
SELECT is_empty($$
    SELECT o.* FROM t.operand AS o
     WHERE o.number NOT IN (0, 1)
       AND NOT EXISTS (SELECT FROM t.seen AS a WHERE a.instrument = o.instrument AND a.day = o.day AND a.step <= o.step AND abs(a.figure) = o.number
                          AND (a.side IS NULL OR a.side = o.side OR o.item LIKE '%in force'))
       AND NOT EXISTS (SELECT FROM (SELECT DISTINCT instrument, day, policy, path FROM t.seen) AS a
                        WHERE a.instrument = o.instrument AND a.day = o.day
                          AND (o.number IN ((a.path).price::text::numeric, (a.path).before_price::text::numeric)
                               OR EXISTS (SELECT FROM jsonb_each(a.policy) AS f WHERE jsonb_typeof(f.value) = 'number' AND f.value::text::numeric = o.number)
                               OR o.number = round((a.policy ->> 'maximum_rate')::numeric / (a.policy ->> 'rounding_step')::numeric)
                               OR o.number = ((a.policy ->> 'rounding_step')::float8)::numeric)) $$,
    'every number in it stands in a row above, in the policy or in the path');
SELECT cmp_ok(count(*), '>', 10000::bigint, 'ten thousand numbers') FROM t.operand;

-- the last rows are the rates that positions are charged
SELECT is_empty($$ SELECT instrument, day, charged FROM (
        SELECT instrument, day, charged, array_agg(figure ORDER BY side, item) AS last FROM t.seen
         WHERE item IN ('initial rate in force', 'maintenance rate in force') AND side IS NOT NULL GROUP BY instrument, day, charged) AS x
     WHERE last IS DISTINCT FROM charged $$, 'and the last rows are the rates in force');

-- ---- the whole chain by plain SQL, from the measures and the policy ----
CREATE TABLE t.chain AS
SELECT g.*, p.*
  FROM (SELECT instrument, day, side, policy AS settings, max(figure) FILTER (WHERE item = 'value at risk')::float8 AS var, max(figure) FILTER (WHERE item = 'expected shortfall')::float8 AS es,
               max(figure) FILTER (WHERE item = 'stress')::float8 AS stress, max(figure) FILTER (WHERE item = 'floor')::float8 AS long_run,
               max(figure) FILTER (WHERE item = 'core')::float8 AS core, max(figure) FILTER (WHERE item = 'rate before rounding')::float8 AS rate,
               max(figure) FILTER (WHERE item = 'rate of the bar before')::float8 AS was, max(figure) FILTER (WHERE item = 'rate of the day before')::float8 AS day_rate,
               max(figure) FILTER (WHERE item = 'loss of the bar')::float8 AS loss,
               max(figure) FILTER (WHERE item = 'initial rate') AS initial, max(figure) FILTER (WHERE item = 'maintenance rate') AS maintenance,
               max(note) FILTER (WHERE item = 'binding term') AS term, max(figure) FILTER (WHERE item = 'buffer used')::float8 AS used
          FROM t.seen WHERE side IS NOT NULL GROUP BY instrument, day, side, policy) AS g
 CROSS JOIN LATERAL jsonb_populate_record(NULL::margin_policy, g.settings) AS p;
SELECT is_empty($$ SELECT instrument, day, side, core FROM (
        SELECT c.*, greatest(tail, CASE WHEN stress_weight > 0 THEN (1 - stress_weight) * tail + stress_weight * stress END, long_run) AS expected
          FROM t.chain AS c CROSS JOIN LATERAL (SELECT CASE measure WHEN 'value_at_risk' THEN var ELSE es END AS tail) AS m
         WHERE core IS NOT NULL AND (stress_weight = 0 OR stress IS NOT NULL)) AS x WHERE core IS DISTINCT FROM expected $$, 'the core from the measures, by plain SQL');
SELECT is_empty($$ SELECT instrument, day, side, rate, expected FROM (
        SELECT c.*, least(greatest(least(CASE WHEN buffer > 0 THEN least(greatest(was + CASE WHEN buffer_recovery > 0 THEN buffer * core / buffer_recovery ELSE 0 END, core), (1 + buffer) * core)
                                             ELSE core END,
                                        greatest(was, least(was * (1 + coalesce(rise_per_step, 1e9)), coalesce(day_rate, 1e9) * (1 + coalesce(rise_per_day, 1e9))),
                                                 CASE WHEN loss > was THEN was * (1 + rise_after_breach) END)),
                                   coalesce(day_rate * (1 - fall_per_day), 0), minimum_rate), maximum_rate) AS expected
          FROM t.chain AS c WHERE was IS NOT NULL) AS x WHERE rate IS DISTINCT FROM expected $$, 'the step of a path, by plain SQL');
SELECT is_empty($$ SELECT instrument, day, side, initial, maintenance FROM t.chain
                    WHERE initial IS DISTINCT FROM least(ceil(round((rate / rounding_step)::text::numeric, greatest(11 - floor(log(greatest(rate / rounding_step, 1)))::integer, 0))),
                                                         round(maximum_rate / rounding_step)::numeric) * rounding_step::numeric
                       OR maintenance IS DISTINCT FROM least(ceil(round((maintenance_ratio * rate / rounding_step)::text::numeric, greatest(11 - floor(log(greatest(maintenance_ratio * rate / rounding_step, 1)))::integer, 0))),
                                                             round(maximum_rate / rounding_step)::numeric) * rounding_step::numeric $$, 'the published rates, by plain SQL');
-- everything that can decide a rate did
SELECT set_eq($$ SELECT DISTINCT split_part(term, ' ', 1) FROM t.chain WHERE instrument NOT LIKE '%/%' $$,
              ARRAY['tail', 'stress', 'floor', 'buffer', 'speed_limit', 'minimum', 'maximum', 'fallback'], 'every term decided some of them');
SELECT ok(count(*) FILTER (WHERE loss > was) > 3, 'there were breaches') FROM t.chain;
SELECT ok(count(*) FILTER (WHERE used > 0 AND used < 1) > 20 AND count(*) FILTER (WHERE used = 0) > 5 AND count(*) FILTER (WHERE used = 1) > 5, 'buffers untouched, in use and exhausted') FROM t.chain;
SELECT ok(bool_or(note LIKE '%cannot be recomputed%'), 'a stress that is not stored is said to be so') FROM t.seen WHERE instrument = 'stressed_var';
SELECT ok(bool_or(item = 'buffered' AND figure IS NOT NULL AND arithmetic IS NULL), 'and so is a long-run level') FROM t.seen WHERE instrument = 'no_floor';

-- ---- what the data rows say, counted by plain SQL ----
SELECT results_eq($$ SELECT item, figure FROM explain_margin('every') WHERE item IN ('prices', 'rejected rows', 'duplicates', 'returns', 'returns used', 'gaps') ORDER BY item $$,
    $$ SELECT * FROM (VALUES ('duplicates', 1::numeric), ('gaps', 0), ('prices', (SELECT count(DISTINCT ts) FROM t.candles WHERE symbol = 'every' AND close > 0
                       AND ts <= (SELECT last_ts FROM parameter WHERE instrument = 'every' AND valid_to IS NULL))), ('rejected rows', 2),
              ('returns', (SELECT count(DISTINCT ts) - 1 FROM t.candles WHERE symbol = 'every' AND close > 0
                       AND ts <= (SELECT last_ts FROM parameter WHERE instrument = 'every' AND valid_to IS NULL))), ('returns used', 250)) AS v ORDER BY 1 $$, 'prices, rejected rows and returns');
SELECT is((SELECT figure::float8 FROM explain_margin('prop_desk') WHERE item = 'value at risk' AND side = 'long'),
          (SELECT (calibrate_margin(c.ts, c.close, policy('prop_desk'))).long_value_at_risk FROM t.candles AS c
            WHERE c.symbol = 'prop_desk' AND c.ts <= (SELECT last_ts FROM parameter WHERE instrument = 'prop_desk' AND valid_to IS NULL)), 'measures are those of the prices then');
SELECT is((SELECT figure FROM explain_margin('every') WHERE item = 'parameter'), (SELECT id::numeric FROM parameter WHERE instrument = 'every' AND valid_to IS NULL), 'it names the parameter');

-- a policy that has a newer version is explained by the one that was used
SELECT set_policy('every', buffer => 0.5, unset => '{stale_after}');
SELECT is((SELECT count(*) FROM explain_margin('every') WHERE note LIKE '%DOES NOT FOLLOW%'), 0::bigint, 'the version of the policy that was used counts');
SELECT is((SELECT note FROM explain_margin('every') WHERE item = 'staleness'), 'stale: a price or a liquidity figure is older than allowed', 'old prices are stale');
CALL refresh(commit_batches => false);
SELECT is((SELECT figure FROM explain_margin('every') WHERE item = 'policy'), 2::numeric, 'the next refresh has the new version');
SELECT is((SELECT note FROM explain_margin('every') WHERE item = 'staleness'), 'not stale', 'under which they are not');
UPDATE t.candles SET close = close WHERE symbol = 'every' AND ts = '2025-02-01';
SELECT is((SELECT note FROM explain_margin('every') WHERE item = 'staleness'), 'stale: changes wait for the next refresh', 'and what waits is said');
CALL refresh(commit_batches => false);

-- borrowed history
INSERT INTO t.candles SELECT 'borrower', ts, close FROM t.future WHERE symbol = 'every' AND ts > '2025-01-20' AND ts <= '2025-02-02';
CALL refresh(commit_batches => false);
SELECT set_proxy('borrower', 'falls', 1.5);
CALL refresh(commit_batches => false);
SELECT is(e.figure, p.borrowed_returns::numeric, 'borrowed returns are told') FROM explain_margin('borrower') AS e, parameter AS p WHERE e.item = 'borrowed returns' AND p.instrument = 'borrower' AND p.valid_to IS NULL;
SELECT ok(note LIKE '%from falls, log returns times 1.5%', 'and whose they are') FROM explain_margin('borrower') WHERE item = 'borrowed returns';

-- ---- evidence that was tampered with ----
CREATE FUNCTION t.doubts(change text, instrument text DEFAULT 'every') RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE result text[];
BEGIN
    EXECUTE format('UPDATE margin_calib.parameter SET %s WHERE valid_to IS NULL AND instrument = %L', change, instrument);
    SELECT coalesce(array_agg(concat_ws(' ', e.side, e.item) ORDER BY e.step), '{}') INTO result FROM margin_calib.explain_margin(instrument) AS e WHERE e.note LIKE '%DOES NOT FOLLOW%';
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = array_to_string(result, '; ');
EXCEPTION WHEN raise_exception THEN
    RETURN string_to_array(SQLERRM, '; ');
END $$;
SELECT is(t.doubts('id = id'), '{}', 'what is right raises no doubt');
SELECT is(t.doubts('long_core = long_core * 1.0000000001') @> '{long core}', true, 'a core that was changed in the tenth digit');
SELECT is(t.doubts('short_unrounded = 0.5') @> '{short rate before rounding}', true, 'a rate before rounding');
SELECT is(t.doubts('long_initial_rate = long_initial_rate + 0.0001'), '{long initial rate in force}', 'a rate');
SELECT is(t.doubts('maintenance_rate = 0.0001'), '{maintenance rate in force}', 'a larger rate');
SELECT is(t.doubts('long_buffer_used = 0.123') @> '{long buffer used}', true, 'a buffer');
SELECT is(t.doubts('short_floor = 500') @> '{short core}', true, 'a floor');
SELECT is(t.doubts('path.long_day_rate = 0.9', 'timed') @> '{long rate before rounding}', true, 'a rate that is remembered');

-- ---- without a rate, errors, rights, lines ----
SELECT set_instrument('unpriced');
SELECT results_eq($$ SELECT step, item, figure, note FROM explain_margin('unpriced') $$, $$ VALUES (1, 'parameter', NULL::numeric, 'none is in force: no refresh has seen a price') $$, 'no price');
INSERT INTO t.candles VALUES ('bad', '2025-01-01', -1);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT step, note FROM explain_margin('bad') $$, $$ VALUES (1, 'none is in force: it has no usable price') $$, 'no usable price');
SELECT is_empty($$ SELECT * FROM explain_margin(NULL) $$, 'NULL gives no rows');
SELECT is(explain_margin_text(NULL), NULL, 'and no text');
SELECT throws_ok($$ SELECT explain_margin('nobody') $$, '42704', 'instrument nobody is not known', 'an instrument that is not known');
SELECT throws_ok($$ SELECT explain_margin_text('nobody') $$, '42704', 'instrument nobody is not known', 'nor in lines');
SELECT is((SELECT max(length(line)) FROM (SELECT instrument FROM instrument) AS i, regexp_split_to_table(explain_margin_text(i.instrument), E'\n') AS line) <= 120, true, 'lines are at most 120 characters');
SELECT is_empty($$ SELECT e.item FROM explain_margin('every') AS e WHERE figure IS NOT NULL AND position(e.item IN explain_margin_text('every')) * position(e.figure::text IN explain_margin_text('every')) = 0 $$, 'and have every figure');
SELECT ok(explain_margin_text('steps') LIKE E'Margin rates of steps\n   1  %', 'with a heading');
INSERT INTO t.candles SELECT repeat('x', 400) || E'\n y', ts, close FROM t.future WHERE symbol = 'steps';
CALL refresh(commit_batches => false);
SELECT is((SELECT max(length(line)) FROM regexp_split_to_table(explain_margin_text(repeat('x', 400) || E'\n y'), E'\n') AS line) <= 120, true, 'also of a name that is longer');
SET LOCAL extra_float_digits = -3;
SELECT is((SELECT figure::float8 FROM explain_margin('steps') WHERE item = 'core' AND side = 'long'), (SELECT long_core FROM parameter WHERE instrument = 'steps' AND valid_to IS NULL), 'whatever extra_float_digits is');
RESET extra_float_digits;
CREATE ROLE explain_reader;
SELECT grant_rights('explain_reader', 'reader');
GRANT USAGE ON SCHEMA t TO explain_reader;
SET LOCAL ROLE explain_reader;
SELECT cmp_ok((SELECT count(*) FROM margin_calib.explain_margin('every')), '>', 40::bigint, 'a reader may ask');
RESET ROLE;
CREATE ROLE explain_nobody;
GRANT USAGE ON SCHEMA margin_calib TO explain_nobody;
SET LOCAL ROLE explain_nobody;
SELECT throws_ok($$ SELECT margin_calib.explain_margin('every') $$, '42501', NULL, 'nobody else may');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
