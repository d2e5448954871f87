-- Risk vectors of the engine: what is known of the market of each instrument, and what it earns in the scenarios of the sets in use.

-- Terms of an instrument that has no contract terms of its own: what set_instrument said.
CREATE OR REPLACE FUNCTION margin_calib.instrument_contract(instrument margin_calib.instrument) RETURNS margin_calib.contract
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW((instrument).instrument, NULL, CASE (instrument).kind WHEN 'spot' THEN 'spot' ELSE 'perpetual' END,
               CASE (instrument).kind WHEN 'inverse' THEN 'inverse' ELSE 'linear' END, NULL, a.asset, (instrument).currency,
               CASE (instrument).kind WHEN 'inverse' THEN a.asset ELSE (instrument).currency END, NULL, NULL, (instrument).multiplier, 1,
               NULL, NULL, NULL)::margin_calib.contract
      FROM (SELECT coalesce((instrument).underlying, (instrument).instrument)) AS a (asset)
     WHERE (instrument).option_type IS NULL;
END;
COMMENT ON FUNCTION margin_calib.instrument_contract(margin_calib.instrument) IS
'Internal: terms of an instrument that contract_terms does not have, as its row says: spot, or a perpetual on its underlying (without one on itself); NULL for an option.';

-- A forward of an expiry that has none moves on a line between its neighbours, in logs; beyond them the nearest holds.
CREATE OR REPLACE FUNCTION margin_calib.surface_forward(slices margin_calib.surface_slice[], expiry timestamptz) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT CASE WHEN b.expiry = surface_forward.expiry OR a.expiry IS NULL THEN b.forward WHEN b.expiry IS NULL THEN a.forward
                ELSE exp(ln(b.forward) + (ln(a.forward) - ln(b.forward)) * extract(epoch FROM surface_forward.expiry - b.expiry)::double precision
                                         / extract(epoch FROM a.expiry - b.expiry)::double precision) END
      FROM (SELECT) AS given
      LEFT JOIN (SELECT s.expiry, s.forward FROM unnest(slices) AS s WHERE s.forward > 0 AND s.expiry <= surface_forward.expiry
                  ORDER BY s.expiry DESC LIMIT 1) AS b ON true
      LEFT JOIN (SELECT s.expiry, s.forward FROM unnest(slices) AS s WHERE s.forward > 0 AND s.expiry > surface_forward.expiry
                  ORDER BY s.expiry LIMIT 1) AS a ON true;
END;
COMMENT ON FUNCTION margin_calib.surface_forward(margin_calib.surface_slice[], timestamptz) IS
'Internal: forward of an expiry on a volatility surface, between its neighbours where the surface has no such expiry; NULL when it has no forward at all.';

CREATE OR REPLACE FUNCTION margin_calib.surfaces_of(underlyings text[], live boolean, as_of timestamptz) RETURNS SETOF margin_calib.engine_smiles
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.engine_smiles;
    owner  integer;
    feed   margin_calib.feed;
    fresh  margin_calib.engine_surface;
BEGIN
    FOREACH result.underlying IN ARRAY underlyings LOOP
        SELECT u.feed, CASE WHEN s.id IS NOT NULL THEN ROW(s.as_of, s.slices, NULL)::margin_calib.vol_surface END, (q.settings).rate, u.fresh_until,
               CASE WHEN s.id IS NULL THEN format('%s has no volatility surface', result.underlying)
                    ELSE format('the volatility surface of %s: ', result.underlying) || u.stale_reason END
          INTO owner, result.surface, result.rate, result.fresh_until, result.stale_reason
          FROM (SELECT) AS given
          LEFT JOIN margin_calib.surface_underlying AS u ON u.underlying = result.underlying
          LEFT JOIN margin_calib.quote_feed AS q ON q.feed = u.feed
          LEFT JOIN margin_calib.surface AS s ON s.underlying = u.underlying AND s.as_of = u.data_through AND s.replaced_at IS NULL;
        FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                     WHERE live AND f.kind = 'quotes' AND f.error IS NULL AND f.id = coalesce(owner, f.id) ORDER BY f.id LOOP
            fresh := margin_calib.surface_in_force(feed, result.underlying, as_of);
            IF fresh.stale_reason IS NULL THEN
                SELECT fresh.surface, (q.settings).rate, (fresh.surface).as_of + q.stale_after, NULL
                  INTO result.surface, result.rate, result.fresh_until, result.stale_reason
                  FROM margin_calib.quote_feed AS q WHERE q.feed = feed.id;
                EXIT;
            END IF;
        END LOOP;
        RETURN NEXT result;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.surfaces_of(text[], boolean, timestamptz) IS
