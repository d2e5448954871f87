-- Why a requirement is what it is: from the quantities of an account to what is stored for it. Amounts are exact
-- decimals. Charges are stored, what they are made of is not: it is taken as it is now, at the as_of of the
-- requirement, and a charge that does not follow from it says so.

CREATE OR REPLACE FUNCTION margin_calib.required(
    "position" margin_calib.account_position, margin text, item text, figure numeric, unit text, arithmetic text, note text)
    RETURNS margin_calib.requirement_explanation
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW(NULL::integer, ("position").currency, ("position").instrument, margin, item, figure, unit, arithmetic, note,
               NULL::bigint)::margin_calib.requirement_explanation;
END;
COMMENT ON FUNCTION margin_calib.required(margin_calib.account_position, text, text, numeric, text, text, text) IS
'Internal to explain_requirement: a row of a position.';

CREATE OR REPLACE FUNCTION margin_calib.added_up(terms numeric[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN cardinality(terms) <= 20 THEN array_to_string(terms, ' + ') END;
END;
COMMENT ON FUNCTION margin_calib.added_up(numeric[]) IS
'Internal to explain_requirement: a sum in numbers, NULL for one of more than 20 terms, which stand above it.';

CREATE OR REPLACE FUNCTION margin_calib.explain_notional("position" margin_calib.account_position)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 4
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p       CONSTANT margin_calib.account_position := "position";
    inverse CONSTANT boolean := p.kind = 'inverse';
BEGIN
    RETURN NEXT margin_calib.required(p, NULL, 'quantity', p.quantity, 'contracts', NULL,
        concat_ws('; ', CASE WHEN p.quantity < 0 THEN 'short' WHEN p.quantity > 0 THEN 'long' ELSE 'no usable quantity' END, p.kind,
                  'stale: ' || p.stale_reason));
    IF p.notional IS NULL THEN
        RETURN NEXT margin_calib.required(p, NULL, 'notional', NULL, p.currency, NULL,
            CASE WHEN p.kind IS NULL THEN 'none: the instrument is not known, so nothing is required for it'
                 ELSE 'none: the instrument has no price, so nothing is required for it' END);
        RETURN;
    END IF;
    RETURN NEXT margin_calib.required(p, NULL, 'price', p.price, p.currency, NULL, format('of %s', p.data_through));
    RETURN NEXT margin_calib.required(p, NULL, 'notional', p.notional, p.currency,
        format(CASE WHEN inverse THEN 'abs(%s) * %s' ELSE 'abs(%s) * %s * %s' END, p.quantity, p.multiplier, p.price),
        margin_calib.follows(p.notional, margin_calib.position_notional(p.kind, p.quantity, p.multiplier, p.price),
                             CASE WHEN inverse THEN 'quantity * multiplier: a contract is worth that much of the currency'
                                 ELSE 'quantity * multiplier * price' END));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_notional(margin_calib.account_position) IS
'Internal to explain_requirement: rows from the quantity of a position to its notional, or why it has none.';

CREATE OR REPLACE FUNCTION margin_calib.explain_size(
    "position" margin_calib.account_position, add_on margin_calib.engine_add_on, days numeric, factor numeric, exit_cost numeric)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 3
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p CONSTANT margin_calib.account_position := "position";
    a CONSTANT margin_calib.engine_add_on := add_on;
BEGIN
    IF days IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, NULL, 'days to close', days, 'days',
            CASE WHEN a.average_daily_volume * a.participation > 0
                 THEN format('max(%s, min(abs(%s) * 1.000000000000000000000000 / (%s * %s), %s))', a.horizon, p.quantity, a.average_daily_volume,
                             a.participation, a.maximum_horizon)
                 ELSE format('max(%s, %s)', a.horizon, a.maximum_horizon) END,
            margin_calib.follows(p.liquidation_horizon, round(days, 6),
                format('horizon %s, volume of a day %s, participation %s, maximum %s', a.horizon, a.average_daily_volume, a.participation,
                    a.maximum_horizon)));
        RETURN NEXT margin_calib.required(p, NULL, 'size factor', factor, 'times',
            CASE WHEN days > a.horizon THEN format('sqrt(%s * 1.000000000000000000000000 / %s)', days, a.horizon) ELSE '1' END,
            CASE WHEN days > a.horizon THEN 'root of days to close over the horizon' ELSE 'it can be closed within the horizon' END);
    END IF;
    IF a.spread IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, NULL, 'cost of exit', exit_cost, p.currency, format('%s * %s / 2 * %s', p.notional, a.spread, factor),
            'half the relative spread of the notional, times the size factor');
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_size(margin_calib.account_position, margin_calib.engine_add_on, numeric, numeric, numeric) IS
'Internal to explain_requirement: rows of what the size of a position does.';

