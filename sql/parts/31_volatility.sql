-- Volatility: rolling windows, the aggregate, and the set paths. doc/volatility.md has the definitions.

-- ---- rolling windows ----

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(price double precision, bars integer)
    RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision, integer) IS
'Window function: sample standard deviation (divisor bars - 1) of the last bars log returns, per bar. Use it as rolling_vol(price, 30) OVER (PARTITION BY instrument ORDER BY ts); a frame clause is ignored, and without ORDER BY, or with two rows at one ts, the order of the rows is the executor''s. Returns join consecutive prices that are not NULL. NULL until bars returns exist and on a row whose price is NULL. A NaN or infinite price gives NaN as long as a return that touches it is inside, and is then exactly forgotten; a price of zero or less is an error (2201E). bars, 2 to 16777216, is read in the first row of each partition and counts for all of it (22023); NULL there gives NULLs. Constant time a row and 16 bytes a bar, whatever the length of the partition.';

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(price double precision, bars integer, periods_per_year double precision)
    RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision, integer, double precision) IS
'Window function: rolling_vol(price, bars) times the square root of periods_per_year (365 for daily bars of a market without holidays, 252 for daily bars of an exchange, 8760 for hourly bars), which must be positive and finite (22023), and is, like bars, read in the first row of each partition.';

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(prices double precision[], bars integer)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_array';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision[], integer) IS
'The window function rolling_vol over the elements of an array in their order: as many elements out as in, the same rules for NULL, NaN, infinite and non-positive prices, and the same digits. rolling_vol(array_agg(price ORDER BY ts), 30) is the fastest form inside GROUP BY. An array of more than one dimension is an error (2202E).';

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(prices double precision[], bars integer, periods_per_year double precision)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_array';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision[], integer, double precision) IS
'rolling_vol(prices, bars) times the square root of periods_per_year, which must be positive and finite (22023).';

