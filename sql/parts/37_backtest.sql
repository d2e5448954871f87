-- Backtests of value at risk from its exceptions, and scores of forecasts. doc/backtest.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.exception_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_exception_accum';
COMMENT ON FUNCTION margin_calib.exception_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) IS
'Support function of the tests of exceptions: counts a row.';
REVOKE ALL ON FUNCTION margin_calib.exception_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.exception_remove(state internal, pnl double precision, value_at_risk double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_exception_remove';
COMMENT ON FUNCTION margin_calib.exception_remove(state internal, pnl double precision, value_at_risk double precision, confidence double precision) IS
'Support function of the tests of exceptions: a row leaves the frame.';
REVOKE ALL ON FUNCTION margin_calib.exception_remove(state internal, pnl double precision, value_at_risk double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.exception_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_exception_combine';
COMMENT ON FUNCTION margin_calib.exception_combine(state internal, other internal) IS
'Support function of the tests of exceptions: adds the counts of two partial groups.';
REVOKE ALL ON FUNCTION margin_calib.exception_combine(state internal, other internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.exception_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_exception_serialize';
COMMENT ON FUNCTION margin_calib.exception_serialize(state internal) IS
'Support function of the tests of exceptions: the counts as a parallel worker sends them.';
REVOKE ALL ON FUNCTION margin_calib.exception_serialize(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.exception_deserialize(bytes bytea, state internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_exception_deserialize';
COMMENT ON FUNCTION margin_calib.exception_deserialize(bytes bytea, state internal) IS
'Support function of the tests of exceptions: the counts as a parallel worker sent them.';
REVOKE ALL ON FUNCTION margin_calib.exception_deserialize(bytes bytea, state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.kupiec_test_final(state internal) RETURNS margin_calib.exception_test
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_kupiec_test_final';
COMMENT ON FUNCTION margin_calib.kupiec_test_final(state internal) IS
'Support function of margin_calib.kupiec_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.kupiec_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tuff_test_final(state internal) RETURNS margin_calib.tuff_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tuff_test_final';
COMMENT ON FUNCTION margin_calib.tuff_test_final(state internal) IS
'Support function of margin_calib.tuff_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.tuff_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.christoffersen_test_final(state internal) RETURNS margin_calib.christoffersen_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_christoffersen_test_final';
COMMENT ON FUNCTION margin_calib.christoffersen_test_final(state internal) IS
'Support function of margin_calib.christoffersen_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.christoffersen_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.traffic_light_final(state internal) RETURNS margin_calib.traffic_light_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_traffic_light_final';
COMMENT ON FUNCTION margin_calib.traffic_light_final(state internal) IS
'Support function of margin_calib.traffic_light: the answer.';
REVOKE ALL ON FUNCTION margin_calib.traffic_light_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.kupiec_test(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.exception_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.kupiec_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.exception_combine,
    SERIALFUNC = margin_calib.exception_serialize, DESERIALFUNC = margin_calib.exception_deserialize,
    MSFUNC = margin_calib.exception_accum, MINVFUNC = margin_calib.exception_remove, MSTYPE = internal, MSSPACE = 4096,
    MFINALFUNC = margin_calib.kupiec_test_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.kupiec_test(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Proportion of failures test: does value at risk hold its confidence? An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Parallel, and O(1) a row in moving frames. Source: Kupiec, J. Derivatives 3 (1995), with 0 log 0 = 0; doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.traffic_light(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.exception_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.traffic_light_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.exception_combine,
    SERIALFUNC = margin_calib.exception_serialize, DESERIALFUNC = margin_calib.exception_deserialize,
    MSFUNC = margin_calib.exception_accum, MINVFUNC = margin_calib.exception_remove, MSTYPE = internal, MSSPACE = 4096,
    MFINALFUNC = margin_calib.traffic_light_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.traffic_light(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Traffic light of the Basel Committee for any number of rows and any confidence: yellow when the probability of that many exceptions or fewer reaches 95 %, red when it reaches 99.99 %; no exception is green. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Multipliers only for 250 rows at 0.99. Parallel, and O(1) a row in moving frames. Source: Basel Committee (1996) and MAR99 (2019); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.tuff_test(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.exception_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.tuff_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.tuff_test(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Time until first failure test; needs rows in order of time: tuff_test(pnl, value_at_risk, 0.99 ORDER BY day). Without an exception the likelihood is that of none in all rows. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Source: Kupiec, J. Derivatives 3 (1995); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.christoffersen_test(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.exception_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.christoffersen_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.christoffersen_test(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Tests of independence and of conditional coverage; needs rows in order of time: christoffersen_test(pnl, value_at_risk, 0.99 ORDER BY day). No exceptions, or none in succession, are no obstacle (0 log 0 = 0); statistics of independence are NULL below 2 rows. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Source: Christoffersen, Int. Econ. Review 39 (1998); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.kupiec_test_counts(exceptions bigint, observations bigint, confidence double precision) RETURNS margin_calib.exception_test
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_kupiec_test_counts';
COMMENT ON FUNCTION margin_calib.kupiec_test_counts(exceptions bigint, observations bigint, confidence double precision) IS
'margin_calib.kupiec_test of given counts. confidence strictly between 0 and 1, 0 <= exceptions <= observations, else SQLSTATE 22023; no observations, or a NULL, give NULL. Source: Kupiec, J. Derivatives 3 (1995); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.tuff_test_counts(first_exception bigint, observations bigint, confidence double precision) RETURNS margin_calib.tuff_result
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tuff_test_counts';
COMMENT ON FUNCTION margin_calib.tuff_test_counts(first_exception bigint, observations bigint, confidence double precision) IS
'margin_calib.tuff_test of given counts: first_exception is the number of the first exception from 1, or 0 for none. confidence strictly between 0 and 1, 0 <= first_exception <= observations, else SQLSTATE 22023; no observations, or a NULL, give NULL. Source: Kupiec, J. Derivatives 3 (1995); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.traffic_light_counts(exceptions bigint, observations bigint, confidence double precision) RETURNS margin_calib.traffic_light_result
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_traffic_light_counts';
COMMENT ON FUNCTION margin_calib.traffic_light_counts(exceptions bigint, observations bigint, confidence double precision) IS
'margin_calib.traffic_light of given counts. confidence strictly between 0 and 1, 0 <= exceptions <= observations, else SQLSTATE 22023; no observations, or a NULL, give NULL. Source: Basel Committee (1996) and MAR99 (2019); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.traffic_light_zones(observations bigint, confidence double precision) RETURNS margin_calib.traffic_light_limits
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_traffic_light_zones';
COMMENT ON FUNCTION margin_calib.traffic_light_zones(observations bigint, confidence double precision) IS
'Limits of the zones of margin_calib.traffic_light: 4 and 10 for 250 observations at 0.99. confidence strictly between 0 and 1, observations >= 0, else SQLSTATE 22023; no observations, or a NULL, give NULL. Source: Basel Committee (1996); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.dynamic_quantile_test_final(state internal) RETURNS margin_calib.test_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_dynamic_quantile_test_final';
COMMENT ON FUNCTION margin_calib.dynamic_quantile_test_final(state internal) IS
'Support function of margin_calib.dynamic_quantile_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.dynamic_quantile_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.dynamic_quantile_test(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.dynamic_quantile_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.dynamic_quantile_test(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Dynamic quantile test: are exceptions predictable from a constant, 4 earlier ones and the value at risk? Needs rows in order of time. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. Regressors that depend on each other count once, status singular. Chi-squared with the rank of the regressors as degrees of freedom. Source: Engle and Manganelli, J. Bus. Econ. Stat. 22 (2004); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.dynamic_quantile_test(pnl double precision, value_at_risk double precision, confidence double precision, lags integer) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.dynamic_quantile_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.dynamic_quantile_test(pnl double precision, value_at_risk double precision, confidence double precision, lags integer) IS
'Dynamic quantile test: are exceptions predictable from a constant, lags earlier ones and the value at risk? Needs rows in order of time. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. lags: 0 to 1000, else 22023. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. Regressors that depend on each other count once, status singular. Chi-squared with the rank of the regressors as degrees of freedom. Source: Engle and Manganelli, J. Bus. Econ. Stat. 22 (2004); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.adaptive_conformal_level_accum(state internal, exception boolean, confidence double precision, step double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_adaptive_conformal_accum';
COMMENT ON FUNCTION margin_calib.adaptive_conformal_level_accum(state internal, exception boolean, confidence double precision, step double precision) IS
'Support function of margin_calib.adaptive_conformal_level: counts a row.';
REVOKE ALL ON FUNCTION margin_calib.adaptive_conformal_level_accum(state internal, exception boolean, confidence double precision, step double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.adaptive_conformal_level_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_adaptive_conformal_final';
COMMENT ON FUNCTION margin_calib.adaptive_conformal_level_final(state internal) IS
'Support function of margin_calib.adaptive_conformal_level: the answer.';
REVOKE ALL ON FUNCTION margin_calib.adaptive_conformal_level_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.adaptive_conformal_level(exception boolean, confidence double precision, step double precision) (
    SFUNC = margin_calib.adaptive_conformal_level_accum, STYPE = internal, SSPACE = 256,
    FINALFUNC = margin_calib.adaptive_conformal_level_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.adaptive_conformal_level(exception boolean, confidence double precision, step double precision) IS
'Confidence to ask of the next forecast so that the long-run rate of exceptions becomes 1 - confidence, whatever the data do: each exception raises it by step * confidence, each other row lowers it by step * (1 - confidence). Use it OVER (ORDER BY day), O(1) a row. It may leave (0, 1): at or above 1 the next margin should be the largest there is. confidence and step strictly between 0 and 1 and the same in every row, else SQLSTATE 22023; NULL 22004. NULL exceptions are skipped; none at all gives NULL. Source: Gibbs and Candes, Adv. Neural Inf. Process. Syst. 34 (2021); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.pinball_loss(pnl double precision, value_at_risk double precision, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_pinball_loss';
COMMENT ON FUNCTION margin_calib.pinball_loss(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Score of a value at risk forecast, lower is better: confidence * (loss - value_at_risk) above it, (1 - confidence) * (value_at_risk - loss) below. confidence strictly between 0 and 1, else SQLSTATE 22023; a NULL gives NULL, a NaN NaN, a result beyond a double 22003. Source: Koenker and Bassett, Econometrica 46 (1978); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.fz0_loss(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_fz0_loss';
COMMENT ON FUNCTION margin_calib.fz0_loss(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) IS
'Joint score of value at risk and expected shortfall forecasts, lower is better; differences do not depend on the unit. Both are positive losses; confidence strictly between 0 and 1, expected_shortfall positive and not below value_at_risk, else SQLSTATE 22023; a NULL gives NULL, a NaN NaN, a result beyond a double 22003. Source: Patton, Ziegel and Chen, J. Econometrics 211 (2019) eq. 6; doc/backtest.md.';