-- Charges of both margins: each with what it is made of, and beside it what is stored.
CREATE OR REPLACE FUNCTION margin_calib.explain_size_charges(
    "position" margin_calib.account_position, add_on margin_calib.engine_add_on, margin text, rate numeric, base numeric, tier_charge numeric,
    liquidity_charge numeric, factor numeric, exit_cost numeric, step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 3
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p      CONSTANT margin_calib.account_position := "position";
    digits CONSTANT integer := scale(step) + 8;
    whole  numeric;
    tier   record;
BEGIN
    IF add_on.tiers IS NOT NULL THEN
        SELECT t.tier, t.lower_bound, CASE margin WHEN 'initial' THEN t.initial_rate ELSE t.maintenance_rate END AS rate,
               CASE margin WHEN 'initial' THEN t.initial_deduction ELSE t.maintenance_deduction END AS deduction INTO tier
          FROM margin_calib.tier_table(add_on.tiers) AS t WHERE t.lower_bound <= p.notional ORDER BY t.tier DESC LIMIT 1;
        whole := margin_calib.tier_margin(p.notional, add_on.tiers, margin);
        RETURN NEXT margin_calib.required(p, margin, 'tier margin', whole, p.currency, format('%s * %s - %s', p.notional, tier.rate, tier.deduction),
            format('tier %s, from a notional of %s on', tier.tier, tier.lower_bound));
        RETURN NEXT margin_calib.required(p, margin, 'tier charge', tier_charge, p.currency,
            format('round_up(max(%s - %s, 0), %s)', whole, base, step),
            margin_calib.follows(tier_charge, margin_calib.round_up(greatest(whole - base, 0), step),
                'what the tier margin has above the calibrated one'));
    END IF;
    IF add_on.spread IS NOT NULL OR add_on.average_daily_volume IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, margin, 'liquidity charge', liquidity_charge, p.currency,
            format('round_up(round(%s + max(%s * %s * (%s - 1) - %s, 0), %s), %s)', exit_cost, p.notional, rate, factor, tier_charge, digits, step),
            margin_calib.follows(liquidity_charge,
                margin_calib.round_up(round(exit_cost + greatest(p.notional * rate * (factor - 1) - tier_charge, 0), digits), step),
                'cost of exit, and the risk of the longer wait as far as tiers do not charge it'));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_size_charges(
    margin_calib.account_position, margin_calib.engine_add_on, text, numeric, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Internal to explain_requirement: rows of the tier and the liquidity charge of one margin of a position.';

CREATE OR REPLACE FUNCTION margin_calib.explain_event_charge(
    "position" margin_calib.account_position, margin text, rate numeric, charge numeric, event_rate numeric, multiple numeric, step numeric,
    as_of timestamptz)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p      CONSTANT margin_calib.account_position := "position";
    events CONSTANT text := (
        SELECT string_agg(format('%s (rate %s, multiplier %s)', e.name, e.rate, e.multiplier), ', ' ORDER BY e.id)
          FROM margin_calib.margin_event AS e
         WHERE (e.instruments IS NULL OR p.instrument = ANY (e.instruments)) AND (margin = 'initial' OR e.applies_to = 'both')
           AND margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, explain_event_charge.as_of) = 'running');
