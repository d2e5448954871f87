-- What a position contributes to the margin of a portfolio; src/margin_contributions.c builds it by position: keep it in step.

CREATE TYPE margin_calib.margin_contribution AS (
    instrument  text,
    underlying  text,
    quantity    double precision,
    value       double precision,
    initial     double precision,
    maintenance double precision
);
COMMENT ON TYPE margin_calib.margin_contribution IS 'What one position contributes to the margin of its portfolio; made by the aggregate margin_calib.margin_contributions.';
COMMENT ON COLUMN margin_calib.margin_contribution.instrument IS 'of the position, all rows of it together';
COMMENT ON COLUMN margin_calib.margin_contribution.underlying IS 'of the instrument';
COMMENT ON COLUMN margin_calib.margin_contribution.quantity IS 'contracts, negative for short';
COMMENT ON COLUMN margin_calib.margin_contribution.value IS 'of the position at present prices; 0 of futures and perpetuals';
COMMENT ON COLUMN margin_calib.margin_contribution.initial IS 'of the initial requirement: quantity times its derivative by the quantity; negative for a position that takes margin off';
COMMENT ON COLUMN margin_calib.margin_contribution.maintenance IS 'of the maintenance requirement';
