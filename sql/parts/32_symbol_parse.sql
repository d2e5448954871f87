-- Symbols of venues to terms of contracts.

CREATE OR REPLACE FUNCTION margin_calib.calendar_date(year integer, month integer, day integer) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN year BETWEEN 1 AND 9999 AND month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31
                THEN CASE WHEN extract(month FROM make_date(year, month, 1) + (day - 1)) = month
                          THEN make_date(year, month, 1) + (day - 1) END END;
END;
COMMENT ON FUNCTION margin_calib.calendar_date(integer, integer, integer) IS
'Internal: the date of a year, month and day, NULL when the calendar has no such day.';

CREATE OR REPLACE FUNCTION margin_calib.last_friday(year integer, month integer) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- isodow of a Friday is 5: the days to go back from the last of the month
    SELECT d.last - (extract(isodow FROM d.last)::integer + 2) % 7
      FROM (SELECT (make_date(year, month, 1) + interval '1 month' - interval '1 day')::date) AS d (last);
END;
COMMENT ON FUNCTION margin_calib.last_friday(integer, integer) IS
'Internal: the last Friday of a month of a year, when the futures of crypto venues with month codes expire.';

CREATE OR REPLACE FUNCTION margin_calib.symbol_date(part jsonb) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN part ? 'dmmmyy'
                THEN margin_calib.calendar_date(2000 + right(part ->> 'dmmmyy', 2)::integer,
                         array_position('{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}'::text[], left(right(part ->> 'dmmmyy', 5), 3)),
                         left(part ->> 'dmmmyy', -5)::integer)
                WHEN part ? 'yymmdd'
                THEN margin_calib.calendar_date(2000 + left(part ->> 'yymmdd', 2)::integer, substr(part ->> 'yymmdd', 3, 2)::integer,
                                                right(part ->> 'yymmdd', 2)::integer)
                WHEN part ? 'yyyymmdd'
                THEN margin_calib.calendar_date(left(part ->> 'yyyymmdd', 4)::integer, substr(part ->> 'yyyymmdd', 5, 2)::integer,
                                                right(part ->> 'yyyymmdd', 2)::integer)
                WHEN part ? 'month_code'
                THEN margin_calib.last_friday(2000 + right(part ->> 'month_code', 2)::integer,
                                              strpos('FGHJKMNQUVXZ', left(part ->> 'month_code', 1))) END;
END;
COMMENT ON FUNCTION margin_calib.symbol_date(jsonb) IS
'Internal: the expiry date in the parts of a symbol, NULL when there is none or the calendar has no such day.';