BEGIN
    IF event_rate IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, margin, 'event charge', charge, p.currency,
            format('round_up(%1$s * %2$s + %1$s * %3$s * %4$s, %5$s)', p.notional, event_rate, rate, multiple, step),
            margin_calib.follows(charge, margin_calib.round_up(p.notional * event_rate + p.notional * rate * multiple, step),
                                 coalesce('events: ' || events, 'no event applies to it')));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_event_charge(
    margin_calib.account_position, text, numeric, numeric, numeric, numeric, numeric, timestamptz) IS
'Internal to explain_requirement: the row of the events in one margin of a position.';

CREATE OR REPLACE FUNCTION margin_calib.explain_initial_charges(
    "position" margin_calib.account_position, add_on margin_calib.engine_add_on, step numeric) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 4
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p      CONSTANT margin_calib.account_position := "position";
    a      CONSTANT margin_calib.engine_add_on := add_on;
    digits CONSTANT integer := scale(step) + 8;
    own    CONSTANT numeric := least(p.initial_rate, 1);
    crowd  CONSTANT numeric := margin_calib.position_notional(p.kind, a.open_interest, p.multiplier, p.price);
    raised CONSTANT numeric := margin_calib.open_interest_rate(own, crowd, a.open_interest_lower, a.open_interest_upper);
    peg_of_notional CONSTANT numeric := least(coalesce(a.peg_notional_fraction, 0), 1);
    peg_of_margin   CONSTANT numeric := coalesce(a.peg_margin_fraction, 0);
BEGIN
    IF raised IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, 'initial', 'rate at open interest', raised, 'fraction of notional',
            CASE WHEN crowd <= a.open_interest_lower THEN own::text WHEN crowd >= a.open_interest_upper THEN '1'
                 ELSE format('%1$s + (%2$s - %3$s) * (1 - %1$s) * 1.000000000000000000000000 / (%4$s - %3$s)', own, crowd, a.open_interest_lower,
                     a.open_interest_upper) END,
            format('open interest %s at the price of the position is %s; bounds %s and %s', a.open_interest, crowd, a.open_interest_lower,
                a.open_interest_upper));
        RETURN NEXT margin_calib.required(p, 'initial', 'open interest charge', p.open_interest_charge, p.currency,
            format('round_up(round(%s * (%s - %s), %s), %s)', p.notional, raised, own, digits, step),
            margin_calib.follows(p.open_interest_charge, margin_calib.round_up(round(p.notional * (raised - own), digits), step), NULL));
    END IF;
    IF coalesce(a.peg_margin_fraction, a.peg_notional_fraction) IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, 'initial', 'peg charge', p.peg_charge, p.currency,
            format('round_up(%1$s * %2$s * %3$s + %1$s * %4$s, %5$s)', p.notional, p.initial_rate, peg_of_margin, peg_of_notional, step),
            margin_calib.follows(p.peg_charge,
                margin_calib.round_up(p.notional * p.initial_rate * peg_of_margin + p.notional * peg_of_notional, step),
                'factor * max(threshold - price, 0) of the peg: of its currency on the calibrated margin, of itself on the notional'));
    END IF;
    IF a.confidence_fraction IS NOT NULL THEN
        RETURN NEXT margin_calib.required(p, 'initial', 'confidence charge', p.confidence_charge, p.currency,
            format('round_up(round(%s * %s, %s), %s)', p.notional, a.confidence_fraction, digits, step),
            margin_calib.follows(p.confidence_charge, margin_calib.round_up(round(p.notional * a.confidence_fraction, digits), step),
                CASE WHEN a.confidence_fraction > 0 THEN '1 - price confidence, which is below the threshold'
                    ELSE 'the price confidence is not below the threshold' END));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_initial_charges(margin_calib.account_position, margin_calib.engine_add_on, numeric) IS
