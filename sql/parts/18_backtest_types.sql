-- What the backtests and hypothesis tests return. src/test_rows.c and the glue build rows by position: keep both in step.
CREATE TYPE margin_calib.test_result AS (
    statistic                    double precision,
    p_value                      double precision,
    degrees_of_freedom           double precision,
    observations                 bigint,
    status                       text
);
COMMENT ON TYPE margin_calib.test_result IS
'Outcome of a hypothesis test: statistic, p-value, and why there is none.';
COMMENT ON COLUMN margin_calib.test_result.statistic IS 'the statistic; NULL unless status is ok or singular';
COMMENT ON COLUMN margin_calib.test_result.p_value IS 'probability of a statistic at least as extreme under the null hypothesis';
COMMENT ON COLUMN margin_calib.test_result.degrees_of_freedom IS 'degrees of freedom of the null distribution';
COMMENT ON COLUMN margin_calib.test_result.observations IS 'observations that the statistic was computed from';
COMMENT ON COLUMN margin_calib.test_result.status IS 'ok; singular: regressors depend on each other and count once; too_few, constant or not_finite: no statistic';

CREATE TYPE margin_calib.exception_test AS (
    statistic                    double precision,
    p_value                      double precision,
    observations                 bigint,
    exceptions                   bigint,
    expected_exceptions          double precision,
    exception_rate               double precision
);
COMMENT ON TYPE margin_calib.exception_test IS
'Outcome of margin_calib.kupiec_test.';
COMMENT ON COLUMN margin_calib.exception_test.statistic IS 'likelihood ratio, chi-squared with 1 degree of freedom';
COMMENT ON COLUMN margin_calib.exception_test.p_value IS 'probability of a statistic at least as large when the coverage is right';
COMMENT ON COLUMN margin_calib.exception_test.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.exception_test.exceptions IS 'rows whose loss is strictly above the value at risk';
COMMENT ON COLUMN margin_calib.exception_test.expected_exceptions IS 'observations times (1 - confidence)';
COMMENT ON COLUMN margin_calib.exception_test.exception_rate IS 'exceptions / observations';

CREATE TYPE margin_calib.tuff_result AS (
    statistic                    double precision,
    p_value                      double precision,
    observations                 bigint,
    first_exception              bigint,
    expected_first_exception     double precision
);
COMMENT ON TYPE margin_calib.tuff_result IS
'Outcome of margin_calib.tuff_test, the time until the first failure.';
COMMENT ON COLUMN margin_calib.tuff_result.statistic IS 'likelihood ratio, chi-squared with 1 degree of freedom';
COMMENT ON COLUMN margin_calib.tuff_result.p_value IS 'probability of a statistic at least as large when the coverage is right';
COMMENT ON COLUMN margin_calib.tuff_result.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.tuff_result.first_exception IS 'number of the first exception, from 1; NULL without any';
COMMENT ON COLUMN margin_calib.tuff_result.expected_first_exception IS '1 / (1 - confidence)';

CREATE TYPE margin_calib.christoffersen_result AS (
    statistic                    double precision,
    p_value                      double precision,
    independence_statistic       double precision,
    independence_p_value         double precision,
    coverage_statistic           double precision,
    coverage_p_value             double precision,
    observations                 bigint,
    exceptions                   bigint,
    n00                          bigint,
    n01                          bigint,
    n10                          bigint,
    n11                          bigint
);
COMMENT ON TYPE margin_calib.christoffersen_result IS
'Outcome of margin_calib.christoffersen_test.';
COMMENT ON COLUMN margin_calib.christoffersen_result.statistic IS 'conditional coverage: coverage + independence, chi-squared with 2 degrees of freedom';
COMMENT ON COLUMN margin_calib.christoffersen_result.p_value IS 'p-value of conditional coverage';
COMMENT ON COLUMN margin_calib.christoffersen_result.independence_statistic IS 'likelihood ratio of independence, chi-squared with 1 degree of freedom';
COMMENT ON COLUMN margin_calib.christoffersen_result.independence_p_value IS 'p-value of independence';
COMMENT ON COLUMN margin_calib.christoffersen_result.coverage_statistic IS 'that of kupiec_test, from all observations';
COMMENT ON COLUMN margin_calib.christoffersen_result.coverage_p_value IS 'p-value of coverage';
COMMENT ON COLUMN margin_calib.christoffersen_result.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.christoffersen_result.exceptions IS 'rows whose loss is strictly above the value at risk';
COMMENT ON COLUMN margin_calib.christoffersen_result.n00 IS 'steps from no exception to none';
COMMENT ON COLUMN margin_calib.christoffersen_result.n01 IS 'steps from no exception to one';
COMMENT ON COLUMN margin_calib.christoffersen_result.n10 IS 'steps from an exception to none';
COMMENT ON COLUMN margin_calib.christoffersen_result.n11 IS 'steps from an exception to the next';

