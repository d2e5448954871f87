-- What each position contributes to the margin of a portfolio. doc/portfolio_margin.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.margin_contributions_final(state internal) RETURNS margin_calib.margin_contribution[]
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_margin_contributions_final';
COMMENT ON FUNCTION margin_calib.margin_contributions_final(internal) IS
'Support function of margin_calib.margin_contributions: the contributions of a group.';

CREATE OR REPLACE AGGREGATE margin_calib.margin_contributions(quantity double precision, vector margin_calib.risk_vector) (
    SFUNC = margin_calib.portfolio_margin_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = margin_calib.margin_contributions_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.portfolio_margin_combine,
    SERIALFUNC = margin_calib.portfolio_margin_serialize,
    DESERIALFUNC = margin_calib.portfolio_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.margin_contributions(double precision, margin_calib.risk_vector) IS
'What each position contributes to the margin of a portfolio by expected shortfall. As margin_contributions with a method, without components.';

CREATE OR REPLACE AGGREGATE margin_calib.margin_contributions(
    quantity double precision, vector margin_calib.risk_vector, method margin_calib.margin_method) (
    SFUNC = margin_calib.portfolio_margin_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = margin_calib.margin_contributions_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.portfolio_margin_combine,
    SERIALFUNC = margin_calib.portfolio_margin_serialize,
    DESERIALFUNC = margin_calib.portfolio_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.margin_contributions(double precision, margin_calib.risk_vector, margin_calib.margin_method) IS
'What each position contributes to the margin of a portfolio, Euler''s allocation: quantity times the derivative of the margin by the quantity, exact, of both requirements; they add up to the margin that margin_calib.portfolio_margin has of the same rows, but for rounding. A row an instrument, in the order of underlyings, expiries and names, those of quantity 0 left out: unnest(margin_contributions(...)). Negative where the position hedges. Scenarios that lose just as much count alike; where a minimum is the margin, it is of those that cause it. Arguments, NULL and errors as of portfolio_margin; 22003 also when a contribution is beyond the largest double. D. Tasche, Risk contributions and performance measurement (1999). doc/portfolio_margin.md.';

REVOKE ALL ON FUNCTION margin_calib.margin_contributions_final(internal) FROM PUBLIC;
