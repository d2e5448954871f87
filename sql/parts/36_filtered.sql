-- Filtered historical simulation. doc/garch.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.filtered_tail_risk_final(state internal) RETURNS margin_calib.filtered_tail
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_filtered_tail_risk_final';
COMMENT ON FUNCTION margin_calib.filtered_tail_risk_final(state internal) IS
'Support function of margin_calib.filtered_tail_risk: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.filtered_tail_risk_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[]) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.filtered_tail_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[]) IS
'Value at risk and expected shortfall of the next bar by filtered historical simulation, in the order of the rows: write filtered_tail_risk(r, ''{0.975,0.99}'' ORDER BY ts). Each return is divided by the vol of its bar and multiplied by that of the next one, here by EWMA with lambda 0.94; the losses of the result (positive, in the unit of the returns) have the measures of tail_risk. confidences: one or more levels strictly between 0 and 1, the same in every row (SQLSTATE 22023); NULL 22004, more than one dimension 2202E. NULL returns are skipped; no return gives NULL; a NaN or infinite one status not_finite and NaN measures. Returns that are all 0 are used as they are (filter historical). More state than margin_calib.max_state_mb is 54000. Source: Hull and White, J. Risk 1 (1998); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[], filter text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.filtered_tail_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[], filter text) IS
'filtered_tail_risk(return, confidences) with a choice of the filter: ewma, or a model of garch_fit (garch, gjr, garch_t, gjr_t), fitted to the returns, whose deviations from mu are then rescaled. Without a usable fit EWMA takes its place, and plain historical simulation where there is no volatility either: filter says what was used, status why. Another name is SQLSTATE 22023, NULL 22004. Source: Barone-Adesi, Giannopoulos and Vosper, J. Futures Markets 19 (1999); doc/garch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[], filter text, lambda double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.filtered_tail_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.filtered_tail_risk("return" double precision, confidences double precision[], filter text, lambda double precision) IS
'filtered_tail_risk(return, confidences, filter) with the decay of the EWMA filter, also where it takes the place of a GARCH model: strictly between 0 and 1 (SQLSTATE 22023), 0.94 where it is not given.';
