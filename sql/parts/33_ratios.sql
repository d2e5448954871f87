-- Performance ratios of simple period returns and drawdowns: doc/ratios.md has the definitions. Ratios use exact sums, so that
-- parallel workers change no digit; drawdowns depend on the order of the rows and have no combine function.

CREATE OR REPLACE FUNCTION margin_calib.sharpe_ratio_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_sharpe_ratio_final';
COMMENT ON FUNCTION margin_calib.sharpe_ratio_final(state internal) IS
'Support function of margin_calib.sharpe_ratio: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.sharpe_ratio_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sharpe_ratio_test_final(state internal) RETURNS margin_calib.sharpe_ratio_estimate
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_sharpe_ratio_test_final';
COMMENT ON FUNCTION margin_calib.sharpe_ratio_test_final(state internal) IS
'Support function of margin_calib.sharpe_ratio_test: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.sharpe_ratio_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.downside_deviation_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_downside_deviation_final';
COMMENT ON FUNCTION margin_calib.downside_deviation_final(state internal) IS
'Support function of margin_calib.downside_deviation: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.downside_deviation_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.downside_potential_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_downside_potential_final';
COMMENT ON FUNCTION margin_calib.downside_potential_final(state internal) IS
'Support function of margin_calib.downside_potential: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.downside_potential_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sortino_ratio_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_sortino_ratio_final';
COMMENT ON FUNCTION margin_calib.sortino_ratio_final(state internal) IS
'Support function of margin_calib.sortino_ratio: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.sortino_ratio_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.omega_ratio_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_omega_ratio_final';
COMMENT ON FUNCTION margin_calib.omega_ratio_final(state internal) IS
'Support function of margin_calib.omega_ratio: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.omega_ratio_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.drawdown_accum(state internal, value double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_drawdown_accum';
COMMENT ON FUNCTION margin_calib.drawdown_accum(state internal, value double precision) IS
'Support function of margin_calib.maximum_drawdown and drawdown_summary: one step of the curve.';
REVOKE ALL ON FUNCTION margin_calib.drawdown_accum(state internal, value double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.maximum_drawdown_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_maximum_drawdown_final';
COMMENT ON FUNCTION margin_calib.maximum_drawdown_final(state internal) IS
'Support function of margin_calib.maximum_drawdown: the answer so far.';
REVOKE ALL ON FUNCTION margin_calib.maximum_drawdown_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.drawdown_summary_final(state internal) RETURNS margin_calib.drawdown_summary_row
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_drawdown_summary_final';
COMMENT ON FUNCTION margin_calib.drawdown_summary_final(state internal) IS
'Support function of margin_calib.drawdown_summary: the answer so far.';
REVOKE ALL ON FUNCTION margin_calib.drawdown_summary_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_drawdown_return_accum';
COMMENT ON FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision) IS
'Support function of margin_calib.maximum_drawdown_of_returns: one step of the wealth.';
REVOKE ALL ON FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision, periods_per_year double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_drawdown_return_accum';
COMMENT ON FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision, periods_per_year double precision) IS
'Support function of margin_calib.calmar_ratio: one step of the wealth.';
REVOKE ALL ON FUNCTION margin_calib.drawdown_return_accum(state internal, return double precision, periods_per_year double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.maximum_drawdown_of_returns_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_maximum_drawdown_of_returns_final';
COMMENT ON FUNCTION margin_calib.maximum_drawdown_of_returns_final(state internal) IS
'Support function of margin_calib.maximum_drawdown_of_returns: the answer so far.';
REVOKE ALL ON FUNCTION margin_calib.maximum_drawdown_of_returns_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calmar_ratio_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_calmar_ratio_final';
COMMENT ON FUNCTION margin_calib.calmar_ratio_final(state internal) IS
'Support function of margin_calib.calmar_ratio: the answer so far.';
REVOKE ALL ON FUNCTION margin_calib.calmar_ratio_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.sharpe_ratio(return double precision, risk_free_rate double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sharpe_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sharpe_ratio(return double precision, risk_free_rate double precision) IS
'Sharpe ratio of simple period returns (0.01 for 1 %, not logarithms): mean / standard deviation (divisor n - 1) of return - risk_free_rate, per period. risk_free_rate is a simple return per period, a constant or a column: rows where either is NULL are skipped. NULL with fewer than two returns, or when they do not vary. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Sharpe, J. Portfolio Management 21 (1994); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.sharpe_ratio(return double precision, risk_free_rate double precision, periods_per_year double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sharpe_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sharpe_ratio(return double precision, risk_free_rate double precision, periods_per_year double precision) IS
'Sharpe ratio of simple period returns (0.01 for 1 %, not logarithms): mean / standard deviation (divisor n - 1) of return - risk_free_rate, a year: times sqrt(periods_per_year), a positive number (252, 365, 12), the same in every row, else SQLSTATE 22023; NULL 22004. risk_free_rate is a simple return per period, a constant or a column: rows where either is NULL are skipped. NULL with fewer than two returns, or when they do not vary. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Sharpe, J. Portfolio Management 21 (1994); Lo, Financial Analysts J. 58 (2002), which says when the square root holds; doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.sharpe_ratio_test(return double precision, risk_free_rate double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sharpe_ratio_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sharpe_ratio_test(return double precision, risk_free_rate double precision) IS
'Sharpe ratio of simple period returns (0.01 for 1 %, not logarithms), per period, with standard error, confidence interval, skewness, kurtosis, and the probability that the true ratio is positive. risk_free_rate is a simple return per period, a constant or a column: rows where either is NULL are skipped. The error of Mertens for returns of any distribution, sqrt((1 - skewness S + (kurtosis - 1) S^2 / 4) / (n - 1)); an interval of 95 %. NULL columns with fewer than two returns, or when they do not vary. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Mertens (2002); Bailey and Lopez de Prado, J. Risk 15 (2012); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.sharpe_ratio_test(return double precision, risk_free_rate double precision, confidence double precision, standard_error_method text) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sharpe_ratio_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sharpe_ratio_test(return double precision, risk_free_rate double precision, confidence double precision, standard_error_method text) IS
'Sharpe ratio of simple period returns (0.01 for 1 %, not logarithms), per period, with standard error, confidence interval, skewness, kurtosis, and the probability that the true ratio is positive. risk_free_rate is a simple return per period, a constant or a column: rows where either is NULL are skipped. confidence of the interval strictly between 0 and 1; standard_error_method ''mertens'', sqrt((1 - skewness S + (kurtosis - 1) S^2 / 4) / (n - 1)), or ''lo'' for normal returns, sqrt((1 + S^2 / 2) / n); both the same in every row, else SQLSTATE 22023; NULL 22004. NULL columns with fewer than two returns, or when they do not vary. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Mertens (2002); Lo, Financial Analysts J. 58 (2002), eq. 9; doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.downside_deviation(return double precision, target double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.downside_deviation_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.downside_deviation(return double precision, target double precision) IS
'Downside deviation of simple period returns (0.01 for 1 %, not logarithms): sqrt(mean(min(return - target, 0)^2)) over all returns, not only those below the target, per period; 0 without one below. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Bacon, Practical Portfolio Performance Measurement and Attribution (2008); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.downside_deviation(return double precision, target double precision, periods_per_year double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.downside_deviation_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.downside_deviation(return double precision, target double precision, periods_per_year double precision) IS
'Downside deviation of simple period returns (0.01 for 1 %, not logarithms): sqrt(mean(min(return - target, 0)^2)) over all returns, not only those below the target, a year: times sqrt(periods_per_year), a positive number (252, 365, 12), the same in every row, else SQLSTATE 22023; NULL 22004; 0 without a return below. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Bacon, Practical Portfolio Performance Measurement and Attribution (2008); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.downside_potential(return double precision, target double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.downside_potential_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.downside_potential(return double precision, target double precision) IS
'Downside potential of simple period returns (0.01 for 1 %, not logarithms): mean(max(target - return, 0)) over all returns; 0 without one below. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Bacon, Practical Portfolio Performance Measurement and Attribution (2008); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.sortino_ratio(return double precision, target double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sortino_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sortino_ratio(return double precision, target double precision) IS
'Sortino ratio of simple period returns (0.01 for 1 %, not logarithms): mean(return - target) / downside_deviation(return, target), per period. NULL without a return below the target. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Sortino and van der Meer, J. Portfolio Management 17 (1991); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.sortino_ratio(return double precision, target double precision, periods_per_year double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.sortino_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.sortino_ratio(return double precision, target double precision, periods_per_year double precision) IS
'Sortino ratio of simple period returns (0.01 for 1 %, not logarithms): mean(return - target) / downside_deviation(return, target), a year: times sqrt(periods_per_year), a positive number (252, 365, 12), the same in every row, else SQLSTATE 22023; NULL 22004. NULL without a return below the target. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Sortino and van der Meer, J. Portfolio Management 17 (1991); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.omega_ratio(return double precision, target double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.omega_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.omega_ratio(return double precision, target double precision) IS
'Omega ratio of simple period returns (0.01 for 1 %, not logarithms): mean(max(return - target, 0)) / mean(max(target - return, 0)). NULL without a return below the target. target is a return per period (minimum acceptable return), finite, the same in every row, else SQLSTATE 22023; NULL 22004. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Keating and Shadwick, J. Performance Measurement 6 (2002); doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.maximum_drawdown(value double precision) (
    SFUNC = margin_calib.drawdown_accum, STYPE = internal, SSPACE = 128,
    FINALFUNC = margin_calib.maximum_drawdown_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.maximum_drawdown(value double precision) IS
'Deepest fall of a curve from the highest value before, as a positive fraction of it: 0.2 for 20 %, 0 without a fall. Of a curve, not of returns: values are prices, or the equity of an account, in the order of the rows (write ORDER BY inside the call) and above 0, else SQLSTATE 22023. NULL is skipped; a NaN or infinite one makes the result NaN; a group without values gives NULL. O(1) memory; over an ordered window without a frame start the maximum so far. Source: doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.drawdown_summary(value double precision) (
    SFUNC = margin_calib.drawdown_accum, STYPE = internal, SSPACE = 128,
    FINALFUNC = margin_calib.drawdown_summary_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.drawdown_summary(value double precision) IS
'Deepest fall of a curve with its peak, trough and recovery, and the fall at the end. Of a curve, not of returns: values are prices, or the equity of an account, in the order of the rows (write ORDER BY inside the call) and above 0, else SQLSTATE 22023. NULL is skipped, and not counted by the positions; a NaN or infinite one makes both drawdowns NaN and the rest NULL; a group without values gives NULL. Source: doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.maximum_drawdown_of_returns(return double precision) (
    SFUNC = margin_calib.drawdown_return_accum, STYPE = internal, SSPACE = 256,
    FINALFUNC = margin_calib.maximum_drawdown_of_returns_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.maximum_drawdown_of_returns(return double precision) IS
'Deepest fall of the wealth that returns make, as a positive fraction of its highest value before: 0.2 for 20 %, 0 without a fall. Returns are simple, one period each, in the order of the rows (write ORDER BY inside the call); the wealth is 1 before the first. A return below -1 is SQLSTATE 22023. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL. Source: doc/ratios.md.';

CREATE OR REPLACE AGGREGATE margin_calib.calmar_ratio(return double precision, periods_per_year double precision) (
    SFUNC = margin_calib.drawdown_return_accum, STYPE = internal, SSPACE = 256,
    FINALFUNC = margin_calib.calmar_ratio_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.calmar_ratio(return double precision, periods_per_year double precision) IS
'Calmar ratio: geometric mean return a year, (product of (1 + r))^(periods_per_year / n) - 1, / deepest drawdown of the wealth, over all rows. periods_per_year positive, the same in every row, else SQLSTATE 22023; NULL 22004. NULL without a drawdown. Returns are simple, one period each, in the order of the rows (write ORDER BY inside the call); the wealth is 1 before the first. A return below -1 is SQLSTATE 22023. NULL rows are skipped; a NaN or infinite one makes the result NaN; a group without returns gives NULL; beyond the range of a double is SQLSTATE 22003. Source: Young, Futures 20 (1991); doc/ratios.md.';

CREATE OR REPLACE FUNCTION margin_calib.drawdown(value double precision) RETURNS double precision
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_drawdown';
COMMENT ON FUNCTION margin_calib.drawdown(value double precision) IS
'Window function: fall of the current value from the highest value of the partition so far, as a positive fraction of it; 0 at a new peak. Follows the ORDER BY of the window whatever the frame; O(1) a row. Values are prices, or the equity of an account, above 0, else SQLSTATE 22023. NULL on a NULL row; NaN from a NaN or infinite value on. Source: doc/ratios.md.';
