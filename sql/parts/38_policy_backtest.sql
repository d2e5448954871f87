-- What a policy would have asked for, bar by bar.

CREATE OR REPLACE FUNCTION margin_calib.backtest_path(
    relation regclass, policy margin_calib.margin_policy, instrument name, ts name, price name,
    from_ts timestamptz DEFAULT NULL, until_ts timestamptz DEFAULT NULL, instruments text[] DEFAULT NULL,
    known_until timestamptz DEFAULT NULL)
    RETURNS TABLE (
        instrument         text,
        ts                 timestamptz,
        next_ts            timestamptz,
        side               text,
        value_at_risk      double precision,
        expected_shortfall double precision,
        value_at_risk_es   double precision,
        margin             double precision,
        published_margin   numeric,
        loss               double precision,
        vol                double precision,
        binding_term       text,
        fallback           boolean,
        model              text)
    LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 5000 ROWS 10000
    AS 'MODULE_PATHNAME', 'mc_backtest_path';
COMMENT ON FUNCTION margin_calib.backtest_path(regclass, margin_calib.margin_policy, name, name, name, timestamptz, timestamptz, text[], timestamptz) IS
'What a policy would have asked for at every bar of every instrument of a table or view, and the loss that followed: walk-forward and out of sample, each row from the bars up to its ts alone. instrument, ts and price name the columns; from_ts and until_ts limit the bars (NULL: all), earlier ones are history; instruments names some (NULL: all); rows after known_until are not read, neither as bars nor as losses. Two rows a bar, of the long and the short side: value_at_risk at 99 %, expected_shortfall at 97.5 % and value_at_risk_es at 97.5 % are those of the policy''s model, before stress, floor and buffer (NULL when no model answers); margin is the rate along the path that starts at the first bar, before rounding, published_margin after it, next_ts the next bar, the first at risk, loss what one unit of notional lost over the policy''s horizon after ts (NULL when not known yet, or when the listing ended before). All are fractions of notional, losses positive. doc/policy_backtest.md. Errors: as calibrate_all.';
REVOKE ALL ON FUNCTION margin_calib.backtest_path(regclass, margin_calib.margin_policy, name, name, name, timestamptz, timestamptz, text[], timestamptz) FROM PUBLIC;

