-- Extreme value theory: doc/evt.md has the definitions. Every aggregate sorts its sample before it adds, so that
-- parallel workers change no digit; several with the same arguments share one state.

CREATE OR REPLACE FUNCTION margin_calib.gpd_fit_final(state internal) RETURNS margin_calib.gpd_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_gpd_fit_final';
COMMENT ON FUNCTION margin_calib.gpd_fit_final(state internal) IS
'Support function of margin_calib.gpd_fit: the fit of a group.';
REVOKE ALL ON FUNCTION margin_calib.gpd_fit_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.gpd_fit_tail_final(state internal) RETURNS margin_calib.gpd_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_gpd_fit_tail_final';
COMMENT ON FUNCTION margin_calib.gpd_fit_tail_final(state internal) IS
'Support function of margin_calib.gpd_fit_tail: the fit of a group.';
REVOKE ALL ON FUNCTION margin_calib.gpd_fit_tail_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_evt_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_evt_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_evt_final(state internal) IS
'Support function of margin_calib.value_at_risk_evt: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_evt_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_evt_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_evt_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_evt_final(state internal) IS
'Support function of margin_calib.expected_shortfall_evt: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_evt_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.gev_fit_final(state internal) RETURNS margin_calib.gev_model
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_gev_fit_final';
COMMENT ON FUNCTION margin_calib.gev_fit_final(state internal) IS
'Support function of margin_calib.gev_fit: the fit of a group.';
REVOKE ALL ON FUNCTION margin_calib.gev_fit_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.mean_excess_final(state internal) RETURNS margin_calib.mean_excess_point[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_mean_excess_final';
COMMENT ON FUNCTION margin_calib.mean_excess_final(state internal) IS
'Support function of margin_calib.mean_excess: the points of a group.';
REVOKE ALL ON FUNCTION margin_calib.mean_excess_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.hill_estimator_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_hill_estimator_final';
COMMENT ON FUNCTION margin_calib.hill_estimator_final(state internal) IS
'Support function of margin_calib.hill_estimator: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.hill_estimator_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.hill_series_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_hill_series_final';
COMMENT ON FUNCTION margin_calib.hill_series_final(state internal) IS
'Support function of margin_calib.hill_series: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.hill_series_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.gpd_fit(pnl double precision, threshold double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.gpd_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.gpd_fit(pnl double precision, threshold double precision) IS
'A generalised Pareto law fitted to the losses (losses are negative P&L) above a threshold, which counts positive: 0.03 for P&L below -0.03, 0 or more, the same in every row, else SQLSTATE 22023; NULL 22004. By maximum likelihood, shape -1 or more, errors from the observed information (NULL for a shape of -0.5 or less). Fewer than 5 exceedances are status too_few, equal ones constant, a NaN or infinite P&L not_finite: then there are no parameters. NULL P&L is skipped; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Grimshaw, Technometrics 35 (1993); Hosking and Wallis, Technometrics 29 (1987); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.gpd_fit(pnl double precision, threshold double precision, method text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.gpd_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.gpd_fit(pnl double precision, threshold double precision, method text) IS
'A generalised Pareto law fitted to the losses (losses are negative P&L) above a threshold, which counts positive: 0.03 for P&L below -0.03, 0 or more, the same in every row, else SQLSTATE 22023; NULL 22004. method: ''maximum_likelihood'' (maximum likelihood, shape -1 or more, errors from the observed information (NULL for a shape of -0.5 or less)) or ''pwm'', probability-weighted moments with positions (i - 0.35) / n (errors NULL for a shape of 0.5 or more); any other is SQLSTATE 22023. Fewer than 5 exceedances are status too_few, equal ones constant, a NaN or infinite P&L not_finite: then there are no parameters. NULL P&L is skipped; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Grimshaw, Technometrics 35 (1993); Hosking and Wallis, Technometrics 29 (1987); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.gpd_fit_tail(pnl double precision, tail_fraction double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.gpd_fit_tail_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.gpd_fit_tail(pnl double precision, tail_fraction double precision) IS
'A generalised Pareto law fitted to a fraction of the losses (losses are negative P&L): the threshold is the (k + 1)-th largest loss, k = floor(n tail_fraction), the exceedances the losses above it (fewer than k with ties). tail_fraction strictly between 0 and 1 (0.1 for the largest tenth), the same in every row, else SQLSTATE 22023; NULL 22004. By maximum likelihood, shape -1 or more, errors from the observed information (NULL for a shape of -0.5 or less). Fewer than 5 exceedances are status too_few, equal ones constant, a NaN or infinite P&L not_finite: then there are no parameters. NULL P&L is skipped; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Grimshaw, Technometrics 35 (1993); Hosking and Wallis, Technometrics 29 (1987); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.gpd_fit_tail(pnl double precision, tail_fraction double precision, method text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.gpd_fit_tail_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.gpd_fit_tail(pnl double precision, tail_fraction double precision, method text) IS
'A generalised Pareto law fitted to a fraction of the losses (losses are negative P&L): the threshold is the (k + 1)-th largest loss, k = floor(n tail_fraction), the exceedances the losses above it (fewer than k with ties). tail_fraction strictly between 0 and 1 (0.1 for the largest tenth), the same in every row, else SQLSTATE 22023; NULL 22004. method: ''maximum_likelihood'' (maximum likelihood, shape -1 or more, errors from the observed information (NULL for a shape of -0.5 or less)) or ''pwm'', probability-weighted moments with positions (i - 0.35) / n (errors NULL for a shape of 0.5 or more); any other is SQLSTATE 22023. Fewer than 5 exceedances are status too_few, equal ones constant, a NaN or infinite P&L not_finite: then there are no parameters. NULL P&L is skipped; a group without P&L gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Grimshaw, Technometrics 35 (1993); Hosking and Wallis, Technometrics 29 (1987); doc/evt.md.';

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk(model margin_calib.gpd_model, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_gpd_model_value_at_risk';
COMMENT ON FUNCTION margin_calib.value_at_risk(model margin_calib.gpd_model, confidence double precision) IS
'Value at risk of a generalised Pareto law as a positive loss, in the unit of the P&L: threshold + scale / shape ((tail / (1 - confidence))^shape - 1), tail = exceedances / observations. confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL when the level lies below the threshold (1 - confidence above exceedances / observations), and without parameters. A model made by hand needs threshold, observations, exceedances, shape and scale; SQLSTATE 22023 when they are no law, 22003 beyond the range of a double. Source: McNeil and Frey, J. Empirical Finance 7 (2000), eq. 6; doc/evt.md.';

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall(model margin_calib.gpd_model, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_gpd_model_expected_shortfall';
COMMENT ON FUNCTION margin_calib.expected_shortfall(model margin_calib.gpd_model, confidence double precision) IS
'Expected shortfall of a generalised Pareto law as a positive loss, in the unit of the P&L: (VaR + scale - shape threshold) / (1 - shape); Infinity for a shape of 1 or more: the law has no finite mean, and NULL would drop out of sums and greatest(). confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL when the level lies below the threshold (1 - confidence above exceedances / observations), and without parameters. A model made by hand needs threshold, observations, exceedances, shape and scale; SQLSTATE 22023 when they are no law, 22003 beyond the range of a double. Source: McNeil and Frey, J. Empirical Finance 7 (2000), eq. 8; doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_evt(pnl double precision, confidence double precision, threshold double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_evt_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_evt(pnl double precision, confidence double precision, threshold double precision) IS
'Value at risk as a positive loss from a generalised Pareto law of the losses above a threshold, fitted by maximum likelihood: value_at_risk(gpd_fit(pnl, threshold), confidence). confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL when the level lies below the threshold (1 - confidence above exceedances / observations), with fewer than 5 exceedances, or equal ones. threshold: a loss of 0 or more. Settings the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a group without P&L gives NULL; a NaN or infinite one makes the result NaN. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil and Frey, J. Empirical Finance 7 (2000); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_evt(pnl double precision, confidence double precision, threshold double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_evt_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_evt(pnl double precision, confidence double precision, threshold double precision) IS
'Expected shortfall as a positive loss from a generalised Pareto law of the losses above a threshold, fitted by maximum likelihood: expected_shortfall(gpd_fit(pnl, threshold), confidence); Infinity for a shape of 1 or more: the law has no finite mean, and NULL would drop out of sums and greatest(). confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL when the level lies below the threshold (1 - confidence above exceedances / observations), with fewer than 5 exceedances, or equal ones. threshold: a loss of 0 or more. Settings the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a group without P&L gives NULL; a NaN or infinite one makes the result NaN. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil and Frey, J. Empirical Finance 7 (2000); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.gev_fit(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.gev_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.gev_fit(value double precision) IS
'A generalised extreme value law fitted to block maxima by maximum likelihood, shape -1 or more; errors from the observed information. Values are maxima as they are, of losses max(-pnl) per block. Fewer than 5 are status too_few, equal ones constant, a NaN or infinite one not_finite: then there are no parameters. NULL is skipped; a group without values gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Prescott and Walden, Biometrika 67 (1980); Smith, Biometrika 72 (1985); doc/evt.md.';

CREATE OR REPLACE FUNCTION margin_calib.return_level(model margin_calib.gev_model, blocks double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_return_level';
COMMENT ON FUNCTION margin_calib.return_level(model margin_calib.gev_model, blocks double precision) IS
'The level that the maximum of a block exceeds with probability 1 / blocks: location + scale / shape ((-log(1 - 1 / blocks))^(-shape) - 1). blocks finite and above 1 (20 for one block in twenty), else SQLSTATE 22023. NULL for a model without parameters; 22003 beyond the range of a double. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2005), 7.1; doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.mean_excess(pnl double precision, thresholds double precision[]) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.mean_excess_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.mean_excess(pnl double precision, thresholds double precision[]) IS
'The sample mean excess function at every threshold, in their order: exceedances, mean of loss - threshold over the losses above it (losses are negative P&L, thresholds count positive), and its standard error. A straight line that rises is the sign of a generalised Pareto tail. thresholds finite, not empty, the same in every row, else SQLSTATE 22023; NULL 22004, also for a NULL inside; more than one dimension 2202E. NULL P&L is skipped; a group without P&L gives NULL; a NaN or infinite one makes the means NaN. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Davison and Smith, J. R. Stat. Soc. B 52 (1990); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.hill_estimator(pnl double precision, k integer) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.hill_estimator_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.hill_estimator(pnl double precision, k integer) IS
'Hill''s estimator of the shape (1 / tail index) of a heavy tail from the k largest losses (losses are negative P&L), L_(k+1) as the threshold: mean of log(L_i / L_(k+1)), i = 1 .. k. k 1 or more, the same in every row, else SQLSTATE 22023; NULL 22004. NULL with fewer than k + 1 positive losses. NULL P&L is skipped; a group without P&L gives NULL; a NaN or infinite one makes the result NaN. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Hill, Ann. Statist. 3 (1975); doc/evt.md.';

CREATE OR REPLACE AGGREGATE margin_calib.hill_series(pnl double precision, max_k integer) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.hill_series_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.hill_series(pnl double precision, max_k integer) IS
'Hill''s estimates for k = 1, 2, ... as an array: hill_estimator(pnl, k) is its k-th element. At most max_k elements, fewer when there are fewer positive losses, NULL with fewer than two. max_k 1 or more, the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a group without P&L gives NULL; a NaN or infinite one gives the array (NaN). More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Hill, Ann. Statist. 3 (1975); doc/evt.md.';
