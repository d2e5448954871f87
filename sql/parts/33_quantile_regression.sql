-- Quantile regression, exact. doc/evt.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.quantile_regression_accum(state internal, y double precision, x double precision[], probability double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_quantile_regression_accum';
COMMENT ON FUNCTION margin_calib.quantile_regression_accum(state internal, y double precision, x double precision[], probability double precision) IS
'Support function of margin_calib.quantile_regression: keeps a row.';
REVOKE ALL ON FUNCTION margin_calib.quantile_regression_accum(state internal, y double precision, x double precision[], probability double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.quantile_regression_final(state internal) RETURNS margin_calib.quantile_regression_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_quantile_regression_final';
COMMENT ON FUNCTION margin_calib.quantile_regression_final(state internal) IS
'Support function of margin_calib.quantile_regression: the fit of a group.';
REVOKE ALL ON FUNCTION margin_calib.quantile_regression_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.quantile_regression(y double precision, x double precision, probability double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.quantile_regression_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.quantile_regression(y double precision, x double precision, probability double precision) IS
'Linear quantile regression of y on x with an intercept: the coefficients that minimise the sum of r (probability - [r < 0]) over the residuals r, exactly, at a vertex where as many residuals are 0. Among several minima the one whose value at the mean of the regressors is lowest, then the one with the lowest coefficients in their order, whatever the order of the rows. probability strictly between 0 and 1 (0.01 for the worst one percent of P&L), the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped. A group without rows gives NULL; too few rows, regressors that do not vary, and NaN or infinite values give a status and no coefficients. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Koenker and Bassett, Econometrica 46 (1978); Barrodale and Roberts, SIAM J. Numer. Anal. 10 (1973); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.quantile_regression(y double precision, x double precision[], probability double precision) (
    SFUNC = margin_calib.quantile_regression_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.quantile_regression_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.quantile_regression(y double precision, x double precision[], probability double precision) IS
'Linear quantile regression of y on several regressors with an intercept: the coefficients that minimise the sum of r (probability - [r < 0]) over the residuals r, exactly, at a vertex where as many residuals are 0. Among several minima the one whose value at the mean of the regressors is lowest, then the one with the lowest coefficients in their order, whatever the order of the rows. probability strictly between 0 and 1 (0.01 for the worst one percent of P&L), the same in every row, else SQLSTATE 22023; NULL 22004. x: at most 15 numbers (54000), as many in every row and of one dimension (2202E), none NULL (22004); none at all gives the quantile of y. Rows where y or the array is NULL are skipped. A group without rows gives NULL; too few rows, regressors that do not vary, and NaN or infinite values give a status and no coefficients. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Koenker and Bassett, Econometrica 46 (1978); Barrodale and Roberts, SIAM J. Numer. Anal. 10 (1973); doc/evt.md.';
