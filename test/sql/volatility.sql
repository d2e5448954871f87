-- Volatility: the SQL surface, its errors, and every plan beside every other.
\set VERBOSITY sqlstate
\set QUIET on
SET search_path = margin_calib, public;
SET TimeZone = 'UTC';

-- as close as 12 digits, NULL and NaN included
CREATE FUNCTION pg_temp.close_to(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
               WHEN a = 'NaN' OR b = 'NaN' THEN a = b
               ELSE abs(a - b) <= 1e-12 * abs(b) END $$;

-- 0 benign, 1 outlier, 2 spike, 3 decay, 4 offset, 5 constant stretches, 6 NaN and infinity, 7 NULLs
CREATE TABLE returns AS
SELECT kind, g AS i,
       CASE kind WHEN 0 THEN z
                 WHEN 1 THEN CASE WHEN g % 37 = 0 THEN 1e10 ELSE z END
                 WHEN 2 THEN CASE WHEN g % 41 = 0 THEN 1e20 ELSE z END
                 WHEN 3 THEN 10 * z * exp(-11.5 * g / 400)
                 WHEN 4 THEN 1e8 + z
                 WHEN 5 THEN CASE WHEN g % 60 < 40 THEN 0.25 ELSE z END
                 WHEN 6 THEN CASE WHEN g % 50 = 0 THEN 'NaN' WHEN g % 50 = 20 THEN '-Infinity' ELSE z END
                 WHEN 7 THEN CASE WHEN g % 3 > 0 THEN z END END AS r
FROM generate_series(0, 7) AS kind, generate_series(1, 400) AS g,
     LATERAL (SELECT (0.01 * sin(g * g * 0.7 + kind))::float8 AS z) AS noise;

-- ---- the aggregate ----

SELECT kind, bool_and(pg_temp.close_to(vol, sqrt(variance)::float8)) AS as_numeric, count(vol), count(*)
FROM (SELECT kind, volatility(r) OVER w AS vol, var_samp(r::numeric) OVER w AS variance
      FROM returns WHERE kind NOT IN (4, 6)
      WINDOW w AS (PARTITION BY kind ORDER BY i ROWS 19 PRECEDING)) AS both_ways
GROUP BY kind ORDER BY kind;
-- level 1e8, noise 1e-2: less the level, which is exact
SELECT bool_and(pg_temp.close_to(vol, sqrt(variance)::float8)) AS as_numeric
FROM (SELECT volatility(r) OVER w AS vol, var_samp((r - 1e8)::numeric) OVER w AS variance
      FROM returns WHERE kind = 4 WINDOW w AS (ORDER BY i ROWS 19 PRECEDING)) AS both_ways;

-- moving = recomputed (a volatile argument has no moving mode) = plain over the frame
SELECT kind,
       bool_and(moving IS NOT DISTINCT FROM recomputed) AS as_recomputed,
       bool_and(moving IS NOT DISTINCT FROM plain) AS as_plain,
       count(*) FILTER (WHERE moving = 'NaN') AS nan, count(*) FILTER (WHERE moving = 0) AS zero
FROM (SELECT kind, volatility(r) OVER w AS moving,
             volatility(CASE WHEN random() >= 0 THEN r END) OVER w AS recomputed,
             (SELECT volatility(p.r) FROM returns AS p
              WHERE p.kind = returns.kind AND p.i BETWEEN returns.i - 11 AND returns.i) AS plain
      FROM returns
      WINDOW w AS (PARTITION BY kind ORDER BY i ROWS 11 PRECEDING)) AS three_ways
GROUP BY kind ORDER BY kind;

-- EXCLUDE, and frames that look ahead
SELECT bool_and(pg_temp.close_to(a, b)) AS excluded, bool_and(pg_temp.close_to(c, d)) AS ahead
FROM (SELECT volatility(r) OVER around AS a, sqrt(var_samp(r::numeric) OVER around)::float8 AS b,
             volatility(r, 1) OVER ahead AS c, sqrt(var_samp(r::numeric) OVER ahead)::float8 AS d
      FROM returns WHERE kind NOT IN (4, 6)
      WINDOW around AS (PARTITION BY kind ORDER BY i ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING EXCLUDE CURRENT ROW),
             ahead AS (PARTITION BY kind ORDER BY i ROWS BETWEEN 3 FOLLOWING AND 9 FOLLOWING)) AS both_ways;

-- parallel = serial to the last digit, and the plan is parallel
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE line text; plan text := ''; BEGIN
   FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP plan := plan || line; END LOOP;
   RETURN plan; END $$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT kind, volatility(r) AS vol, volatility(r, 365) AS annual FROM returns GROUP BY kind;
ANALYZE returns;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 1;
SELECT pg_temp.plan_of('SELECT volatility(r) FROM returns') LIKE '%Workers Launched: 1%Partial Aggregate%' AS one_worker;
SELECT count(*), bool_and(s.vol IS NOT DISTINCT FROM p.vol AND s.annual IS NOT DISTINCT FROM p.annual) AS as_serial
FROM serial AS s JOIN (SELECT kind, volatility(r) AS vol, volatility(r, 365) AS annual FROM returns GROUP BY kind) AS p USING (kind);
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
ALTER TABLE returns SET (parallel_workers = 2);
SELECT pg_temp.plan_of('SELECT volatility(r) FROM returns') LIKE '%Workers Launched: 2%Partial Aggregate%' AS two_workers;
SELECT count(*), bool_and(s.vol IS NOT DISTINCT FROM p.vol AND s.annual IS NOT DISTINCT FROM p.annual) AS as_serial
FROM serial AS s JOIN (SELECT kind, volatility(r) AS vol, volatility(r, 365) AS annual FROM returns GROUP BY kind) AS p USING (kind);
-- workers without a row
SELECT volatility(r, 365) IS NULL AS null_of_none FROM returns WHERE kind = 99;
SET max_parallel_workers_per_gather = 0;

-- few rows, NULL, the range of a double
SELECT volatility(x) IS NULL AS empty FROM (VALUES (1.0::float8)) AS v(x) WHERE false;
SELECT volatility(x) IS NULL AS one_row FROM (VALUES (1.0::float8), (NULL)) AS v(x);
SELECT pg_temp.close_to(volatility(x, 4), 2 * sqrt(8::float8)) AS annual FROM (VALUES (1.0::float8), (5)) AS v(x);
SELECT volatility(x, NULL) IS NULL AS null_setting FROM (VALUES (1.0::float8), (5)) AS v(x);
SELECT pg_temp.close_to(volatility(x * 1e308), 1e308) AS large, volatility(x * '5e-324'::float8) = '5e-324'::float8 AS denormal
FROM (VALUES (-1.0::float8), (0), (1)) AS v(x);
SELECT volatility(x) = 0 AS zero FROM (VALUES (0.0::float8), ('-0'), (0)) AS v(x);
SELECT volatility(x) = 'NaN' AS nan FROM (VALUES (0.0::float8), ('Infinity'), (0)) AS v(x);
SELECT volatility(x) FROM (VALUES (1.7e308::float8), (-1.7e308)) AS v(x);

-- settings, and states from outside
SELECT volatility(x, 0) FROM (VALUES (1.0::float8)) AS v(x);
SELECT volatility(x, -1) FROM (VALUES (1.0::float8)) AS v(x);
SELECT volatility(x, 'NaN') FROM (VALUES (1.0::float8)) AS v(x);
SELECT volatility(x, 'Infinity') FROM (VALUES (1.0::float8)) AS v(x);
SELECT volatility_accum('{1,2,3}', 1);
SELECT volatility_final('{1,2,0,0,0,1,0,NaN,0,0,0,0,0,0}');
SELECT volatility_combine('{{1,2},{3,4}}', '{}');
SELECT volatility_final('{}') IS NULL AS no_state;
SELECT pg_temp.close_to(volatility_final(volatility_combine(volatility_accum('{}', 1), volatility_accum('{}', 5))), sqrt(8::float8)) AS by_hand;
\set VERBOSITY default
SELECT volatility(x, x) FROM (VALUES (1.0::float8), (2)) AS v(x);
\set VERBOSITY sqlstate

-- ---- rolling_vol ----

CREATE TABLE bars AS
SELECT instrument, timestamptz '2026-01-01 00:00+00' + g * interval '1 hour' AS ts,
       CASE WHEN instrument = 'GAP' AND g % 7 = 0 THEN NULL
            WHEN instrument = 'NAN' AND g % 60 = 0 THEN 'NaN'
            WHEN instrument = 'NAN' AND g % 60 = 30 THEN 'Infinity'
            WHEN instrument = 'HALT' AND g % 100 < 50 THEN 42
            WHEN instrument = 'SPIKE' AND g = 70 THEN 1e20
            ELSE 100 * exp(0.1 * sin(g * g * 0.7)) END::float8 AS price
FROM unnest('{BTC,GAP,NAN,HALT,SPIKE}'::text[]) AS instrument, generate_series(1, 200) AS g;

-- beside SQL's own ln, lag and variance over numeric
CREATE TABLE expected AS
WITH priced AS (SELECT *, row_number() OVER w AS n, lag(price) OVER w AS previous
                FROM bars WHERE price IS NOT NULL WINDOW w AS (PARTITION BY instrument ORDER BY ts)),
     returned AS (SELECT *, CASE WHEN n > 1 AND price < 'Infinity' AND previous < 'Infinity'
                                 THEN ln(price::numeric(60, 30)) - ln(previous::numeric(60, 30))
                                 WHEN n > 1 THEN 'NaN' END AS r FROM priced)
SELECT bars.instrument, bars.ts, CASE WHEN r.n > 12 THEN sqrt(r.variance * 8760)::float8 END AS vol
FROM bars LEFT JOIN (SELECT *, var_samp(r) OVER (PARTITION BY instrument ORDER BY ts ROWS 11 PRECEDING) AS variance
                     FROM returned) AS r USING (instrument, ts);
CREATE TABLE rolled AS
SELECT instrument, ts, rolling_vol(price, 12, 8760) OVER (PARTITION BY instrument ORDER BY ts) AS vol FROM bars;
SELECT instrument, bool_and(CASE WHEN e.vol < 1e-6 THEN r.vol = 0 ELSE pg_temp.close_to(r.vol, e.vol) END) AS as_numeric,
       count(r.vol), count(*) FILTER (WHERE r.vol = 'NaN') AS nan, count(*) FILTER (WHERE r.vol = 0) AS zero
FROM rolled AS r JOIN expected AS e USING (instrument, ts) GROUP BY instrument ORDER BY instrument;

-- per bar, the array form and the set paths: the same digits
SELECT bool_and(a.vol IS NOT DISTINCT FROM r.vol) AS as_window, count(*)
FROM (SELECT instrument, unnest(array_agg(ts ORDER BY ts)) AS ts,
             unnest(rolling_vol(array_agg(price ORDER BY ts), 12, 8760)) AS vol FROM bars GROUP BY instrument) AS a
     JOIN rolled AS r USING (instrument, ts);
SELECT bool_and(pg_temp.close_to(v * sqrt(8760::float8), vol)) AS per_bar
FROM (SELECT instrument, ts, rolling_vol(price, 12) OVER (PARTITION BY instrument ORDER BY ts) AS v FROM bars) AS b
     JOIN rolled USING (instrument, ts);
CREATE FUNCTION pg_temp.rows_as_window(rel regclass) RETURNS text LANGUAGE sql AS
$$ SELECT bool_and(a.vol IS NOT DISTINCT FROM r.vol) || ' ' || count(*)
   FROM rolling_vol_all(rel, 'instrument', 'ts', 'price', 12, 8760) AS a FULL JOIN rolled AS r
        ON a.instrument = r.instrument AND a.ts = r.ts $$;
CREATE FUNCTION pg_temp.arrays_as_window(rel regclass) RETURNS text LANGUAGE sql AS
$$ SELECT bool_and(a.vol IS NOT DISTINCT FROM r.vol) || ' ' || count(*)
   FROM (SELECT instrument, unnest(ts) AS ts, unnest(vol) AS vol
         FROM rolling_vol_arrays(rel, 'instrument', 'ts', 'price', 12, periods_per_year => 8760)) AS a FULL JOIN rolled AS r
        ON a.instrument = r.instrument AND a.ts = r.ts $$;
CREATE TABLE shuffled AS SELECT * FROM bars ORDER BY md5(instrument || ts);
CREATE TABLE late AS SELECT CASE WHEN length(instrument) = 3 THEN 'x' END AS note, price, ts, instrument FROM bars;
CREATE TABLE parted (instrument text, ts timestamptz, price float8) PARTITION BY LIST (instrument);
CREATE TABLE parted_gap PARTITION OF parted FOR VALUES IN ('GAP', 'NAN');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT * FROM bars;
CREATE TABLE parent AS SELECT * FROM bars WHERE instrument < 'H';
CREATE TABLE child () INHERITS (parent);
INSERT INTO child SELECT * FROM bars WHERE instrument >= 'H';
CREATE VIEW viewed AS SELECT instrument, ts, price FROM shuffled;
CREATE MATERIALIZED VIEW materialized AS SELECT price, instrument, ts FROM bars;
CREATE TABLE dropped AS SELECT 1 AS gone, * FROM bars;
ALTER TABLE dropped DROP COLUMN gone;
CREATE TABLE generated (instrument text, ts timestamptz, base float8, price float8 GENERATED ALWAYS AS (base) STORED);
INSERT INTO generated SELECT * FROM bars;
SELECT rel, pg_temp.rows_as_window(rel) AS rows, pg_temp.arrays_as_window(rel) AS arrays
FROM unnest('{bars,shuffled,late,parted,parent,viewed,materialized,dropped,generated}'::regclass[]) AS rel;

-- the values of a column added later with a default come from the catalogue
CREATE TABLE grown AS SELECT ts, price FROM bars WHERE instrument = 'BTC';
ALTER TABLE grown ADD COLUMN instrument text DEFAULT 'BTC';
SELECT bool_and(a.vol IS NOT DISTINCT FROM r.vol) AS as_window, count(*)
FROM rolling_vol_all('grown', 'instrument', 'ts', 'price', 12, 8760) AS a JOIN rolled AS r USING (instrument, ts);

-- types of the three columns
CREATE TABLE typed AS
SELECT CASE instrument WHEN 'BTC' THEN 10 WHEN 'HALT' THEN -2 ELSE 1000 END::smallint AS i2,
       instrument::name AS n, instrument::varchar AS vc, instrument || repeat('-long', 60) AS wide,
       md5(instrument)::uuid AS u, ts, ts AT TIME ZONE 'UTC' AS plain_ts,
       price, price::float4 AS f4, price::numeric(20, 4) AS num, round(price)::int AS i4, round(price)::bigint AS i8
FROM bars WHERE instrument IN ('BTC', 'HALT', 'GAP');
SELECT string_agg(instrument, ',') AS instruments FROM rolling_vol_arrays('typed', 'i2', 'ts', 'price', 12);
SELECT string_agg(instrument, ',') AS instruments FROM rolling_vol_arrays('typed', 'vc', 'ts', 'price', 12);
SELECT i, t, p, (SELECT bool_and(a.vol IS NOT DISTINCT FROM w.v) || ' ' || count(*)
                 FROM rolling_vol_all('typed', i, t, p, 12) AS a
                      FULL JOIN (SELECT b.k, b.ts, rolling_vol(b.px, 12) OVER (PARTITION BY b.k ORDER BY b.ts) AS v
                                 FROM (SELECT to_jsonb(typed) ->> i::text AS k, ts, (to_jsonb(typed) ->> p::text)::float8 AS px
                                       FROM typed) AS b) AS w ON w.k = a.instrument AND w.ts = a.ts) AS as_window
FROM (VALUES ('i2'::name, 'ts'::name, 'price'::name), ('n', 'plain_ts', 'num'), ('vc', 'ts', 'i4'), ('u', 'ts', 'i8'), ('wide', 'ts', 'price')) AS c(i, t, p);
SELECT bool_and(a.vol IS NOT DISTINCT FROM w.v) AS float4_as_window, count(*)
FROM rolling_vol_all('typed', 'n', 'ts', 'f4', 12) AS a
     JOIN (SELECT n, ts, rolling_vol(f4, 12) OVER (PARTITION BY n ORDER BY ts) AS v FROM typed) AS w ON w.n = a.instrument AND w.ts = a.ts;

-- days, NULL instruments, NULL times, ties
CREATE TABLE odd (instrument int, day date, price float8);
INSERT INTO odd VALUES (NULL, '2026-01-02', 110), (NULL, '2026-01-01', 100), (NULL, '2026-01-03', 100),
                       (7, '2026-01-02', 110), (7, '2026-01-01', 100), (7, NULL, 1), (7, '2026-01-02', 105), (7, '2026-01-03', 'NaN');
SELECT instrument, ts, round(vol::numeric, 12) AS vol FROM rolling_vol_all('odd', 'instrument', 'day', 'price', 2);
-- ln(1.1) sqrt(2), and the deviation of ln(1.05) and ln(110/105)
SELECT round(ln(1.1) * sqrt(2.0), 12) AS up_and_down, round(abs(ln(1.05) - ln(110 / 105.0)) / sqrt(2.0), 12) AS tie;
SELECT instrument, cardinality(ts), cardinality(vol) FROM rolling_vol_arrays('odd', 'instrument', 'day', 'price', 2);
SELECT count(*) AS none FROM rolling_vol_all('odd', 'instrument', 'day', 'price', NULL);
TRUNCATE odd;
SELECT count(*) AS none FROM rolling_vol_all('odd', 'instrument', 'day', 'price', 2);
INSERT INTO odd VALUES (1, NULL, 5);
SELECT instrument, ts, vol FROM rolling_vol_arrays('odd', 'instrument', 'day', 'price', 2);

-- arrays
SELECT array_length(vol, 1) AS n, vol[1] IS NULL AND vol[2] IS NULL AND vol[4] IS NULL AS nulls, vol[6] AS zero,
       pg_temp.close_to(vol[3], ln(1.1::float8) * sqrt(2::float8)) AS value
FROM (SELECT rolling_vol('{100,110,100,NULL,100,100,100}'::float8[], 2) AS vol) AS a;
SELECT rolling_vol('{}'::float8[], 2) = '{}' AS empty, rolling_vol('{NULL}'::float8[], 2) AS nulls, rolling_vol('{1,2}'::float8[], 16777216) AS short;
SELECT rolling_vol('{{1,2},{3,4}}'::float8[], 2);
SELECT rolling_vol('{1,2}'::float8[], 1);
SELECT rolling_vol('{1,2}'::float8[], 16777217);
SELECT rolling_vol('{1,2}'::float8[], 2, 'Infinity');
SELECT rolling_vol('{1,0}'::float8[], 2);
SELECT rolling_vol('{1,-Infinity}'::float8[], 2);

-- the window function's own errors
SELECT rolling_vol(price, 12) FROM bars;
SELECT rolling_vol(price, 1) OVER (ORDER BY ts) FROM bars;
SELECT rolling_vol(price, 12, 'NaN') OVER (ORDER BY ts) FROM bars;
SELECT rolling_vol(-price, 12) OVER (ORDER BY ts) FROM bars WHERE instrument = 'BTC';
SELECT count(v) FROM (SELECT rolling_vol(price, NULL) OVER (ORDER BY ts) AS v FROM bars) AS t;
\set VERBOSITY default
SELECT rolling_vol('{1,-3}'::float8[], 2);
SELECT rolling_vol('{1}'::float8[], 0);
SELECT rolling_vol('{1,2}'::float8[], 2, -1);
\set VERBOSITY sqlstate

-- ---- who may read what ----
CREATE ROLE regress_vol_reader;
CREATE TABLE guarded (instrument int, ts timestamptz, price float8, secret float8);
INSERT INTO guarded SELECT 1, to_timestamp(g), 100 + g FROM generate_series(1, 9) AS g;
GRANT SELECT (instrument, ts, price) ON guarded TO regress_vol_reader;
SET ROLE regress_vol_reader;
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'ts', 'price', 2);
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'ts', 'secret', 2);
SELECT volatility_accum('{}', 1);
RESET ROLE;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'ts', 'price', 2);
SET ROLE regress_vol_reader;
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'ts', 'price', 2);
RESET ROLE;
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'ts', 'nothing', 2);
SELECT count(*) FROM rolling_vol_all('guarded', 'instrument', 'price', 'price', 2);
SELECT count(*) FROM rolling_vol_all('late', 'instrument', 'ts', 'note', 2);
CREATE INDEX guarded_ts ON guarded (ts);
SELECT count(*) FROM rolling_vol_all('guarded_ts', 'ts', 'ts', 'ts', 2);
CREATE TABLE big AS SELECT 1 AS instrument, to_timestamp(g) AS ts, 1.0::float8 AS price FROM generate_series(1, 70000) AS g;
SET margin_calib.max_state_mb = 1;
SELECT count(*) FROM rolling_vol_all('bars', 'instrument', 'ts', 'price', 1000000);
SELECT count(*) FROM rolling_vol_all('big', 'instrument', 'ts', 'price', 2);
RESET margin_calib.max_state_mb;
SELECT count(*), count(*) FILTER (WHERE vol = 0) AS zero FROM rolling_vol_all('big', 'instrument', 'ts', 'price', 2);
DROP TABLE guarded;
DROP ROLE regress_vol_reader;
