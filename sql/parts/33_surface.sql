-- Volatility surfaces from option quotes. doc/surface.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.surface_settings(
    premium text DEFAULT 'currency', rate double precision DEFAULT 0, maximum_age interval DEFAULT '1 hour',
    maximum_spread double precision DEFAULT 1, minimum_quotes integer DEFAULT 5, minimum_price double precision DEFAULT 0,
    minimum_size double precision DEFAULT 0, minimum_open_interest double precision DEFAULT 0)
    RETURNS margin_calib.surface_settings
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW(margin_calib.checked(coalesce(premium, 'NULL'), premium IN ('currency', 'coin'), 'premium must be ''currency'' or ''coin''',
                                    'Write ''coin'' for options whose premium is paid in the underlying, as those of Deribit.'),
               margin_calib.checked(coalesce(rate, 'NaN'), rate BETWEEN -10 AND 10, 'rate must lie between -10 and 10',
                                    'Write the continuously compounded rate a year: 0.05 for 5 %.'),
               margin_calib.checked(coalesce(maximum_age, '-1 day'), maximum_age BETWEEN '0' AND '3000 years', 'maximum_age must lie between 0 and 3000 years',
                                    'Write how old a quote may be, such as ''1 hour''.'),
               margin_calib.checked(coalesce(maximum_spread, 'NaN'), maximum_spread > 0 AND maximum_spread <> 'NaN', 'maximum_spread must be above 0',
                                    'Write 1 to leave out quotes whose ask exceeds the bid by more than the middle price.'),
               margin_calib.checked(coalesce(minimum_quotes, -1), minimum_quotes >= 3, 'minimum_quotes must be 3 or more',
                                    'Write how many strikes with usable quotes an expiry needs, such as 5.'),
               margin_calib.checked(coalesce(minimum_price, 'NaN'), minimum_price >= 0 AND minimum_price <> 'NaN', 'minimum_price must be 0 or more',
                                    'Write the lowest bid that says something about the vol, such as the tick.'),
               margin_calib.checked(coalesce(minimum_size, 'NaN'), minimum_size >= 0 AND minimum_size <> 'NaN', 'minimum_size must be 0 or more',
                                    'Write the least size of a bid or an ask that counts, in the units of your quotes.'),
               margin_calib.checked(coalesce(minimum_open_interest, 'NaN'), minimum_open_interest >= 0 AND minimum_open_interest <> 'NaN',
                                    'minimum_open_interest must be 0 or more', 'Write the least open interest of an option that counts, in the units of your quotes.'))::margin_calib.surface_settings;
END;
COMMENT ON FUNCTION margin_calib.surface_settings(text, double precision, interval, double precision, integer, double precision, double precision, double precision) IS
'Settings of margin_calib.fit_surface. premium: ''currency'' for premiums in the currency of the forward, ''coin'' for premiums in units of the underlying (inverse options). rate: continuously compounded, a year, discounts premiums in currency; it does not matter for coin. maximum_age: a quote whose ts is further before as_of is left out. maximum_spread: a quote with ask - bid above this multiple of the middle price is left out. minimum_quotes: strikes with usable quotes below which an expiry is not fitted. minimum_price: a bid below this is left out. minimum_size: a quote whose bid or ask is of a size below this is left out; minimum_open_interest: so is an option with less than this; both in the units of the quotes, and a size or an open interest that is not known is enough. NULL and values out of range: 22023.';

CREATE OR REPLACE FUNCTION margin_calib.fit_surface_accum(
    state internal, expiry timestamptz, strike double precision, kind text, bid double precision, ask double precision,
    mark double precision, forward double precision, ts timestamptz, as_of timestamptz, settings margin_calib.surface_settings)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_fit_surface_accum';
COMMENT ON FUNCTION margin_calib.fit_surface_accum(internal, timestamptz, double precision, text, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings) IS
'Support function of margin_calib.fit_surface: keeps a quote.';

CREATE OR REPLACE FUNCTION margin_calib.fit_surface_accum(
    state internal, expiry timestamptz, strike double precision, kind text, bid double precision, ask double precision,
    mark double precision, forward double precision,
    bid_size double precision, ask_size double precision, open_interest double precision, ts timestamptz, as_of timestamptz, settings margin_calib.surface_settings)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_fit_surface_accum';