'Internal: volatility surfaces of underlyings, as stored or as refresh would fit them now, each with how long it is fresh or why it is not.';

CREATE OR REPLACE FUNCTION margin_calib.quoted_vol(terms margin_calib.contract, price numeric, forward double precision, as_of timestamptz, rate double precision)
    RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN forward > 0 AND price IS NOT NULL THEN
               CASE (terms).premium
                   WHEN 'coin' THEN nullif((margin_calib.implied_vols(ARRAY[(terms).option_kind], ARRAY[price::double precision * forward], ARRAY[forward],
                                                                      ARRAY[(terms).strike::double precision], ARRAY[y.years], ARRAY[1::double precision]))[1], 'Infinity')
                   ELSE nullif((margin_calib.implied_vols(ARRAY[(terms).option_kind], ARRAY[price::double precision], ARRAY[forward],
                                                          ARRAY[(terms).strike::double precision], ARRAY[y.years], ARRAY[exp(-greatest(rate, 0) * y.years)]))[1], 'Infinity') END END
      FROM (SELECT extract(epoch FROM (terms).expiry - as_of)::double precision / 31536000) AS y (years);
END;
COMMENT ON FUNCTION margin_calib.quoted_vol(margin_calib.contract, numeric, double precision, timestamptz, double precision) IS
'Internal: vol of an option that its own price implies at a forward; NULL for a price out of bounds.';