'Internal to explain_requirement: rows of the charges that are in initial margin alone.';

-- A charge whose cause is gone by now has no row of its own.
CREATE OR REPLACE FUNCTION margin_calib.explain_sum(
    "position" margin_calib.account_position, margin text, total numeric, base numeric, charges numeric[], explained numeric[])
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 2
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p     CONSTANT margin_calib.account_position := "position";
    other CONSTANT numeric := (SELECT sum(c) FROM unnest(charges) AS c) - (SELECT coalesce(sum(e), 0) FROM unnest(explained) AS e);
    terms CONSTANT numeric[] := ARRAY[base] || explained || CASE WHEN other <> 0 THEN ARRAY[other] ELSE '{}' END;
BEGIN
    IF other <> 0 THEN
        RETURN NEXT margin_calib.required(p, margin, 'other charges', other, p.currency, NULL,
            'DOES NOT FOLLOW: nothing that is set now gives them; what gave them has ended since the latest refresh');
    END IF;
    RETURN NEXT margin_calib.required(p, margin, margin || ' margin', total, p.currency, array_to_string(terms, ' + '),
        margin_calib.follows(total, (SELECT sum(t) FROM unnest(terms) AS t), 'of the position'));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_sum(margin_calib.account_position, text, numeric, numeric, numeric[], numeric[]) IS
'Internal to explain_requirement: the margin of a position as the sum of its base and its charges.';

CREATE OR REPLACE FUNCTION margin_calib.explain_position_margin(
    "position" margin_calib.account_position, add_on margin_calib.engine_add_on, margin text, days numeric, step numeric, as_of timestamptz)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    p       CONSTANT margin_calib.account_position := "position";
    a       CONSTANT margin_calib.engine_add_on := add_on;
    initial CONSTANT boolean := margin = 'initial';
    rate    CONSTANT numeric := CASE WHEN initial THEN p.initial_rate ELSE p.maintenance_rate END;
    base    CONSTANT numeric := CASE WHEN initial THEN p.base_initial_margin ELSE p.base_maintenance_margin END;
    charges CONSTANT numeric[] := CASE WHEN initial
        THEN ARRAY[p.tier_initial_charge, p.liquidity_initial_charge, p.event_initial_charge, p.open_interest_charge, p.peg_charge,
            p.confidence_charge]
        ELSE ARRAY[p.tier_maintenance_charge, p.liquidity_maintenance_charge, p.event_maintenance_charge] END;
    factor  CONSTANT numeric := CASE WHEN days > a.horizon THEN sqrt(days * 1.000000000000000000000000 / a.horizon) ELSE 1 END;
    cost    CONSTANT numeric := p.notional * coalesce(a.spread, 0) / 2 * factor;
    rows    margin_calib.requirement_explanation[] := '{}';
    row     margin_calib.requirement_explanation;
