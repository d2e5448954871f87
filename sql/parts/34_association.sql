-- Dependence of two series. doc/dependence.md has the definitions. What does not depend on the order of rows
-- is parallel, and has the same digits in any order.

CREATE OR REPLACE FUNCTION margin_calib.spearman_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_spearman_final';
COMMENT ON FUNCTION margin_calib.spearman_final(state internal) IS
'Support function of margin_calib.spearman: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.spearman_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.kendall_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_kendall_final';
COMMENT ON FUNCTION margin_calib.kendall_final(state internal) IS
'Support function of margin_calib.kendall: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.kendall_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.lower_tail_dependence_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_lower_tail_dependence_final';
COMMENT ON FUNCTION margin_calib.lower_tail_dependence_final(state internal) IS
'Support function of margin_calib.lower_tail_dependence: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.lower_tail_dependence_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.upper_tail_dependence_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_upper_tail_dependence_final';
COMMENT ON FUNCTION margin_calib.upper_tail_dependence_final(state internal) IS
'Support function of margin_calib.upper_tail_dependence: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.upper_tail_dependence_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.beta_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_beta_final';
COMMENT ON FUNCTION margin_calib.beta_final(state internal) IS
'Support function of margin_calib.beta: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.beta_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ewma_correlation_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_ewma_correlation_final';
COMMENT ON FUNCTION margin_calib.ewma_correlation_final(state internal) IS
'Support function of margin_calib.ewma_correlation: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.ewma_correlation_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ewma_beta_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_ewma_beta_final';
COMMENT ON FUNCTION margin_calib.ewma_beta_final(state internal) IS
'Support function of margin_calib.ewma_beta: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.ewma_beta_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.market_model_final(state internal) RETURNS margin_calib.market_model_fit
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_market_model_final';
COMMENT ON FUNCTION margin_calib.market_model_final(state internal) IS
'Support function of margin_calib.market_model: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.market_model_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.spearman(x double precision, y double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.spearman_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.spearman(x double precision, y double precision) IS
'Spearmans rank correlation: Pearsons correlation of the ranks, ties with the mean of their ranks. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL with fewer than two rows or when all x or all y are equal. Exact sums: parallel, and the same digits in any order of rows. Source: Spearman, Am. J. Psychol. 15 (1904); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.kendall(x double precision, y double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.kendall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.kendall(x double precision, y double precision) IS
'Kendalls rank correlation tau-b, which allows for ties, in n log n steps. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL with fewer than two rows or when all x or all y are equal. Exact counts: parallel, and the same digits in any order of rows. Source: Kendall, Biometrika 33 (1945); Knight, J. Am. Stat. Assoc. 61 (1966); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.lower_tail_dependence(x double precision, y double precision, confidence double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.lower_tail_dependence_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.lower_tail_dependence(x double precision, y double precision, confidence double precision) IS
'Empirical lower tail dependence: how often both series are among their k = n (1 - confidence) smallest values, over k. Losses together, for returns and P&L. 1 - confidence for independent series, 1 for series that move as one. confidence strictly between 0 and 1 (0.95 for the worst 5 %) and the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL when the tail holds no whole row, or all x or all y are equal. Parallel, and the same digits in any order of rows. Source: Schmidt and Stadtmueller, Scand. J. Stat. 33 (2006); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.upper_tail_dependence(x double precision, y double precision, confidence double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.upper_tail_dependence_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.upper_tail_dependence(x double precision, y double precision, confidence double precision) IS
'Empirical upper tail dependence: how often both series are among their k = n (1 - confidence) largest values, over k. Gains together, for returns and P&L. 1 - confidence for independent series, 1 for series that move as one. confidence strictly between 0 and 1 (0.95 for the worst 5 %) and the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL when the tail holds no whole row, or all x or all y are equal. Parallel, and the same digits in any order of rows. Source: Schmidt and Stadtmueller, Scand. J. Stat. 33 (2006); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.beta(asset_return double precision, market_return double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.beta_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.beta(asset_return double precision, market_return double precision) IS
'Beta of an asset: the slope of its returns on those of the market, covariance over variance of the market. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL with fewer than two rows or when the markets returns are all equal. Parallel, and the same digits in any order of rows, correct to about 1e-14; 22003 when it is out of range. market_model has its standard error. Source: Sharpe, Manage. Sci. 9 (1963); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.market_model(asset_return double precision, market_return double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.market_model_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.market_model(asset_return double precision, market_return double precision) IS
'Least squares of asset returns on market returns: beta, intercept (Jensens, per bar), their standard errors, r_squared, residual_vol (divisor n - 2) and observations. Rows with a NULL are skipped; a NaN or infinity makes every number NaN. NULL with fewer than two rows or when the markets returns are all equal; standard errors and residual_vol are NULL with two rows. Parallel, and the same digits in any order of rows. Source: Sharpe, Manage. Sci. 9 (1963); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_correlation(x double precision, y double precision, lambda double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ewma_correlation_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ewma_correlation(x double precision, y double precision, lambda double precision) IS
'Exponentially weighted correlation of returns around a mean of zero: sum lambda^s x y over the root of sum lambda^s x^2 times sum lambda^s y^2, s rows before the last. lambda strictly between 0 and 1 and the same in every row, else SQLSTATE 22023; NULL 22004. Write it with ORDER BY. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL without rows, or when all x or all y are 0. Source: RiskMetrics Technical Document (1996), section 5.2; doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_beta(asset_return double precision, market_return double precision, lambda double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ewma_beta_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ewma_beta(asset_return double precision, market_return double precision, lambda double precision) IS
'Exponentially weighted beta around a mean of zero: sum lambda^s asset market over sum lambda^s market^2, s rows before the last. lambda strictly between 0 and 1 and the same in every row, else SQLSTATE 22023; NULL 22004. Write it with ORDER BY. Rows with a NULL are skipped; a NaN or infinity gives NaN. NULL without rows, or when all market returns are 0. Source: RiskMetrics Technical Document (1996), section 5.2; doc/dependence.md.';
