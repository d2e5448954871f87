-- Policies. What is shipped is never dumped and what a user sets is dumped whole: a changed
-- shipped row would be lost on restore, and a restored row would collide with the shipped one.

CREATE TABLE margin_calib.shipped_policy OF margin_calib.margin_policy (PRIMARY KEY (name));
COMMENT ON TABLE margin_calib.shipped_policy IS
'Policies of the extension, filled by its script and never changed by hand: margin_calib.set_policy(...) puts a user''s version over them.';
REVOKE ALL ON margin_calib.shipped_policy FROM PUBLIC;

CREATE TABLE margin_calib.user_policy OF margin_calib.margin_policy (PRIMARY KEY (name, version));
COMMENT ON TABLE margin_calib.user_policy IS
'Every version of every policy made by margin_calib.set_policy(...). Rows are added and never changed, so that a calibration can name the version that made it.';
REVOKE ALL ON margin_calib.user_policy FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('margin_calib.user_policy', '');

-- doc/policies.md says where each number comes from
INSERT INTO margin_calib.shipped_policy
    (name, version, confidence, measure, model, ewma_lambda, weight_decay, evt_tail, refit_interval,
     horizon, horizon_method, lookback, min_returns, stress_weight, stress_window, buffer, buffer_recovery,
     floor_lookback, minimum_rate, maximum_rate, fallback_rate, maintenance_ratio, rounding_step, symmetric_rates,
     lookback_time, rise_per_step, rise_per_day, rise_after_breach, fall_per_day, dead_after, restart_gap,
     bar_interval, jump_bound, stale_after)
VALUES
    ('crypto_venue', 1, 0.995, 'value_at_risk',
     'gjr_historical + gjr_t_historical + gjr_t_student_t + filtered_historical(0.98) > filtered_historical > historical',
     0.97, 0.99, 0.1, 20,
     1, 'overlapping', 1000, 90, 0, 365, 0, 0,
     0, 0.01, 1, 0.5, 0.5, 0.0005, true,
     NULL, NULL, 0.08, 0.3, NULL, 10, '7 days',
     NULL, 0.5, '3 days'),
    ('futures_clearing', 1, 0.99, 'expected_shortfall', 'filtered_historical > historical', 0.97, 0.99, 0.1, 20,
     2, 'overlapping', 1250, 250, 0.25, 250, 0.25, 60,
     2500, 0.005, 1, 0.25, 1, 0.0005, false,
     NULL, NULL, 0.1, 0.3, NULL, 10, '90 days',
     NULL, 0.25, '5 days'),
    ('prop_desk', 1, 0.99, 'value_at_risk',
     'gjr_historical + gjr_t_historical + gjr_t_student_t + filtered_historical(0.98) > filtered_historical > historical',
     0.94, 0.99, 0.1, 20,
     1, 'overlapping', 1000, 100, 0, 250, 0, 0,
     0, 0, 1, 0.3, 0.8, 0.0001, false,
     NULL, NULL, NULL, NULL, NULL, 10, '90 days',
     NULL, 0.25, '5 days'),
    ('new_product', 1, 0.995, 'expected_shortfall', 'historical', 0.94, 0.99, 0.1, 20,
     1, 'overlapping', 365, 20, 0.5, 30, 0.25, 0,
     365, 0.2, 1, 0.5, 0.5, 0.005, true,
     NULL, NULL, NULL, NULL, NULL, 10, '7 days',
     NULL, 0.5, '3 days');