BEGIN
    IF initial THEN
        RETURN QUERY SELECT * FROM margin_calib.explain_size(p, a, days, factor, cost);
    END IF;
    row := margin_calib.required(p, margin, margin || ' rate', rate, 'fraction of notional', NULL, NULL);
    row.note := CASE WHEN rate IS NULL THEN 'none: no calibration is in force' ELSE 'of the parameter in force' END;
    row.parameter_id := p.parameter_id;
    RETURN NEXT row;
    IF rate IS NULL THEN
        RETURN;
    END IF;
    RETURN NEXT margin_calib.required(p, margin, 'calibrated ' || margin || ' margin', base, p.currency,
        format('round_up(%s * %s, %s)', p.notional, rate, step),
        margin_calib.follows(base, margin_calib.round_up(p.notional * rate, step), 'rounded up to the amount step of the currency'));
    rows := ARRAY(SELECT e FROM margin_calib.explain_size_charges(p, a, margin, rate, base, charges[1], charges[2], factor, cost, step) AS e)
         || ARRAY(SELECT e FROM margin_calib.explain_event_charge(
                      p, margin, rate, charges[3], CASE WHEN initial THEN a.event_initial_rate ELSE a.event_maintenance_rate END,
                      CASE WHEN initial THEN a.event_initial_multiple ELSE a.event_maintenance_multiple END, step, explain_position_margin.as_of) AS e);
    IF initial THEN
        rows := rows || ARRAY(SELECT e FROM margin_calib.explain_initial_charges(p, a, step) AS e);
    END IF;
    RETURN QUERY SELECT * FROM unnest(rows);
    RETURN QUERY SELECT * FROM margin_calib.explain_sum(p, margin, CASE WHEN initial THEN p.initial_margin ELSE p.maintenance_margin END,
                                                        base, charges, ARRAY(SELECT r.figure FROM unnest(rows) AS r WHERE r.item LIKE '%charge'));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_position_margin(margin_calib.account_position, margin_calib.engine_add_on, text, numeric, numeric, timestamptz) IS
'Internal to explain_requirement: rows from the notional of a position to one of its margins.';

CREATE OR REPLACE FUNCTION margin_calib.explain_offsets(account text, currency text, margin text, step numeric)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250 ROWS 6
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    book  record;
    level numeric;
BEGIN
    FOR book IN
        SELECT o.*, m.margins FROM margin_calib.account_offset AS o
         CROSS JOIN LATERAL (
               SELECT array_agg(CASE o.margin WHEN 'initial' THEN p.base_initial_margin ELSE p.base_maintenance_margin END
                   ORDER BY p.instrument COLLATE "C") AS margins
                 FROM margin_calib.account_position AS p
                WHERE p.account = o.account AND p.currency = o.currency AND p.instrument = ANY (o.instruments)) AS m
         WHERE o.account = explain_offsets.account AND o.currency = explain_offsets.currency AND o.margin = explain_offsets.margin
         ORDER BY o.group_name LOOP
        RETURN QUERY
            SELECT NULL::integer, book.currency, NULL::text, book.margin, v.item, v.figure, book.currency, v.arithmetic, v.note, NULL::bigint
              FROM (VALUES
                    (1, 'gross of group', book.gross, margin_calib.added_up(book.margins),
                     margin_calib.follows(book.gross, (SELECT sum(m) FROM unnest(book.margins) AS m),
                        format('group %s: the calibrated margins of %s', book.group_name, array_to_string(book.instruments, ', ')))),
                    (2, 'combined', book.combined, NULL,
                     CASE WHEN book.calibration IS NULL THEN 'the gross: there are no correlations'
                          ELSE format('portfolio_offset of these margins, shorts negative, with the correlations of offset_calibration %s, rounded up',
                                      book.calibration) END),
                    (3, 'worst breakdown', book.worst_breakdown, NULL,
                        'the same when correlations go to 0 or to 1, whichever hurts; the credit is against it'))
                   AS v (place, item, figure, arithmetic, note)
             WHERE v.place < 3 OR book.breakdown = 'worst' ORDER BY v.place;
        level := CASE book.breakdown WHEN 'worst' THEN coalesce(book.worst_breakdown, book.gross) ELSE book.combined END;
        RETURN NEXT ROW(NULL, book.currency, NULL, book.margin, 'credit of group', book.credit, book.currency,
            format('round_down(%s * (%s - %s), %s)', book.cap, book.gross, level, step),
            margin_calib.follows(book.credit, margin_calib.round_down(book.cap * (book.gross - level), step),
                                 concat_ws('; ', format('group %s: the cap of the reduction', book.group_name), book.reason)),
            NULL)::margin_calib.requirement_explanation;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_offsets(text, text, text, numeric) IS
'Internal to explain_requirement: rows of the credits of an account in one currency and margin.';

