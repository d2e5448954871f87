-- One bar after the last, 30 % lower, and never in the future, which would be quarantined.
\set ECHO queries
INSERT INTO ohlcv (symbol, ts, close)
SELECT instrument, least(last_ts + bar_interval, now()), round(0.7 * last_price::numeric, 12)
  FROM margin_parameter;
CALL refresh();
\set ECHO none
INSERT INTO demo.margin SELECT 2, * FROM margin_parameter;
INSERT INTO demo.requirement SELECT 2, * FROM margin_requirement;