CREATE TYPE margin_calib.traffic_light_result AS (
    zone                         text,
    cumulative_probability       double precision,
    observations                 bigint,
    exceptions                   bigint,
    expected_exceptions          double precision,
    plus_factor                  double precision,
    multiplier_1996              double precision,
    multiplier_2019              double precision
);
COMMENT ON TYPE margin_calib.traffic_light_result IS
'Outcome of margin_calib.traffic_light.';
COMMENT ON COLUMN margin_calib.traffic_light_result.zone IS 'green, yellow or red';
COMMENT ON COLUMN margin_calib.traffic_light_result.cumulative_probability IS 'probability of that many exceptions or fewer when the coverage is right';
COMMENT ON COLUMN margin_calib.traffic_light_result.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.traffic_light_result.exceptions IS 'rows whose loss is strictly above the value at risk';
COMMENT ON COLUMN margin_calib.traffic_light_result.expected_exceptions IS 'observations times (1 - confidence)';
COMMENT ON COLUMN margin_calib.traffic_light_result.plus_factor IS 'Basel 1996: 0, then 0.40, 0.50, 0.65, 0.75, 0.85 for 5 to 9 exceptions, 1 from 10; NULL unless 250 observations at 0.99';
COMMENT ON COLUMN margin_calib.traffic_light_result.multiplier_1996 IS '3 + plus_factor (Basel 1996, Basel 2.5)';
COMMENT ON COLUMN margin_calib.traffic_light_result.multiplier_2019 IS '1.50, then 1.70, 1.76, 1.83, 1.88, 1.92 for 5 to 9 exceptions, 2 from 10 (Basel 2019, MAR99)';

CREATE TYPE margin_calib.traffic_light_limits AS (
    green_up_to                  bigint,
    red_from                     bigint
);
COMMENT ON TYPE margin_calib.traffic_light_limits IS
'Limits of the zones, as margin_calib.traffic_light_zones gives them.';
COMMENT ON COLUMN margin_calib.traffic_light_limits.green_up_to IS 'most exceptions of the green zone';
COMMENT ON COLUMN margin_calib.traffic_light_limits.red_from IS 'least exceptions of the red zone; NULL when there is none';

CREATE TYPE margin_calib.acerbi_szekely_result AS (
    z1                           double precision,
    z2                           double precision,
    observations                 bigint,
    exceptions                   bigint,
    expected_exceptions          double precision,
    z2_zone                      text
);
COMMENT ON TYPE margin_calib.acerbi_szekely_result IS
'Outcome of margin_calib.acerbi_szekely_test.';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.z1 IS 'mean over exceptions of P&L / ES, plus 1; NULL without exceptions';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.z2 IS 'sum over exceptions of P&L / ES by expected exceptions, plus 1';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.exceptions IS 'rows whose loss is strictly above the value at risk';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.expected_exceptions IS 'observations times (1 - confidence)';
COMMENT ON COLUMN margin_calib.acerbi_szekely_result.z2_zone IS 'green above -0.70, yellow above -1.80, else red; NULL unless 250 observations at 0.975';