CREATE OR REPLACE FUNCTION margin_calib.explain_total(requirement margin_calib.requirement, margin text, step numeric)
    RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    r       CONSTANT margin_calib.requirement := requirement;
    initial CONSTANT boolean := margin = 'initial';
    stored  CONSTANT numeric := CASE WHEN initial THEN r.initial_margin ELSE r.maintenance_margin END;
    credit  CONSTANT numeric := CASE WHEN initial THEN r.offset_credit ELSE r.maintenance_offset_credit END;
    margins CONSTANT numeric[] := ARRAY(
        SELECT m.amount FROM margin_calib.account_position AS p
         CROSS JOIN LATERAL (SELECT CASE WHEN initial THEN p.initial_margin ELSE p.maintenance_margin END) AS m (amount)
         WHERE p.account = r.account AND p.currency = r.currency AND m.amount IS NOT NULL ORDER BY p.instrument COLLATE "C");
    credits CONSTANT numeric[] := ARRAY(
        SELECT o.credit FROM margin_calib.account_offset AS o
         WHERE o.account = r.account AND o.currency = r.currency AND o.margin = explain_total.margin ORDER BY o.group_name);
    whole   CONSTANT numeric := coalesce((SELECT sum(m) FROM unnest(margins) AS m), 0);
BEGIN
    RETURN QUERY SELECT * FROM margin_calib.explain_offsets(r.account, r.currency, margin, step);
    RETURN QUERY
        SELECT NULL::integer, r.currency, NULL::text, margin, v.item, v.figure, r.currency, v.arithmetic, v.note, NULL::bigint
          FROM (VALUES
                (1, format('sum of %s margins', margin), whole, nullif(margin_calib.added_up(margins), ''),
                 format('of the %s positions above that have one', cardinality(margins))),
                (2, 'credits', credit, nullif(margin_calib.added_up(credits), ''),
                 margin_calib.follows(credit, coalesce((SELECT sum(c) FROM unnest(credits) AS c), 0), 'of the product groups above')),
                (3, format('%s requirement', margin), stored, format('%s - %s', whole, credit),
                 margin_calib.follows(stored, whole - credit, format('as of %s', r.as_of)))) AS v (place, item, figure, arithmetic, note)
         WHERE v.place <> 2 OR credit <> 0 OR credits <> '{}' ORDER BY v.place;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_total(margin_calib.requirement, text, numeric) IS
'Internal to explain_requirement: rows from the margins of the positions in one currency to the requirement.';

CREATE OR REPLACE FUNCTION margin_calib.explain_currency(
    requirement margin_calib.requirement, add_ons margin_calib.engine_add_on[]) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    r      CONSTANT margin_calib.requirement := requirement;
    step   CONSTANT numeric := margin_calib.amount_step_of(r.currency);
    p      margin_calib.account_position;
    a      margin_calib.engine_add_on;
    days   numeric;
    margin text;
    reason text;
BEGIN
    FOR p IN SELECT h.* FROM margin_calib.account_position AS h
              WHERE h.account = r.account AND h.currency = r.currency ORDER BY h.instrument COLLATE "C" LOOP
        SELECT x.* INTO a FROM unnest(add_ons) AS x WHERE x.instrument = p.instrument;
        days := margin_calib.liquidation_horizon(p.quantity, a.average_daily_volume, a.participation, a.horizon, a.maximum_horizon);
        RETURN QUERY SELECT * FROM margin_calib.explain_notional(p);
        CONTINUE WHEN p.notional IS NULL;
        FOREACH margin IN ARRAY ARRAY['initial', 'maintenance'] LOOP
            RETURN QUERY SELECT * FROM margin_calib.explain_position_margin(p, a, margin, days, step, r.as_of);
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT * FROM margin_calib.explain_total(r, 'initial', step);
    RETURN QUERY SELECT * FROM margin_calib.explain_total(r, 'maintenance', step);
    SELECT v.stale_reason INTO reason FROM margin_calib.margin_requirement AS v WHERE v.account = r.account AND v.currency = r.currency;
    RETURN NEXT ROW(NULL, r.currency, NULL, NULL, 'staleness', NULL, NULL, NULL, coalesce('stale: ' || reason, 'not stale'),
        NULL)::margin_calib.requirement_explanation;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_currency(margin_calib.requirement, margin_calib.engine_add_on[]) IS
