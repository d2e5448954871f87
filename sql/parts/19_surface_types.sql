-- Volatility surfaces: settings of a fit, fitted smiles, and what became of every quote.

CREATE TYPE margin_calib.svi AS (
    a     double precision,
    b     double precision,
    rho   double precision,
    m     double precision,
    sigma double precision
);
COMMENT ON TYPE margin_calib.svi IS
'A smile in the raw parameters of SVI (Gatheral 2004): total variance w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)) at log-moneyness k = ln(strike / forward); total variance is vol^2 t.';
COMMENT ON COLUMN margin_calib.svi.a IS 'level of total variance';
COMMENT ON COLUMN margin_calib.svi.b IS 'mean slope of the wings, 0 or more';
COMMENT ON COLUMN margin_calib.svi.rho IS 'tilt: the wings have the slopes b (1 - rho) and b (1 + rho)';
COMMENT ON COLUMN margin_calib.svi.m IS 'where the vertex is, as ln(strike / forward)';
COMMENT ON COLUMN margin_calib.svi.sigma IS 'how round the vertex is, above 0';

CREATE TYPE margin_calib.surface_settings AS (
    premium             text,
    rate                double precision,
    maximum_age         interval,
    maximum_spread      double precision,
    minimum_quotes      integer,
    minimum_price       double precision,
    minimum_size        double precision,
    minimum_open_interest double precision
);
COMMENT ON TYPE margin_calib.surface_settings IS 'How quotes become a surface; made by margin_calib.surface_settings.';
COMMENT ON COLUMN margin_calib.surface_settings.premium IS '''currency'': prices in units of the forward''s currency; ''coin'': prices in units of the underlying, as of inverse options';
COMMENT ON COLUMN margin_calib.surface_settings.rate IS 'continuously compounded rate a year that discounts premiums in currency; 0 for coin';
COMMENT ON COLUMN margin_calib.surface_settings.maximum_age IS 'a quote older than this before as_of is stale';
COMMENT ON COLUMN margin_calib.surface_settings.maximum_spread IS 'an ask above this multiple of the middle price more than the bid is too wide';
COMMENT ON COLUMN margin_calib.surface_settings.minimum_quotes IS 'strikes with usable quotes that an expiry needs to be fitted';
COMMENT ON COLUMN margin_calib.surface_settings.minimum_price IS 'a bid below this price says nothing about the vol';
COMMENT ON COLUMN margin_calib.surface_settings.minimum_size IS 'a bid or an ask of a size below this is too small';
COMMENT ON COLUMN margin_calib.surface_settings.minimum_open_interest IS 'an option with open interest below this is left out';

CREATE TYPE margin_calib.surface_slice AS (
    expiry            timestamptz,
    t                 double precision,
    forward           double precision,
    forward_source    text,
    model             text,
    a                 double precision,
    b                 double precision,
    rho               double precision,
    m                 double precision,
    sigma             double precision,
    atm_vol           double precision,
    strikes           integer,
    left_out          integer,
    lowest_k          double precision,
    highest_k         double precision,
    median_error      double precision,
    median_half_spread double precision,
    worst_error       double precision,
    butterfly         double precision,
    calendar          double precision,
    fitted_as_of      timestamptz,
    status            text,
    reason            text
);
COMMENT ON TYPE margin_calib.surface_slice IS 'The smile of one expiry in a margin_calib.vol_surface, and how well it fits.';
COMMENT ON COLUMN margin_calib.surface_slice.expiry IS 'of the options';
COMMENT ON COLUMN margin_calib.surface_slice.t IS 'years of 365 days from as_of to expiry';
COMMENT ON COLUMN margin_calib.surface_slice.forward IS 'price of the underlying for the expiry';
COMMENT ON COLUMN margin_calib.surface_slice.forward_source IS 'quoted: given with the quotes; parity: from calls and puts of one strike; carried: interpolated between expiries that have one';
COMMENT ON COLUMN margin_calib.surface_slice.model IS 'svi: five parameters of its own; ssvi: a slice of the surface SVI of all expiries, written in raw parameters';
COMMENT ON COLUMN margin_calib.surface_slice.a IS 'of margin_calib.svi, NULL when failed';
COMMENT ON COLUMN margin_calib.surface_slice.b IS 'of margin_calib.svi, NULL when failed';
COMMENT ON COLUMN margin_calib.surface_slice.rho IS 'of margin_calib.svi, NULL when failed';
COMMENT ON COLUMN margin_calib.surface_slice.m IS 'of margin_calib.svi, NULL when failed';
COMMENT ON COLUMN margin_calib.surface_slice.sigma IS 'of margin_calib.svi, NULL when failed';
COMMENT ON COLUMN margin_calib.surface_slice.atm_vol IS 'vol a year at the forward';
COMMENT ON COLUMN margin_calib.surface_slice.strikes IS 'quotes that the smile was fitted to, one of each strike';
COMMENT ON COLUMN margin_calib.surface_slice.left_out IS 'quotes that were not used; margin_calib.surface_point says why';
COMMENT ON COLUMN margin_calib.surface_slice.lowest_k IS 'ln(strike / forward) of the lowest strike used';
COMMENT ON COLUMN margin_calib.surface_slice.highest_k IS 'ln(strike / forward) of the highest strike used';
COMMENT ON COLUMN margin_calib.surface_slice.median_error IS 'of abs(fitted vol - vol of the middle price)';
COMMENT ON COLUMN margin_calib.surface_slice.median_half_spread IS 'of half the difference of ask vol and bid vol, where both sides are quoted';
COMMENT ON COLUMN margin_calib.surface_slice.worst_error IS 'largest abs(fitted vol - vol of the middle price)';
COMMENT ON COLUMN margin_calib.surface_slice.butterfly IS 'least g(k), Gatheral and Jacquier (2014) eq. 2.1: density of the price at expiry, negative where butterflies would be free money';
COMMENT ON COLUMN margin_calib.surface_slice.calendar IS 'least excess of total variance over the expiry before, at equal k; negative where calendar spreads would be free money';
COMMENT ON COLUMN margin_calib.surface_slice.fitted_as_of IS 'time of the quotes that the smile is fitted to; earlier than as_of where an older smile stands in';
COMMENT ON COLUMN margin_calib.surface_slice.status IS 'fitted; repaired: moved to where it is free of arbitrage; fallback: the last good smile stands in; failed: none, see reason';
COMMENT ON COLUMN margin_calib.surface_slice.reason IS 'what stands behind a status other than fitted';

CREATE TYPE margin_calib.surface_point AS (
    expiry     timestamptz,
    strike     double precision,
    kind       text,
    k          double precision,
    bid_vol    double precision,
    ask_vol    double precision,
    vol        double precision,
    fitted_vol double precision,
    weight     double precision,
    problem    text
);
COMMENT ON TYPE margin_calib.surface_point IS 'One quote behind a margin_calib.vol_surface.';
COMMENT ON COLUMN margin_calib.surface_point.expiry IS 'of the option';
COMMENT ON COLUMN margin_calib.surface_point.strike IS 'of the option';
COMMENT ON COLUMN margin_calib.surface_point.kind IS 'call or put';
COMMENT ON COLUMN margin_calib.surface_point.k IS 'ln(strike / forward)';
COMMENT ON COLUMN margin_calib.surface_point.bid_vol IS 'vol of the bid';
COMMENT ON COLUMN margin_calib.surface_point.ask_vol IS 'vol of the ask';
COMMENT ON COLUMN margin_calib.surface_point.vol IS 'of the middle price, or of the mark where a side is missing';
COMMENT ON COLUMN margin_calib.surface_point.fitted_vol IS 'vol of the smile at the strike';
COMMENT ON COLUMN margin_calib.surface_point.weight IS 'of the quote in the fit, 1 for the tightest of its expiry, less for what the fit found to be an outlier';
COMMENT ON COLUMN margin_calib.surface_point.problem IS 'why the quote was not used, NULL when it was';

CREATE TYPE margin_calib.vol_surface AS (
    as_of  timestamptz,
    slices margin_calib.surface_slice[],
    points margin_calib.surface_point[]
);
COMMENT ON TYPE margin_calib.vol_surface IS 'A volatility surface: the smile of each expiry, in the order of expiry, and the quotes behind them; made by margin_calib.fit_surface.';
COMMENT ON COLUMN margin_calib.vol_surface.as_of IS 'time that the surface is of';
COMMENT ON COLUMN margin_calib.vol_surface.slices IS 'one for each expiry later than as_of, in order';
COMMENT ON COLUMN margin_calib.vol_surface.points IS 'one for each quote';

CREATE TYPE margin_calib.svi_jw AS (
    v       double precision,
    psi     double precision,
    p       double precision,
    c       double precision,
    v_least double precision
);
COMMENT ON TYPE margin_calib.svi_jw IS 'A smile in the jump-wings parameters of SVI (Gatheral and Jacquier 2014, eq. 3.5).';
COMMENT ON COLUMN margin_calib.svi_jw.v IS 'variance a year at the money';
COMMENT ON COLUMN margin_calib.svi_jw.psi IS 'skew at the money: half the slope of total variance over its root';
COMMENT ON COLUMN margin_calib.svi_jw.p IS 'slope of the put wing over the root of total variance at the money';
COMMENT ON COLUMN margin_calib.svi_jw.c IS 'slope of the call wing, the same way';
COMMENT ON COLUMN margin_calib.svi_jw.v_least IS 'least variance a year';