CREATE TYPE margin_calib.multinomial_es_result AS (
    nass_statistic               double precision,
    nass_p_value                 double precision,
    pearson_statistic            double precision,
    pearson_p_value              double precision,
    likelihood_ratio_statistic   double precision,
    likelihood_ratio_p_value     double precision,
    observations                 bigint,
    counts                       double precision[]
);
COMMENT ON TYPE margin_calib.multinomial_es_result IS
'Outcome of margin_calib.multinomial_es_test.';
COMMENT ON COLUMN margin_calib.multinomial_es_result.nass_statistic IS 'Pearson statistic with the correction of Nass';
COMMENT ON COLUMN margin_calib.multinomial_es_result.nass_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.multinomial_es_result.pearson_statistic IS 'Pearson statistic, chi-squared with as many degrees of freedom as levels';
COMMENT ON COLUMN margin_calib.multinomial_es_result.pearson_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.multinomial_es_result.likelihood_ratio_statistic IS 'multinomial likelihood ratio, chi-squared with as many degrees of freedom as levels';
COMMENT ON COLUMN margin_calib.multinomial_es_result.likelihood_ratio_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.multinomial_es_result.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.multinomial_es_result.counts IS 'rows that exceed exactly 0, 1, 2, ... of the levels';

CREATE TYPE margin_calib.backtest_report AS (
    observations                 bigint,
    exceptions                   bigint,
    expected_exceptions          double precision,
    exception_rate               double precision,
    zone                         text,
    coverage_statistic           double precision,
    coverage_p_value             double precision,
    independence_statistic       double precision,
    independence_p_value         double precision,
    conditional_statistic        double precision,
    conditional_p_value          double precision,
    dynamic_quantile_statistic   double precision,
    dynamic_quantile_p_value     double precision,
    z1                           double precision,
    z2                           double precision,
    e_value_var                  double precision,
    e_value_es                   double precision,
    mean_pinball_loss            double precision,
    mean_fz0_loss                double precision
);
COMMENT ON TYPE margin_calib.backtest_report IS
'What margin_calib.backtest returns: every test at once.';
COMMENT ON COLUMN margin_calib.backtest_report.observations IS 'rows without NULL';
COMMENT ON COLUMN margin_calib.backtest_report.exceptions IS 'rows whose loss is strictly above the value at risk';
COMMENT ON COLUMN margin_calib.backtest_report.expected_exceptions IS 'observations times (1 - confidence)';
COMMENT ON COLUMN margin_calib.backtest_report.exception_rate IS 'exceptions / observations';
COMMENT ON COLUMN margin_calib.backtest_report.zone IS 'traffic light';
COMMENT ON COLUMN margin_calib.backtest_report.coverage_statistic IS 'kupiec_test';
COMMENT ON COLUMN margin_calib.backtest_report.coverage_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.backtest_report.independence_statistic IS 'christoffersen_test; NULL below 2 observations';
COMMENT ON COLUMN margin_calib.backtest_report.independence_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.backtest_report.conditional_statistic IS 'christoffersen_test, conditional coverage; NULL below 2 observations';
COMMENT ON COLUMN margin_calib.backtest_report.conditional_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.backtest_report.dynamic_quantile_statistic IS 'dynamic_quantile_test with 4 lags; NULL below 11 observations';
COMMENT ON COLUMN margin_calib.backtest_report.dynamic_quantile_p_value IS 'its p-value';
COMMENT ON COLUMN margin_calib.backtest_report.z1 IS 'acerbi_szekely_test; NULL without exceptions';
COMMENT ON COLUMN margin_calib.backtest_report.z2 IS 'acerbi_szekely_test';
COMMENT ON COLUMN margin_calib.backtest_report.e_value_var IS 'e_process_var with the adaptive bet, at the last row';
COMMENT ON COLUMN margin_calib.backtest_report.e_value_es IS 'e_process_es with the adaptive bet, at the last row';
COMMENT ON COLUMN margin_calib.backtest_report.mean_pinball_loss IS 'mean of pinball_loss';
COMMENT ON COLUMN margin_calib.backtest_report.mean_fz0_loss IS 'mean of fz0_loss';