'Internal to explain_requirement: the rows of an account in one currency.';

CREATE OR REPLACE FUNCTION margin_calib.account_is_known(account text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF NOT margin_calib.sees_account(account_is_known.account) THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM margin_calib.pending_accounts() AS w (account) WHERE w.account = account_is_known.account)
        OR EXISTS (SELECT FROM margin_calib.quarantine AS q WHERE q.account = account_is_known.account)
        OR EXISTS (SELECT FROM margin_calib.account_collateral AS c WHERE c.account = account_is_known.account)
        OR NOT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'positions' AND f.error IS NOT NULL)
           AND EXISTS (SELECT FROM margin_calib.holdings(ARRAY[account_is_known.account]));
END
$function$;
COMMENT ON FUNCTION margin_calib.account_is_known(text) IS
'Internal to explain_requirement: is there any sign of an account that has no requirement: a change that waits, a row in quarantine, or rows in an attached table, which have a quantity of zero.';

CREATE OR REPLACE FUNCTION margin_calib.explain_account(account text) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    held    CONSTANT text[] := ARRAY(SELECT DISTINCT p.instrument FROM margin_calib.account_position AS p WHERE p.account = explain_account.account);
    pegs    CONSTANT text[] := margin_calib.peg_prices(held);
    market  CONSTANT margin_calib.engine_market[] :=
        ARRAY(SELECT ROW(m.*)::margin_calib.engine_market FROM margin_calib.market_stored AS m WHERE m.instrument = ANY (pegs));
    r       margin_calib.requirement;
BEGIN
    FOR r IN SELECT q.* FROM margin_calib.requirement AS q WHERE q.account = explain_account.account ORDER BY q.currency LOOP
        RETURN QUERY SELECT * FROM margin_calib.explain_currency(r, ARRAY(SELECT a FROM margin_calib.add_ons(held, false, market, r.as_of) AS a));
    END LOOP;
    IF FOUND THEN
        RETURN;
    ELSIF NOT margin_calib.account_is_known(explain_account.account) THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('account %s is not known', explain_account.account),
            HINT = 'SELECT DISTINCT account FROM margin_calib.margin_requirement lists those with a requirement.';
    END IF;
    RETURN NEXT ROW(NULL, NULL, NULL, NULL, 'requirement', 0, NULL, NULL,
        CASE WHEN EXISTS (SELECT FROM margin_calib.pending_accounts() AS w (account) WHERE w.account = explain_account.account)
             THEN 'the account has no positions as of the latest refresh; changes wait for the next refresh'
             ELSE 'the account has no positions: nothing is required' END, NULL)::margin_calib.requirement_explanation;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_account(text) IS
'Internal to explain_requirement: its rows, without their numbers.';

CREATE OR REPLACE FUNCTION margin_calib.explain_requirement(account text) RETURNS SETOF margin_calib.requirement_explanation
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 100
BEGIN ATOMIC
    SELECT e.ordinality::integer, e.currency, e.instrument, e.margin, e.item, e.figure, e.unit, e.arithmetic, e.note, e.parameter_id
      FROM margin_calib.explain_account(explain_requirement.account) WITH ORDINALITY AS e
     ORDER BY e.ordinality;
