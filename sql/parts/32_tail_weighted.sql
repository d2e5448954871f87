-- Value at risk and expected shortfall of weighted P&L, by explicit weights and by age (doc/tail_methods.md).

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_weighted_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_weighted_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_weighted_final(state internal) IS
'Support function of margin_calib.value_at_risk_weighted: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_weighted_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_weighted_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_weighted_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_weighted_final(state internal) IS
'Support function of margin_calib.expected_shortfall_weighted: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_weighted_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_age_weighted_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_age_weighted_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_age_weighted_final(state internal) IS
'Support function of margin_calib.value_at_risk_age_weighted: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_age_weighted_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_age_weighted_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_age_weighted_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_age_weighted_final(state internal) IS
'Support function of margin_calib.expected_shortfall_age_weighted: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_age_weighted_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_weighted(pnl double precision, weight double precision, confidence double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_weighted_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_weighted(pnl double precision, weight double precision, confidence double precision) IS
'Value at risk of weighted P&L as a positive loss, in the unit of the P&L (losses are negative P&L): the smallest loss x such that losses up to x hold at least confidence of the weight. Weights of any unit, 0 or more (negative: SQLSTATE 22023); equal ones give the digits of value_at_risk(pnl, confidence), 0 leaves a row out, and no weight above 0 gives NULL. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. A row with a NULL P&L or weight is skipped; a NaN or infinite one makes the result NaN. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_weighted(pnl double precision, weight double precision, confidence double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_weighted_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_weighted(pnl double precision, weight double precision, confidence double precision) IS
'Expected shortfall of weighted P&L as a positive loss, in the unit of the P&L (losses are negative P&L): the weighted mean of the worst losses that hold 1 - confidence of the weight, the boundary loss counted with what is left. Weights of any unit, 0 or more (negative: SQLSTATE 22023); equal ones give the digits of expected_shortfall(pnl, confidence), 0 leaves a row out, and no weight above 0 gives NULL. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. A row with a NULL P&L or weight is skipped; a NaN or infinite one makes the result NaN. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Acerbi and Tasche, J. Bank. Finance 26 (2002), for a discrete distribution; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_age_weighted(pnl double precision, confidence double precision, decay double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_age_weighted_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_age_weighted(pnl double precision, confidence double precision, decay double precision) IS
'Value at risk of P&L weighted by age, as a positive loss in the unit of the P&L (losses are negative P&L): write value_at_risk_age_weighted(pnl, confidence, decay ORDER BY ts), or OVER (ORDER BY ts ROWS n PRECEDING). The last row weighs most, each row before it decay times the one after: weight decay^age (1 - decay) / (1 - decay^n). decay above 0 and at most 1 (1: all rows alike), confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. A NULL P&L is skipped and ages nothing; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Boudoukh, Richardson and Whitelaw, Risk 11 (1998); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_age_weighted(pnl double precision, confidence double precision, decay double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_age_weighted_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_age_weighted(pnl double precision, confidence double precision, decay double precision) IS
'Expected shortfall of P&L weighted by age, as a positive loss in the unit of the P&L (losses are negative P&L): write expected_shortfall_age_weighted(pnl, confidence, decay ORDER BY ts), or OVER (ORDER BY ts ROWS n PRECEDING). The last row weighs most, each row before it decay times the one after; the boundary loss counts with what is left of the tail. decay above 0 and at most 1 (1: all rows alike), confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. A NULL P&L is skipped and ages nothing; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Boudoukh, Richardson and Whitelaw, Risk 11 (1998); doc/tail_methods.md.';
