-- Bootstrap confidence intervals: resampling of single rows, of blocks, and the block length to take.
-- One setting more than sample1_accum takes.

CREATE OR REPLACE FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any") IS
'Support function of the bootstrap aggregates: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any", setting6 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any", setting6 "any") IS
'Support function of the bootstrap aggregates: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.bootstrap_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any", setting5 "any", setting6 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.bootstrap_value_at_risk_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_bootstrap_value_at_risk_final';
COMMENT ON FUNCTION margin_calib.bootstrap_value_at_risk_final(state internal) IS
'Support function of margin_calib.bootstrap_value_at_risk: the answer.';
REVOKE ALL ON FUNCTION margin_calib.bootstrap_value_at_risk_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.bootstrap_expected_shortfall_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_bootstrap_expected_shortfall_final';
COMMENT ON FUNCTION margin_calib.bootstrap_expected_shortfall_final(state internal) IS
'Support function of margin_calib.bootstrap_expected_shortfall: the answer.';
REVOKE ALL ON FUNCTION margin_calib.bootstrap_expected_shortfall_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.bootstrap_volatility_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_bootstrap_volatility_final';
COMMENT ON FUNCTION margin_calib.bootstrap_volatility_final(state internal) IS
'Support function of margin_calib.bootstrap_volatility: the answer.';
REVOKE ALL ON FUNCTION margin_calib.bootstrap_volatility_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.block_bootstrap_value_at_risk_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_block_bootstrap_value_at_risk_final';
COMMENT ON FUNCTION margin_calib.block_bootstrap_value_at_risk_final(state internal) IS
'Support function of margin_calib.block_bootstrap_value_at_risk: the answer.';
REVOKE ALL ON FUNCTION margin_calib.block_bootstrap_value_at_risk_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.block_bootstrap_expected_shortfall_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_block_bootstrap_expected_shortfall_final';
COMMENT ON FUNCTION margin_calib.block_bootstrap_expected_shortfall_final(state internal) IS
'Support function of margin_calib.block_bootstrap_expected_shortfall: the answer.';
REVOKE ALL ON FUNCTION margin_calib.block_bootstrap_expected_shortfall_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.block_bootstrap_volatility_final(state internal) RETURNS margin_calib.bootstrap_interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_block_bootstrap_volatility_final';
COMMENT ON FUNCTION margin_calib.block_bootstrap_volatility_final(state internal) IS
'Support function of margin_calib.block_bootstrap_volatility: the answer.';
REVOKE ALL ON FUNCTION margin_calib.block_bootstrap_volatility_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.optimal_block_length_final(state internal) RETURNS margin_calib.block_lengths
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_optimal_block_length_final';
COMMENT ON FUNCTION margin_calib.optimal_block_length_final(state internal) IS
'Support function of margin_calib.optimal_block_length: the answer.';
REVOKE ALL ON FUNCTION margin_calib.optimal_block_length_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint) IS
'Value at risk of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. The level of the interval is 0.95. Percentile interval. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision) IS
'Value at risk of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. Percentile interval. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision, method text) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_value_at_risk(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision, method text) IS
'Value at risk of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. method of the interval: percentile, basic or bca (corrected for bias and acceleration). replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint) IS
'Expected shortfall of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. The level of the interval is 0.95. Percentile interval. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision) IS
'Expected shortfall of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. Percentile interval. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision, method text) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_expected_shortfall(pnl double precision, confidence double precision, replications integer, seed bigint, level double precision, method text) IS
'Expected shortfall of P&L (losses are negative) as a positive loss, with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. method of the interval: percentile, basic or bca (corrected for bias and acceleration). replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_volatility_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint) IS
'Volatility of returns per bar (sample standard deviation), with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. The level of the interval is 0.95. Percentile interval. replications from 1 to 1000000. A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; fewer than two returns give NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_volatility_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint, level double precision) IS
'Volatility of returns per bar (sample standard deviation), with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. Percentile interval. replications from 1 to 1000000. A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; fewer than two returns give NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint, level double precision, method text) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.bootstrap_volatility_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.bootstrap_volatility("return" double precision, replications integer, seed bigint, level double precision, method text) IS
'Volatility of returns per bar (sample standard deviation), with standard error and confidence interval from resampled rows, which it takes to be independent; the order of rows and the plan do not change a digit. The same seed gives the same digits. level of the interval strictly between 0 and 1. method of the interval: percentile, basic or bca (corrected for bias and acceleration). replications from 1 to 1000000. A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; fewer than two returns give NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_value_at_risk(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_value_at_risk(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint) IS
'Value at risk of P&L (losses are negative) as a positive loss, with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. The level of the interval is 0.95. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_value_at_risk(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_value_at_risk_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_value_at_risk(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) IS
'Value at risk of P&L (losses are negative) as a positive loss, with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. level of the interval strictly between 0 and 1. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_expected_shortfall(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_expected_shortfall(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint) IS
'Expected shortfall of P&L (losses are negative) as a positive loss, with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. The level of the interval is 0.95. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_expected_shortfall(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_expected_shortfall_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_expected_shortfall(pnl double precision, confidence double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) IS
'Expected shortfall of P&L (losses are negative) as a positive loss, with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. level of the interval strictly between 0 and 1. replications from 1 to 1000000. confidence strictly between 0 and 1 (0.99 for the worst 1 %). A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; a group without P&L gives NULL. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_volatility("return" double precision, block text, block_length double precision, replications integer, seed bigint) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_volatility_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_volatility("return" double precision, block text, block_length double precision, replications integer, seed bigint) IS
'Volatility of returns per bar (sample standard deviation), with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. The level of the interval is 0.95. replications from 1 to 1000000. A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; fewer than two returns give NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.block_bootstrap_volatility("return" double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) (
    SFUNC = margin_calib.bootstrap_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.block_bootstrap_volatility_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.block_bootstrap_volatility("return" double precision, block text, block_length double precision, replications integer, seed bigint, level double precision) IS
'Volatility of returns per bar (sample standard deviation), with standard error and percentile interval from resampled blocks of consecutive rows, for series that depend on their past: call it with ORDER BY inside. block: stationary (lengths geometric with mean block_length), circular or moving (block_length rounded to a whole number); block_length at least 1, optimal_block_length proposes one; fewer rows than it give NULL. The same seed gives the same digits. level of the interval strictly between 0 and 1. replications from 1 to 1000000. A setting out of range, or not the same in every row, is SQLSTATE 22023, NULL 22004. NULL is skipped; a NaN or infinite value makes everything NaN; fewer than two returns give NULL. Beyond the largest double 22003. More state than margin_calib.max_state_mb is 54000. Source: Politis and Romano, JASA 89 (1994); Kuensch, Ann. Stat. 17 (1989); doc/bootstrap.md.';

CREATE OR REPLACE AGGREGATE margin_calib.optimal_block_length(value double precision) (
    SFUNC = margin_calib.sample1_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.optimal_block_length_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.optimal_block_length(value double precision) IS
'Block lengths in rows for block_bootstrap_..., from the autocovariances of a series: call it with ORDER BY inside. They minimise the error of the variance of the mean; between 1 and min(3 sqrt(n), n / 3). NULL is skipped; a NaN or infinite value makes both NaN; fewer than nine values, or only equal ones, give NULL. More state than margin_calib.max_state_mb is SQLSTATE 54000. Source: Politis and White, Econometric Rev. 23 (2004); Patton, Politis and White, Econometric Rev. 28 (2009); doc/bootstrap.md.';
