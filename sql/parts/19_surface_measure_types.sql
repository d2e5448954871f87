-- What the measures of implied volatility return. src/vix.c builds vix_term by position: keep both in step.
CREATE TYPE margin_calib.vix_term AS (
    status         text,
    t              double precision,
    rate           double precision,
    variance       double precision,
    forward        double precision,
    k0             double precision,
    strikes_used   integer,
    lowest_strike  double precision,
    highest_strike double precision,
    quotes         bigint
);
COMMENT ON TYPE margin_calib.vix_term IS
'The variance that the quotes of one expiry imply without a model, as margin_calib.vix_variance returns it. doc/surface_measures.md.';
COMMENT ON COLUMN margin_calib.vix_term.status IS 'ok; no variance: expired (t is not positive), not_finite (a strike, bid or ask is), duplicate (two quotes of one strike and kind), no_forward (no strike has middle prices of call and put), no_k0 (none of those is at or below the forward), too_few (no put below k0 or no call above it has a middle price), not_positive (prices that contradict each other), overflow';
COMMENT ON COLUMN margin_calib.vix_term.t IS 'years to expiry, as given';
COMMENT ON COLUMN margin_calib.vix_term.rate IS 'as given';
COMMENT ON COLUMN margin_calib.vix_term.variance IS 'variance a year';
COMMENT ON COLUMN margin_calib.vix_term.forward IS 'from call and put of the strike where their middle prices differ least';
COMMENT ON COLUMN margin_calib.vix_term.k0 IS 'highest strike at or below the forward that has middle prices of call and put';
COMMENT ON COLUMN margin_calib.vix_term.strikes_used IS 'strikes in the sum, k0 among them';
COMMENT ON COLUMN margin_calib.vix_term.lowest_strike IS 'lowest of them';
COMMENT ON COLUMN margin_calib.vix_term.highest_strike IS 'highest of them';
COMMENT ON COLUMN margin_calib.vix_term.quotes IS 'rows with a strike and a kind';

CREATE TYPE margin_calib.smile_term AS (
    expiry            timestamptz,
    t                 double precision,
    forward           double precision,
    atm_vol           double precision,
    variance_swap_vol double precision,
    risk_reversal_25  double precision,
    butterfly_25      double precision,
    risk_reversal_10  double precision,
    butterfly_10      double precision,
    forward_vol       double precision
);
COMMENT ON TYPE margin_calib.smile_term IS
'One expiry of a volatility surface in few numbers, as margin_calib.term_structure returns it. doc/surface_measures.md.';
COMMENT ON COLUMN margin_calib.smile_term.expiry IS 'of the slice';
COMMENT ON COLUMN margin_calib.smile_term.t IS 'years to expiry';
COMMENT ON COLUMN margin_calib.smile_term.forward IS 'of the slice';
COMMENT ON COLUMN margin_calib.smile_term.atm_vol IS 'vol a year at the forward';
COMMENT ON COLUMN margin_calib.smile_term.variance_swap_vol IS 'root of margin_calib.variance_swap_rate';
COMMENT ON COLUMN margin_calib.smile_term.risk_reversal_25 IS 'vol of the call less vol of the put, each of delta 0.25';
COMMENT ON COLUMN margin_calib.smile_term.butterfly_25 IS 'mean vol of call and put of delta 0.25, less the vol at the forward';
COMMENT ON COLUMN margin_calib.smile_term.risk_reversal_10 IS 'vol of the call less vol of the put, each of delta 0.10';
COMMENT ON COLUMN margin_calib.smile_term.butterfly_10 IS 'mean vol of call and put of delta 0.10, less the vol at the forward';
COMMENT ON COLUMN margin_calib.smile_term.forward_vol IS 'vol a year at the forward between the expiry before that has a smile and this one; NULL for the first, and where total variance decreases';

CREATE TYPE margin_calib.variance_premium AS (
    variance   double precision,
    volatility double precision
);
COMMENT ON TYPE margin_calib.variance_premium IS
'What implied volatility pays above realised volatility, as margin_calib.variance_risk_premium returns it.';
COMMENT ON COLUMN margin_calib.variance_premium.variance IS 'implied^2 - realised^2, a year';
COMMENT ON COLUMN margin_calib.variance_premium.volatility IS 'implied - realised, a year';
