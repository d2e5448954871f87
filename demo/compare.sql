-- Side by side: what stood before, and after each landing.
\echo
\echo 'Initial margin rates, in percent of notional:'
CREATE VIEW demo.rate AS
SELECT instrument, side, 100 * max(rate) FILTER (WHERE step = 1) AS before,
       100 * max(rate) FILTER (WHERE step = 2) AS middle, 100 * max(rate) FILTER (WHERE step = last) AS after,
       max(term) FILTER (WHERE step = 1) AS bound_before, max(term) FILTER (WHERE step = last) AS bound_after
  FROM (SELECT m.*, max(step) OVER () AS last FROM demo.margin AS m) AS m
 CROSS JOIN LATERAL (VALUES ('long', long_initial_rate, long_binding_term),
                            ('short', short_initial_rate, short_binding_term)) AS s (side, rate, term)
 WHERE instrument IN (SELECT instrument FROM demo.margin GROUP BY 1 ORDER BY 1 LIMIT 8)
 GROUP BY instrument, side;
\if :{?middle}
SELECT instrument, side, before AS :"before", middle AS :"middle", after AS :"after", after - before AS change,
       bound_before, bound_after
  FROM demo.rate ORDER BY instrument, side;
\else
SELECT instrument, side, before AS :"before", after AS :"after", after - before AS change, bound_before, bound_after
  FROM demo.rate ORDER BY instrument, side;
\endif

\echo 'Why:'
\pset tuples_only on
\pset format unaligned
SELECT format('  %s: %s', p.instrument, CASE p.binding_term
           WHEN 'tail' THEN format('the tail bound: the worst bars of the lookback at today''s volatility (long %s %%, short %s %%)',
                                   round((100 * p.long_expected_shortfall)::numeric, 2), round((100 * p.short_expected_shortfall)::numeric, 2))
           WHEN 'stress' THEN format('the stressed window bound: %s to %s, the worst stretch of the history, found by search',
                                     h.stress_from::date, h.stress_to::date)
           WHEN 'buffer' THEN 'the buffer stands on top of what the model asks for, and is used before the rate rises'
           WHEN 'speed_limit' THEN format('the model asks for more (long %s %%, short %s %%): the rate follows within the limits of its speed',
                                          round((100 * h.long_core)::numeric, 2), round((100 * h.short_core)::numeric, 2))
           WHEN 'floor' THEN 'the long history bound: the present is calmer than the floor'
           WHEN 'minimum' THEN 'the policy''s minimum rate bound'
           WHEN 'maximum' THEN 'the policy''s maximum rate bound'
           ELSE 'the policy''s fallback rate, flagged: ' || p.fallback_reason END)
  FROM margin_parameter AS p JOIN margin_parameter_history AS h USING (parameter_id)
 ORDER BY p.instrument LIMIT 8;
\pset tuples_only off
\pset format aligned

\echo
\echo 'Requirements, and the lowest profit or loss since then beside the margin that was held:'
SELECT b.account, b.initial_margin AS margin_before, a.initial_margin AS margin_after,
       a.initial_margin - b.initial_margin AS change, round(p.lowest, 2) AS lowest_pnl,
       CASE WHEN p.lowest + b.initial_margin < 0 THEN 'no' ELSE 'yes' END AS covered
  FROM demo.requirement AS b
  JOIN demo.requirement AS a ON a.account = b.account AND a.currency = b.currency
                            AND a.step = (SELECT max(step) FROM demo.requirement) AND b.step = 1
  JOIN (SELECT account, min(pnl) AS lowest
          FROM (SELECT q.account, m.step, sum(q.quantity * q.multiplier * (m.price - q.price)) AS pnl
                  FROM demo.position AS q JOIN demo.margin AS m USING (instrument)
                 WHERE m.step > 1 GROUP BY q.account, m.step) AS landed
         GROUP BY account) AS p ON p.account = b.account
 ORDER BY b.account LIMIT 20;
