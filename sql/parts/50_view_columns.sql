-- What the columns of the views mean, where the views themselves (47) do not say it.

COMMENT ON COLUMN margin_calib.margin_parameter.instrument IS 'instrument, as its price feed names it';
COMMENT ON COLUMN margin_calib.margin_parameter.kind IS 'spot, linear or inverse';
COMMENT ON COLUMN margin_calib.margin_parameter.multiplier IS 'units of quantity per contract; inverse: worth of one contract in the currency';
COMMENT ON COLUMN margin_calib.margin_parameter.currency IS 'currency of prices, notionals and requirements';
COMMENT ON COLUMN margin_calib.margin_parameter.stale_reason IS 'why rates or price may be out of date; NULL when they are not';
COMMENT ON COLUMN margin_calib.margin_parameter.policy_is_automatic IS 'true: the policy comes from the feed, and may be its new_product_policy for lack of returns';
COMMENT ON COLUMN margin_calib.margin_parameter.in_force_since IS 'when these rates came into force';
COMMENT ON COLUMN margin_calib.margin_parameter.symmetric_rates IS 'true: initial_rate and maintenance_rate are charged to both sides';
COMMENT ON COLUMN margin_calib.margin_parameter.parameter_id IS 'the row of margin_parameter_history in force';

COMMENT ON COLUMN margin_calib.margin_parameter_history.instrument IS 'instrument, as its price feed names it';
COMMENT ON COLUMN margin_calib.margin_parameter_history.valid_from IS 'when it came into force';
COMMENT ON COLUMN margin_calib.margin_parameter_history.parameter_id IS 'number of the row, to which positions refer';

COMMENT ON COLUMN margin_calib.margin_position.account IS 'account, as the position feed names it';
COMMENT ON COLUMN margin_calib.margin_position.instrument IS 'instrument, as the position feed names it';
COMMENT ON COLUMN margin_calib.margin_position.kind IS 'spot, linear or inverse; NULL for an instrument that is not known';
COMMENT ON COLUMN margin_calib.margin_position.currency IS 'currency of price, notional and margins';
COMMENT ON COLUMN margin_calib.margin_position.quantity IS 'net quantity over all rows and feeds; negative is short';
COMMENT ON COLUMN margin_calib.margin_position.multiplier IS 'the instruments multiplier';
COMMENT ON COLUMN margin_calib.margin_position.price IS 'price that the notional was computed with';
COMMENT ON COLUMN margin_calib.margin_position.notional IS 'spot, linear: |quantity| * multiplier * price; inverse: |quantity| * multiplier';
COMMENT ON COLUMN margin_calib.margin_position.initial_rate IS 'initial rate of the positions side, fraction of notional';
COMMENT ON COLUMN margin_calib.margin_position.maintenance_rate IS 'maintenance rate of the positions side, fraction of notional';
COMMENT ON COLUMN margin_calib.margin_position.initial_margin IS 'base_initial_margin and every initial, open interest, peg and confidence charge, in the currency';
COMMENT ON COLUMN margin_calib.margin_position.maintenance_margin IS 'base_maintenance_margin and every maintenance charge, in the currency';
COMMENT ON COLUMN margin_calib.margin_position.base_initial_margin IS 'calibrated part: notional * initial_rate, rounded up';
COMMENT ON COLUMN margin_calib.margin_position.base_maintenance_margin IS 'calibrated part: notional * maintenance_rate, rounded up';
COMMENT ON COLUMN margin_calib.margin_position.tier_initial_charge IS 'what the initial margin of the tier table has above the base';
COMMENT ON COLUMN margin_calib.margin_position.tier_maintenance_charge IS 'what the maintenance margin of the tier table has above the base';
COMMENT ON COLUMN margin_calib.margin_position.liquidity_initial_charge IS 'cost of getting out, and risk of a horizon longer than the calibrated one as far as tiers do not charge it';
COMMENT ON COLUMN margin_calib.margin_position.liquidity_maintenance_charge IS 'the same of maintenance margin';
COMMENT ON COLUMN margin_calib.margin_position.open_interest_charge IS 'rise of the initial rate with the open interest of the market';
COMMENT ON COLUMN margin_calib.margin_position.event_initial_charge IS 'events that run, in initial margin';
COMMENT ON COLUMN margin_calib.margin_position.event_maintenance_charge IS 'events that run and apply to both margins';
COMMENT ON COLUMN margin_calib.margin_position.peg_charge IS 'loss of a peg, in initial margin';
COMMENT ON COLUMN margin_calib.margin_position.confidence_charge IS 'doubt about the price, in initial margin';
COMMENT ON COLUMN margin_calib.margin_position.liquidation_horizon IS 'days that the position takes to be closed; NULL without volume';
COMMENT ON COLUMN margin_calib.margin_position.as_of IS 'when refresh computed it';
COMMENT ON COLUMN margin_calib.margin_position.data_through IS 'ts of the price';

