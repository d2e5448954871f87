-- What tail_risk returns for each level. src/tail_risk.c builds it by position: keep both in step.
CREATE TYPE margin_calib.tail_risk_level AS (
    confidence         double precision,
    value_at_risk      double precision,
    expected_shortfall double precision
);
COMMENT ON TYPE margin_calib.tail_risk_level IS
'Value at risk and expected shortfall at one confidence, as margin_calib.tail_risk returns them: losses are positive, in the unit of the P&L.';
COMMENT ON COLUMN margin_calib.tail_risk_level.confidence IS 'confidence of the level, 0.99 for the worst one percent';
COMMENT ON COLUMN margin_calib.tail_risk_level.value_at_risk IS 'smallest loss x with F(x) >= confidence';
COMMENT ON COLUMN margin_calib.tail_risk_level.expected_shortfall IS 'Acerbi-Tasche mean of the worst (1 - confidence) of the losses, never below value_at_risk';

-- What student_t_fit returns. src/tail_parametric.c builds it by position: keep both in step.
CREATE TYPE margin_calib.student_t_parameters AS (
    status             text,
    observations       bigint,
    location           double precision,
    scale              double precision,
    degrees_of_freedom double precision,
    log_likelihood     double precision
);
COMMENT ON TYPE margin_calib.student_t_parameters IS
'Student t distribution fitted by margin_calib.student_t_fit: value = location + scale * T with T of these degrees of freedom.';
COMMENT ON COLUMN margin_calib.student_t_parameters.status IS 'converged, boundary, iterations; too_few, constant, not_finite or failed without parameters';
COMMENT ON COLUMN margin_calib.student_t_parameters.observations IS 'rows that are not NULL';
COMMENT ON COLUMN margin_calib.student_t_parameters.location IS 'center, in the unit of the values';
COMMENT ON COLUMN margin_calib.student_t_parameters.scale IS 'scale, in the unit of the values; the standard deviation is scale * sqrt(nu / (nu - 2)), nu the degrees of freedom';
COMMENT ON COLUMN margin_calib.student_t_parameters.degrees_of_freedom IS '1 to 10000; Infinity for the normal distribution';
COMMENT ON COLUMN margin_calib.student_t_parameters.log_likelihood IS 'natural logarithm of the likelihood at these parameters';
