-- What a user says about collateral. Everything is checked when it is written, and has the next refresh look at it.

CREATE OR REPLACE FUNCTION margin_calib.queue_collateral(instruments text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT -1, c.account, false, now() FROM margin_calib.account_collateral AS c
        UNION -- assets price what positions are settled in, too
        SELECT -1, p.account, false, now() FROM margin_calib.account_position AS p
        UNION ALL
        SELECT 0, i.instrument, false, now() FROM margin_calib.instrument AS i WHERE i.instrument = ANY (instruments);
END;
COMMENT ON FUNCTION margin_calib.queue_collateral(text[]) IS
'Internal: has the next refresh recompute all collateral, and what depends on these instruments.';

CREATE OR REPLACE FUNCTION margin_calib.check_asset(wanted margin_calib.asset) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF octet_length(wanted.asset) NOT BETWEEN 1 AND 500 OR octet_length(wanted.currency) NOT BETWEEN 1 AND 500 THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an asset and its currency have names of 1 to 500 bytes',
            DETAIL = format('The asset given is %L, the currency %L.', left(wanted.asset, 100), left(wanted.currency, 100));
    ELSIF wanted.asset = wanted.currency AND wanted.price_instrument IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an asset is not priced in itself',
            DETAIL = format('Asset and currency are %s, the instrument is %s.', wanted.asset, wanted.price_instrument),
            HINT = format('Name the currency of the prices of %s: set_asset(%L, %L, ''USD'').', wanted.price_instrument, wanted.asset,
                          wanted.price_instrument);
    END IF;
    PERFORM margin_calib.checked_fraction(wanted.minimum_haircut, 'a minimum haircut'),
            margin_calib.checked_fraction(wanted.maximum_weight, 'a maximum weight'),
            margin_calib.checked_non_negative(wanted.limit_amount, 'a limit amount'),
            margin_calib.checked_fraction(wanted.limit_share, 'a limit share'),
            margin_calib.checked_fraction(wanted.excess_haircut, 'the haircut of an excess'),
            margin_calib.checked_fraction(wanted.wrong_way_haircut, 'a wrong-way haircut'),
            margin_calib.checked(wanted.haircut_step, wanted.haircut_step > 0 AND wanted.haircut_step <= 1,
                                 'a haircut step is above 0 and at most 1', 'Write 0.005 for half a percent.'),
            margin_calib.checked_non_negative(wanted.opportunity_cost, 'an opportunity cost');
END
$function$;
COMMENT ON FUNCTION margin_calib.check_asset(margin_calib.asset) IS
'Internal: error 22023 for a value out of its range.';

CREATE OR REPLACE FUNCTION margin_calib.set_asset(
    asset text, price_instrument text DEFAULT NULL, currency text DEFAULT NULL, priority integer DEFAULT NULL,
    minimum_haircut numeric DEFAULT NULL, credit_quality integer DEFAULT NULL, maximum_weight numeric DEFAULT NULL,
    limit_amount numeric DEFAULT NULL, limit_share numeric DEFAULT NULL, excess_haircut numeric DEFAULT NULL,
    wrong_way_haircut numeric DEFAULT NULL, haircut_step numeric DEFAULT NULL, opportunity_cost numeric DEFAULT NULL,
    reset boolean DEFAULT false, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    wanted margin_calib.asset;
BEGIN
    IF set_asset.asset IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the asset is NULL',
            HINT = 'Write margin_calib.set_asset(''BTC'', ''BTCUSDT'', ''USDT'').';
    ELSIF set_asset.price_instrument IS NOT NULL THEN
        PERFORM margin_calib.check_known(ARRAY[set_asset.price_instrument]);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('asset', set_asset.asset);
    IF NOT coalesce(reset, false) THEN
        SELECT a.* INTO wanted FROM margin_calib.asset AS a WHERE a.asset = set_asset.asset;
    END IF;
    wanted := ROW(set_asset.asset, coalesce(set_asset.price_instrument, wanted.price_instrument),
        coalesce(set_asset.currency, wanted.currency,
                 (SELECT i.currency FROM margin_calib.instrument AS i WHERE i.instrument = set_asset.price_instrument), 'USD'),
        coalesce(set_asset.priority, wanted.priority, 100), coalesce(set_asset.minimum_haircut, wanted.minimum_haircut, 0),
        coalesce(set_asset.credit_quality, wanted.credit_quality), coalesce(set_asset.maximum_weight, wanted.maximum_weight, 1),
        coalesce(set_asset.limit_amount, wanted.limit_amount), coalesce(set_asset.limit_share, wanted.limit_share),
        coalesce(set_asset.excess_haircut, wanted.excess_haircut, 1), coalesce(set_asset.wrong_way_haircut, wanted.wrong_way_haircut, 0),
        coalesce(set_asset.haircut_step, wanted.haircut_step, 0.005), coalesce(set_asset.opportunity_cost, wanted.opportunity_cost, 0),
        clock_timestamp(), session_user);
    PERFORM margin_calib.check_asset(wanted);
    IF wanted.credit_quality IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.credit_quality AS q WHERE q.step = wanted.credit_quality) THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('credit quality step %s is not set', wanted.credit_quality),
            HINT = format('Write margin_calib.set_credit_quality(%s, 0.1) first.', wanted.credit_quality);
    END IF;
    DELETE FROM margin_calib.asset AS a WHERE a.asset = wanted.asset;
    INSERT INTO margin_calib.asset SELECT wanted.*;
    PERFORM margin_calib.audit_change('asset', wanted.asset, set_asset.reason);
    PERFORM margin_calib.queue_collateral(ARRAY[wanted.price_instrument]);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_asset(text, text, text, integer, numeric, integer, numeric, numeric, numeric, numeric, numeric, numeric, numeric, boolean, text) IS
'Says where the price of one unit of an asset comes from, and what of its value counts as collateral; NULL leaves a property as it is, reset forgets those before. price_instrument: registered instrument with prices of it; without one it is a unit of account, worth 1 of the currency. currency: of these prices; until it is given that of the instrument, else USD. priority: collateral of a smaller one is used first (100). minimum_haircut, and the floor of its credit_quality step: floors of the haircut. maximum_weight: largest part that counts (1). limit_amount, in the currency of the account, and limit_share, of all that the account holds: above them excess_haircut (1) applies. wrong_way_haircut: added where the account is long in the same thing. haircut_step: to which haircuts are rounded up (0.005). opportunity_cost: what allocate_collateral minimises (0). reason: for the audit trail. The next refresh applies it. Errors: 22004 without an asset, 22023 for a value out of range or an asset priced in itself, 42704 for an instrument or a step that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.drop_asset(asset text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('asset', drop_asset.asset);
    DELETE FROM margin_calib.asset AS a WHERE a.asset = drop_asset.asset;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('asset %s is not set', coalesce(quote_literal(drop_asset.asset), 'NULL')),
            HINT = (SELECT format('Assets are: %s.', coalesce(string_agg(a.asset, ', ' ORDER BY a.asset), 'none')) FROM margin_calib.asset AS a);
    END IF;
    PERFORM margin_calib.audit_change('asset', drop_asset.asset, drop_asset.reason);
    PERFORM margin_calib.set_peg_stages(p.asset, NULL, reason => drop_asset.reason) FROM margin_calib.peg_stages AS p WHERE p.asset = drop_asset.asset;
    PERFORM margin_calib.set_wrong_way(w.asset, w.instrument, NULL, reason => drop_asset.reason)
       FROM (SELECT p.asset, p.instrument FROM margin_calib.wrong_way AS p WHERE p.asset = drop_asset.asset ORDER BY p.instrument) AS w;
    PERFORM margin_calib.queue_collateral('{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_asset(text, text) IS
'Forgets what set_asset, set_peg_stages and set_wrong_way said of an asset; history stays. Unknown or NULL: 42704.';

CREATE OR REPLACE FUNCTION margin_calib.set_credit_quality(step integer, minimum_haircut numeric, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    IF (set_credit_quality.step BETWEEN 1 AND 100) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a credit quality step is a number from 1, the best, to 100',
            DETAIL = format('The step given is %s.', coalesce(set_credit_quality.step::text, 'NULL')),
            HINT = 'Write margin_calib.set_credit_quality(3, 0.1).';
    END IF;
    PERFORM margin_calib.checked_fraction(set_credit_quality.minimum_haircut, 'a minimum haircut'), margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('credit_quality', set_credit_quality.step::text);
    DELETE FROM margin_calib.credit_quality AS q WHERE q.step = set_credit_quality.step;
    IF set_credit_quality.minimum_haircut IS NOT NULL THEN
        INSERT INTO margin_calib.credit_quality (step, minimum_haircut) VALUES (set_credit_quality.step, set_credit_quality.minimum_haircut);
    END IF;
    PERFORM margin_calib.audit_change('credit_quality', set_credit_quality.step::text, set_credit_quality.reason);
    PERFORM margin_calib.queue_collateral('{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.set_credit_quality(integer, numeric, text) IS
'Floor of the haircut of every asset of a credit quality step (1 the best); NULL forgets the step, and assets that have it count nothing until it is set again. The next refresh applies it. Error 22023 for a value out of range.';

CREATE OR REPLACE FUNCTION margin_calib.set_wrong_way(
    asset text, instrument text, haircut numeric, correlation numeric DEFAULT NULL, side text DEFAULT 'long', reason text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    object CONSTANT text := jsonb_build_array(set_wrong_way.asset, set_wrong_way.instrument)::text;
BEGIN
    IF set_wrong_way.asset IS NULL OR set_wrong_way.instrument IS NULL OR set_wrong_way.side IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a wrong-way pair is an asset, an instrument and a side, none of them NULL',
            HINT = 'Write margin_calib.set_wrong_way(''FTT'', ''FTT-PERP'', 0.5).';
    ELSIF set_wrong_way.haircut IS NOT NULL THEN
        PERFORM margin_calib.checked(set_wrong_way.haircut, set_wrong_way.haircut > 0 AND set_wrong_way.haircut <= 1,
                                     'a wrong-way haircut is above 0 and at most 1', 'Write NULL to forget a pair.'),
                margin_calib.checked_fraction(set_wrong_way.correlation, 'the correlation of a wrong-way pair'),
                margin_calib.checked(set_wrong_way.side, set_wrong_way.side IN ('long', 'short'), 'the side of a position is long or short', NULL);
        IF NOT EXISTS (SELECT FROM margin_calib.asset AS a WHERE a.asset = set_wrong_way.asset) THEN
            RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('asset %L is not set', set_wrong_way.asset),
                HINT = format('Write margin_calib.set_asset(%L, ''instrument'') first.', set_wrong_way.asset);
        ELSIF set_wrong_way.correlation IS NOT NULL
              OR NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.underlying = set_wrong_way.instrument)
             AND NOT EXISTS (SELECT FROM margin_calib.contract_terms AS t WHERE t.underlying = set_wrong_way.instrument) THEN
            PERFORM margin_calib.check_known(ARRAY[set_wrong_way.instrument]);
        END IF;
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('wrong_way', object);
    DELETE FROM margin_calib.wrong_way AS w WHERE (w.asset, w.instrument) = (set_wrong_way.asset, set_wrong_way.instrument);
    DELETE FROM margin_calib.wrong_way_correlation AS w WHERE (w.asset, w.instrument) = (set_wrong_way.asset, set_wrong_way.instrument);
    IF set_wrong_way.haircut IS NOT NULL THEN
        INSERT INTO margin_calib.wrong_way (asset, instrument, side, haircut, correlation)
        VALUES (set_wrong_way.asset, set_wrong_way.instrument, set_wrong_way.side, set_wrong_way.haircut, set_wrong_way.correlation);
    END IF;
    PERFORM margin_calib.audit_change('wrong_way', object, set_wrong_way.reason);
    PERFORM margin_calib.queue_collateral('{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.set_wrong_way(text, text, numeric, numeric, text, text) IS
'Says that an asset and positions in an instrument (or in instruments with this underlying) lose together: the haircut is added to that of the asset, in proportion to what of its value the account''s position on that side matches; NULL forgets the pair. correlation: it counts only while the correlation of the latest 250 log returns of the asset''s price and the instrument is at least this (side short: at most minus this); what is not known counts as reached. side: of the position, long or short. The next refresh applies it. Errors: 22004, 22023, 42704 for an asset that is not set or an instrument that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.checked_peg_stages(stages jsonb) RETURNS margin_calib.peg_stage[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.peg_stage[] := '{}';
    former margin_calib.peg_stage;
    stage  jsonb;
    number integer := 0;
BEGIN
    IF jsonb_typeof(stages) <> 'array' OR stages = '[]' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'stages of a peg are a JSON array of at least one object',
            DETAIL = format('The value given is %s.', left(stages::text, 200)),
            HINT = 'Write ''[{"below": 0.995, "haircut": 0.02}, {"below": 0.97, "haircut": 0.5}]''.';
    END IF;
    FOR stage IN SELECT s FROM jsonb_array_elements(stages) AS s LOOP
        number := number + 1;
        IF jsonb_typeof(stage -> 'below') IS DISTINCT FROM 'number' OR jsonb_typeof(stage -> 'haircut') IS DISTINCT FROM 'number'
           OR stage - '{below,haircut}'::text[] <> '{}' THEN
            RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a stage of a peg has two numbers, below and haircut, and nothing else',
                DETAIL = format('Stage %s is %s.', number, left(stage::text, 200));
        END IF;
        result := result || ROW((stage ->> 'below')::numeric, (stage ->> 'haircut')::numeric)::margin_calib.peg_stage;
        IF NOT (result[number].below > 0 AND result[number].below <= 1 AND result[number].haircut > 0 AND result[number].haircut <= 1)
           OR result[number].below >= former.below OR result[number].haircut <= former.haircut THEN
            RAISE EXCEPTION USING ERRCODE = '22023',
                MESSAGE = 'stages of a peg lie above 0 and at most at 1, each below the one before and with a larger haircut',
                DETAIL = format('Stage %s is %s.', number, left(stage::text, 200));
        END IF;
        former := result[number];
    END LOOP;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.checked_peg_stages(jsonb) IS
'Internal: stages of a peg from JSON; error 22023 that names the stage which is wrong.';

CREATE OR REPLACE FUNCTION margin_calib.set_peg_stages(
    asset text, stages jsonb, dwell interval DEFAULT '1 hour', reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    known  margin_calib.asset;
    wanted margin_calib.peg_stage[];
BEGIN
    SELECT a.* INTO known FROM margin_calib.asset AS a WHERE a.asset = set_peg_stages.asset;
    IF set_peg_stages.asset IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the asset is NULL',
            HINT = 'Write margin_calib.set_peg_stages(''USDT'', ''[{"below": 0.995, "haircut": 0.02}]'').';
    ELSIF set_peg_stages.stages IS NOT NULL THEN
        wanted := margin_calib.checked_peg_stages(set_peg_stages.stages);
        IF (set_peg_stages.dwell >= '0' AND set_peg_stages.dwell <= '3650 days') IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the dwell time of a peg is an interval from 0 to 3650 days',
                DETAIL = format('The interval given is %s.', coalesce(set_peg_stages.dwell::text, 'NULL'));
        ELSIF known.price_instrument IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('asset %L has no price instrument, which tells what its peg is worth', set_peg_stages.asset),
                HINT = format('Write margin_calib.set_asset(%L, ''instrument'', ''USD'') first.', set_peg_stages.asset);
        END IF;
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('peg_stages', set_peg_stages.asset);
    DELETE FROM margin_calib.peg_stages AS p WHERE p.asset = set_peg_stages.asset;
    IF wanted IS NOT NULL THEN
        INSERT INTO margin_calib.peg_stages (asset, stages, dwell)
        VALUES (set_peg_stages.asset, wanted, make_interval(secs => extract(epoch FROM set_peg_stages.dwell)::float8));
    ELSE
        DELETE FROM margin_calib.peg_state AS s WHERE s.asset = set_peg_stages.asset;
    END IF;
    PERFORM margin_calib.audit_change('peg_stages', set_peg_stages.asset, set_peg_stages.reason);
    PERFORM margin_calib.queue_collateral(ARRAY[known.price_instrument]);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_peg_stages(text, jsonb, interval, text) IS
'Stages in which a peg that is being lost raises the haircut of an asset, as a JSON array of objects with below (a price, descending) and haircut (ascending); NULL ends them. A stage is reached as soon as the price of one unit in the currency of the asset is below its threshold, and left when it has not been below for the dwell time, in the time of the prices; each change is an alert of kind peg_stage. The next refresh applies it. Errors: 22004, 22023 for stages or a dwell time out of range, 42704 for an asset without a price instrument.';

REVOKE ALL ON FUNCTION
    margin_calib.queue_collateral(text[]), margin_calib.check_asset(margin_calib.asset),
    margin_calib.set_asset(text, text, text, integer, numeric, integer, numeric, numeric, numeric, numeric, numeric, numeric, numeric, boolean, text),
    margin_calib.drop_asset(text, text), margin_calib.set_credit_quality(integer, numeric, text),
    margin_calib.set_wrong_way(text, text, numeric, numeric, text, text), margin_calib.checked_peg_stages(jsonb),
    margin_calib.set_peg_stages(text, jsonb, interval, text) FROM PUBLIC;
