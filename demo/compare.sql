-- Side by side: what stood before, and after each landing.
\echo
\echo 'Margin rates, in percent of notional:'
SELECT instrument, last_ts::date AS data_through, last_price AS price,
       100 * long_initial_rate AS "long %",
       100 * (long_initial_rate - lag(long_initial_rate) OVER w) AS "change",
       100 * short_initial_rate AS "short %",
       100 * (short_initial_rate - lag(short_initial_rate) OVER w) AS "change",
       round((100 * vol)::numeric, 2) AS "vol % a bar", binding_term AS bound_by
  FROM demo.margin
 WHERE instrument IN (SELECT instrument FROM demo.margin GROUP BY 1 ORDER BY 1 LIMIT 8)
WINDOW w AS (PARTITION BY instrument ORDER BY step)
 ORDER BY instrument, step;

\echo 'Why:'
\pset tuples_only on
\pset format unaligned
SELECT format('  %s: %s', instrument, CASE binding_term
           WHEN 'tail' THEN format('the tail of the filtered returns bound: the long side''s expected shortfall is %s %%',
                                   round((100 * long_expected_shortfall)::numeric, 2))
           WHEN 'stress' THEN format('the stressed window bound, %s to %s, found by search', stress_from::date, stress_to::date)
           WHEN 'buffer' THEN 'the market is calm by its own long history: the buffer stands on top of the rate'
           WHEN 'floor' THEN 'the long history bound: the present is calmer than the floor'
           WHEN 'minimum' THEN 'the policy''s minimum rate bound'
           WHEN 'maximum' THEN 'the policy''s maximum rate bound'
           ELSE 'too few returns: the policy''s fallback rate, ' || coalesce(fallback_reason, 'flagged') END)
  FROM margin_parameter ORDER BY instrument LIMIT 8;
\pset tuples_only off
\pset format aligned

\echo
\echo 'Requirements, and what the price move cost against the margin held before it:'
SELECT b.account, b.initial_margin AS margin_before, a.initial_margin AS margin_after,
       a.initial_margin - b.initial_margin AS change,
       round(p.pnl, 2) AS pnl_since, CASE WHEN p.pnl + b.initial_margin < 0 THEN 'no' ELSE 'yes' END AS covered
  FROM demo.requirement AS b
  JOIN demo.requirement AS a ON a.account = b.account AND a.currency = b.currency
                            AND a.step = (SELECT max(step) FROM demo.requirement) AND b.step = 1
  JOIN (SELECT q.account, sum(q.quantity * q.multiplier * (m.last_price::numeric - q.price)) AS pnl
          FROM demo.position AS q
          JOIN margin_parameter AS m USING (instrument)
         GROUP BY q.account) AS p ON p.account = b.account
 ORDER BY b.account LIMIT 20;
