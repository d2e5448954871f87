-- What procyclicality and margin_increases return. src/procyclicality.c builds the rows by position: keep in step.
CREATE TYPE margin_calib.margin_procyclicality AS (
    observations               bigint,
    first_ts                   timestamptz,
    last_ts                    timestamptz,
    average_margin             double precision,
    lowest_margin              double precision,
    highest_margin             double precision,
    peak_to_trough             double precision,
    peak_to_trough_within_year double precision,
    years                      bigint,
    largest_rise_1_step        double precision,
    largest_rise_5_steps       double precision,
    largest_rise_30_steps      double precision,
    largest_rise_1_day         double precision,
    largest_rise_5_days        double precision,
    largest_rise_30_days       double precision,
    high_rise_1_step           double precision,
    high_rise_5_steps          double precision,
    log_change_deviation       double precision,
    losses                     bigint,
    exceptions                 bigint,
    coverage                   double precision,
    average_shortfall          double precision,
    largest_shortfall          double precision,
    average_excess             double precision
);
COMMENT ON TYPE margin_calib.margin_procyclicality IS
'How a path of margins followed the market, and what it covered, as margin_calib.procyclicality returns it. Rises are relative: 0.25 for 25 % more, negative when the path only falls; NULL where the path is too short. doc/procyclicality.md.';
COMMENT ON COLUMN margin_calib.margin_procyclicality.observations IS 'margins of the path';
COMMENT ON COLUMN margin_calib.margin_procyclicality.first_ts IS 'ts of the first one';
COMMENT ON COLUMN margin_calib.margin_procyclicality.last_ts IS 'ts of the last one';
COMMENT ON COLUMN margin_calib.margin_procyclicality.average_margin IS 'mean of the margins';
COMMENT ON COLUMN margin_calib.margin_procyclicality.lowest_margin IS 'smallest margin';
COMMENT ON COLUMN margin_calib.margin_procyclicality.highest_margin IS 'largest margin';
COMMENT ON COLUMN margin_calib.margin_procyclicality.peak_to_trough IS 'highest / lowest margin of the whole path';
COMMENT ON COLUMN margin_calib.margin_procyclicality.peak_to_trough_within_year IS 'highest / lowest margin inside a calendar year (UTC), mean over the years with 100 margins or more';
COMMENT ON COLUMN margin_calib.margin_procyclicality.years IS 'the number of those years';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_1_step IS 'largest rise from one margin to the next';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_5_steps IS 'largest rise from a margin to the fifth after it';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_30_steps IS 'largest rise from a margin to the thirtieth after it';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_1_day IS 'largest rise from any margin to a later one, at most 24 hours apart';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_5_days IS 'largest rise from any margin to a later one, at most 5 days apart';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_rise_30_days IS 'largest rise from any margin to a later one, at most 30 days apart';
COMMENT ON COLUMN margin_calib.margin_procyclicality.high_rise_1_step IS '0.99 quantile (type 7) of the rises from one margin to the next';
COMMENT ON COLUMN margin_calib.margin_procyclicality.high_rise_5_steps IS '0.99 quantile (type 7) of the rises from a margin to the fifth after it';
COMMENT ON COLUMN margin_calib.margin_procyclicality.log_change_deviation IS 'standard deviation of the log changes from one margin to the next, divisor changes - 1; per step, not annualized';
COMMENT ON COLUMN margin_calib.margin_procyclicality.losses IS 'margins whose loss is known';
COMMENT ON COLUMN margin_calib.margin_procyclicality.exceptions IS 'losses above their margin';
COMMENT ON COLUMN margin_calib.margin_procyclicality.coverage IS 'share of the losses not above their margin; NULL without losses';
COMMENT ON COLUMN margin_calib.margin_procyclicality.average_shortfall IS 'mean of loss - margin over the exceptions; NULL without one';
COMMENT ON COLUMN margin_calib.margin_procyclicality.largest_shortfall IS 'largest loss - margin of the exceptions; NULL without one';
COMMENT ON COLUMN margin_calib.margin_procyclicality.average_excess IS 'mean of the margin above the loss, max(margin - loss, 0), over all losses; NULL without losses';

CREATE TYPE margin_calib.margin_increase AS (
    steps        integer,
    largest_rise double precision,
    from_ts      timestamptz,
    to_ts        timestamptz,
    from_margin  double precision,
    to_margin    double precision
);
COMMENT ON TYPE margin_calib.margin_increase IS
'The largest relative rise of a path of margins over a number of steps, and where it was, as margin_calib.margin_increases returns it; all but steps NULL for a path that is too short. doc/procyclicality.md.';
COMMENT ON COLUMN margin_calib.margin_increase.steps IS 'observations from the first margin of the rise to the last';
COMMENT ON COLUMN margin_calib.margin_increase.largest_rise IS 'to_margin / from_margin - 1, largest over the path; the earliest of equal ones';
COMMENT ON COLUMN margin_calib.margin_increase.from_ts IS 'ts at which it began';
COMMENT ON COLUMN margin_calib.margin_increase.to_ts IS 'ts at which it ended';
COMMENT ON COLUMN margin_calib.margin_increase.from_margin IS 'margin at its beginning';
COMMENT ON COLUMN margin_calib.margin_increase.to_margin IS 'margin at its end';
