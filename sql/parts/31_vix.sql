-- Volatility implied by quotes without a model. doc/surface_measures.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.vix_variance_accum(state internal, strike double precision, kind text, bid double precision,
    ask double precision, t double precision, rate double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_vix_variance_accum';
COMMENT ON FUNCTION margin_calib.vix_variance_accum(internal, double precision, text, double precision, double precision, double precision, double precision) IS
'Internal: transition of margin_calib.vix_variance';
REVOKE ALL ON FUNCTION margin_calib.vix_variance_accum(internal, double precision, text, double precision, double precision, double precision, double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.vix_variance_final(state internal) RETURNS margin_calib.vix_term
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_vix_variance_final';
COMMENT ON FUNCTION margin_calib.vix_variance_final(internal) IS 'Internal: final of margin_calib.vix_variance; does not change the state';
REVOKE ALL ON FUNCTION margin_calib.vix_variance_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.vix_variance(strike double precision, kind text, bid double precision, ask double precision,
    t double precision, rate double precision) (
    SFUNC = margin_calib.vix_variance_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = margin_calib.vix_variance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.vix_variance(double precision, text, double precision, double precision, double precision, double precision) IS
'Variance a year that the option quotes of one expiry imply without a model, by the method of the VIX (Cboe white paper, 2009): 2/T sum dK/K^2 e^(RT) Q(K) - 1/T (F/K0 - 1)^2 over strikes out of the money, outwards from K0 until two in a row without a bid. One row per quote, in any order: strike; kind, call, put, c or p in any case (else 22023); bid and ask in the unit of the strike (multiply prices in coin by the underlying price). t (years to expiry) and rate (a year, continuously compounded) are the same in every row (22023 if not, 22004 if NULL) and finite (22023). Returns a row of type margin_calib.vix_term; what the quotes lack is told by its status, never an error. A bid that is NULL or not above 0 is no bid; an ask that is NULL or below the bid is treated like it. Rows with a NULL strike or kind are skipped, no row left gives NULL; a strike not above 0 is an error (22023). 32 bytes a row up to margin_calib.max_state_mb (54000). No partial aggregation: a group is computed by one process.';

CREATE OR REPLACE FUNCTION margin_calib.vix_index(near margin_calib.vix_term, next margin_calib.vix_term, days double precision DEFAULT 30)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_vix_index_of_terms';
COMMENT ON FUNCTION margin_calib.vix_index(margin_calib.vix_term, margin_calib.vix_term, double precision) IS
'Volatility index in points (20 for 20 % a year) for a horizon of days: 100 times the root of the variance a year, total variance being linear in time between two terms of margin_calib.vix_variance, near before next (22023 if not). Cboe white paper (2009), with years of 365 days. Where days lie outside the two expiries the line is extended, as Cboe''s does. NULL when a term has no variance or the line is below 0 there. days must be positive and finite (22023).';
