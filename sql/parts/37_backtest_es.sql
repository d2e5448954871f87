-- Backtests of expected shortfall, and the report of all tests. doc/backtest.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.acerbi_szekely_test_final(state internal) RETURNS margin_calib.acerbi_szekely_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_acerbi_szekely_test_final';
COMMENT ON FUNCTION margin_calib.acerbi_szekely_test_final(state internal) IS
'Support function of margin_calib.acerbi_szekely_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.acerbi_szekely_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.acerbi_szekely_test(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.acerbi_szekely_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.acerbi_szekely_test(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) IS
'Tests Z1 and Z2 of expected shortfall: 0 is expected, negative values say that it is too low. value_at_risk and expected_shortfall are positive losses, pnl is signed. expected_shortfall must be positive and not below value_at_risk (SQLSTATE 22023). confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. margin_calib.acerbi_szekely_p_value and acerbi_szekely_critical give p-values and critical values. Parallel; the order of the rows does not change a digit. Source: Acerbi and Szekely, Risk 27 (2014), tests 1 and 2; doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.acerbi_szekely_rank_test_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_acerbi_szekely_rank_test_final';
COMMENT ON FUNCTION margin_calib.acerbi_szekely_rank_test_final(state internal) IS
'Support function of margin_calib.acerbi_szekely_rank_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.acerbi_szekely_rank_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.acerbi_szekely_rank_test(pnl double precision, location double precision, scale double precision, confidence double precision) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.acerbi_szekely_rank_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.acerbi_szekely_rank_test(pnl double precision, location double precision, scale double precision, confidence double precision) IS
'Test Z3 of expected shortfall from ranks: 0 is expected, negative values say that the tail of the forecasts is too thin. The forecast of a row is the normal distribution of its P&L with mean location and standard deviation scale; scale must be positive and the forecast must have an expected shortfall above 0 (SQLSTATE 22023). confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped; NULL without rows, or with fewer than 1 / (1 - confidence); a NaN or infinite value gives NaN. acerbi_szekely_critical(''z3'', ...) gives critical values. Parallel; the order of the rows does not change a digit. Source: Acerbi and Szekely, Risk 27 (2014), test 3; doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.acerbi_szekely_rank_test(pnl double precision, location double precision, scale double precision, confidence double precision, degrees_of_freedom double precision) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.acerbi_szekely_rank_test_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.acerbi_szekely_rank_test(pnl double precision, location double precision, scale double precision, confidence double precision, degrees_of_freedom double precision) IS
'acerbi_szekely_rank_test(pnl, location, scale, confidence) with forecasts of Student t: location + scale t, degrees_of_freedom above 1 (SQLSTATE 22023; Infinity is normal), the same in every row. scale is that of the t distribution, sd sqrt((degrees_of_freedom - 2) / degrees_of_freedom).';