COMMENT ON FUNCTION margin_calib.fit_surface_accum(internal, timestamptz, double precision, text, double precision, double precision, double precision, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings) IS
'Support function of margin_calib.fit_surface: keeps a quote with its sizes.';

CREATE OR REPLACE FUNCTION margin_calib.fit_surface_final(state internal) RETURNS margin_calib.vol_surface
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_fit_surface_final';
COMMENT ON FUNCTION margin_calib.fit_surface_final(internal) IS
'Support function of margin_calib.fit_surface: the surface of a group.';

CREATE OR REPLACE AGGREGATE margin_calib.fit_surface(
    expiry timestamptz, strike double precision, kind text, bid double precision, ask double precision,
    mark double precision, forward double precision, ts timestamptz, as_of timestamptz, settings margin_calib.surface_settings) (
    SFUNC = margin_calib.fit_surface_accum, STYPE = internal, SSPACE = 131072,
    FINALFUNC = margin_calib.fit_surface_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.fit_surface(timestamptz, double precision, text, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings) IS
'Volatility surface of one underlying from the quotes of its options, one a row: a margin_calib.vol_surface with a smile of SVI for every expiry, free of butterfly and calendar arbitrage, and what became of every quote. kind: call, put, c or p in any case. bid, ask, mark: premiums a unit of the underlying, NULL or 0 for what is not quoted; the middle of bid and ask counts, or the mark where both are missing. forward: of the expiry, at the time of the quotes; NULL in all rows of an expiry: it comes from calls and puts of equal strikes. ts: time of the quote, NULL for unknown; of several quotes of one option the latest counts. as_of and settings (margin_calib.surface_settings) must be the same in every row of a group, NULL 22004, a different value 22023. No quote is an error: one that cannot be used comes back with its problem, and an expiry that cannot be fitted with status failed and its reason, while the others go on. A group without rows gives NULL; more than 500 expiries or more state than margin_calib.max_state_mb is 54000. The order of the rows does not matter. A group is computed by one process. Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", Quant. Finance 14 (2014); doc/surface.md.';

CREATE OR REPLACE AGGREGATE margin_calib.fit_surface(
    expiry timestamptz, strike double precision, kind text, bid double precision, ask double precision,
    mark double precision, forward double precision, bid_size double precision, ask_size double precision,
    open_interest double precision, ts timestamptz, as_of timestamptz, settings margin_calib.surface_settings) (
    SFUNC = margin_calib.fit_surface_accum, STYPE = internal, SSPACE = 131072,
    FINALFUNC = margin_calib.fit_surface_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.fit_surface(timestamptz, double precision, text, double precision, double precision, double precision, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings) IS
'Volatility surface of one underlying from quotes with sizes: as margin_calib.fit_surface without them, and a bid or an ask of size 0 is none, a size below minimum_size and an open interest below minimum_open_interest of the settings leave the quote out, each with its problem. bid_size, ask_size, open_interest: in any unit, NULL for unknown, which is enough; negative or infinite leaves the quote out. Sizes do not weigh: spreads do. doc/surface.md.';

REVOKE ALL ON FUNCTION
    margin_calib.fit_surface_accum(internal, timestamptz, double precision, text, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings),
    margin_calib.fit_surface_accum(internal, timestamptz, double precision, text, double precision, double precision, double precision, double precision, double precision, double precision, double precision, timestamptz, timestamptz, margin_calib.surface_settings),
    margin_calib.fit_surface_final(internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.surface_vol(surface margin_calib.vol_surface, expiry timestamptz, strike double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_surface_vol';
COMMENT ON FUNCTION margin_calib.surface_vol(margin_calib.vol_surface, timestamptz, double precision) IS
'Vol a year of a surface for an option that expires at expiry, at strike. Between two expiries total variance is linear in time at equal ln(strike / forward); before the first it is proportional to time; beyond the last it grows with the forward variance at the money of the last two. The forward of an expiry between two comes from constant carry. Expiries without a smile are passed over; a surface without any smile or without a forward gives NULL. A strike that is not positive and finite, and an expiry not later than as_of of the surface: 22023; NaN gives NaN. doc/surface.md.';
