-- Prices of made-up instruments with volatility that clusters. Every value comes from a hash of
-- its place and the seed, so the data is the same whatever the plan, the order or the version.
CREATE SCHEMA bench;

CREATE FUNCTION bench.uniform(key bigint, seed bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((hashint8extended(key, seed) & 9007199254740991) + 1)::float8 / 9007199254740993.0::float8;

CREATE FUNCTION bench.gauss(key bigint, seed bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sqrt(-2 * ln(bench.uniform(key, seed))) * cos(2 * pi() * bench.uniform(key, seed + 1));

CREATE TABLE bench.shape (instrument int, ts timestamptz, open float8, high float8, low float8,
                          close float8, volume float8);

-- log volatility: a slow cycle of its own for every instrument, and a level that changes every two days
CREATE FUNCTION bench.make_prices(instruments int, bars int, seed bigint) RETURNS SETOF bench.shape
    LANGUAGE sql
AS $$
    WITH returns AS (
        SELECT i, b, CASE WHEN b > 0 THEN bench.gauss(i::bigint * 1000000 + b, seed)
                   * 0.005 * exp(0.5 * bench.gauss(i::bigint * 1000000 + b / 48, seed + 10)
                                 + 0.4 * sin(2 * pi() * (b / 700.0::float8 + i / 17.0::float8)))
                   ELSE 0 END AS r
        FROM generate_series(1, instruments) i, generate_series(0, bars - 1) b
    ), closes AS (
        SELECT i, b, r, 100 * exp(sum(r) OVER (PARTITION BY i ORDER BY b)) AS close FROM returns
    )
    SELECT i, '2015-01-01 00:00Z'::timestamptz + b * interval '1 hour', close / exp(r),
           greatest(close, close / exp(r)) * (1 + abs(r) / 4),
           least(close, close / exp(r)) * (1 - abs(r) / 4),
           close, 1000 * bench.uniform(i::bigint * 1000000 + b, seed + 20)
    FROM closes ORDER BY i, b
$$;

-- 10,000 hourly bars an instrument, clustered by (instrument, ts)
CREATE TABLE bench.prices (LIKE bench.shape);
INSERT INTO bench.prices SELECT * FROM bench.make_prices(%(instruments)s, 10000, %(seed)s);
CREATE UNIQUE INDEX prices_key ON bench.prices (instrument, ts);

-- the same rows as a feed brings them
CREATE TABLE bench.prices_arrival (LIKE bench.shape);
INSERT INTO bench.prices_arrival SELECT * FROM bench.prices ORDER BY ts, instrument;

CREATE TABLE bench.rets (instrument int, ts timestamptz, r float8);
INSERT INTO bench.rets
    SELECT instrument, ts, r
    FROM (SELECT instrument, ts, ln(close / lag(close) OVER (PARTITION BY instrument ORDER BY ts)) AS r
          FROM bench.prices) q
    WHERE r IS NOT NULL ORDER BY instrument, ts;
CREATE UNIQUE INDEX rets_key ON bench.rets (instrument, ts);

-- one array an instrument, uncompressed
CREATE TABLE bench.series (instrument int, prices float8[]);
ALTER TABLE bench.series ALTER COLUMN prices SET STORAGE EXTERNAL;
INSERT INTO bench.series
    SELECT instrument, array_agg(close ORDER BY ts) FROM bench.prices GROUP BY instrument;

-- the calibration window: 2,501 bars, so 2,500 returns, an instrument
CREATE TABLE bench.recent (LIKE bench.shape);
INSERT INTO bench.recent SELECT * FROM bench.make_prices(%(recent_instruments)s, 2501, %(seed)s);
CREATE UNIQUE INDEX recent_key ON bench.recent (instrument, ts);
