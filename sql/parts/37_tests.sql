-- Tests of series: normality, autocorrelation, ARCH effects, equal accuracy. doc/backtest.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.jarque_bera_test_final(state internal) RETURNS margin_calib.test_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_jarque_bera_test_final';
COMMENT ON FUNCTION margin_calib.jarque_bera_test_final(state internal) IS
'Support function of margin_calib.jarque_bera_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.jarque_bera_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ljung_box_test_final(state internal) RETURNS margin_calib.test_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_ljung_box_test_final';
COMMENT ON FUNCTION margin_calib.ljung_box_test_final(state internal) IS
'Support function of margin_calib.ljung_box_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.ljung_box_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.arch_lm_test_final(state internal) RETURNS margin_calib.test_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_arch_lm_test_final';
COMMENT ON FUNCTION margin_calib.arch_lm_test_final(state internal) IS
'Support function of margin_calib.arch_lm_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.arch_lm_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.diebold_mariano_test_final(state internal) RETURNS margin_calib.test_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_diebold_mariano_test_final';
COMMENT ON FUNCTION margin_calib.diebold_mariano_test_final(state internal) IS
'Support function of margin_calib.diebold_mariano_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.diebold_mariano_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.jarque_bera_test(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.jarque_bera_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.jarque_bera_test(value double precision) IS
'Jarque-Bera test of normality, from population skewness and kurtosis, chi-squared with 2 degrees of freedom. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. No variation is status constant. Parallel; the order of the rows does not change a digit. Source: Jarque and Bera, Economics Letters 6 (1980); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.ljung_box_test(value double precision, lags integer) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ljung_box_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ljung_box_test(value double precision, lags integer) IS
'Ljung-Box test of autocorrelation up to lags, chi-squared with lags degrees of freedom; needs rows in order of time. lags: 1 to 1000, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. No variation is status constant. Source: Ljung and Box, Biometrika 65 (1978); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.ljung_box_test(value double precision, lags integer, fitted_parameters integer) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ljung_box_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ljung_box_test(value double precision, lags integer, fitted_parameters integer) IS
'Ljung-Box test of autocorrelation up to lags, chi-squared with lags - fitted_parameters degrees of freedom; needs rows in order of time. lags: 1 to 1000, fitted_parameters below lags, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. No variation is status constant. Source: Ljung and Box, Biometrika 65 (1978); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.arch_lm_test(value double precision, lags integer) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.arch_lm_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.arch_lm_test(value double precision, lags integer) IS
'Lagrange multiplier test of ARCH effects: observations times R squared of the squares on a constant and their lags; the mean of the values is taken as 0. Needs rows in order of time. lags: 1 to 1000, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. Squares without variation are status constant. Source: Engle, Econometrica 50 (1982); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.diebold_mariano_test(loss_a double precision, loss_b double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.diebold_mariano_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.diebold_mariano_test(loss_a double precision, loss_b double precision) IS
'Test of equal accuracy of two forecasts from their losses, row by row: positive when a loses more than b; two-sided. Needs rows in order of time. For forecasts one step ahead, without lags of autocorrelation; Harvey, Leybourne and Newbold''s correction and Student t. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. Differences without variation are status constant. Source: Diebold and Mariano, J. Bus. Econ. Stat. 13 (1995); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.diebold_mariano_test(loss_a double precision, loss_b double precision, lags integer) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.diebold_mariano_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.diebold_mariano_test(loss_a double precision, loss_b double precision, lags integer) IS
'Test of equal accuracy of two forecasts from their losses, row by row: positive when a loses more than b; two-sided. Needs rows in order of time. lags of autocorrelation in the long-run variance with Bartlett weights (0 to 1000, else SQLSTATE 22023; NULL 22004): Harvey, Leybourne and Newbold''s correction and Student t. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value is status not_finite, too little data too_few. Differences without variation are status constant. Source: Diebold and Mariano, J. Bus. Econ. Stat. 13 (1995); doc/backtest.md.';