-- ---- set paths ----

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol_all(relation regclass, instrument name, ts name, price name,
                                                        bars integer, periods_per_year double precision DEFAULT 1)
    RETURNS TABLE (instrument text, ts timestamptz, vol double precision)
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 100000
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_all';
COMMENT ON FUNCTION margin_calib.rolling_vol_all(regclass, name, name, name, integer, double precision) IS
'rolling_vol of every instrument of a relation from one pass over it, without the sort and the window of a query: as many rows out as in, with the digits of rolling_vol(price, bars, periods_per_year) OVER (PARTITION BY instrument ORDER BY ts). Columns are given by name: ts of type timestamptz, timestamp or date, price of float8, float4, numeric or an integer type, instrument of any type (returned as text, NULL is an instrument of its own). Of several rows at one ts the lower price comes first, NaN and NULL last, so that the result does not depend on the physical order; rows whose ts is NULL come last with a NULL vol. A plain table is read directly, anything else (partitioned, foreign, view) through a query. Needs SELECT on the three columns (42501); refuses a table whose row-level security applies to the caller (0A000: use the window function). Keeps 16 bytes a row in memory, up to margin_calib.max_state_mb (54000). NULL arguments give no rows.';

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol_arrays(relation regclass, instrument name, ts name, price name,
                                                           bars integer, periods_per_year double precision DEFAULT 1)
    RETURNS TABLE (instrument text, ts timestamptz[], vol double precision[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_arrays';
COMMENT ON FUNCTION margin_calib.rolling_vol_arrays(regclass, name, name, name, integer, double precision) IS
'rolling_vol_all with one row per instrument: ts[i] and vol[i] belong together, in time order. The fastest form, since no row has to be made of each price. Rows whose ts is NULL have no place in the arrays and are left out.';

-- ---- the aggregate ----

CREATE OR REPLACE FUNCTION margin_calib.volatility_accum(state double precision[], "return" double precision)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_accum';
CREATE OR REPLACE FUNCTION margin_calib.volatility_accum(state double precision[], "return" double precision,
                                                         periods_per_year double precision)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_accum';
CREATE OR REPLACE FUNCTION margin_calib.volatility_combine(double precision[], double precision[])
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_combine';
CREATE OR REPLACE FUNCTION margin_calib.volatility_final(double precision[]) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_final';
CREATE OR REPLACE FUNCTION margin_calib.volatility_moving_accum(internal, "return" double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_moving_accum';
CREATE OR REPLACE FUNCTION margin_calib.volatility_moving_accum(internal, "return" double precision,
                                                                periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_moving_accum';
CREATE OR REPLACE FUNCTION margin_calib.volatility_moving_inverse(internal, "return" double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_moving_inverse';
CREATE OR REPLACE FUNCTION margin_calib.volatility_moving_inverse(internal, "return" double precision,
                                                                  periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_moving_inverse';
CREATE OR REPLACE FUNCTION margin_calib.volatility_moving_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_moving_final';

COMMENT ON FUNCTION margin_calib.volatility_accum(double precision[], double precision) IS 'transition of margin_calib.volatility; the state is described in src/kernel/moments.h';
COMMENT ON FUNCTION margin_calib.volatility_accum(double precision[], double precision, double precision) IS 'transition of margin_calib.volatility with periods_per_year';
COMMENT ON FUNCTION margin_calib.volatility_combine(double precision[], double precision[]) IS 'combine of margin_calib.volatility: exact, in any order';
COMMENT ON FUNCTION margin_calib.volatility_final(double precision[]) IS 'final of margin_calib.volatility';
COMMENT ON FUNCTION margin_calib.volatility_moving_accum(internal, double precision) IS 'transition of margin_calib.volatility in a moving frame';
COMMENT ON FUNCTION margin_calib.volatility_moving_accum(internal, double precision, double precision) IS 'transition of margin_calib.volatility with periods_per_year in a moving frame';
COMMENT ON FUNCTION margin_calib.volatility_moving_inverse(internal, double precision) IS 'inverse transition of margin_calib.volatility: exact, never asks for a restart';
COMMENT ON FUNCTION margin_calib.volatility_moving_inverse(internal, double precision, double precision) IS 'inverse transition of margin_calib.volatility with periods_per_year';
COMMENT ON FUNCTION margin_calib.volatility_moving_final(internal) IS 'final of margin_calib.volatility in a moving frame';

REVOKE ALL ON FUNCTION
    margin_calib.volatility_accum(double precision[], double precision),
    margin_calib.volatility_accum(double precision[], double precision, double precision),
    margin_calib.volatility_combine(double precision[], double precision[]),
    margin_calib.volatility_final(double precision[]),
    margin_calib.volatility_moving_accum(internal, double precision),
    margin_calib.volatility_moving_accum(internal, double precision, double precision),
    margin_calib.volatility_moving_inverse(internal, double precision),
    margin_calib.volatility_moving_inverse(internal, double precision, double precision),
    margin_calib.volatility_moving_final(internal)
    FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.volatility("return" double precision) (
    SFUNC = margin_calib.volatility_accum, STYPE = double precision[], SSPACE = 256, INITCOND = '{}',
    FINALFUNC = margin_calib.volatility_final, COMBINEFUNC = margin_calib.volatility_combine,
    MSFUNC = margin_calib.volatility_moving_accum, MINVFUNC = margin_calib.volatility_moving_inverse,
    MSTYPE = internal, MSSPACE = 256, MFINALFUNC = margin_calib.volatility_moving_final,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.volatility(double precision) IS
'Sample standard deviation (divisor n - 1) of returns, per bar: what the returns are is up to the caller, log returns for the rest of margin_calib. NULL rows are skipped; fewer than two values give NULL; a NaN or infinite value gives NaN while it is in the group or frame, and is then exactly forgotten. The sums are exact: parallel, partitioned, moving and recomputed results agree to the last digit, equal values give exactly 0, and the relative error is below 1e-15. Constant time a row in any moving frame.';

CREATE OR REPLACE AGGREGATE margin_calib.volatility("return" double precision, periods_per_year double precision) (
    SFUNC = margin_calib.volatility_accum, STYPE = double precision[], SSPACE = 256, INITCOND = '{}',
    FINALFUNC = margin_calib.volatility_final, COMBINEFUNC = margin_calib.volatility_combine,
    MSFUNC = margin_calib.volatility_moving_accum, MINVFUNC = margin_calib.volatility_moving_inverse,
    MSTYPE = internal, MSSPACE = 256, MFINALFUNC = margin_calib.volatility_moving_final,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.volatility(double precision, double precision) IS
'volatility(return) times the square root of periods_per_year, which must be positive, finite and the same in every row (22023). A row in which either argument is NULL is skipped.';