-- Prices: of a future, perpetual or spot pair its own; of an option forward and vol of its surface, else the price of its underlying and the
-- vol implied by its own price. The coin of an inverse contract that has no price of its own is worth what the contract is quoted at.
CREATE OR REPLACE FUNCTION margin_calib.risk_input(
    instrument text, terms margin_calib.contract, own margin_calib.engine_market, smiles margin_calib.engine_smiles,
    underlying margin_calib.asset_price, settlement margin_calib.asset_price, quote margin_calib.asset_price)
    RETURNS margin_calib.engine_risk
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT ROW(instrument, terms,
               CASE WHEN a.price IS NOT NULL AND v.vol IS NOT NULL AND s.price IS NOT NULL THEN
                   margin_calib.contract_market(a.price, CASE WHEN (terms).kind = 'option' THEN v.vol END, coalesce((smiles).rate, 0), p.spot, s.price,
                                                (terms).settlement_asset = (terms).underlying AND (terms).payoff = 'inverse') END,
               a.as_of, NULL,
               CASE WHEN (terms).kind <> 'option' THEN least((own).fresh_until, (settlement).fresh_until)
                    ELSE least(CASE WHEN (smiles).surface IS NOT DISTINCT FROM NULL THEN least((own).fresh_until, (underlying).fresh_until) ELSE (smiles).fresh_until END,
                               (settlement).fresh_until) END,
               instrument || ': ' || CASE
                   WHEN terms IS NULL THEN CASE WHEN (own).instrument IS NULL THEN 'it is not known' ELSE 'it has no contract terms' END
                   WHEN (terms).contract_size IS NULL OR (terms).multiplier IS NULL THEN 'its terms do not say how large a contract is'
                   WHEN a.price IS NULL THEN coalesce((own).stale_reason, CASE WHEN (terms).kind = 'option' THEN (underlying).stale_reason END, 'it has no usable price')
                   WHEN s.price IS NULL THEN coalesce((settlement).stale_reason, 'its settlement asset has no price')
                   WHEN v.vol IS NULL THEN coalesce((smiles).stale_reason, 'its volatility surface has no vol for it')
                   WHEN (terms).kind <> 'option' THEN coalesce((own).stale_reason, CASE WHEN (settlement).price IS NOT NULL THEN (settlement).stale_reason END)
                   WHEN (smiles).surface IS NOT DISTINCT FROM NULL THEN coalesce((own).stale_reason, (underlying).stale_reason, (settlement).stale_reason)
                   ELSE coalesce((smiles).stale_reason, (settlement).stale_reason) END)::margin_calib.engine_risk
      FROM (SELECT ((underlying).price / nullif((quote).price, 0))::double precision AS spot,
                   CASE WHEN (terms).kind <> 'option' THEN (own).data_through
                        ELSE coalesce(((smiles).surface).as_of, greatest((own).data_through, (underlying).data_through)) END AS as_of OFFSET 0) AS p
     CROSS JOIN LATERAL (
           SELECT CASE WHEN (terms).kind <> 'option' THEN (own).price::double precision
                       WHEN p.as_of < (terms).expiry THEN coalesce(margin_calib.surface_forward(((smiles).surface).slices, (terms).expiry), p.spot)
                       ELSE coalesce(p.spot, margin_calib.surface_forward(((smiles).surface).slices, (terms).expiry)) END AS price, p.as_of OFFSET 0) AS a
     CROSS JOIN LATERAL (
           SELECT coalesce((settlement).price::double precision,
                           CASE WHEN (terms).payoff = 'inverse' THEN a.price * (quote).price::double precision END) AS price OFFSET 0) AS s
     CROSS JOIN LATERAL (
           SELECT CASE WHEN (terms).kind <> 'option' OR a.as_of >= (terms).expiry THEN 0
                       -- an argument that is no constant: else a planner may look an expired option up before it looks at the case
                       WHEN (smiles).surface IS DISTINCT FROM NULL THEN
                           margin_calib.surface_vol((smiles).surface, CASE WHEN a.as_of < (terms).expiry THEN (terms).expiry END, (terms).strike::double precision)
                       ELSE margin_calib.quoted_vol(terms, (own).price, a.price, a.as_of, coalesce((smiles).rate, 0)) END AS vol OFFSET 0) AS v;
END;
COMMENT ON FUNCTION margin_calib.risk_input(text, margin_calib.contract, margin_calib.engine_market, margin_calib.engine_smiles, margin_calib.asset_price, margin_calib.asset_price, margin_calib.asset_price) IS
'Internal to risk_inputs: market of one instrument out of its own price, the surface and price of its underlying and the prices of its settlement and quote assets, or the reason why there is none.';

CREATE OR REPLACE FUNCTION margin_calib.risk_inputs_among(
    names text[], terms margin_calib.contract[], market margin_calib.engine_market[], surfaces margin_calib.engine_smiles[], assets margin_calib.asset_price[])
    RETURNS SETOF margin_calib.engine_risk
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1000
BEGIN ATOMIC
    SELECT r.*
      FROM unnest(names) AS n (instrument)
      LEFT JOIN unnest(terms) AS t ON t.instrument = n.instrument
      LEFT JOIN unnest(market) AS m ON m.instrument = n.instrument
      LEFT JOIN unnest(surfaces) AS s ON s.underlying = t.underlying AND t.kind = 'option'
      LEFT JOIN unnest(assets) AS u ON u.asset = t.underlying AND t.kind = 'option'
      LEFT JOIN unnest(assets) AS p ON p.asset = t.settlement_asset
      LEFT JOIN unnest(assets) AS c ON c.asset = t.quote_currency
     CROSS JOIN LATERAL margin_calib.risk_input(n.instrument, t, m, s, u, p, c) AS r;
