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
