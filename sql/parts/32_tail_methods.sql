-- Expected shortfall by a named estimator: the state and the moving frame of 32_tail.sql with one more setting.
-- doc/tail_methods.md says which package uses which.

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_accum(state internal, pnl double precision, confidence double precision, method text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_accum';
COMMENT ON FUNCTION margin_calib.expected_shortfall_accum(state internal, pnl double precision, confidence double precision, method text) IS
'Support function of margin_calib.expected_shortfall with a method: keeps one loss.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_accum(state internal, pnl double precision, confidence double precision, method text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_moving_accum(state internal, pnl double precision, confidence double precision, method text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_moving_accum';
COMMENT ON FUNCTION margin_calib.expected_shortfall_moving_accum(state internal, pnl double precision, confidence double precision, method text) IS
'Support function of margin_calib.expected_shortfall with a method in moving frames: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_moving_accum(state internal, pnl double precision, confidence double precision, method text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_moving_remove(state internal, pnl double precision, confidence double precision, method text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_moving_remove';
COMMENT ON FUNCTION margin_calib.expected_shortfall_moving_remove(state internal, pnl double precision, confidence double precision, method text) IS
'Support function of margin_calib.expected_shortfall with a method in moving frames: a row leaves.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_moving_remove(state internal, pnl double precision, confidence double precision, method text) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall(pnl double precision, confidence double precision, method text) (
    SFUNC = margin_calib.expected_shortfall_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_combine,
    SERIALFUNC = margin_calib.tail_serialize, DESERIALFUNC = margin_calib.tail_deserialize,
    MSFUNC = margin_calib.expected_shortfall_moving_accum, MINVFUNC = margin_calib.expected_shortfall_moving_remove,
    MSTYPE = internal, MSSPACE = 65536,
    MFINALFUNC = margin_calib.expected_shortfall_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall(pnl double precision, confidence double precision, method text) IS
'Expected shortfall as a positive loss, in the unit of the P&L (losses are negative P&L), by a named estimator: acerbi_tasche (as without a method: the worst n (1 - confidence) losses, the boundary loss with its fraction), order_statistic (mean of all losses at or beyond value_at_risk(pnl, confidence): ORE), below_var (mean of the losses beyond value_at_risk(pnl, confidence, ''linear''), which is the answer when there are none: PerformanceAnalytics, historical), empyrical (mean of the worst 1 + floor((n - 1) (1 - confidence)) losses). Any other name is SQLSTATE 22023; NULL 22004. confidence strictly between 0 and 1 (0.99 for the worst 1 %), settings the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN, in a window frame exactly as long as it is inside; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Acerbi and Tasche, J. Bank. Finance 26 (2002); doc/tail_methods.md.';
