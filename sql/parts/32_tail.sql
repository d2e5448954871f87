-- Value at risk and expected shortfall: exact, parallel, and in any window frame. doc/tail.md has
-- the definitions. The four aggregates share their functions, so that several measures of one P&L at
-- one confidence share one state.

CREATE OR REPLACE FUNCTION margin_calib.tail_accum(state internal, pnl double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_tail_accum';
COMMENT ON FUNCTION margin_calib.tail_accum(state internal, pnl double precision, confidence double precision) IS
'Support function of margin_calib.expected_shortfall and value_at_risk: keeps one loss.';
REVOKE ALL ON FUNCTION margin_calib.tail_accum(state internal, pnl double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_accum(state internal, pnl double precision, confidence double precision, quantile_type text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_accum';
COMMENT ON FUNCTION margin_calib.value_at_risk_accum(state internal, pnl double precision, confidence double precision, quantile_type text) IS
'Support function of margin_calib.value_at_risk with a quantile type: keeps one loss.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_accum(state internal, pnl double precision, confidence double precision, quantile_type text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_risk_accum(state internal, pnl double precision, confidences double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_tail_risk_accum';
COMMENT ON FUNCTION margin_calib.tail_risk_accum(state internal, pnl double precision, confidences double precision[]) IS
'Support function of margin_calib.tail_risk: keeps one loss.';
REVOKE ALL ON FUNCTION margin_calib.tail_risk_accum(state internal, pnl double precision, confidences double precision[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_combine';
COMMENT ON FUNCTION margin_calib.tail_combine(state internal, other internal) IS
'Support function of margin_calib.the tail aggregates: puts the losses of two partial groups together.';
REVOKE ALL ON FUNCTION margin_calib.tail_combine(state internal, other internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_serialize';
COMMENT ON FUNCTION margin_calib.tail_serialize(state internal) IS
'Support function of margin_calib.the tail aggregates: the state as a parallel worker sends it.';
REVOKE ALL ON FUNCTION margin_calib.tail_serialize(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_deserialize(bytes bytea, state internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_deserialize';
COMMENT ON FUNCTION margin_calib.tail_deserialize(bytes bytea, state internal) IS
'Support function of margin_calib.the tail aggregates: the state as a parallel worker sent it.';
REVOKE ALL ON FUNCTION margin_calib.tail_deserialize(bytes bytea, state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_final(state internal) IS
'Support function of margin_calib.expected_shortfall: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_final(state internal) IS
'Support function of margin_calib.value_at_risk: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_risk_final(state internal) RETURNS margin_calib.tail_risk_level[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_risk_final';
COMMENT ON FUNCTION margin_calib.tail_risk_final(state internal) IS
'Support function of margin_calib.tail_risk: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.tail_risk_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_moving_accum(state internal, pnl double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_moving_accum';
COMMENT ON FUNCTION margin_calib.tail_moving_accum(state internal, pnl double precision, confidence double precision) IS
'Support function of margin_calib.expected_shortfall and value_at_risk in moving frames: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.tail_moving_accum(state internal, pnl double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_moving_remove(state internal, pnl double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_moving_remove';
COMMENT ON FUNCTION margin_calib.tail_moving_remove(state internal, pnl double precision, confidence double precision) IS
'Support function of margin_calib.expected_shortfall and value_at_risk in moving frames: a row leaves.';
REVOKE ALL ON FUNCTION margin_calib.tail_moving_remove(state internal, pnl double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_moving_accum(state internal, pnl double precision, confidence double precision, quantile_type text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_moving_accum';
COMMENT ON FUNCTION margin_calib.value_at_risk_moving_accum(state internal, pnl double precision, confidence double precision, quantile_type text) IS
'Support function of margin_calib.value_at_risk with a quantile type in moving frames: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_moving_accum(state internal, pnl double precision, confidence double precision, quantile_type text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_moving_remove(state internal, pnl double precision, confidence double precision, quantile_type text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_moving_remove';
COMMENT ON FUNCTION margin_calib.value_at_risk_moving_remove(state internal, pnl double precision, confidence double precision, quantile_type text) IS
'Support function of margin_calib.value_at_risk with a quantile type in moving frames: a row leaves.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_moving_remove(state internal, pnl double precision, confidence double precision, quantile_type text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_risk_moving_accum(state internal, pnl double precision, confidences double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_risk_moving_accum';
COMMENT ON FUNCTION margin_calib.tail_risk_moving_accum(state internal, pnl double precision, confidences double precision[]) IS
'Support function of margin_calib.tail_risk in moving frames: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.tail_risk_moving_accum(state internal, pnl double precision, confidences double precision[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_risk_moving_remove(state internal, pnl double precision, confidences double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_moving_remove';
COMMENT ON FUNCTION margin_calib.tail_risk_moving_remove(state internal, pnl double precision, confidences double precision[]) IS
'Support function of margin_calib.tail_risk in moving frames: a row leaves.';
REVOKE ALL ON FUNCTION margin_calib.tail_risk_moving_remove(state internal, pnl double precision, confidences double precision[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_moving_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_moving_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_moving_final(state internal) IS
'Support function of margin_calib.expected_shortfall in moving frames: the answer for a row.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_moving_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_moving_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_moving_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_moving_final(state internal) IS
'Support function of margin_calib.value_at_risk in moving frames: the answer for a row.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_moving_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_risk_moving_final(state internal) RETURNS margin_calib.tail_risk_level[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_risk_moving_final';
COMMENT ON FUNCTION margin_calib.tail_risk_moving_final(state internal) IS
'Support function of margin_calib.tail_risk in moving frames: the answer for a row.';
REVOKE ALL ON FUNCTION margin_calib.tail_risk_moving_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.tail_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_combine,
    SERIALFUNC = margin_calib.tail_serialize, DESERIALFUNC = margin_calib.tail_deserialize,
    MSFUNC = margin_calib.tail_moving_accum, MINVFUNC = margin_calib.tail_moving_remove,
    MSTYPE = internal, MSSPACE = 65536,
    MFINALFUNC = margin_calib.expected_shortfall_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall(pnl double precision, confidence double precision) IS
'Expected shortfall as a positive loss, in the unit of the P&L (losses are negative P&L): the mean of the worst n (1 - confidence) losses, the boundary loss counted with its fraction. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN, in a window frame exactly as long as it is inside; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Acerbi and Tasche, J. Bank. Finance 26 (2002); doc/tail.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.tail_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_combine,
    SERIALFUNC = margin_calib.tail_serialize, DESERIALFUNC = margin_calib.tail_deserialize,
    MSFUNC = margin_calib.tail_moving_accum, MINVFUNC = margin_calib.tail_moving_remove,
    MSTYPE = internal, MSSPACE = 65536,
    MFINALFUNC = margin_calib.value_at_risk_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk(pnl double precision, confidence double precision) IS
'Historical value at risk as a positive loss, in the unit of the P&L (losses are negative P&L): the smallest loss x with F(x) >= confidence, an observed loss never above expected_shortfall. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN, in a window frame exactly as long as it is inside; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Hyndman and Fan, Am. Stat. 50 (1996), type 1; doc/tail.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk(pnl double precision, confidence double precision, quantile_type text) (
    SFUNC = margin_calib.value_at_risk_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_combine,
    SERIALFUNC = margin_calib.tail_serialize, DESERIALFUNC = margin_calib.tail_deserialize,
    MSFUNC = margin_calib.value_at_risk_moving_accum, MINVFUNC = margin_calib.value_at_risk_moving_remove,
    MSTYPE = internal, MSSPACE = 65536,
    MFINALFUNC = margin_calib.value_at_risk_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk(pnl double precision, confidence double precision, quantile_type text) IS
'Value at risk as the sample quantile of the losses (losses are positive, in the unit of the P&L) by one of nine definitions: inverted_cdf (type1, as without a type), averaged_inverted_cdf (type2), closest_observation (type3), interpolated_inverted_cdf (type4), hazen (type5), weibull (type6), linear (type7, as percentile_cont), median_unbiased (type8), normal_unbiased (type9). Any other name is SQLSTATE 22023; NULL 22004. Confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN, in a window frame exactly as long as it is inside; a group without P&L gives NULL. Interpolated types may exceed expected_shortfall. Source: Hyndman and Fan, Am. Stat. 50 (1996); doc/tail.md.';

CREATE OR REPLACE AGGREGATE margin_calib.tail_risk(pnl double precision, confidences double precision[]) (
    SFUNC = margin_calib.tail_risk_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.tail_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_combine,
    SERIALFUNC = margin_calib.tail_serialize, DESERIALFUNC = margin_calib.tail_deserialize,
    MSFUNC = margin_calib.tail_risk_moving_accum, MINVFUNC = margin_calib.tail_risk_moving_remove,
    MSTYPE = internal, MSSPACE = 65536,
    MFINALFUNC = margin_calib.tail_risk_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.tail_risk(pnl double precision, confidences double precision[]) IS
'Value at risk and expected shortfall at every level from one state, in the order of the levels: the numbers of value_at_risk(pnl, confidence) and expected_shortfall(pnl, confidence) as positive losses. confidences: one or more levels strictly between 0 and 1, the same in every row, else SQLSTATE 22023; a NULL level 22004, more than one dimension 2202E. NULL P&L is skipped; a NaN or infinite one makes both measures NaN, in a window frame exactly as long as it is inside; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: doc/tail.md.';
