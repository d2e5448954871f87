-- What quantile_regression returns. src/quantile_regression.c builds it by position: keep both in step.
CREATE TYPE margin_calib.quantile_regression_model AS (
    status       text,
    probability  double precision,
    observations bigint,
    coefficients double precision[],
    objective    double precision
);
COMMENT ON TYPE margin_calib.quantile_regression_model IS
'A linear quantile regression, as margin_calib.quantile_regression returns it: the quantile of y given x is coefficients[1] + coefficients[2] x_1 + .... doc/evt.md.';
COMMENT ON COLUMN margin_calib.quantile_regression_model.status IS 'how the fit ended: converged; iterations: the best vertex found; no coefficients: too_few (not more rows than coefficients), constant (a regressor does not vary, or is a combination of the others), not_finite, failed';
COMMENT ON COLUMN margin_calib.quantile_regression_model.probability IS 'of the quantile, as given';
COMMENT ON COLUMN margin_calib.quantile_regression_model.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.quantile_regression_model.coefficients IS 'intercept, then one for each regressor in their order';
COMMENT ON COLUMN margin_calib.quantile_regression_model.objective IS 'the minimum: the sum of r (probability - [r < 0]) over the residuals r';
