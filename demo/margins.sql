-- Margins and requirements as they stand; kept as step 1 for the comparison at the end.
CREATE SCHEMA demo;
CREATE TABLE demo.margin AS SELECT 1 AS step, * FROM margin_parameter;
CREATE TABLE demo.requirement AS SELECT 1 AS step, * FROM margin_requirement;
CREATE TABLE demo.position AS SELECT 1 AS step, * FROM margin_position;

\echo
\echo 'Margin rates in force, in percent of notional (margin_parameter):'
SELECT instrument, data_through::date, price,
       100 * long_initial_rate AS "long %", 100 * short_initial_rate AS "short %",
       round((100 * vol)::numeric, 2) AS "vol % a bar", returns, binding_term AS bound_by
  FROM margin_parameter ORDER BY instrument LIMIT 20;
\echo 'What the clients must hold (margin_requirement):'
SELECT account, currency, round(notional, 2) AS notional, initial_margin, maintenance_margin, data_through::date
  FROM margin_requirement ORDER BY account, currency LIMIT 20;
