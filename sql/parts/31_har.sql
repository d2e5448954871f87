-- The HAR model of realised variance. doc/range_volatility.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.har_fit_final(state internal) RETURNS margin_calib.har_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_har_fit_final';
COMMENT ON FUNCTION margin_calib.har_fit_final(internal) IS 'final of margin_calib.har_fit; does not change the state';
REVOKE ALL ON FUNCTION margin_calib.har_fit_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.har_fit(realized_variance double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = margin_calib.har_fit_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.har_fit(double precision) IS
'Heterogeneous autoregressive model of Corsi (2009): least squares of a value on the value before it and the means of the 5 and 22 values before it. For daily realised variances, as realized_measures gives them, or their roots or logarithms. The order of the rows counts: har_fit(realized_variance ORDER BY day). Returns a row of type margin_calib.har_model, whose columns say what they are; its status is converged, too_few (below 27 values), constant, not_finite or failed, never an error. NULL values are skipped and the values around them count as consecutive; no value gives NULL. Errors by least squares and by Newey and West; doc/range_volatility.md has the equations. 8 bytes a row up to margin_calib.max_state_mb (54000). No partial aggregation: a group is computed by one process.';

CREATE OR REPLACE FUNCTION margin_calib.har_forecast(model margin_calib.har_model, horizon integer) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_har_forecast_array';
COMMENT ON FUNCTION margin_calib.har_forecast(margin_calib.har_model, integer) IS
'Forecasts of the next horizon values by a model of margin_calib.har_fit, each from the values and forecasts before it; the first is the model''s forecast, and the mean of the first h is that of the variance per period over h periods. NULL where the fit has no coefficients. horizon must lie between 1 and 100000 (22023); a row that har_fit did not make is an error (22023), forecasts that explode beyond the largest double are one (22003).';
