-- What a user types. The bars may be old, so the policy does without a limit of age.
\o /dev/null
\set ECHO queries
SELECT set_policy('demo', based_on => 'crypto_venue', symmetric_rates => false, unset => '{stale_after}');
SELECT attach_prices('ohlcv', instrument => 'symbol', ts => 'ts', price => 'close', policy => 'demo');
SELECT attach_positions('book', account => 'client', instrument => 'symbol', quantity => 'qty');
CALL refresh();
\set ECHO none
\o
SELECT format('%s row%s in quarantine: %s', count(*), CASE WHEN count(*) > 1 THEN 's' END, reason)
  FROM quarantine GROUP BY reason \g (format=unaligned tuples_only=on)
