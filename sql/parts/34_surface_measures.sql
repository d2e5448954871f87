-- Measures of a fitted smile or surface. doc/surface_measures.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.variance_swap_rate(smile margin_calib.svi, t double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_variance_swap_rate';
COMMENT ON FUNCTION margin_calib.variance_swap_rate(margin_calib.svi, double precision) IS
'Fair variance a year of a variance swap over t years, without jumps: 2/T times the integral of out-of-the-money option prices over the square of the strike (Carr and Madan 1998), by Fukasawa''s (2012) form of it. Its root is the variance swap vol. Infinity where the put wing of the smile is as steep as 2 or steeper; NULL where the integral does not converge to 1e-9 of itself, which extreme parameters can cause. A NULL parameter of the smile gives NULL, NaN gives NaN; parameters that are no smile and a t that is not positive and finite are errors (22023), a rate beyond the range of a double is one (22003).';

CREATE OR REPLACE FUNCTION margin_calib.strike_at_delta(smile margin_calib.svi, forward double precision, kind text, delta double precision,
    premium text DEFAULT 'currency') RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_strike_at_delta';
COMMENT ON FUNCTION margin_calib.strike_at_delta(margin_calib.svi, double precision, text, double precision, text) IS
'The strike of the call or put (kind: call, put, c or p in any case) whose delta has the size delta, 0 < delta <= 0.5, on a smile, in the unit of the forward. Delta is that of Black (1976) per discounted forward, at the smile''s vol for the strike: N(d1) for calls, N(-d1) for puts. premium ''coin'' takes the delta of options paid and settled in the underlying, which the premium lowers: K/F N(d2) and K/F N(-d2); of the two calls with that delta the higher strike is given. The years to expiry are in the smile''s total variance. NULL where there is no such strike: the call wing is as steep as 2, every vol is 0, or no such call has so large a delta. A NULL parameter gives NULL, NaN gives NaN; other values that are out of range are errors (22023), a strike beyond the range of a double is one (22003).';

CREATE OR REPLACE FUNCTION margin_calib.risk_reversal(smile margin_calib.svi, t double precision, delta double precision DEFAULT 0.25,
    premium text DEFAULT 'currency') RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_reversal';
COMMENT ON FUNCTION margin_calib.risk_reversal(margin_calib.svi, double precision, double precision, text) IS
'Vol of the call less vol of the put, each at the strike that margin_calib.strike_at_delta gives for delta and premium, of a smile of t years: positive where upside is dearer. NULL where one of the strikes does not exist; NULL, NaN and values out of range as there.';

CREATE OR REPLACE FUNCTION margin_calib.butterfly(smile margin_calib.svi, t double precision, delta double precision DEFAULT 0.25,
    premium text DEFAULT 'currency') RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_butterfly';
COMMENT ON FUNCTION margin_calib.butterfly(margin_calib.svi, double precision, double precision, text) IS
'Mean of the vols of call and put, each at the strike that margin_calib.strike_at_delta gives for delta and premium, less the vol at the forward, of a smile of t years: how much dearer the wings are. NULL where one of the strikes does not exist; NULL, NaN and values out of range as there.';

CREATE OR REPLACE FUNCTION margin_calib.term_structure(surface margin_calib.vol_surface) RETURNS SETOF margin_calib.smile_term
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 12
    BEGIN ATOMIC
        WITH slice AS (
            SELECT s.expiry, s.t, s.forward, s.ordinality AS i, m.smile, m.smile IS NOT NULL AS has_smile,
                   -- total variance at the forward
                   CASE WHEN m.smile IS NOT NULL THEN s.a + s.b * (sqrt(s.m * s.m + s.sigma * s.sigma) - s.rho * s.m) END AS w
              FROM unnest((surface).slices) WITH ORDINALITY AS s
             CROSS JOIN LATERAL (SELECT CASE WHEN num_nulls(s.t, s.a, s.b, s.rho, s.m, s.sigma) = 0
                                             THEN ROW(s.a, s.b, s.rho, s.m, s.sigma)::margin_calib.svi END AS smile) AS m
             WHERE s.expiry IS NOT NULL
        ), before AS (
            SELECT i, lag(w) OVER by_expiry AS w, lag(t) OVER by_expiry AS t
              FROM slice WHERE has_smile WINDOW by_expiry AS (ORDER BY expiry, i)
        )
        SELECT slice.expiry, slice.t, slice.forward, CASE WHEN slice.w >= 0 AND slice.t > 0 THEN sqrt(slice.w / slice.t) END,
               sqrt(margin_calib.variance_swap_rate(slice.smile, slice.t)),
               margin_calib.risk_reversal(slice.smile, slice.t), margin_calib.butterfly(slice.smile, slice.t),
               margin_calib.risk_reversal(slice.smile, slice.t, 0.1), margin_calib.butterfly(slice.smile, slice.t, 0.1),
               CASE WHEN slice.t > before.t AND slice.w >= before.w THEN sqrt((slice.w - before.w) / (slice.t - before.t)) END
          FROM slice LEFT JOIN before USING (i)
         ORDER BY slice.expiry, slice.i;
    END;
COMMENT ON FUNCTION margin_calib.term_structure(margin_calib.vol_surface) IS
'One row per expiry of a volatility surface, in their order, of type margin_calib.smile_term: vols a year at the forward and of a variance swap, risk reversal and butterfly of 25 and 10 per cent delta (premium ''currency''), and the vol at the forward between neighbouring expiries. An expiry without a smile has only its expiry, t and forward; the forward vol after it reaches back to the last that has one. Slices without an expiry are left out. Parameters that are no smile are errors (22023), as of margin_calib.variance_swap_rate.';

CREATE OR REPLACE FUNCTION margin_calib.variance_risk_premium(implied_vol double precision, realized_vol double precision)
    RETURNS margin_calib.variance_premium
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
    RETURN ROW(implied_vol * implied_vol - realized_vol * realized_vol, implied_vol - realized_vol)::margin_calib.variance_premium;
COMMENT ON FUNCTION margin_calib.variance_risk_premium(double precision, double precision) IS
'What sellers of volatility were paid: implied^2 - realized^2, and implied - realized, of vols a year in one unit; positive where implied was above realised. Best with the variance swap vol or an index, for the span over which realised vol was measured afterwards (Carr and Wu 2009 take the difference with the other sign). A row of type margin_calib.variance_premium; NULL gives NULL, NaN gives NaN.';

CREATE OR REPLACE FUNCTION margin_calib.surface_svg(surface margin_calib.vol_surface, title text DEFAULT NULL) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_surface_svg';
COMMENT ON FUNCTION margin_calib.surface_svg(margin_calib.vol_surface, text) IS
'A volatility surface as a picture: an SVG document of 1200 units width with one panel per expiry, in the order of the slices. Each shows the smile as a line over the quotes: middle vols as dots, bid to ask as bars, quotes left out as grey crosses where they are inside the axes; its title has the expiry (UTC), days, status, vol at the forward, and the reason where one is told. No scripts, no fonts or pictures from elsewhere; ASCII that is valid XML whatever title and texts hold. Any value of the type gives a picture: what is NULL or out of range is left out, a surface without slices says so. At most 60 panels and 300 marks of each kind in a panel. title NULL: ''Volatility surface'', longer ones are cut at 100 characters. NULL for a NULL surface.';