COMMENT ON COLUMN margin_calib.margin_requirement.account IS 'account, as the position feed names it';
COMMENT ON COLUMN margin_calib.margin_requirement.currency IS 'currency of the amounts';
COMMENT ON COLUMN margin_calib.margin_requirement.initial_margin IS 'sum of the positions initial margins, less offset_credit';
COMMENT ON COLUMN margin_calib.margin_requirement.maintenance_margin IS 'sum of the positions maintenance margins, less maintenance_offset_credit';
COMMENT ON COLUMN margin_calib.margin_requirement.base_initial_margin IS 'calibrated part of initial_margin; the rest are charges';
COMMENT ON COLUMN margin_calib.margin_requirement.base_maintenance_margin IS 'calibrated part of maintenance_margin; the rest are charges';
COMMENT ON COLUMN margin_calib.margin_requirement.offset_credit IS 'initial margin credited for positions that hedge each other (margin_account_offset); 0 without product groups';
COMMENT ON COLUMN margin_calib.margin_requirement.maintenance_offset_credit IS 'the same of maintenance margin';
COMMENT ON COLUMN margin_calib.margin_requirement.stale_reason IS 'why it may be out of date; NULL when it is not';

COMMENT ON COLUMN margin_calib.refresh_status.as_of IS 'now: the time of the query';
COMMENT ON COLUMN margin_calib.refresh_status.last_run IS 'start of the latest refresh';
COMMENT ON COLUMN margin_calib.refresh_status.last_run_by IS 'role that ran it';
COMMENT ON COLUMN margin_calib.refresh_status.last_error_at IS 'start of the run with last_error';
COMMENT ON COLUMN margin_calib.refresh_status.instruments IS 'registered instruments';
COMMENT ON COLUMN margin_calib.refresh_status.stale_instruments IS 'of them, those that are stale';
COMMENT ON COLUMN margin_calib.refresh_status.accounts IS 'accounts with a requirement';
COMMENT ON COLUMN margin_calib.refresh_status.stale_accounts IS 'of them, those with a stale requirement';
COMMENT ON COLUMN margin_calib.refresh_status.feeds IS 'attached tables';
COMMENT ON COLUMN margin_calib.refresh_status.broken_feeds IS 'of them, those that cannot be read; margin_calib.feed says why';
COMMENT ON COLUMN margin_calib.refresh_status.quarantined_rows IS 'rows in quarantine that are still unusable';

COMMENT ON COLUMN margin_calib.margin_parameter.proxy IS 'instrument whose history comes before its own; NULL: none';
COMMENT ON COLUMN margin_calib.margin_parameter.proxy_multiplier IS 'multiplies the log returns of the proxy';
COMMENT ON COLUMN margin_calib.margin_parameter.borrowed_returns IS 'how many returns of the lookback are borrowed as of data_through; 0: its own history fills it, or the proxy has none to lend (alert proxy_without_data); NULL without a proxy';
COMMENT ON COLUMN margin_calib.margin_parameter_history.proxy IS 'instrument whose history came before its own; NULL: none';
COMMENT ON COLUMN margin_calib.margin_parameter_history.proxy_multiplier IS 'multiplied the log returns of the proxy';
COMMENT ON COLUMN margin_calib.margin_parameter_history.borrowed_returns IS 'how many returns of the lookback were borrowed; NULL without a proxy';

COMMENT ON COLUMN margin_calib.margin_backtest.backtest IS 'number of the stored backtest';
COMMENT ON COLUMN margin_calib.margin_backtest.policy IS 'its policy';
COMMENT ON COLUMN margin_calib.margin_backtest.policy_version IS 'version of the policy';
COMMENT ON COLUMN margin_calib.margin_backtest.instrument IS 'instrument';
COMMENT ON COLUMN margin_calib.margin_backtest.side IS 'long or short';
COMMENT ON COLUMN margin_calib.margin_backtest.observations IS 'forecasts that count';

COMMENT ON COLUMN margin_calib.margin_backtest_period.backtest IS 'number of the stored backtest';
COMMENT ON COLUMN margin_calib.margin_backtest_period.policy IS 'its policy';
COMMENT ON COLUMN margin_calib.margin_backtest_period.instrument IS 'instrument';
COMMENT ON COLUMN margin_calib.margin_backtest_period.side IS 'long or short';
COMMENT ON COLUMN margin_calib.margin_backtest_period.kupiec IS 'coverage of the value at risk: margin_calib.exception_test';
COMMENT ON COLUMN margin_calib.margin_backtest_period.traffic_light IS 'zone: margin_calib.traffic_light_result';
COMMENT ON COLUMN margin_calib.margin_backtest_period.margin IS 'the margin''s path: margin_calib.margin_procyclicality';

COMMENT ON COLUMN margin_calib.margin_backtest_regime.backtest IS 'number of the stored backtest';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.policy IS 'its policy';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.instrument IS 'instrument';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.side IS 'long or short';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.kupiec IS 'coverage of the value at risk: margin_calib.exception_test';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.traffic_light IS 'zone: margin_calib.traffic_light_result';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.average_margin IS 'mean margin of the regime, fraction of notional';
COMMENT ON COLUMN margin_calib.margin_backtest_regime.margin_exceptions IS 'losses above the margin';