-- The same score of live paths and of stored forecasts, to the last digit whatever the plan: sums of floats have an order; `source` is a query with a column policy and those of backtest_path.
CREATE OR REPLACE FUNCTION margin_calib.score_query(source text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT format($query$
        WITH forecast AS (%s), one AS (
            SELECT f.policy, f.instrument, f.side, count(*) FILTER (WHERE f.fallback) AS fallbacks, count(*) FILTER (WHERE k.counts) AS n,
                   margin_calib.kupiec_test(-f.loss, f.value_at_risk, 0.99) FILTER (WHERE k.counts) AS kupiec,
                   margin_calib.procyclicality(f.ts, f.margin, f.loss) FILTER (WHERE k.counts AND f.margin > 0) AS path,
                   count(*) FILTER (WHERE k.counts AND f.loss > f.margin) AS margin_exceptions,
                   sum(f.margin ORDER BY f.ts) FILTER (WHERE k.counts) AS margins,
                   sum(f.loss - f.margin ORDER BY f.ts) FILTER (WHERE k.counts AND f.loss > f.margin) AS shortfalls,
                   avg(margin_calib.pinball_loss(-f.loss, f.value_at_risk, 0.99) ORDER BY f.ts) FILTER (WHERE k.counts)
                     / nullif(margin_calib.volatility(f.loss) FILTER (WHERE k.counts), 0) AS quantile_loss
              FROM forecast AS f
             CROSS JOIN LATERAL (SELECT f.loss IS NOT NULL AND f.value_at_risk IS NOT NULL AND NOT f.fallback) AS k (counts)
             GROUP BY f.policy, f.instrument, f.side)
        SELECT o.policy, count(*) FILTER (WHERE o.n > 0) AS series, sum(o.n)::bigint AS observations, e.exceptions,
               e.exceptions::float8 / nullif(sum(o.n), 0) AS exception_rate,
               (margin_calib.kupiec_test_counts(e.exceptions, sum(o.n)::bigint, 0.99)).p_value AS kupiec_p_value,
               avg(((o.kupiec).p_value > 0.05)::integer)::float8 AS passing,
               (margin_calib.traffic_light_counts(e.exceptions, sum(o.n)::bigint, 0.99)).zone AS zone,
               sum(o.margin_exceptions)::bigint AS margin_exceptions,
               1 - sum(o.margin_exceptions)::float8 / nullif(sum(o.n), 0) AS coverage,
               sum(o.margins ORDER BY o.instrument, o.side) / nullif(sum(o.n), 0) AS average_margin,
               sum(o.shortfalls ORDER BY o.instrument, o.side)
                 / nullif(sum(o.margin_exceptions), 0) AS average_shortfall,
               avg(o.quantile_loss ORDER BY o.instrument, o.side) AS quantile_loss,
               avg((o.path).high_rise_1_step ORDER BY o.instrument, o.side) AS high_rise_1_step,
               avg((o.path).high_rise_5_steps ORDER BY o.instrument, o.side) AS high_rise_5_steps,
               max((o.path).largest_rise_1_step) AS largest_rise_1_step, max((o.path).largest_rise_5_steps) AS largest_rise_5_steps,
               max((o.path).largest_rise_30_steps) AS largest_rise_30_steps,
               sum((o.path).peak_to_trough_within_year * (o.path).years ORDER BY o.instrument, o.side)
                 / nullif(sum((o.path).years), 0) AS peak_to_trough,
               sum(o.fallbacks)::bigint AS fallbacks
          FROM one AS o
          JOIN (SELECT policy, sum((kupiec).exceptions)::bigint AS exceptions FROM one GROUP BY policy) AS e
            ON e.policy = o.policy
         GROUP BY o.policy, e.exceptions ORDER BY o.policy $query$, source);
END;
COMMENT ON FUNCTION margin_calib.score_query(text) IS
'Internal: query that scores forecasts, a row of margin_calib.policy_score for each policy of the source.';
REVOKE ALL ON FUNCTION margin_calib.score_query(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.compare_policies(
    relation regclass, policies margin_calib.margin_policy[], instrument name, ts name, price name,
    from_ts timestamptz DEFAULT NULL, until_ts timestamptz DEFAULT NULL, instruments text[] DEFAULT NULL)
    RETURNS SETOF margin_calib.policy_score
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF coalesce(cardinality(policies), 0) = 0 OR array_position(policies, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'policies to compare must be given, and none of them NULL',
            HINT = 'Write compare_policies(''candles'', ARRAY[''crypto_venue'', ''futures_clearing''], instrument => ''symbol'', ts => ''ts'', price => ''close'').';
    ELSIF (SELECT count(DISTINCT p.name) FROM unnest(policies) AS p) < cardinality(policies) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'policies to compare must have names of their own',
            DETAIL = format('The names given are %s.', (SELECT string_agg(p.name, ', ') FROM unnest(policies) AS p)),
            HINT = 'Give a candidate another name: candidate_policy(''wider'', ''crypto_venue'', ''{"buffer": 0.25}'').';
    END IF;
    RETURN QUERY EXECUTE margin_calib.score_query(
        'SELECT (p.policy).name AS policy, b.* FROM (SELECT unnest($2) AS policy) AS p '
        'CROSS JOIN LATERAL margin_calib.backtest_path($1, p.policy, $3, $4, $5, $6, $7, $8) AS b')
        USING relation, policies, instrument, ts, price, from_ts, until_ts, instruments;
END
$function$;
COMMENT ON FUNCTION margin_calib.compare_policies(regclass, margin_calib.margin_policy[], name, name, name, timestamptz, timestamptz, text[]) IS
'Candidate policies side by side: each walks through the prices of a table or view out of sample (backtest_path, whose arguments these are) and is scored by coverage, accuracy and procyclicality. Policies have names of their own. Stores nothing. Errors: 22004 without policies, 22023 for two of one name, and those of backtest_path.';

CREATE OR REPLACE FUNCTION margin_calib.compare_policies(
    relation regclass, policies text[], instrument name, ts name, price name,
    from_ts timestamptz DEFAULT NULL, until_ts timestamptz DEFAULT NULL, instruments text[] DEFAULT NULL)
    RETURNS SETOF margin_calib.policy_score
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
BEGIN ATOMIC
    SELECT * FROM margin_calib.compare_policies(
        relation, ARRAY(SELECT margin_calib.policy(p) FROM unnest(policies) AS p), instrument, ts, price,
        from_ts, until_ts, instruments);
END;
COMMENT ON FUNCTION margin_calib.compare_policies(regclass, text[], name, name, name, timestamptz, timestamptz, text[]) IS
'The same with the names of policies that are set; an unknown one is error 42704.';
REVOKE ALL ON FUNCTION
    margin_calib.compare_policies(regclass, margin_calib.margin_policy[], name, name, name, timestamptz, timestamptz, text[]),
    margin_calib.compare_policies(regclass, text[], name, name, name, timestamptz, timestamptz, text[]) FROM PUBLIC;
