-- The cheapest allocation of collateral to requirements (src/kernel/allocation.h has the linear programme).

CREATE OR REPLACE FUNCTION margin_calib.allocation_solve(
    "values" double precision[], costs double precision[], amounts double precision[], worth double precision[], limits double precision[])
    RETURNS margin_calib.allocation_solution
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_allocation_solve';
COMMENT ON FUNCTION margin_calib.allocation_solve(double precision[], double precision[], double precision[], double precision[], double precision[]) IS
'Internal to allocate_collateral: values and costs of assets, amounts of requirements, and for each asset and requirement, the requirements of one asset after the other, 1 - haircut (0: not eligible) and the largest value that is taken. Errors: 2202E for arrays that do not fit, 22023 for negative, NaN or infinite numbers (limits may be infinite).';

CREATE OR REPLACE FUNCTION margin_calib.check_allocation(
    supply margin_calib.collateral_supply[], demand margin_calib.collateral_demand[], terms margin_calib.collateral_term[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    wrong text;
BEGIN
    IF EXISTS (SELECT FROM unnest(supply) AS s WHERE s.asset IS NULL OR s.value IS NULL)
       OR EXISTS (SELECT FROM unnest(demand) AS d WHERE d.requirement IS NULL OR d.amount IS NULL)
       OR EXISTS (SELECT FROM unnest(terms) AS t WHERE t.requirement IS NULL OR t.asset IS NULL OR t.haircut IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'names, values, amounts and haircuts of an allocation are not NULL',
            HINT = 'Leave out what there is none of; an asset that has no term for a requirement is not eligible.';
    END IF;
    SELECT format('asset %s', s.asset) INTO wrong FROM unnest(supply) AS s GROUP BY s.asset HAVING count(*) > 1 ORDER BY s.asset LIMIT 1;
    IF wrong IS NULL THEN
        SELECT format('requirement %s', d.requirement) INTO wrong FROM unnest(demand) AS d GROUP BY d.requirement HAVING count(*) > 1
         ORDER BY d.requirement LIMIT 1;
    END IF;
    IF wrong IS NULL THEN
        SELECT format('term of %s and %s', t.requirement, t.asset) INTO wrong FROM unnest(terms) AS t GROUP BY t.requirement, t.asset HAVING count(*) > 1
         ORDER BY t.requirement, t.asset LIMIT 1;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an allocation has each asset, each requirement and each term once',
            DETAIL = format('The %s comes twice.', wrong);
    END IF;
    SELECT format('asset %s', t.asset) INTO wrong FROM unnest(terms) AS t
     WHERE NOT EXISTS (SELECT FROM unnest(supply) AS s WHERE s.asset = t.asset) ORDER BY t.asset LIMIT 1;
    IF wrong IS NULL THEN
        SELECT format('requirement %s', t.requirement) INTO wrong FROM unnest(terms) AS t
         WHERE NOT EXISTS (SELECT FROM unnest(demand) AS d WHERE d.requirement = t.requirement) ORDER BY t.requirement LIMIT 1;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('a term names %s, which is not there', wrong),
            HINT = 'A name that is misspelt would never count.';
    END IF;
    PERFORM margin_calib.checked_non_negative(s.value, 'the value of ' || s.asset), margin_calib.checked_non_negative(s.cost, 'the cost of ' || s.asset)
       FROM unnest(supply) AS s;
    PERFORM margin_calib.checked_non_negative(d.amount, 'the amount of ' || d.requirement) FROM unnest(demand) AS d;
    PERFORM margin_calib.checked_fraction(t.haircut, format('the haircut of %s at %s', t.asset, t.requirement)),
            margin_calib.checked_non_negative(t.limit_value, format('the limit value of %s at %s', t.asset, t.requirement)),
            margin_calib.checked_fraction(t.limit_share, format('the limit share of %s at %s', t.asset, t.requirement))
       FROM unnest(terms) AS t;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_allocation(margin_calib.collateral_supply[], margin_calib.collateral_demand[], margin_calib.collateral_term[]) IS
'Internal: errors of allocate_collateral.';

CREATE OR REPLACE FUNCTION margin_calib.allocate_collateral(
    supply margin_calib.collateral_supply[], demand margin_calib.collateral_demand[], terms margin_calib.collateral_term[])
    RETURNS SETOF margin_calib.collateral_allocation
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    solution margin_calib.allocation_solution;
    assets   CONSTANT integer := cardinality(supply);
    needs    CONSTANT integer := cardinality(demand);
BEGIN
    PERFORM margin_calib.check_allocation(supply, demand, terms);
    IF needs = 0 OR assets = 0 THEN
        RETURN QUERY SELECT d.requirement, NULL::text, 0::numeric, NULL::numeric, 0::numeric, 0::numeric, d.amount, NULL::numeric FROM unnest(demand) AS d;
        RETURN QUERY SELECT NULL::text, s.asset, s.value, NULL::numeric, NULL::numeric, 0::numeric, NULL::numeric, 0::numeric FROM unnest(supply) AS s;
        RETURN;
    END IF;
    SELECT (x.answer).* INTO solution FROM (
        SELECT margin_calib.allocation_solve(
               (SELECT array_agg(s.value::float8 ORDER BY s.number) FROM unnest(supply) WITH ORDINALITY AS s (asset, value, cost, number)),
               (SELECT array_agg(coalesce(s.cost, 0)::float8 ORDER BY s.number) FROM unnest(supply) WITH ORDINALITY AS s (asset, value, cost, number)),
               (SELECT array_agg(d.amount::float8 ORDER BY d.number) FROM unnest(demand) WITH ORDINALITY AS d (requirement, amount, number)),
               array_agg(coalesce(1 - t.haircut, 0)::float8 ORDER BY s.number, d.number),
               array_agg(coalesce(least(t.limit_value, CASE WHEN t.haircut < 1 THEN t.limit_share * d.amount / (1 - t.haircut) END), 'Infinity')::float8
                         ORDER BY s.number, d.number)) AS answer
          FROM unnest(supply) WITH ORDINALITY AS s (asset, value, cost, number)
         CROSS JOIN unnest(demand) WITH ORDINALITY AS d (requirement, amount, number)
          LEFT JOIN unnest(terms) AS t ON t.asset = s.asset AND t.requirement = d.requirement OFFSET 0) AS x;
    RETURN QUERY
        WITH pair AS MATERIALIZED (
            SELECT d.number AS place, d.requirement, s.number, s.asset, g.given, t.haircut, g.given * (1 - t.haircut::float8) AS counts,
                   g.given * coalesce(s.cost, 0)::float8 AS cost
              FROM unnest(supply) WITH ORDINALITY AS s (asset, value, cost, number)
             CROSS JOIN unnest(demand) WITH ORDINALITY AS d (requirement, amount, number)
             CROSS JOIN LATERAL (SELECT solution.given[(s.number - 1) * needs + d.number]) AS g (given)
              JOIN unnest(terms) AS t ON t.asset = s.asset AND t.requirement = d.requirement
             WHERE g.given > 0),
        answer AS (
            SELECT p.place, p.number, p.requirement, p.asset, p.given, p.haircut, p.counts, p.cost, NULL::float8 AS unmet, NULL::float8 AS price FROM pair AS p
            UNION ALL
            SELECT d.number, assets + 1, d.requirement, NULL, u.given, NULL, u.counts, u.cost, solution.unmet[d.number], solution.prices[d.number]
              FROM unnest(demand) WITH ORDINALITY AS d (requirement, amount, number)
             CROSS JOIN LATERAL (SELECT coalesce(sum(p.given ORDER BY p.number), 0), coalesce(sum(p.counts ORDER BY p.number), 0),
                                        coalesce(sum(p.cost ORDER BY p.number), 0) FROM pair AS p WHERE p.place = d.number) AS u (given, counts, cost)
            UNION ALL
            SELECT needs + 1, s.number, NULL, s.asset,
                   greatest(s.value::float8 - coalesce((SELECT sum(p.given ORDER BY p.place) FROM pair AS p WHERE p.number = s.number), 0), 0),
                   NULL, NULL, NULL, NULL, solution.asset_gains[s.number]
              FROM unnest(supply) WITH ORDINALITY AS s (asset, value, cost, number))
        SELECT a.requirement, a.asset, trim_scale(margin_calib.significant(a.given)), a.haircut, trim_scale(margin_calib.significant(a.counts)),
               trim_scale(margin_calib.significant(a.cost)), trim_scale(margin_calib.significant(a.unmet)), trim_scale(margin_calib.significant(a.price))
          FROM answer AS a ORDER BY a.place, a.number;
END
$function$;
COMMENT ON FUNCTION margin_calib.allocate_collateral(margin_calib.collateral_supply[], margin_calib.collateral_demand[], margin_calib.collateral_term[]) IS
'Gives collateral to requirements so that the least of them stays unmet, and of these allocations the one that costs the least. supply: value of each asset and cost of giving a unit of it away; demand: amount of each requirement; terms: which asset a requirement takes, its haircut there, and limits. A row for each asset that a requirement gets, one for the sum of each requirement with what of it is unmet, and one for what is left of each asset; shadow prices are those of the last basis. Numbers have 12 significant digits, and what is below 1e-10 of the largest requirement counts as zero. NULL gives no row. Errors: 22004 for NULL inside, 22023 for a value out of range or a name that comes twice, 42704 for a term of what is not there, 54000 beyond margin_calib.max_state_mb. doc/collateral.md.';

REVOKE ALL ON FUNCTION
    margin_calib.check_allocation(margin_calib.collateral_supply[], margin_calib.collateral_demand[], margin_calib.collateral_term[]),
    margin_calib.allocate_collateral(margin_calib.collateral_supply[], margin_calib.collateral_demand[], margin_calib.collateral_term[]) FROM PUBLIC;
