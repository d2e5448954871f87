-- Exponentially weighted volatility. doc/range_volatility.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.ewma_vol_accum(state internal, price double precision, lambda double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_ewma_vol_accum';
CREATE OR REPLACE FUNCTION margin_calib.ewma_vol_accum(state internal, price double precision, lambda double precision,
                                                       periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_ewma_vol_accum';
CREATE OR REPLACE FUNCTION margin_calib.ewma_vol_half_life_accum(state internal, price double precision, bars double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_ewma_vol_half_life_accum';
CREATE OR REPLACE FUNCTION margin_calib.ewma_vol_half_life_accum(state internal, price double precision, bars double precision,
                                                                 periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_ewma_vol_half_life_accum';
CREATE OR REPLACE FUNCTION margin_calib.ewma_vol_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_ewma_vol_final';
COMMENT ON FUNCTION margin_calib.ewma_vol_accum(internal, double precision, double precision) IS 'transition of margin_calib.ewma_vol';
COMMENT ON FUNCTION margin_calib.ewma_vol_accum(internal, double precision, double precision, double precision) IS 'transition of margin_calib.ewma_vol with periods_per_year';
COMMENT ON FUNCTION margin_calib.ewma_vol_half_life_accum(internal, double precision, double precision) IS 'transition of margin_calib.ewma_vol_half_life';
COMMENT ON FUNCTION margin_calib.ewma_vol_half_life_accum(internal, double precision, double precision, double precision) IS 'transition of margin_calib.ewma_vol_half_life with periods_per_year';
COMMENT ON FUNCTION margin_calib.ewma_vol_final(internal) IS 'final of margin_calib.ewma_vol and margin_calib.ewma_vol_half_life; does not change the state';

REVOKE ALL ON FUNCTION
    margin_calib.ewma_vol_accum(internal, double precision, double precision),
    margin_calib.ewma_vol_accum(internal, double precision, double precision, double precision),
    margin_calib.ewma_vol_half_life_accum(internal, double precision, double precision),
    margin_calib.ewma_vol_half_life_accum(internal, double precision, double precision, double precision),
    margin_calib.ewma_vol_final(internal)
    FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.ewma_vol(price double precision, lambda double precision) (
    SFUNC = margin_calib.ewma_vol_accum, STYPE = internal, SSPACE = 320,
    FINALFUNC = margin_calib.ewma_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.ewma_vol(double precision, double precision) IS
'Exponentially weighted volatility per bar: the square root of the mean of squared log returns (mean zero), of which the one i returns back has weight lambda^i: 0.94 is RiskMetrics'' choice for daily returns. A weighted mean from the first return on, so no seed; doc/range_volatility.md has the recursion and what other conventions differ by. The order of the rows counts: ewma_vol(price, 0.94 ORDER BY ts) in GROUP BY, or ewma_vol(price, 0.94) OVER (PARTITION BY instrument ORDER BY ts), which is constant time a row; a frame whose start moves is right too, and computed anew for each row. Returns join consecutive prices that are not NULL; no return gives NULL. A NaN or infinite price gives NaN as long as a return that touches it is in the group or frame; a price of zero or less is an error (2201E). lambda must lie strictly between 0 and 1 and be the same in every row (22023), and not be NULL (22004). Relative error below 1e-14. No partial aggregation: a group is computed by one process.';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_vol(price double precision, lambda double precision, periods_per_year double precision) (
    SFUNC = margin_calib.ewma_vol_accum, STYPE = internal, SSPACE = 320,
    FINALFUNC = margin_calib.ewma_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.ewma_vol(double precision, double precision, double precision) IS
'ewma_vol(price, lambda) times the square root of periods_per_year, which must be positive, finite and the same in every row (22023).';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_vol_half_life(price double precision, bars double precision) (
    SFUNC = margin_calib.ewma_vol_half_life_accum, STYPE = internal, SSPACE = 320,
    FINALFUNC = margin_calib.ewma_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.ewma_vol_half_life(double precision, double precision) IS
'ewma_vol(price, lambda) with the lambda whose weights halve every bars returns: lambda = 2^(-1 / bars); a half-life of 11.2 is close to 0.94. bars, 0.001 to 1e15, must be the same in every row (22023).';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_vol_half_life(price double precision, bars double precision, periods_per_year double precision) (
    SFUNC = margin_calib.ewma_vol_half_life_accum, STYPE = internal, SSPACE = 320,
    FINALFUNC = margin_calib.ewma_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.ewma_vol_half_life(double precision, double precision, double precision) IS
'ewma_vol_half_life(price, bars) times the square root of periods_per_year, which must be positive, finite and the same in every row (22023).';
