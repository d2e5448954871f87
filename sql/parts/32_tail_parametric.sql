-- Value at risk and expected shortfall of a fitted or given distribution; the fit, the shape of a sample, and the
-- components of a portfolio's normal value at risk (doc/tail_methods.md).

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_normal_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_normal_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_normal_final(state internal) IS
'Support function of margin_calib.value_at_risk_normal: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_normal_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_cornish_fisher_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_cornish_fisher_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_cornish_fisher_final(state internal) IS
'Support function of margin_calib.value_at_risk_cornish_fisher: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_cornish_fisher_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk_student_t_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_value_at_risk_student_t_final';
COMMENT ON FUNCTION margin_calib.value_at_risk_student_t_final(state internal) IS
'Support function of margin_calib.value_at_risk_student_t: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.value_at_risk_student_t_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_normal_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_normal_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_normal_final(state internal) IS
'Support function of margin_calib.expected_shortfall_normal: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_normal_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_cornish_fisher_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_cornish_fisher_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_cornish_fisher_final(state internal) IS
'Support function of margin_calib.expected_shortfall_cornish_fisher: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_cornish_fisher_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall_student_t_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_expected_shortfall_student_t_final';
COMMENT ON FUNCTION margin_calib.expected_shortfall_student_t_final(state internal) IS
'Support function of margin_calib.expected_shortfall_student_t: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.expected_shortfall_student_t_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.student_t_fit_final(state internal) RETURNS margin_calib.student_t_parameters
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_student_t_fit_final';
COMMENT ON FUNCTION margin_calib.student_t_fit_final(state internal) IS
'Support function of margin_calib.student_t_fit: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.student_t_fit_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.skewness_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_skewness_final';
COMMENT ON FUNCTION margin_calib.skewness_final(state internal) IS
'Support function of margin_calib.skewness: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.skewness_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.excess_kurtosis_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_excess_kurtosis_final';
COMMENT ON FUNCTION margin_calib.excess_kurtosis_final(state internal) IS
'Support function of margin_calib.excess_kurtosis: the answer for a group or frame.';
REVOKE ALL ON FUNCTION margin_calib.excess_kurtosis_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_normal(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_normal_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_normal(pnl double precision, confidence double precision) IS
'Value at risk of a normal distribution with the mean and the standard deviation (divisor n, as maximum likelihood and PerformanceAnalytics have it) of the P&L, as a positive loss, in the unit of the P&L (losses are negative P&L): z(confidence) * deviation - mean. For divisor n - 1 write normal_tail(avg(pnl), stddev_samp(pnl), confidence). confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; fewer than 2 rows give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_normal(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_normal_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_normal(pnl double precision, confidence double precision) IS
'Expected shortfall of a normal distribution with the mean and the standard deviation (divisor n) of the P&L, as a positive loss, in the unit of the P&L (losses are negative P&L): phi(z) / (1 - confidence) * deviation - mean. For divisor n - 1 write normal_tail(avg(pnl), stddev_samp(pnl), confidence). confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; fewer than 2 rows give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_cornish_fisher(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_cornish_fisher_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_cornish_fisher(pnl double precision, confidence double precision) IS
'Modified value at risk as a positive loss, in the unit of the P&L (losses are negative P&L): the normal quantile corrected by the Cornish-Fisher expansion for skewness and kurtosis of the P&L (population moments, as PerformanceAnalytics has it). Outside of cornish_fisher_is_monotone(skewness, excess_kurtosis) it may fall as confidence rises. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; fewer than 4 rows give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Boudt, Peterson and Croux, J. Risk 11 (2008); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_cornish_fisher(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_cornish_fisher_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_cornish_fisher(pnl double precision, confidence double precision) IS
'Modified expected shortfall as a positive loss, in the unit of the P&L (losses are negative P&L): the mean of an Edgeworth density beyond the Cornish-Fisher quantile, with population moments, and value_at_risk_cornish_fisher where that would be more (both as PerformanceAnalytics has it). confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; fewer than 4 rows give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Boudt, Peterson and Croux, J. Risk 11 (2008), eq. 15; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_student_t(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_student_t_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_student_t(pnl double precision, confidence double precision) IS
'Value at risk of a Student t distribution fitted to the P&L by maximum likelihood (margin_calib.student_t_fit), as a positive loss, in the unit of the P&L (losses are negative P&L). NULL when there is no fit: fewer than 4 rows, all P&L equal, or half of it. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.value_at_risk_student_t(pnl double precision, confidence double precision, degrees_of_freedom double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.value_at_risk_student_t_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.value_at_risk_student_t(pnl double precision, confidence double precision, degrees_of_freedom double precision) IS
'Value at risk of a Student t distribution with given degrees of freedom, location and scale fitted to the P&L by maximum likelihood, as a positive loss, in the unit of the P&L (losses are negative P&L). degrees_of_freedom at least 1 (''Infinity'': normal), else SQLSTATE 22023. NULL when there is no fit: fewer than 3 rows, all P&L equal, or a share of degrees_of_freedom / (degrees_of_freedom + 1). confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_student_t(pnl double precision, confidence double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_student_t_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_student_t(pnl double precision, confidence double precision) IS
'Expected shortfall of a Student t distribution fitted to the P&L by maximum likelihood (margin_calib.student_t_fit), as a positive loss, in the unit of the P&L (losses are negative P&L). At 1 degree of freedom it is infinite. NULL when there is no fit: fewer than 4 rows, all P&L equal, or half of it. confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.expected_shortfall_student_t(pnl double precision, confidence double precision, degrees_of_freedom double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.expected_shortfall_student_t_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.expected_shortfall_student_t(pnl double precision, confidence double precision, degrees_of_freedom double precision) IS
'Expected shortfall of a Student t distribution with given degrees of freedom, location and scale fitted to the P&L by maximum likelihood, as a positive loss, in the unit of the P&L (losses are negative P&L). At 1 degree of freedom it is infinite. degrees_of_freedom at least 1 (''Infinity'': normal), else SQLSTATE 22023. NULL when there is no fit: fewer than 3 rows, all P&L equal, or a share of degrees_of_freedom / (degrees_of_freedom + 1). confidence strictly between 0 and 1 (0.99 for the worst 1 %), the same in every row, else SQLSTATE 22023; NULL 22004. NULL P&L is skipped; a NaN or infinite one makes the result NaN; a group without P&L gives NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.student_t_fit(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.student_t_fit_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.student_t_fit(value double precision) IS
'Student t distribution with location, scale and degrees of freedom (1 to 10,000, else Infinity: the normal distribution) fitted by maximum likelihood. status says how it ended: converged, boundary (1 or Infinity degrees of freedom), iterations (the best point found); too_few (below 4 rows), constant, not_finite (a NaN or infinite row), failed (half of the values are equal: no maximum), without parameters. NULL rows are skipped; a group without rows gives NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Kent, Tyler and Vardi, Commun. Stat. Simul. 23 (1994); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.skewness(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.skewness_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.skewness(value double precision) IS
'Skewness of the population: m3 / m2^1.5, m_k the mean of (value - mean)^k (g1). NULL rows are skipped; a NaN or infinite one makes the result NaN; fewer than 2 rows or equal values give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Joanes and Gill, The Statistician 47 (1998); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.skewness(value double precision, convention text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.skewness_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.skewness(value double precision, convention text) IS
'Skewness by a named convention: population, as without one, or sample: G1 = g1 sqrt(n (n - 1)) / (n - 2), from 3 rows on (Excel SKEW, SAS, pandas). Any other name is SQLSTATE 22023, NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; too few rows or equal values give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Joanes and Gill, The Statistician 47 (1998); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.excess_kurtosis(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.excess_kurtosis_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.excess_kurtosis(value double precision) IS
'Excess kurtosis of the population: m4 / m2^2 - 3, m_k the mean of (value - mean)^k (g2). NULL rows are skipped; a NaN or infinite one makes the result NaN; fewer than 2 rows or equal values give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Joanes and Gill, The Statistician 47 (1998); doc/tail_methods.md.';

CREATE OR REPLACE AGGREGATE margin_calib.excess_kurtosis(value double precision, convention text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.excess_kurtosis_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.excess_kurtosis(value double precision, convention text) IS
'Excess kurtosis by a named convention: population, as without one, or sample: G2 = ((n + 1) g2 + 6) (n - 1) / ((n - 2) (n - 3)), from 4 rows on (Excel KURT, SAS, pandas). Any other name is SQLSTATE 22023, NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; too few rows or equal values give NULL. The order of rows does not matter. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Joanes and Gill, The Statistician 47 (1998); doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.normal_tail(mean double precision, standard_deviation double precision, confidence double precision) RETURNS margin_calib.tail_risk_level
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_normal_tail';
COMMENT ON FUNCTION margin_calib.normal_tail(mean double precision, standard_deviation double precision, confidence double precision) IS
'Value at risk and expected shortfall of normal P&L with this mean and standard deviation (not negative, else SQLSTATE 22023), as positive losses. confidence strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out; NaN in, NaN out. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.student_t_tail(location double precision, scale double precision, degrees_of_freedom double precision, confidence double precision) RETURNS margin_calib.tail_risk_level
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_student_t_tail';
COMMENT ON FUNCTION margin_calib.student_t_tail(location double precision, scale double precision, degrees_of_freedom double precision, confidence double precision) IS
'Value at risk and expected shortfall of P&L = location + scale * T, T Student t distributed (not scaled to variance 1; the standard deviation is scale * sqrt(nu / (nu - 2))), as positive losses; infinite expected shortfall at 1 degree of freedom. scale not negative and degrees_of_freedom at least 1 (''Infinity'': normal), else SQLSTATE 22023. confidence strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out; NaN in, NaN out. Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 2.3.4; doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.cornish_fisher_tail(mean double precision, standard_deviation double precision, skewness double precision, excess_kurtosis double precision, confidence double precision) RETURNS margin_calib.tail_risk_level
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_cornish_fisher_tail';
COMMENT ON FUNCTION margin_calib.cornish_fisher_tail(mean double precision, standard_deviation double precision, skewness double precision, excess_kurtosis double precision, confidence double precision) IS
'Modified value at risk and expected shortfall of P&L with these moments, as positive losses: what value_at_risk_cornish_fisher and expected_shortfall_cornish_fisher make of a sample. standard_deviation not negative, else SQLSTATE 22023. confidence strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out; NaN in, NaN out. Source: Boudt, Peterson and Croux, J. Risk 11 (2008); doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.cornish_fisher_quantile(probability double precision, skewness double precision, excess_kurtosis double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_cornish_fisher_quantile';
COMMENT ON FUNCTION margin_calib.cornish_fisher_quantile(probability double precision, skewness double precision, excess_kurtosis double precision) IS
'Quantile of a standardised variable (mean 0, standard deviation 1) by the Cornish-Fisher expansion: z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36, z the normal quantile. Check cornish_fisher_is_monotone(S, K). probability strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out; NaN in, NaN out. Source: Cornish and Fisher, Rev. Int. Stat. Inst. 5 (1938), as AS 269 to fourth order; doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.cornish_fisher_is_monotone(skewness double precision, excess_kurtosis double precision) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_cornish_fisher_is_monotone';
COMMENT ON FUNCTION margin_calib.cornish_fisher_is_monotone(skewness double precision, excess_kurtosis double precision) IS
'Does cornish_fisher_quantile rise with probability everywhere, so that it is the quantile of a distribution? Elsewhere value at risk may fall as confidence rises. NULL in, NULL out; NaN in, false out. Source: Maillard, A user''s guide to the Cornish Fisher expansion (2012); doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.component_value_at_risk(weights double precision[], covariance double precision[][], confidence double precision) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_component_value_at_risk';
COMMENT ON FUNCTION margin_calib.component_value_at_risk(weights double precision[], covariance double precision[][], confidence double precision) IS
'Normal value at risk of a portfolio as a positive loss, split by Euler into one component per position: they add up to z(confidence) * sqrt(w'' C w). covariance square and symmetric, all finite, and no negative variance of the portfolio, else SQLSTATE 22023 (whether it is positive semidefinite for every portfolio is is_positive_semidefinite(covariance)); lengths that differ 2202E; a NULL element 22004. confidence strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out. The divisor of the covariance is yours (PerformanceAnalytics'' component method has n - 1). Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 8.5; doc/tail_methods.md.';

CREATE OR REPLACE FUNCTION margin_calib.component_value_at_risk(weights double precision[], covariance double precision[][], confidence double precision, means double precision[]) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_component_value_at_risk';
COMMENT ON FUNCTION margin_calib.component_value_at_risk(weights double precision[], covariance double precision[][], confidence double precision, means double precision[]) IS
'Normal value at risk of a portfolio as a positive loss, split by Euler into one component per position: they add up to z(confidence) * sqrt(w'' C w) - w'' means. covariance square and symmetric, all finite, and no negative variance of the portfolio, else SQLSTATE 22023 (whether it is positive semidefinite for every portfolio is is_positive_semidefinite(covariance)); lengths that differ 2202E; a NULL element 22004. confidence strictly between 0 and 1, else SQLSTATE 22023. NULL in, NULL out. The divisor of the covariance is yours (PerformanceAnalytics'' component method has n - 1). Source: McNeil, Frey and Embrechts, Quantitative Risk Management (2015), 8.5; doc/tail_methods.md.';
