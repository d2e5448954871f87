-- One bar after the last, 30 % lower, and never in the future, which would be quarantined.
\set ECHO queries
INSERT INTO ohlcv (symbol, ts, close)
SELECT instrument, least(p.data_through + h.bar_interval, now()), round(0.7 * p.price, 12)
  FROM margin_parameter AS p JOIN margin_parameter_history AS h USING (instrument, parameter_id);
CALL refresh();
\set ECHO none
INSERT INTO demo.margin SELECT 2, * FROM margin_parameter;
INSERT INTO demo.requirement SELECT 2, * FROM margin_requirement;