CREATE OR REPLACE FUNCTION margin_calib.symbol_matches(symbol text, venue text)
    RETURNS TABLE (format margin_calib.symbol_format, part jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 250 ROWS 1
BEGIN ATOMIC
    SELECT f, jsonb_object(f.fields, m.found)
      FROM margin_calib.symbol_formats() AS f
     -- the number of hyphens is that of the example, which spares most patterns their test
     CROSS JOIN LATERAL (SELECT CASE WHEN length(replace(symbol_matches.symbol, '-', '')) - length(symbol_matches.symbol)
                                          = length(replace(f.example, '-', '')) - length(f.example)
                                     THEN regexp_match(symbol_matches.symbol, f.pattern) END) AS m (found)
     WHERE (symbol_matches.venue IS NULL OR f.venue = symbol_matches.venue) AND m.found IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.symbol_matches(text, text) IS
'Internal: the formats that a symbol has, and its parts by name.';

-- In plpgsql, which keeps the plans of its expressions from call to call: several times as fast.
CREATE OR REPLACE FUNCTION margin_calib.symbol_terms(symbol text, format margin_calib.symbol_format, part jsonb)
    RETURNS margin_calib.contract
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    expires CONSTANT date := margin_calib.symbol_date(part);
    terms   margin_calib.contract;
BEGIN
    terms.instrument := symbol;
    terms.venue := format.venue;
    terms.kind := format.kind;
    terms.payoff := format.payoff;
    terms.option_kind := CASE part ->> 'option_kind' WHEN 'C' THEN 'call' WHEN 'P' THEN 'put' END;
    terms.underlying := CASE part ->> 'underlying' WHEN 'XBT' THEN 'BTC' ELSE part ->> 'underlying' END;
    terms.quote_currency := coalesce(format.quote_currency, part ->> 'quote');
    terms.settlement_asset := coalesce(format.settlement_asset, CASE format.payoff WHEN 'inverse' THEN terms.underlying ELSE terms.quote_currency END);
    terms.expiry := (expires + format.expiry_time) AT TIME ZONE 'UTC';
    -- the decimal point of a strike is d at Deribit and _ at Derive
    terms.strike := translate(part ->> 'strike', 'd_', '..')::numeric;
    terms.contract_size := coalesce(format.contract_size ->> terms.underlying, format.contract_size ->> '*')::numeric;
    terms.multiplier := format.multiplier;
    terms.settlement_window := CASE WHEN expires < format.window_since THEN format.former_window ELSE format.settlement_window END;
    terms.funding_interval := format.funding_interval;
    terms.premium := CASE WHEN format.kind = 'option' THEN CASE format.payoff WHEN 'inverse' THEN 'coin' ELSE 'currency' END END;
    RETURN terms;
END
$function$;
COMMENT ON FUNCTION margin_calib.symbol_terms(text, margin_calib.symbol_format, jsonb) IS
'Internal: the terms of a contract that a symbol of a format says, from the parts that the format''s expression found.';

CREATE OR REPLACE FUNCTION margin_calib.refuse_symbol(symbol text, venue text, problem text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    venues CONSTANT text[] := ARRAY(SELECT DISTINCT f.venue FROM margin_calib.symbol_formats() AS f ORDER BY f.venue);
BEGIN
    IF venue <> ALL (venues) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the venue of a symbol is one of those that are known',
            DETAIL = format('The venue given is %L.', left(venue, 64)), HINT = format('Venues known: %s.', array_to_string(venues, ', '));
    END IF;
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = problem,
        DETAIL = format('The symbol given is %L%s.', left(symbol, 64), CASE WHEN length(symbol) > 64 THEN ' and so on' ELSE '' END),
        HINT = format('Formats known: %s. Other contracts: margin_calib.set_contract.', (
            SELECT string_agg(k.line, '; ' ORDER BY k.line)
              FROM (SELECT f.venue || ' ' || string_agg(f.example, ', ') AS line
                      FROM margin_calib.symbol_formats() AS f
                     WHERE refuse_symbol.venue IS NULL OR f.venue = refuse_symbol.venue GROUP BY f.venue) AS k));
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse_symbol(text, text, text) IS
'Internal: error 22023 with the symbol, cut, and the formats that are known; for an unknown venue with the venues.';

CREATE OR REPLACE FUNCTION margin_calib.refuse_venue(symbol text, venues text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'this symbol does not tell its venue',
        DETAIL = format('The symbol given is %L.', symbol),
        HINT = format('Give the venue (%s): margin_calib.parse_symbol(%L, %L).', array_to_string(venues, ', '), symbol, venues[1]);
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse_venue(text, text[]) IS
'Internal: error 22023 for a symbol that stands for different contracts at these venues.';

CREATE OR REPLACE FUNCTION margin_calib.parse_symbol(symbol text, venue text DEFAULT NULL) RETURNS margin_calib.contract
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    formats margin_calib.symbol_format[];
    parts   jsonb[];
    venues  text[];
    terms   margin_calib.contract;
BEGIN
    IF symbol IS NULL THEN
        RETURN NULL;
    ELSIF octet_length(symbol) NOT BETWEEN 1 AND 64 THEN
        PERFORM margin_calib.refuse_symbol(symbol, venue, 'a symbol has 1 to 64 characters');
    END IF;
    -- first those that need no venue
    SELECT array_agg(m.format ORDER BY m.rank), array_agg(m.part ORDER BY m.rank), array_agg((m.format).venue ORDER BY m.rank)
      INTO formats, parts, venues
      FROM (SELECT s.format, s.part, ROW((s.format).needs_venue, (s.format).venue) AS rank
              FROM margin_calib.symbol_matches(symbol, venue) AS s) AS m;
    IF formats IS NULL THEN
        PERFORM margin_calib.refuse_symbol(symbol, venue, 'a symbol has a format that is known');
    ELSIF venue IS NULL AND (formats[1].needs_venue OR NOT coalesce(formats[2].needs_venue, true)) THEN
        PERFORM margin_calib.refuse_venue(symbol, venues);
    END IF;
    terms := margin_calib.symbol_terms(symbol, formats[1], parts[1]);
    IF terms.kind IN ('future', 'option') AND terms.expiry IS NULL THEN
        PERFORM margin_calib.refuse_symbol(symbol, terms.venue, 'the date in a symbol is one of the calendar');
    ELSIF terms.strike = 0 THEN
        PERFORM margin_calib.refuse_symbol(symbol, terms.venue, 'the strike in a symbol is positive');
    END IF;
    RETURN terms;
END
$function$;
COMMENT ON FUNCTION margin_calib.parse_symbol(text, text) IS
'Terms of the contract that a venue''s symbol stands for: parse_symbol(''BTC-27JUN26-80000-C'', ''deribit''). Formats: margin_calib.symbol_formats(), doc/contracts.md. venue NULL: the format tells it, and error 22023 with the venues in its hint when several write such symbols (BTCUSDT: spot or perpetual; BTC-27JUN26-80000-C: paid in BTC or in USDC). contract_size is NULL where it depends on the coin and no source says it: give it before the contract is valued. Capitals count. NULL gives NULL. Errors: 22023 for an unknown venue or format, a date that the calendar does not have, a strike of 0, and above 64 characters.';
