-- Types of portfolio offsets. The C code builds rows by position: keep both in step.

CREATE TYPE margin_calib.portfolio_credit AS (
    gross           double precision,
    combined        double precision,
    credit          double precision,
    requirement     double precision,
    at_zero         double precision,
    at_one          double precision,
    worst_breakdown double precision
);
COMMENT ON TYPE margin_calib.portfolio_credit IS
'Margin of positions that hedge each other, as margin_calib.portfolio_offset returns it; all amounts in the unit of the margins.';
COMMENT ON COLUMN margin_calib.portfolio_credit.gross IS 'sum of the standalone margins';
COMMENT ON COLUMN margin_calib.portfolio_credit.combined IS 'margin of the portfolio with the correlations given, sqrt(m'' C m), never above gross';
COMMENT ON COLUMN margin_calib.portfolio_credit.credit IS 'cap * (gross - combined)';
COMMENT ON COLUMN margin_calib.portfolio_credit.requirement IS 'gross - credit';
COMMENT ON COLUMN margin_calib.portfolio_credit.at_zero IS 'margin of the portfolio when every correlation breaks down to 0, sqrt(sum m^2)';
COMMENT ON COLUMN margin_calib.portfolio_credit.at_one IS 'margin of the portfolio when every correlation goes to 1, |sum m|';
COMMENT ON COLUMN margin_calib.portfolio_credit.worst_breakdown IS 'margin of the portfolio when each correlation goes to 0 or to 1, whichever hurts: sqrt(longs^2 + shorts^2), or combined if that is more; never below at_zero or at_one';

CREATE TYPE margin_calib.correlation_evidence AS (
    observations           bigint,
    correlation            double precision,
    lower_bound            double precision,
    subperiod_correlations double precision[],
    stressed_correlation   double precision,
    smallest_correlation   double precision,
    offset_correlation     double precision,
    is_reliable            boolean,
    reason                 text
);
COMMENT ON TYPE margin_calib.correlation_evidence IS
'How far the correlation of two series of returns can be relied on, as margin_calib.correlation_reliability returns it.';
COMMENT ON COLUMN margin_calib.correlation_evidence.observations IS 'returns used';
COMMENT ON COLUMN margin_calib.correlation_evidence.correlation IS 'Pearson''s correlation in the whole window';
COMMENT ON COLUMN margin_calib.correlation_evidence.lower_bound IS 'Fisher''s lower confidence bound of its magnitude, with its sign; 0 when the correlation is not significant';
COMMENT ON COLUMN margin_calib.correlation_evidence.subperiod_correlations IS 'correlation in each sub-period, oldest first; NULL where a series is constant';
COMMENT ON COLUMN margin_calib.correlation_evidence.stressed_correlation IS 'correlation in the most volatile stretch, as long as a sub-period';
COMMENT ON COLUMN margin_calib.correlation_evidence.smallest_correlation IS 'the least of bound, sub-periods and stretch in the direction of the whole window: of the other sign when one of them is';
COMMENT ON COLUMN margin_calib.correlation_evidence.offset_correlation IS 'what offsets may count on: smallest_correlation, or 0 unless reliable';
COMMENT ON COLUMN margin_calib.correlation_evidence.is_reliable IS 'true: significant, of one sign in every sub-period and in the stretch';
COMMENT ON COLUMN margin_calib.correlation_evidence.reason IS 'why it is not reliable, NULL when it is';
