-- Realised measures of intraday prices. doc/range_volatility.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.realized_accum(state internal, price double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_realized_accum';
CREATE OR REPLACE FUNCTION margin_calib.realized_accum(state internal, price double precision, periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_realized_accum';
CREATE OR REPLACE FUNCTION margin_calib.realized_measures_final(state internal) RETURNS margin_calib.realized_measures
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_realized_measures_final';
CREATE OR REPLACE FUNCTION margin_calib.realized_vol_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_realized_vol_final';
CREATE OR REPLACE FUNCTION margin_calib.bipower_vol_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_bipower_vol_final';
COMMENT ON FUNCTION margin_calib.realized_accum(internal, double precision) IS 'transition of margin_calib.realized_measures, realized_vol and bipower_vol';
COMMENT ON FUNCTION margin_calib.realized_accum(internal, double precision, double precision) IS 'transition of margin_calib.realized_vol and bipower_vol with periods_per_year';
COMMENT ON FUNCTION margin_calib.realized_measures_final(internal) IS 'final of margin_calib.realized_measures; does not change the state';
COMMENT ON FUNCTION margin_calib.realized_vol_final(internal) IS 'final of margin_calib.realized_vol; does not change the state';
COMMENT ON FUNCTION margin_calib.bipower_vol_final(internal) IS 'final of margin_calib.bipower_vol; does not change the state';

REVOKE ALL ON FUNCTION
    margin_calib.realized_accum(internal, double precision),
    margin_calib.realized_accum(internal, double precision, double precision),
    margin_calib.realized_measures_final(internal),
    margin_calib.realized_vol_final(internal),
    margin_calib.bipower_vol_final(internal)
    FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.realized_measures(price double precision) (
    SFUNC = margin_calib.realized_accum, STYPE = internal, SSPACE = 512,
    FINALFUNC = margin_calib.realized_measures_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.realized_measures(double precision) IS
'Realised variance, bipower variation, MedRV, MinRV and tripower quarticity of the log returns of one span of prices, such as the bars of a day, and the test of the span for jumps: a row of type margin_calib.realized_measures, whose columns say what they are; doc/range_volatility.md has formulas and sources. The order of the rows counts: realized_measures(price ORDER BY ts) with GROUP BY instrument, day, or OVER (PARTITION BY instrument, day ORDER BY ts) for the span so far, constant time a row. Returns join consecutive prices that are not NULL inside the group, so the move over night is not in it. No price gives NULL, too few returns NULL in the columns that need more. A NaN or infinite price makes every measure NaN; a price of zero or less is an error (2201E). No partial aggregation: a group is computed by one process.';

CREATE OR REPLACE AGGREGATE margin_calib.realized_vol(price double precision) (
    SFUNC = margin_calib.realized_accum, STYPE = internal, SSPACE = 512,
    FINALFUNC = margin_calib.realized_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.realized_vol(double precision) IS
'Realised volatility of one span of prices, such as the bars of a day: the square root of the sum of squared log returns, so per span and not per bar. realized_vol(price ORDER BY ts) with GROUP BY instrument, day. NULL without a return; the rules for NULL, NaN and prices of zero or less are those of realized_measures. doc/range_volatility.md has the definitions.';

CREATE OR REPLACE AGGREGATE margin_calib.realized_vol(price double precision, periods_per_year double precision) (
    SFUNC = margin_calib.realized_accum, STYPE = internal, SSPACE = 512,
    FINALFUNC = margin_calib.realized_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.realized_vol(double precision, double precision) IS
'realized_vol(price) times the square root of periods_per_year, the number of such spans in a year: 365 or 252 where a group is a day, whatever the number of its bars. It must be positive, finite and the same in every row (22023).';

CREATE OR REPLACE AGGREGATE margin_calib.bipower_vol(price double precision) (
    SFUNC = margin_calib.realized_accum, STYPE = internal, SSPACE = 512,
    FINALFUNC = margin_calib.bipower_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.bipower_vol(double precision) IS
'Volatility of one span of prices without its jumps: the square root of the bipower variation of Barndorff-Nielsen and Shephard (2004) with the factor M / (M - 1), per span. bipower_vol(price ORDER BY ts) with GROUP BY instrument, day. NULL below two returns; the rules for NULL, NaN and prices of zero or less are those of realized_measures. doc/range_volatility.md has the definitions.';

CREATE OR REPLACE AGGREGATE margin_calib.bipower_vol(price double precision, periods_per_year double precision) (
    SFUNC = margin_calib.realized_accum, STYPE = internal, SSPACE = 512,
    FINALFUNC = margin_calib.bipower_vol_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.bipower_vol(double precision, double precision) IS
'bipower_vol(price) times the square root of periods_per_year, the number of such spans in a year, which must be positive, finite and the same in every row (22023).';