CREATE OR REPLACE FUNCTION margin_calib.acerbi_szekely_critical(statistic text, observations integer, confidence double precision, degrees_of_freedom double precision, significance double precision, paths integer DEFAULT 1000000, seed bigint DEFAULT 1) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_acerbi_szekely_critical';
COMMENT ON FUNCTION margin_calib.acerbi_szekely_critical(statistic text, observations integer, confidence double precision, degrees_of_freedom double precision, significance double precision, paths integer, seed bigint) IS
'Simulated critical value: a statistic at or below it has probability significance when the forecasts are right. statistic is z1, z2 or z3; P&L is independent Student t with degrees_of_freedom above 1, or normal with Infinity, and the forecasts are right. The same arguments give the same digits. observations: 1 to 1,000,000; paths: 1 to 10,000,000 (a million give 0.01 at 5 % and take a fifth of a second for 250 observations at 0.975); seed: any number. Anything else is SQLSTATE 22023; a NULL gives NULL. Z1 is conditional on at least one exception; Z3 needs 1 / (1 - confidence) observations, else NULL. Source: Acerbi and Szekely, Risk 27 (2014); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.acerbi_szekely_p_value(statistic text, value double precision, observations integer, confidence double precision, degrees_of_freedom double precision, paths integer DEFAULT 1000000, seed bigint DEFAULT 1) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_acerbi_szekely_p_value';
COMMENT ON FUNCTION margin_calib.acerbi_szekely_p_value(statistic text, value double precision, observations integer, confidence double precision, degrees_of_freedom double precision, paths integer, seed bigint) IS
'Simulated p-value: (1 + paths with a statistic at or below value) / (1 + paths). statistic is z1, z2 or z3; P&L is independent Student t with degrees_of_freedom above 1, or normal with Infinity, and the forecasts are right. The same arguments give the same digits. observations: 1 to 1,000,000; paths: 1 to 10,000,000 (a million give 0.01 at 5 % and take a fifth of a second for 250 observations at 0.975); seed: any number. Anything else is SQLSTATE 22023; a NULL gives NULL. Z1 is conditional on at least one exception; Z3 needs 1 / (1 - confidence) observations, else NULL. Source: Acerbi and Szekely, Risk 27 (2014); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.multinomial_es_accum(state internal, pnl double precision, values_at_risk double precision[], confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_multinomial_es_accum';
COMMENT ON FUNCTION margin_calib.multinomial_es_accum(state internal, pnl double precision, values_at_risk double precision[], confidence double precision) IS
'Support function of margin_calib.multinomial_es_test: counts a row.';
REVOKE ALL ON FUNCTION margin_calib.multinomial_es_accum(state internal, pnl double precision, values_at_risk double precision[], confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.multinomial_es_accum(state internal, pit double precision, levels integer, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_multinomial_es_pit_accum';
COMMENT ON FUNCTION margin_calib.multinomial_es_accum(state internal, pit double precision, levels integer, confidence double precision) IS
'Support function of margin_calib.multinomial_es_test: counts a row.';
REVOKE ALL ON FUNCTION margin_calib.multinomial_es_accum(state internal, pit double precision, levels integer, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.multinomial_es_test_final(state internal) RETURNS margin_calib.multinomial_es_result
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_multinomial_es_test_final';
COMMENT ON FUNCTION margin_calib.multinomial_es_test_final(state internal) IS
'Support function of margin_calib.multinomial_es_test: the answer.';
REVOKE ALL ON FUNCTION margin_calib.multinomial_es_test_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.multinomial_es_test(pnl double precision, values_at_risk double precision[], confidence double precision) (
    SFUNC = margin_calib.multinomial_es_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.multinomial_es_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.multinomial_es_test(pnl double precision, values_at_risk double precision[], confidence double precision) IS
'Implicit backtest of expected shortfall at confidence from the values at risk (positive losses) at the levels of margin_calib.multinomial_es_levels. Chi-squared tests of Nass, Pearson and of the likelihood ratio. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Another number of levels than in the first row, or more than one dimension, is 2202E; more than 1000 levels or none 22023; a NULL level 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Source: Kratz, Lok and McNeil, J. Banking & Finance 88 (2018); doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.multinomial_es_test(pit double precision, levels integer, confidence double precision) (
    SFUNC = margin_calib.multinomial_es_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.multinomial_es_test_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.multinomial_es_test(pit double precision, levels integer, confidence double precision) IS
'Implicit backtest of expected shortfall at confidence with 1 to 1000 levels; pit is the predicted probability of a P&L at or below the one that came, small for losses. Chi-squared tests of Nass, Pearson and of the likelihood ratio. confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. pit outside 0 to 1 is 22023. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Source: Kratz, Lok and McNeil, J. Banking & Finance 88 (2018); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.multinomial_es_levels(confidence double precision, levels integer) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_multinomial_es_levels';
COMMENT ON FUNCTION margin_calib.multinomial_es_levels(confidence double precision, levels integer) IS
'The levels of value at risk that margin_calib.multinomial_es_test wants: confidence + (j - 1) / levels * (1 - confidence), j = 1 to levels. confidence strictly between 0 and 1, 1 to 1000 levels, else SQLSTATE 22023; a NULL gives NULL. Source: Kratz, Lok and McNeil, J. Banking & Finance 88 (2018); doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision, lambda double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_e_process_var_accum';
COMMENT ON FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision, lambda double precision) IS
'Support function of margin_calib.e_process_var: bets on a row.';
REVOKE ALL ON FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision, lambda double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision, lambda double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_e_process_es_accum';
COMMENT ON FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision, lambda double precision) IS
'Support function of margin_calib.e_process_es: bets on a row.';
REVOKE ALL ON FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision, lambda double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_e_process_var_accum';
COMMENT ON FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) IS
'Support function of margin_calib.e_process_var: bets on a row.';
REVOKE ALL ON FUNCTION margin_calib.e_process_var_accum(state internal, pnl double precision, value_at_risk double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_e_process_es_accum';
COMMENT ON FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) IS
'Support function of margin_calib.e_process_es: bets on a row.';
REVOKE ALL ON FUNCTION margin_calib.e_process_es_accum(state internal, pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.e_process_final(state internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_e_process_final';
COMMENT ON FUNCTION margin_calib.e_process_final(state internal) IS
'Support function of margin_calib.e_process_var and e_process_es: the wealth.';
REVOKE ALL ON FUNCTION margin_calib.e_process_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.e_process_var(pnl double precision, value_at_risk double precision, confidence double precision, lambda double precision) (
    SFUNC = margin_calib.e_process_var_accum, STYPE = internal, SSPACE = 64,
    FINALFUNC = margin_calib.e_process_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.e_process_var(pnl double precision, value_at_risk double precision, confidence double precision, lambda double precision) IS
'Wealth of a bet that value at risk is too low, 1 at the start. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. lambda is the share of the wealth at stake, at least 0 and below 1 (22023); it may differ from row to row if it was known before the P&L. Wealth beyond the largest double is given as that. A value of 1 / s or more, at any row and however often one looks, rejects the forecasts at significance s. Use it OVER (ORDER BY day): O(1) a row. confidence strictly between 0 and 1, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes this and all later results NaN. Source: Wang, Wang and Ziegel, E-backtesting, arXiv:2209.00991; doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.e_process_es(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision, lambda double precision) (
    SFUNC = margin_calib.e_process_es_accum, STYPE = internal, SSPACE = 64,
    FINALFUNC = margin_calib.e_process_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.e_process_es(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision, lambda double precision) IS
'Wealth of a bet that expected shortfall is too low, or value at risk with it, 1 at the start. Both are positive losses; expected_shortfall below value_at_risk is SQLSTATE 22023. lambda is the share of the wealth at stake, at least 0 and below 1 (22023); it may differ from row to row if it was known before the P&L. Wealth beyond the largest double is given as that. A value of 1 / s or more, at any row and however often one looks, rejects the forecasts at significance s. Use it OVER (ORDER BY day): O(1) a row. confidence strictly between 0 and 1, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes this and all later results NaN. Source: Wang, Wang and Ziegel, E-backtesting, arXiv:2209.00991; doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.e_process_var(pnl double precision, value_at_risk double precision, confidence double precision) (
    SFUNC = margin_calib.e_process_var_accum, STYPE = internal, SSPACE = 64,
    FINALFUNC = margin_calib.e_process_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.e_process_var(pnl double precision, value_at_risk double precision, confidence double precision) IS
'Wealth of a bet that value at risk is too low, 1 at the start. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. The bet adapts to the rows before: growth-optimal for them to second order, at most 1/2, 0 on the first. Wealth beyond the largest double is given as that. A value of 1 / s or more, at any row and however often one looks, rejects the forecasts at significance s. Use it OVER (ORDER BY day): O(1) a row. confidence strictly between 0 and 1, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes this and all later results NaN. Source: Wang, Wang and Ziegel, E-backtesting, arXiv:2209.00991; doc/backtest.md.';

CREATE OR REPLACE AGGREGATE margin_calib.e_process_es(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) (
    SFUNC = margin_calib.e_process_es_accum, STYPE = internal, SSPACE = 64,
    FINALFUNC = margin_calib.e_process_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.e_process_es(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) IS
'Wealth of a bet that expected shortfall is too low, or value at risk with it, 1 at the start. Both are positive losses; expected_shortfall below value_at_risk is SQLSTATE 22023. The bet adapts to the rows before: growth-optimal for them to second order, at most 1/2, 0 on the first. Wealth beyond the largest double is given as that. A value of 1 / s or more, at any row and however often one looks, rejects the forecasts at significance s. Use it OVER (ORDER BY day): O(1) a row. confidence strictly between 0 and 1, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes this and all later results NaN. Source: Wang, Wang and Ziegel, E-backtesting, arXiv:2209.00991; doc/backtest.md.';

CREATE OR REPLACE FUNCTION margin_calib.backtest_final(state internal) RETURNS margin_calib.backtest_report
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_backtest_final';
COMMENT ON FUNCTION margin_calib.backtest_final(state internal) IS
'Support function of margin_calib.backtest: the answer.';
REVOKE ALL ON FUNCTION margin_calib.backtest_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.backtest(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.backtest_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.backtest(pnl double precision, value_at_risk double precision, expected_shortfall double precision, confidence double precision) IS
'Every test of value at risk and expected shortfall forecasts in one row; needs rows in order of time: backtest(pnl, value_at_risk, expected_shortfall, 0.975 ORDER BY day). Works from one row on and without exceptions; a test that cannot be computed is NULL. An exception is a loss strictly above the value at risk: -pnl > value_at_risk, losses being negative P&L and value_at_risk a positive loss in the same unit. value_at_risk and expected_shortfall are positive losses, pnl is signed. expected_shortfall must be positive and not below value_at_risk (SQLSTATE 22023). confidence strictly between 0 and 1, the same in every row, else SQLSTATE 22023; NULL 22004. Rows with a NULL are skipped, none at all gives NULL; a NaN or infinite value makes the numbers NaN. Source: doc/backtest.md.';