END;
COMMENT ON FUNCTION margin_calib.risk_inputs_among(text[], margin_calib.contract[], margin_calib.engine_market[], margin_calib.engine_smiles[], margin_calib.asset_price[]) IS
'Internal to risk_inputs: markets of instruments out of what is given of them.';

CREATE OR REPLACE FUNCTION margin_calib.risk_inputs(names text[], currency text, live boolean, as_of timestamptz) RETURNS SETOF margin_calib.engine_risk
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    terms    margin_calib.contract[];
    market   margin_calib.engine_market[];
    assets   margin_calib.asset_price[];
    surfaces margin_calib.engine_smiles[];
    result   margin_calib.engine_risk;
BEGIN
    terms := ARRAY(
        SELECT coalesce(CASE WHEN t.instrument IS NOT NULL THEN margin_calib.stored_contract(t) END, margin_calib.instrument_contract(i))
          FROM unnest(names) AS n (instrument)
          LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = n.instrument
          LEFT JOIN margin_calib.instrument AS i ON i.instrument = n.instrument);
    IF live THEN
        market := ARRAY(SELECT m FROM margin_calib.market_live(names, as_of) AS m);
    ELSE
        market := ARRAY(SELECT ROW(m.*)::margin_calib.engine_market FROM margin_calib.market_stored AS m WHERE m.instrument = ANY (names));
    END IF;
    surfaces := ARRAY(SELECT s FROM margin_calib.surfaces_of(ARRAY(SELECT DISTINCT t.underlying FROM unnest(terms) AS t WHERE t.kind = 'option'), live, as_of) AS s);
    assets := ARRAY(SELECT a FROM margin_calib.asset_prices(
                        ARRAY(SELECT t.underlying FROM unnest(terms) AS t WHERE t.kind = 'option' UNION SELECT t.settlement_asset FROM unnest(terms) AS t
                              UNION SELECT t.quote_currency FROM unnest(terms) AS t), currency, live, as_of) AS a);
    BEGIN
        RETURN QUERY SELECT r.* FROM unnest(ARRAY(SELECT i FROM margin_calib.risk_inputs_among(names, terms, market, surfaces, assets) AS i)) AS r;
        RETURN;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        NULL; -- one at a time, so that one does not stop the others
    END;
    FOREACH result.instrument IN ARRAY names LOOP
        BEGIN
            SELECT i.* INTO result FROM margin_calib.risk_inputs_among(ARRAY[result.instrument], terms, market, surfaces, assets) AS i;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            SELECT result.instrument, t INTO result.instrument, result.contract FROM unnest(terms) AS t WHERE t.instrument = result.instrument;
            result.stale_reason := format('%s: its market cannot be computed: %s (%s)', result.instrument, left(SQLERRM, 200), SQLSTATE);
        END;
        RETURN NEXT result;
        result := NULL;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.risk_inputs(text[], text, boolean, timestamptz) IS
'Internal: contract and market of instruments, as stored or as they are now, for vectors in a currency; without vectors.';

