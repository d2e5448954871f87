-- Volatility: rolling windows, the aggregate, and the set paths.

CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(price double precision, bars integer) RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol';
CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(price double precision, bars integer, periods_per_year double precision)
    RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_rolling_vol';
CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(prices double precision[], bars integer) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_array';
CREATE OR REPLACE FUNCTION margin_calib.rolling_vol(prices double precision[], bars integer, periods_per_year double precision)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_rolling_vol_array';
