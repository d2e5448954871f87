-- price_digest: against sha256 over int8send and float8send in SQL; order, workers, frames, rows that cannot be used, and
-- the state that it shares with calibrate_margin.
\set ECHO none
\set QUIET 1
SET search_path = public, margin_calib;
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
SELECT * FROM no_plan();

-- ---- the definition, in SQL ----
CREATE FUNCTION microseconds(ts timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM ts - timestamptz '2000-01-01 00:00+00') * 1000000)::bigint $$;
CREATE AGGREGATE concatenated(bytea) (SFUNC = byteacat, STYPE = bytea);
CREATE FUNCTION usable(ts timestamptz, price float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(isfinite(ts) AND price > 0 AND price < 'Infinity', false) $$;

-- ---- data: two random walks with every defect, and two prices at one ts ----
CREATE TABLE walk AS
WITH RECURSIVE steps (i, seed, level) AS (
    SELECT 0, 7::bigint, 0::float8
    UNION ALL
    SELECT i + 1, (seed * 1103515245 + 12345) % 2147483648,
           level + 0.06 * (((seed * 1103515245 + 12345) % 2147483648) / 2147483648.0 - 0.5) FROM steps WHERE i < 2600)
SELECT 'w' || i % 2 AS instrument, timestamptz '2023-01-01 00:00+00' + i / 2 * interval '1 hour 1 microsecond' AS ts, 100 * exp(level) AS price FROM steps;
INSERT INTO walk SELECT instrument, ts, price * 0.9 FROM walk WHERE extract(hour FROM ts) = 7;
INSERT INTO walk SELECT instrument, ts, price FROM walk WHERE extract(hour FROM ts) = 8;
INSERT INTO walk SELECT instrument, ts, unnest(ARRAY['NaN', 'Infinity', '-1', '0', NULL]::float8[]) FROM walk WHERE extract(hour FROM ts) = 9;
INSERT INTO walk VALUES ('w0', 'infinity', 1), ('w0', '-infinity', 1), ('w0', NULL, 1), ('w1', NULL, NULL), ('w1', '1969-07-20 20:17:40+00', 1e-300),
    ('w1', '4714-11-24 00:00+00 BC', 5e-324), ('w1', '294276-12-31 23:59:59.999999+00', 1.7976931348623157e308);

CREATE TABLE truth AS
SELECT instrument, sha256(concatenated(int8send(microseconds(ts)) || float8send(price) ORDER BY ts, price)) AS digest
  FROM walk WHERE usable(ts, price) GROUP BY instrument;
SELECT is(microseconds('2000-01-02 00:00:00.000001+00'), 86400000001, 'the test''s microseconds');
SELECT is(microseconds('294276-12-31 23:59:59.999999+00'), 9223371331199999999, 'and at the end of time');
CREATE FUNCTION differs(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM truth AS a FULL JOIN (' || query || ') AS b (instrument, digest) USING (instrument)'
            ' WHERE a.digest IS DISTINCT FROM b.digest' INTO n;
    RETURN n;
END $$;
SELECT is(count(*), 2::bigint, 'there are two digests to compare') FROM truth;

-- one row, worked out by hand: 2000-01-01 00:00:00.000258 is 0x0102 microseconds, 1.5 is 0x3ff8000000000000
SELECT is(price_digest('2000-01-01 00:00:00.000258+00', 1.5), sha256('\x00000000000001023ff8000000000000'), 'one row, byte by byte');
SELECT is(price_digest('1999-12-31 23:59:59.999999+00', 2), sha256('\xffffffffffffffff4000000000000000'), 'a time before 2000');
SELECT is(differs('SELECT instrument, price_digest(ts, price) FROM walk GROUP BY 1'), 0::bigint, 'every usable row, in order');
SELECT is(differs('SELECT instrument, price_digest(ts, price ORDER BY ts DESC, price DESC) FROM walk GROUP BY 1'), 0::bigint, 'in reverse');
SELECT is(differs('SELECT instrument, price_digest(ts, price) FROM (SELECT * FROM walk ORDER BY md5(ctid::text)) AS w GROUP BY 1'), 0::bigint, 'shuffled');
SELECT is(differs('SELECT instrument, price_digest(ts, price ORDER BY ts, price) FROM walk GROUP BY 1'), 0::bigint, 'sorted, with ties');
SELECT is(differs('SELECT instrument, price_digest(ts, price, policy(''crypto_venue'')) FROM walk GROUP BY 1'), 0::bigint, 'with a policy');
SELECT is(differs('SELECT instrument, price_digest(ts, price, policy(''prop_desk''), NULL) FROM walk GROUP BY 1'), 0::bigint, 'and a path');
SELECT is(octet_length(price_digest(ts, price)), 32, 'SHA-256 has 32 bytes') FROM walk;

-- ---- what makes a difference, and what does not ----
SELECT isnt(price_digest(ts, CASE WHEN n = 1000 THEN price * (1 + 3e-16) ELSE price END), (SELECT digest FROM truth WHERE instrument = 'w0'), 'the last bit of one price')
  FROM (SELECT *, row_number() OVER (ORDER BY ts, price) AS n FROM walk WHERE instrument = 'w0' AND usable(ts, price)) AS w;
SELECT isnt(price_digest(ts + CASE WHEN n = 1000 THEN interval '1 microsecond' ELSE '0' END, price), (SELECT digest FROM truth WHERE instrument = 'w0'), 'a microsecond')
  FROM (SELECT *, row_number() OVER (ORDER BY ts, price) AS n FROM walk WHERE instrument = 'w0' AND usable(ts, price)) AS w;
SELECT isnt(price_digest(ts, price), (SELECT digest FROM truth WHERE instrument = 'w0'), 'a row less')
  FROM (SELECT *, row_number() OVER (ORDER BY ts, price) AS n FROM walk WHERE instrument = 'w0' AND usable(ts, price)) AS w WHERE n <> 1000;
SELECT isnt(price_digest(t, 1), price_digest(u, 1), 'a row twice is two rows')
  FROM (VALUES (timestamptz '2024-01-01', timestamptz '2024-01-01'), ('2024-01-01', NULL)) AS v (t, u);
SELECT is(price_digest(ts, price), NULL, 'no row') FROM walk WHERE false;
SELECT is(price_digest(ts, price), NULL, 'no usable row') FROM walk WHERE NOT usable(ts, price);
SELECT is(price_digest(ts, price, policy('crypto_venue')), NULL, 'no usable row under a policy') FROM walk WHERE NOT usable(ts, price);

-- ---- workers ----
ANALYZE walk;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_text(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; whole text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP whole := whole || line || E'\n'; END LOOP;
    RETURN whole;
END $$;
SELECT ok(position('Partial' IN plan_text('SELECT instrument, price_digest(ts, price) FROM walk GROUP BY 1')) > 0, 'the plan has partial aggregates');
-- the calibration of each instrument, from a query that computes nothing else
SET LOCAL extra_float_digits = 3;
CREATE TABLE calibrated AS SELECT instrument, calibrate_margin(ts, price, policy('crypto_venue')) AS c FROM walk GROUP BY 1;
CREATE FUNCTION wrong(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text := ''; n bigint;
BEGIN
    FOR workers IN 0..2 LOOP
        PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
        EXECUTE 'SELECT count(*) FROM public.truth JOIN public.calibrated USING (instrument) JOIN (' || query || ') AS b USING (instrument)'
                ' WHERE truth.digest = b.digest AND (b.calibration IS NULL OR calibrated.c::text = b.calibration::text)' INTO n;
        result := result || n;
    END LOOP;
    PERFORM set_config('max_parallel_workers_per_gather', '2', true);
    RETURN result;
END $$;
SELECT is(wrong('SELECT instrument, price_digest(ts, price) AS digest, NULL AS calibration FROM walk GROUP BY 1'), '222', '0, 1 and 2 workers');
SELECT is(wrong('SELECT instrument, price_digest(ts, price, policy(''crypto_venue'')) AS digest, NULL AS calibration FROM walk GROUP BY 1'), '222', 'with a policy');

-- ---- beside calibrate_margin: right in either order of columns ----
SELECT is(wrong('SELECT instrument, calibrate_margin(ts, price, policy(''crypto_venue'')) AS calibration,'
                ' price_digest(ts, price, policy(''crypto_venue'')) AS digest FROM walk GROUP BY 1'), '222', 'calibration first');
SELECT is(wrong('SELECT instrument, price_digest(ts, price, policy(''crypto_venue'')) AS digest,'
                ' calibrate_margin(ts, price, policy(''crypto_venue'')) AS calibration FROM walk GROUP BY 1'), '222', 'digest first');
SELECT is(wrong('SELECT instrument, price_digest(ts, price, policy(''crypto_venue''), NULL) AS digest,'
                ' calibrate_margin(ts, price, policy(''crypto_venue''), NULL) AS calibration, price_digest(ts, price, policy(''crypto_venue''), NULL) AS again'
                ' FROM walk GROUP BY 1'), '222', 'with a path, and twice');
SET LOCAL enable_hashagg = off;
SELECT is(wrong('SELECT instrument, price_digest(ts, price, policy(''crypto_venue'')) AS digest,'
                ' calibrate_margin(ts, price, policy(''crypto_venue'')) AS calibration FROM walk GROUP BY 1'), '222', 'in groups that are sorted');
RESET enable_hashagg;

-- ---- one state: a transition that is shared evaluates its arguments once a row ----
CREATE SEQUENCE calls;
CREATE FUNCTION counted(price float8) RETURNS float8 LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM nextval('public.calls'); RETURN price; END $$;
CREATE FUNCTION evaluations(columns text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    ALTER SEQUENCE public.calls RESTART;
    EXECUTE 'SELECT ' || columns || ' FROM public.walk WHERE public.usable(ts, price) AND instrument = ''w0''';
    RETURN nextval('public.calls') - 1;
END $$;
SELECT count(*) AS rows FROM walk WHERE usable(ts, price) AND instrument = 'w0' \gset
SELECT is(evaluations($$calibrate_margin(ts, counted(price), policy('prop_desk'))$$), :rows::bigint, 'alone: a transition a row');
SELECT is(evaluations($$calibrate_margin(ts, counted(price), policy('prop_desk')), price_digest(ts, counted(price), policy('prop_desk'))$$),
          :rows::bigint, 'and with a digest: still one');
SELECT is(evaluations($$price_digest(ts, counted(price), policy('prop_desk')), calibrate_margin(ts, counted(price), policy('prop_desk'))$$),
          :rows::bigint, 'in the other order');
SELECT is(evaluations($$price_digest(ts, counted(price), policy('prop_desk'), NULL), calibrate_margin(ts, counted(price), policy('prop_desk'), NULL)$$),
          :rows::bigint, 'and with a path');
SELECT is(evaluations($$calibrate_margin(ts, counted(price), policy('prop_desk')), price_digest(ts, counted(price))$$),
          2 * :rows::bigint, 'the form without a policy has a state of its own');
SELECT is(count(DISTINCT (aggtransfn, aggcombinefn, aggserialfn, aggdeserialfn, aggtranstype, agginitval, aggfinalmodify)), 1::bigint, 'the catalogue''s conditions')
  FROM pg_aggregate WHERE aggfnoid::oid IN ('calibrate_margin(timestamptz, float8, margin_policy)'::regprocedure, 'price_digest(timestamptz, float8, margin_policy)'::regprocedure);

-- ---- in a frame: every row's answer is that of the rows so far, whichever column comes first ----
CREATE FUNCTION framed(columns text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM (SELECT n, ' || columns || ' FROM public.few WINDOW f AS (ORDER BY n ROWS UNBOUNDED PRECEDING)) AS b'
            ' JOIN public.so_far USING (n) WHERE b.digest = so_far.digest AND (b.calibration IS NULL OR b.calibration::text = so_far.c::text)' INTO n;
    RETURN n;
END $$;
CREATE TABLE few AS SELECT *, row_number() OVER (ORDER BY md5(ctid::text)) AS n FROM walk WHERE instrument = 'w0' LIMIT 150;
CREATE TABLE so_far AS
SELECT a.n, sha256(concatenated(int8send(microseconds(b.ts)) || float8send(b.price) ORDER BY b.ts, b.price) FILTER (WHERE usable(b.ts, b.price))) AS digest,
       calibrate_margin(b.ts, b.price, policy('new_product')) AS c
  FROM few AS a JOIN few AS b ON b.n <= a.n GROUP BY a.n;
SELECT is(framed($$price_digest(ts, price) OVER f AS digest, NULL AS calibration$$), (SELECT count(*) FROM so_far WHERE digest IS NOT NULL), 'growing frame');
SELECT is(framed($$price_digest(ts, price, policy('new_product')) OVER f AS digest, calibrate_margin(ts, price, policy('new_product')) OVER f AS calibration$$),
          (SELECT count(*) FROM so_far WHERE digest IS NOT NULL), 'growing frame, digest and calibration');
SELECT is(framed($$calibrate_margin(ts, price, policy('new_product')) OVER f AS calibration, price_digest(ts, price, policy('new_product')) OVER f AS digest$$),
          (SELECT count(*) FROM so_far WHERE digest IS NOT NULL), 'calibration and digest');
SELECT ok(count(*) > 100, 'over many frames') FROM so_far WHERE digest IS NOT NULL;

-- ---- limits and refusals ----
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok($$SELECT price_digest(timestamptz '2024-01-01' + g * interval '1 second', 1) FROM generate_series(1, 70000) AS g$$,
                 '54000', 'state exceeds margin_calib.max_state_mb', '16 bytes a price');
SELECT lives_ok($$SELECT price_digest(timestamptz '2024-01-01' + g * interval '1 second', 1) FROM generate_series(1, 60000) AS g$$, 'up to the limit');
RESET margin_calib.max_state_mb;
SELECT throws_ok($$SELECT price_digest(ts, price, NULL) FROM walk$$, '22004', 'policy must not be null', 'no policy');
SELECT throws_ok($$SELECT price_digest(ts, price, policy(CASE instrument WHEN 'w0' THEN 'prop_desk' ELSE 'crypto_venue' END)) FROM walk$$,
                 '22023', 'policy must be the same in all rows of a group', 'two policies in a group');
CREATE ROLE mc_anybody;
GRANT USAGE ON SCHEMA margin_calib TO mc_anybody;
SET LOCAL ROLE mc_anybody;
SELECT lives_ok($$SELECT margin_calib.price_digest(now(), 1)$$, 'it is for PUBLIC');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
