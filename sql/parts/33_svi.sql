-- Smiles of SVI: values, arbitrage, other parameters, fit. doc/surface.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.svi_total_variance(smile margin_calib.svi, k double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_svi_total_variance_at';
COMMENT ON FUNCTION margin_calib.svi_total_variance(margin_calib.svi, double precision) IS
'Total variance vol^2 t of a smile at k = ln(strike / forward): a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)). A NULL parameter gives NULL, NaN gives NaN, parameters that are no smile 22023. Gatheral and Jacquier (2014), eq. 3.1.';

CREATE OR REPLACE FUNCTION margin_calib.svi_butterfly(smile margin_calib.svi, k double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_svi_butterfly_at';
COMMENT ON FUNCTION margin_calib.svi_butterfly(margin_calib.svi, double precision) IS
'g(k) of a smile: below 0 the price at expiry would have a negative density there, and a butterfly of options costs less than nothing. A NULL parameter gives NULL, NaN gives NaN, parameters that are no smile 22023. Gatheral and Jacquier (2014), eq. 2.1.';

CREATE OR REPLACE FUNCTION margin_calib.svi_least_butterfly(smile margin_calib.svi) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_svi_least_butterfly_of';
COMMENT ON FUNCTION margin_calib.svi_least_butterfly(margin_calib.svi) IS
'The least g(k) of a smile over all k, its limits included; below 0 there is butterfly arbitrage. A NULL parameter gives NULL, NaN gives NaN, parameters that are no smile 22023. Gatheral and Jacquier (2014), eq. 2.1.';

CREATE OR REPLACE FUNCTION margin_calib.svi_least_calendar(earlier margin_calib.svi, later margin_calib.svi) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_svi_least_calendar_of';
COMMENT ON FUNCTION margin_calib.svi_least_calendar(margin_calib.svi, margin_calib.svi) IS
'The least excess of total variance of the later smile over the earlier one at equal k, for k from -2.5 to 2.5, that is strikes from a twelfth of the forward to twelve times it; below 0 there is calendar arbitrage. A NULL parameter gives NULL, NaN gives NaN, parameters that are no smile 22023. Gatheral and Jacquier (2014), lemma 2.1.';

CREATE OR REPLACE FUNCTION margin_calib.svi_to_jw(smile margin_calib.svi, t double precision) RETURNS margin_calib.svi_jw
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_svi_to_jw_row';
COMMENT ON FUNCTION margin_calib.svi_to_jw(margin_calib.svi, double precision) IS
'Jump-wings parameters of a smile of t years. NULL or NaN parameters give NULL; parameters that are no smile, or a t that is not positive and finite, 22023. Gatheral and Jacquier (2014), eq. 3.5.';

CREATE OR REPLACE FUNCTION margin_calib.svi_from_jw(jw margin_calib.svi_jw, t double precision) RETURNS margin_calib.svi
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_svi_from_jw_row';
COMMENT ON FUNCTION margin_calib.svi_from_jw(margin_calib.svi_jw, double precision) IS
'Smile of t years with these jump-wings parameters. A NULL parameter gives NULL; parameters that no smile has, or a t that is not positive and finite, 22023. Gatheral and Jacquier (2014), lemma 3.2.';

CREATE OR REPLACE FUNCTION margin_calib.svi_repair(smile margin_calib.svi, t double precision) RETURNS margin_calib.svi
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_svi_repair';
COMMENT ON FUNCTION margin_calib.svi_repair(margin_calib.svi, double precision) IS
'Smile of t years with the same variance and skew at the money and the same put wing, and the call wing p + 2 psi and least variance 4 v p c / (p + c)^2 of a slice of SSVI, which is free of butterfly arbitrage where slopes are moderate: theta phi (1 + |rho|) < 4 and theta phi^2 (1 + |rho|) <= 4. NULL where there is no such smile, and for NULL or NaN parameters; parameters that are no smile, or a t that is not positive and finite, 22023. Gatheral and Jacquier (2014), section 5.1.';

CREATE OR REPLACE FUNCTION margin_calib.svi_fit_final(state internal) RETURNS margin_calib.svi
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_svi_fit_final';
COMMENT ON FUNCTION margin_calib.svi_fit_final(internal) IS
'Support function of margin_calib.svi_fit: the smile of a group.';
REVOKE ALL ON FUNCTION margin_calib.svi_fit_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.svi_fit(k double precision, vol double precision, t double precision) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.svi_fit_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.svi_fit(double precision, double precision, double precision) IS
'Smile of SVI through implied vols of one expiry in t years, at k = ln(strike / forward): robust least squares (Huber) without butterfly arbitrage, as margin_calib.fit_surface does for one expiry whose quotes are all equally good. t must be the same in every row (22023; NULL 22004), positive and finite. Rows with a NULL are skipped; fewer than 5 rows, or a NaN or infinite value, give NULL; a vol that is not positive is 22023. More state than margin_calib.max_state_mb is 54000. Gatheral and Jacquier (2014); doc/surface.md.';
