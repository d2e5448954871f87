-- What the bootstrap aggregates return. src/bootstrap.c builds the rows by position: keep both in step.
CREATE TYPE margin_calib.bootstrap_interval AS (
    estimate       double precision,
    standard_error double precision,
    bias           double precision,
    lower          double precision,
    upper          double precision,
    level          double precision,
    replications   integer
);
COMMENT ON TYPE margin_calib.bootstrap_interval IS
'A risk measure with its bootstrap standard error and confidence interval: value at risk and expected shortfall are positive losses in the unit of the P&L, volatility is per bar.';
COMMENT ON COLUMN margin_calib.bootstrap_interval.estimate IS 'the measure of the rows themselves, as value_at_risk, expected_shortfall or volatility give it';
COMMENT ON COLUMN margin_calib.bootstrap_interval.standard_error IS 'standard deviation of the replications; NULL with a single one';
COMMENT ON COLUMN margin_calib.bootstrap_interval.bias IS 'mean of the replications minus the estimate';
COMMENT ON COLUMN margin_calib.bootstrap_interval.lower IS 'lower end of the confidence interval';
COMMENT ON COLUMN margin_calib.bootstrap_interval.upper IS 'upper end of the confidence interval';
COMMENT ON COLUMN margin_calib.bootstrap_interval.level IS 'level of the interval, 0.95 for one that covers 95 percent';
COMMENT ON COLUMN margin_calib.bootstrap_interval.replications IS 'number of resamples';

CREATE TYPE margin_calib.block_lengths AS (
    stationary double precision,
    circular   double precision
);
COMMENT ON TYPE margin_calib.block_lengths IS
'Block lengths in rows that suit the dependence of a series, as margin_calib.optimal_block_length proposes them.';
COMMENT ON COLUMN margin_calib.block_lengths.stationary IS 'mean block length for the stationary bootstrap';
COMMENT ON COLUMN margin_calib.block_lengths.circular IS 'block length for the circular and the moving block bootstrap; rounded by them';
