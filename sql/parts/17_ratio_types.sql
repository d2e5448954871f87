-- What the tests of ratios and the drawdown summary return. src/ratios.c and src/drawdown.c build them by position: keep in step.
CREATE TYPE margin_calib.sharpe_ratio_estimate AS (
    observations         bigint,
    sharpe_ratio         double precision,
    standard_error       double precision,
    lower                double precision,
    upper                double precision,
    skewness             double precision,
    kurtosis             double precision,
    probability_positive double precision
);
COMMENT ON TYPE margin_calib.sharpe_ratio_estimate IS
'A Sharpe ratio with its error, as margin_calib.sharpe_ratio_test returns it: all but the count NULL with fewer than two returns or when they do not vary, NaN with a NaN or infinite one. doc/ratios.md.';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.observations IS 'returns';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.sharpe_ratio IS 'mean / deviation of the excess returns, per period';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.standard_error IS 'of the ratio, by the method asked for';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.lower IS 'lower end of the normal confidence interval';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.upper IS 'upper end of the normal confidence interval';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.skewness IS 'm3 / m2^1.5 of the excess returns, divisor n';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.kurtosis IS 'm4 / m2^2 of the excess returns, divisor n: 3 for normal ones';
COMMENT ON COLUMN margin_calib.sharpe_ratio_estimate.probability_positive IS 'probability that the true ratio is above 0: the probabilistic Sharpe ratio';

CREATE TYPE margin_calib.drawdown_summary_row AS (
    observations      bigint,
    maximum_drawdown  double precision,
    peak              double precision,
    peak_position     bigint,
    trough            double precision,
    trough_position   bigint,
    recovery_position bigint,
    current_drawdown  double precision
);
COMMENT ON TYPE margin_calib.drawdown_summary_row IS
'The deepest drawdown of a curve and its state at the end, as margin_calib.drawdown_summary returns it. doc/ratios.md.';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.observations IS 'values';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.maximum_drawdown IS 'deepest fall from the highest value before, as a fraction of it: 0.2 for 20 %; 0 without a fall';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.peak IS 'value that it fell from; NULL without a fall, as the columns below';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.peak_position IS 'the last time that the peak was seen before the fall, counted from 1 over values that are not NULL';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.trough IS 'value that it fell to';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.trough_position IS 'position of the trough';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.recovery_position IS 'first position at or above the peak again; NULL while there is none';
COMMENT ON COLUMN margin_calib.drawdown_summary_row.current_drawdown IS 'fall of the last value from the highest value so far';
