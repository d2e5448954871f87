-- What a user types. Bars of 1987 are old, so these policies do without a limit of age; the weekly
-- series counts its horizon and windows in weeks.
\o /dev/null
\set ECHO queries
SELECT set_policy('daily_index', based_on => 'futures_clearing', unset => '{stale_after}');
SELECT set_policy('weekly_index', based_on => 'daily_index', horizon => 1, lookback => 520,
                  stress_window => 52, floor_lookback => 520);
SELECT attach_prices('index_prices', instrument => 'symbol', ts => 'day', price => 'close',
                     policy => 'daily_index');
SELECT attach_positions('book', account => 'client', instrument => 'symbol', quantity => 'qty');
SELECT set_instrument('DJIA', kind => 'linear', multiplier => 10, currency => 'USD');
SELECT set_instrument('NYSE', kind => 'linear', multiplier => 50, currency => 'USD', policy => 'weekly_index');
CALL refresh();
\set ECHO none
\o