CREATE OR REPLACE FUNCTION margin_calib.with_vectors(inputs margin_calib.engine_risk[], scenarios margin_calib.scenario_set) RETURNS margin_calib.engine_risk[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.engine_risk[] := '{}';
    input  margin_calib.engine_risk;
BEGIN
    BEGIN
        RETURN ARRAY(
            SELECT ROW(i.instrument, i.contract, i.market, i.as_of,
                       CASE WHEN i.market IS DISTINCT FROM NULL THEN margin_calib.scenario_pnl(i.contract, i.market, i.as_of, scenarios) END,
                       i.fresh_until, i.stale_reason)::margin_calib.engine_risk
              FROM unnest(inputs) AS i);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        NULL; -- one at a time, so that one does not stop the others
    END;
    FOREACH input IN ARRAY inputs LOOP
        BEGIN
            IF input.market IS DISTINCT FROM NULL THEN
                input.vector := margin_calib.scenario_pnl(input.contract, input.market, input.as_of, scenarios);
            END IF;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            input.stale_reason := format('%s: its profits in the scenarios of %s cannot be computed: %s (%s)', input.instrument, scenarios.name, left(SQLERRM, 200), SQLSTATE);
        END;
        result := result || input;
    END LOOP;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.with_vectors(margin_calib.engine_risk[], margin_calib.scenario_set) IS
'Internal: inputs with their vectors in a scenario set; one that cannot be computed has its reason instead.';

CREATE OR REPLACE FUNCTION margin_calib.store_risk(scenarios margin_calib.scenario_set, currency text, risks margin_calib.engine_risk[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    INSERT INTO margin_calib.instrument_risk AS r (scenario_set, currency, instrument, set_version, contract, market, as_of, vector, fresh_until, stale_reason)
        SELECT scenarios.name, store_risk.currency, n.instrument, scenarios.version, n.contract, n.market, n.as_of, n.vector, n.fresh_until, n.stale_reason
          FROM unnest(risks) AS n ORDER BY n.instrument
    ON CONFLICT ON CONSTRAINT instrument_risk_pkey DO UPDATE
       SET set_version = excluded.set_version, contract = excluded.contract, market = excluded.market, as_of = excluded.as_of,
           vector = excluded.vector, fresh_until = excluded.fresh_until, stale_reason = excluded.stale_reason;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_risk(margin_calib.scenario_set, text, margin_calib.engine_risk[]) IS
'Internal to refresh_risk: writes vectors.';

CREATE OR REPLACE FUNCTION margin_calib.use_scenario_set(scenarios margin_calib.scenario_set) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 50
BEGIN ATOMIC
    INSERT INTO margin_calib.scenario_set_used AS u VALUES ((scenarios).name, (scenarios).version, (scenarios).method, scenarios)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, method = excluded.method, content = excluded.content;
END;
COMMENT ON FUNCTION margin_calib.use_scenario_set(margin_calib.scenario_set) IS
'Internal to refresh_risk: the version of a set from which vectors are made from now on.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_risk(accounts text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    used      record;
    scenarios margin_calib.scenario_set;
    outdated  margin_calib.engine_risk[];
BEGIN
    FOR used IN
        SELECT m.scenario_set, m.currency, array_agg(DISTINCT p.instrument) AS names
          FROM margin_calib.models_of(accounts) AS m
          JOIN margin_calib.account_position AS p ON p.account = m.account AND p.instrument <> ''
         WHERE m.scenario_set IS NOT NULL GROUP BY m.scenario_set, m.currency ORDER BY m.scenario_set, m.currency LOOP
        scenarios := margin_calib.scenario_set(used.scenario_set);
        IF NOT EXISTS (SELECT FROM margin_calib.scenario_set_used AS u WHERE u.name = used.scenario_set AND u.content IS NOT DISTINCT FROM scenarios) THEN
            PERFORM margin_calib.use_scenario_set(scenarios);
        END IF;
        outdated := ARRAY(
            SELECT i FROM margin_calib.risk_inputs(used.names, used.currency, false, as_of) AS i
              LEFT JOIN margin_calib.instrument_risk AS r
                ON r.scenario_set = used.scenario_set AND r.currency = used.currency AND r.instrument = i.instrument
             WHERE (r.set_version, r.contract, r.market, r.as_of, r.fresh_until) IS DISTINCT FROM (scenarios.version, i.contract, i.market, i.as_of, i.fresh_until)
                OR r.stale_reason IS DISTINCT FROM i.stale_reason);
        IF cardinality(outdated) > 0 THEN -- vectors have no equality
            PERFORM margin_calib.store_risk(scenarios, used.currency, margin_calib.with_vectors(outdated, scenarios));
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_risk(text[], timestamptz) IS
'Internal to refresh_accounts: makes the vectors anew that the stored positions of accounts need and whose contract, market or scenario set have changed.';

CREATE OR REPLACE FUNCTION margin_calib.risk_dependents(instruments text[], underlyings text[]) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    WITH needed AS (
        SELECT r.currency, array_agg(DISTINCT a.asset) AS assets
          FROM margin_calib.instrument_risk AS r
         CROSS JOIN LATERAL (VALUES ((r.contract).underlying), ((r.contract).settlement_asset), ((r.contract).quote_currency)) AS a (asset)
         WHERE instruments <> '{}' GROUP BY r.currency),
    moved AS (
        SELECT n.currency, l.asset FROM needed AS n CROSS JOIN LATERAL margin_calib.asset_legs(n.assets, n.currency) AS l
         WHERE l.first_instrument = ANY (instruments) OR l.second_instrument = ANY (instruments)),
    -- margins by rates, notionals and profits are in the currency of the instrument or its settlement asset, equity in that of the model
    converted AS (
        SELECT DISTINCT l.asset
          FROM (SELECT m.currency FROM margin_calib.margin_model AS m UNION SELECT 'USD') AS c
         CROSS JOIN LATERAL margin_calib.asset_legs(ARRAY(SELECT i.currency FROM margin_calib.instrument AS i UNION
                                                          SELECT t.settlement_asset FROM margin_calib.contract_terms AS t), c.currency) AS l
         WHERE instruments <> '{}' AND (l.first_instrument = ANY (instruments) OR l.second_instrument = ANY (instruments)))
    SELECT coalesce(array_agg(d.instrument), '{}')
      FROM (SELECT r.instrument
              FROM margin_calib.instrument_risk AS r
             WHERE (r.contract).underlying = ANY (underlyings) AND (r.contract).kind = 'option'
                OR EXISTS (SELECT FROM moved AS m
                            WHERE m.currency = r.currency
                              AND m.asset IN ((r.contract).underlying, (r.contract).settlement_asset, (r.contract).quote_currency))
            UNION SELECT i.instrument FROM margin_calib.instrument AS i WHERE i.currency IN (SELECT c.asset FROM converted AS c)
            UNION SELECT t.instrument FROM margin_calib.contract_terms AS t WHERE t.settlement_asset IN (SELECT c.asset FROM converted AS c)) AS d;
END;
COMMENT ON FUNCTION margin_calib.risk_dependents(text[], text[]) IS
'Internal to refresh: instruments whose vectors, margins or profits depend on the prices of these instruments by way of an asset, or on the volatility surfaces of these underlyings.';

REVOKE ALL ON FUNCTION
    margin_calib.instrument_contract(margin_calib.instrument), margin_calib.surface_forward(margin_calib.surface_slice[], timestamptz),
    margin_calib.surfaces_of(text[], boolean, timestamptz), margin_calib.quoted_vol(margin_calib.contract, numeric, double precision, timestamptz, double precision),
    margin_calib.risk_input(text, margin_calib.contract, margin_calib.engine_market, margin_calib.engine_smiles, margin_calib.asset_price, margin_calib.asset_price, margin_calib.asset_price),
    margin_calib.risk_inputs_among(text[], margin_calib.contract[], margin_calib.engine_market[], margin_calib.engine_smiles[], margin_calib.asset_price[]),
    margin_calib.risk_inputs(text[], text, boolean, timestamptz), margin_calib.with_vectors(margin_calib.engine_risk[], margin_calib.scenario_set),
    margin_calib.store_risk(margin_calib.scenario_set, text, margin_calib.engine_risk[]), margin_calib.use_scenario_set(margin_calib.scenario_set),
    margin_calib.refresh_risk(text[], timestamptz),
    margin_calib.risk_dependents(text[], text[]) FROM PUBLIC;
