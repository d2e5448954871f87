-- GARCH(1,1) and GJR(1,1): fits, the vol of the next bar, filters and forecasts. doc/garch.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.garch_fit_final(state internal) RETURNS margin_calib.garch_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_garch_fit_final';
COMMENT ON FUNCTION margin_calib.garch_fit_final(state internal) IS
'Support function of margin_calib.garch_fit: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.garch_fit_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.garch_vol_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_garch_vol_final';
COMMENT ON FUNCTION margin_calib.garch_vol_final(state internal) IS
'Support function of margin_calib.garch_vol: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.garch_vol_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.garch_fit("return" double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_fit("return" double precision) IS
'GARCH(1,1) model of the returns of a group, in the order of the rows: write garch_fit(r ORDER BY ts). Normal innovations, the presample variance back-cast. Maximum likelihood with a constant mean; variances stay positive, stationarity is not imposed. Any scale of returns; the parameters are in their units. Never an error and never NaN: status says how the fit ended (converged, boundary, iterations; without parameters too_few below 5 observations a parameter, constant, not_finite with a NaN or infinite return, failed). NULL returns are skipped. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Bollerslev, J. Econometrics 31 (1986); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_fit("return" double precision, model text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_fit("return" double precision, model text) IS
'garch_fit(return) with a choice of the model: garch, gjr (falls have a reaction of their own: alpha + gamma), garch_t, gjr_t (t innovations of unit variance). Another name is SQLSTATE 22023, NULL 22004, and so is a model that differs between the rows of a group (22023). Source: Glosten, Jagannathan and Runkle, J. Finance 48 (1993); Bollerslev, Rev. Econ. Stat. 69 (1987); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_fit("return" double precision, model text, presample text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_fit("return" double precision, model text, presample text) IS
'garch_fit(return, model) with a choice of what the recursion starts from, as variance and squared move of the bar before the first: backcast (weights 0.94^i over the first 75 squared deviations from the mean: the default), or sample_variance (the mean of all squared deviations from mu, and moving with it: the benchmark of Fiorentini, Calzolari and Panattoni). Another name is SQLSTATE 22023, NULL 22004. Source: J. Appl. Econometrics 11 (1996); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_fit("return" double precision, model text, presample text, standard_errors text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_fit("return" double precision, model text, presample text, standard_errors text) IS
'garch_fit(return, model, presample) with standard errors: none, hessian (inverse second derivatives), opg (outer products of the scores), qml (the sandwich of both, right whatever the innovations are). Another name is SQLSTATE 22023, NULL 22004. They cost two to three times the fit. Source: Bollerslev and Wooldridge, Econometric Reviews 11 (1992); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_vol("return" double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_vol_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_vol("return" double precision) IS
'Vol of the next bar under a GARCH(1,1) fitted to the returns of the group, in the order of the rows: the square root of next_variance of garch_fit(return). NULL when there is no usable fit (too few returns, all equal); NULL returns are skipped; NaN with a NaN or infinite return. Source: doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_vol("return" double precision, model text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_vol_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_vol("return" double precision, model text) IS
'garch_vol(return) under one of the models of garch_fit: garch, gjr, garch_t, gjr_t. Another name is SQLSTATE 22023, NULL 22004.';

CREATE OR REPLACE AGGREGATE margin_calib.garch_vol("return" double precision, model text, periods_per_year double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.garch_vol_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.garch_vol("return" double precision, model text, periods_per_year double precision) IS
'garch_vol(return, model) per year: times the square root of periods_per_year, which must be positive, finite and the same in every row (SQLSTATE 22023), and not NULL (22004).';

CREATE OR REPLACE FUNCTION margin_calib.garch_model(omega double precision, alpha double precision, beta double precision, mu double precision DEFAULT 0, gamma double precision DEFAULT 0, degrees_of_freedom double precision DEFAULT NULL, next_variance double precision DEFAULT NULL, presample text DEFAULT 'backcast')
    RETURNS margin_calib.garch_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_garch_model';
COMMENT ON FUNCTION margin_calib.garch_model(omega double precision, alpha double precision, beta double precision, mu double precision, gamma double precision, degrees_of_freedom double precision, next_variance double precision, presample text) IS
'A garch_model with given parameters and status given, for the functions that take one: from a publication, another system, or a risk committee. omega, alpha, alpha + gamma, beta and next_variance must not be negative and degrees_of_freedom must exceed 2 (SQLSTATE 22023); omega may be 0, which makes an EWMA. NULL degrees_of_freedom is a normal distribution, NULL next_variance leaves it unknown; any other NULL gives NULL. Source: doc/garch.md.';

CREATE OR REPLACE FUNCTION margin_calib.garch_filter(returns double precision[], model margin_calib.garch_model)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_garch_filter_array';
COMMENT ON FUNCTION margin_calib.garch_filter(returns double precision[], model margin_calib.garch_model) IS
'Vol of every bar under a given model, and of the bar after the last: one element more than returns has; element i is known before return i. The recursion starts from the presample rule of the model, applied to these returns. NaN or infinite returns make every element NaN; an empty array, or a model without parameters, gives NULL; a NULL element is SQLSTATE 22004, more than one dimension 2202E, a negative parameter 22023, a variance beyond the largest double 22003. Source: Bollerslev, J. Econometrics 31 (1986); doc/garch.md.';

CREATE OR REPLACE FUNCTION margin_calib.garch_next_variance(model margin_calib.garch_model, variance double precision, "return" double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_garch_next_variance';
COMMENT ON FUNCTION margin_calib.garch_next_variance(model margin_calib.garch_model, variance double precision, "return" double precision) IS
'Variance of the bar that follows one of the given variance and return: omega + (alpha + gamma [e < 0]) e^2 + beta variance, e = return - mu. Keeps a volatility current without a new fit. A model without parameters gives NULL; a NaN or infinite variance or return NaN; a negative variance is SQLSTATE 22023. Source: Bollerslev, J. Econometrics 31 (1986); doc/garch.md.';

CREATE OR REPLACE FUNCTION margin_calib.garch_forecast(model margin_calib.garch_model, horizon integer)
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_garch_forecast_array';
COMMENT ON FUNCTION margin_calib.garch_forecast(model margin_calib.garch_model, horizon integer) IS
'Expected variances of the next horizon bars: next_variance, then omega + persistence times the one before. horizon from 1 to 1000000 (SQLSTATE 22023). NULL for a model without parameters or without next_variance; beyond the largest double, when persistence exceeds 1, 22003. Source: Engle and Bollerslev, Econometric Reviews 5 (1986); doc/garch.md.';

CREATE OR REPLACE FUNCTION margin_calib.garch_horizon_vol(model margin_calib.garch_model, horizon integer)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_garch_horizon_vol';
COMMENT ON FUNCTION margin_calib.garch_horizon_vol(model margin_calib.garch_model, horizon integer) IS
'Vol of the sum of the next horizon returns: the square root of the sum of garch_forecast(model, horizon). Rises and falls towards the square root of time, where it is not already there. The same rules as garch_forecast. Source: doc/garch.md.';