END;
COMMENT ON FUNCTION margin_calib.explain_requirement(text) IS
'The arithmetic from the positions of an account to its requirement by rates as the latest refresh stored it (explain_margin_account has that of its model, and its equity), a row a step: for each position quantity, price, notional, the rate of its side with the parameter it is from, the calibrated margin, and every charge (doc/liquidity.md); then credits of product groups (doc/offsets.md), sums and requirements of each currency, and whether they are stale. Everything is numeric and exact: arithmetic gives figure. What charges are made of is read as it is now; a figure that does not follow from it says DOES NOT FOLLOW. Amounts are in the currency, quantities negative for short. An account without positions has one row; NULL gives none. Error 42704 for an account that nobody knows. doc/explain.md.';

CREATE OR REPLACE FUNCTION margin_calib.explanation_text(title text, whole text, rows margin_calib.requirement_explanation[]) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN (
        WITH headed AS (
            SELECT r.*, g.heading, g.heading IS DISTINCT FROM lag(g.heading) OVER (ORDER BY r.step) AS is_first
              FROM unnest(rows) AS r CROSS JOIN LATERAL (SELECT coalesce(r.instrument, whole) || coalesce(' in ' || r.currency, '') AS heading) AS g)
        SELECT (SELECT string_agg(w.line, E'\n') FROM margin_calib.wrapped(title, 120) AS w (line))
               || string_agg(
                   CASE WHEN h.is_first THEN E'\n' || (SELECT string_agg(w.line, E'\n') FROM margin_calib.wrapped(h.heading, 120) AS w (line))
                        ELSE '' END
                   || E'\n' || margin_calib.explanation_lines(h.step, coalesce(h.margin, ''), h.item, h.figure, h.unit, h.arithmetic,
                                   concat_ws('; ', h.note, 'parameter_id ' || h.parameter_id)), '' ORDER BY h.step)
          FROM headed AS h);
END
$function$;
COMMENT ON FUNCTION margin_calib.explanation_text(text, text, margin_calib.requirement_explanation[]) IS
'Internal: rows of an explanation as text; whole: the heading of those that are of no instrument.';

CREATE OR REPLACE FUNCTION margin_calib.explain_requirement_text(account text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.explanation_text('Requirement of ' || explain_requirement_text.account, 'All positions',
                                         ARRAY(SELECT e FROM margin_calib.explain_requirement(explain_requirement_text.account) AS e));
END;
COMMENT ON FUNCTION margin_calib.explain_requirement_text(text) IS
'The rows of explain_requirement as one text of aligned lines, at most 120 characters wide, to be read or filed. NULL gives NULL; error 42704 for an account that nobody knows.';

REVOKE ALL ON FUNCTION
    margin_calib.required(margin_calib.account_position, text, text, numeric, text, text, text), margin_calib.added_up(numeric[]),
    margin_calib.explain_notional(margin_calib.account_position),
    margin_calib.explain_size(margin_calib.account_position, margin_calib.engine_add_on, numeric, numeric, numeric),
    margin_calib.explain_size_charges(
        margin_calib.account_position, margin_calib.engine_add_on, text, numeric, numeric, numeric, numeric, numeric, numeric, numeric),
    margin_calib.explain_event_charge(margin_calib.account_position, text, numeric, numeric, numeric, numeric, numeric, timestamptz),
    margin_calib.explain_initial_charges(margin_calib.account_position, margin_calib.engine_add_on, numeric),
    margin_calib.explain_sum(margin_calib.account_position, text, numeric, numeric, numeric[], numeric[]),
    margin_calib.explain_position_margin(margin_calib.account_position, margin_calib.engine_add_on, text, numeric, numeric, timestamptz),
    margin_calib.explain_offsets(text, text, text, numeric), margin_calib.explain_total(margin_calib.requirement, text, numeric),
    margin_calib.explain_currency(margin_calib.requirement, margin_calib.engine_add_on[]), margin_calib.account_is_known(text),
    margin_calib.explain_account(text), margin_calib.explanation_text(text, text, margin_calib.requirement_explanation[]), margin_calib.explain_requirement(text), margin_calib.explain_requirement_text(text) FROM PUBLIC;
