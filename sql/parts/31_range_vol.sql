-- Volatility from bars with open, high, low and close. doc/range_volatility.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(open double precision, high double precision, low double precision,
                                                    close double precision, bars integer, estimator text)
    RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_bars';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision, double precision, double precision, double precision, integer, text) IS
'Window function: volatility per bar from the last bars bars, by one of the estimators close_to_close (the same as rolling_vol(close, bars)), close_to_close_zero_mean, parkinson, garman_klass, garman_klass_yang_zhang, rogers_satchell and yang_zhang (22023 for another name, listing them); doc/range_volatility.md has the formulas and sources. Use it as rolling_vol(open, high, low, close, 30, ''yang_zhang'') OVER (PARTITION BY instrument ORDER BY ts); a frame clause is ignored, and without ORDER BY, or with two rows at one ts, the order of the rows is the executor''s. NULL until bars bars exist, and one more where the estimator needs a close before the first (close_to_close, close_to_close_zero_mean, garman_klass_yang_zhang, yang_zhang). NULL on a row with a NULL price; the next bar then joins the last complete one. A bar with a NaN or infinite price gives NaN as long as one of its returns is inside, and is then exactly forgotten. A price of zero or less is an error (2201E), and so is a bar whose high is not its highest or whose low is not its lowest price (22023). bars, 2 to 16777216 for the two close_to_close and yang_zhang and from 1 for the others (22023), and estimator are read in the first row of each partition and count for all of it; NULL there gives NULLs. Sums are exact: no drift, constant bars give exactly 0. Constant time a row and 8 to 40 bytes a bar, whatever the length of the partition.';

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(open double precision, high double precision, low double precision,
                                                    close double precision, bars integer, estimator text,
                                                    periods_per_year double precision)
    RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_bars';
COMMENT ON FUNCTION margin_calib.rolling_vol(double precision, double precision, double precision, double precision, integer, text, double precision) IS
'Window function: rolling_vol(open, high, low, close, bars, estimator) times the square root of periods_per_year (365 for daily bars of a market without holidays, 252 for daily bars of an exchange, 8760 for hourly bars), which must be positive and finite (22023), and is, like bars, read in the first row of each partition.';
