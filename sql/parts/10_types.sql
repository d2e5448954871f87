-- Row types that functions take and return. Parts 10 to 29 hold state and are never run again.

-- One row of risk appetite. src/policy.c reads it by position: keep both in step.
CREATE TYPE margin_calib.margin_policy AS (
    name               text,
    version            integer,
    confidence         double precision,
    measure            text,
    model              text,
    ewma_lambda        double precision,
    weight_decay       double precision,
    evt_tail           double precision,
    refit_interval     integer,
    horizon            integer,
    horizon_method     text,
    lookback           integer,
    min_returns        integer,
    stress_weight      double precision,
    stress_window      integer,
    buffer             double precision,
    buffer_recovery    integer,
    floor_lookback     integer,
    minimum_rate       double precision,
    maximum_rate       double precision,
    fallback_rate      double precision,
    maintenance_ratio  double precision,
    rounding_step      double precision,
    symmetric_rates    boolean,
    lookback_time      interval,
    rise_per_step      double precision,
    rise_per_day       double precision,
    rise_after_breach  double precision,
    fall_per_day       double precision,
    dead_after         integer,
    restart_gap        interval,
    bar_interval       interval,
    jump_bound         double precision,
    stale_after        interval
);
COMMENT ON TYPE margin_calib.margin_policy IS
'One row of risk appetite, made by margin_calib.policy(name) or margin_calib.set_policy(...). doc/calibration.md has the formula.';
COMMENT ON COLUMN margin_calib.margin_policy.name IS 'name of the policy';
COMMENT ON COLUMN margin_calib.margin_policy.version IS 'version, counted from 1 for each name';
COMMENT ON COLUMN margin_calib.margin_policy.confidence IS 'confidence of the tail measure, 0.99 for a 1 % tail';
COMMENT ON COLUMN margin_calib.margin_policy.measure IS 'expected_shortfall or value_at_risk';
COMMENT ON COLUMN margin_calib.margin_policy.model IS 'chain of alternatives joined by >, each an average of models joined by +: a tail (historical, weighted_historical, evt, normal, student_t) with a filter in front (filtered_, garch_, gjr_, garch_t_, gjr_t_) or none; filtered_ takes its own lambda in parentheses. The first alternative that answers is used';
COMMENT ON COLUMN margin_calib.margin_policy.ewma_lambda IS 'decay per bar of the EWMA variance that filters the returns, in (0,1)';
COMMENT ON COLUMN margin_calib.margin_policy.weight_decay IS 'weight of a return over that of the next one in weighted_historical models, in (0,1]';
COMMENT ON COLUMN margin_calib.margin_policy.evt_tail IS 'share of losses beyond the threshold of evt models, at most 0.5, above 1 - confidence where they are used';
COMMENT ON COLUMN margin_calib.margin_policy.refit_interval IS 'number of returns between two fits of a GARCH filter, counted from the first of the series';
COMMENT ON COLUMN margin_calib.margin_policy.horizon IS 'margin period of risk in bars';
COMMENT ON COLUMN margin_calib.margin_policy.horizon_method IS 'overlapping: returns are summed over overlapping windows of the horizon; scaled: one-bar returns times the root of the horizon';
COMMENT ON COLUMN margin_calib.margin_policy.lookback IS 'number of latest returns that make the tail';
COMMENT ON COLUMN margin_calib.margin_policy.min_returns IS 'with fewer returns than this the calibration falls back, flagged';
COMMENT ON COLUMN margin_calib.margin_policy.stress_weight IS 'weight of the stressed window in the rate, 0 to 1';
COMMENT ON COLUMN margin_calib.margin_policy.stress_window IS 'length in returns of the stressed window, which is searched in the whole history';
COMMENT ON COLUMN margin_calib.margin_policy.buffer IS 'anti-procyclical buffer on top of the rate in calm markets, consumed before the rate rises; 0.25 is 25 %';
COMMENT ON COLUMN margin_calib.margin_policy.buffer_recovery IS 'number of bars in which a used buffer comes back; 0: only as the core falls';
COMMENT ON COLUMN margin_calib.margin_policy.floor_lookback IS 'number of latest returns behind the long-run floor; 0 for no floor';
COMMENT ON COLUMN margin_calib.margin_policy.minimum_rate IS 'smallest initial rate, fraction of notional';
COMMENT ON COLUMN margin_calib.margin_policy.maximum_rate IS 'largest initial rate, fraction of notional';
COMMENT ON COLUMN margin_calib.margin_policy.fallback_rate IS 'initial rate of an instrument with too little data, unless its few returns ask for more';
COMMENT ON COLUMN margin_calib.margin_policy.maintenance_ratio IS 'maintenance rate / initial rate, in (0,1]';
COMMENT ON COLUMN margin_calib.margin_policy.rounding_step IS 'published rates are rounded up to a multiple of this';
COMMENT ON COLUMN margin_calib.margin_policy.symmetric_rates IS 'true: the larger of the long and the short rate is charged to both sides';
COMMENT ON COLUMN margin_calib.margin_policy.lookback_time IS 'only returns of this latest stretch of time make the tail; NULL: as many as lookback says';
COMMENT ON COLUMN margin_calib.margin_policy.rise_per_step IS 'largest rise of the rate from one bar to the next, 0.1 for 10 %; NULL: no limit';
COMMENT ON COLUMN margin_calib.margin_policy.rise_per_day IS 'largest rise of the rate over that of the UTC day before; NULL: no limit';
COMMENT ON COLUMN margin_calib.margin_policy.rise_after_breach IS 'rise that is allowed at a bar whose loss was beyond the rate in force; NULL: as at any other';
COMMENT ON COLUMN margin_calib.margin_policy.fall_per_day IS 'largest fall of the rate below that of the UTC day before; NULL: no limit';
COMMENT ON COLUMN margin_calib.margin_policy.dead_after IS 'a price that has not moved for this many bars makes the calibration fall back; NULL: never';
COMMENT ON COLUMN margin_calib.margin_policy.restart_gap IS 'a step between prices longer than this starts a new listing, whose past is not used; NULL: never';
COMMENT ON COLUMN margin_calib.margin_policy.bar_interval IS 'expected step between bars; NULL takes the median step of the series';
COMMENT ON COLUMN margin_calib.margin_policy.jump_bound IS 'an absolute log return above this is flagged (and used); NULL flags none';
COMMENT ON COLUMN margin_calib.margin_policy.stale_after IS 'a requirement is stale when its newest price is older than this; NULL never';

-- Where the path of a rate stands. src/calibration.c reads and builds it by position: keep both in step.
CREATE TYPE margin_calib.margin_path AS (
    ts                    timestamptz,
    price                 double precision,
    long_rate             double precision,
    short_rate            double precision,
    long_day_rate         double precision,
    short_day_rate        double precision,
    anew                  boolean,
    before_ts             timestamptz,
    before_price          double precision,
    before_long_rate      double precision,
    before_short_rate     double precision,
    before_long_day_rate  double precision,
    before_short_day_rate double precision,
    before_anew           boolean
);
COMMENT ON TYPE margin_calib.margin_path IS
'Memory of buffer and limits of speed: the rates after a bar, and after the bar before it. Made by calibrate_margin and given back to it; doc/calibration.md, section 8.';
COMMENT ON COLUMN margin_calib.margin_path.ts IS 'the bar; NULL before the first';
COMMENT ON COLUMN margin_calib.margin_path.price IS 'its price';
COMMENT ON COLUMN margin_calib.margin_path.long_rate IS 'initial rate of the long side before rounding';
COMMENT ON COLUMN margin_calib.margin_path.short_rate IS 'initial rate of the short side before rounding';
COMMENT ON COLUMN margin_calib.margin_path.long_day_rate IS 'long rate of the last bar of an earlier UTC day';
COMMENT ON COLUMN margin_calib.margin_path.short_day_rate IS 'short rate of the last bar of an earlier UTC day';
COMMENT ON COLUMN margin_calib.margin_path.anew IS 'true: the rates are a fallback, and the next calibration that is none starts the path anew';
COMMENT ON COLUMN margin_calib.margin_path.before_ts IS 'the bar before; NULL when the path started at ts';
COMMENT ON COLUMN margin_calib.margin_path.before_price IS 'price as it was after the bar before';
COMMENT ON COLUMN margin_calib.margin_path.before_long_rate IS 'long_rate as it was after the bar before';
COMMENT ON COLUMN margin_calib.margin_path.before_short_rate IS 'short_rate as it was after the bar before';
COMMENT ON COLUMN margin_calib.margin_path.before_long_day_rate IS 'long_day_rate as it was after the bar before';
COMMENT ON COLUMN margin_calib.margin_path.before_short_day_rate IS 'short_day_rate as it was after the bar before';
COMMENT ON COLUMN margin_calib.margin_path.before_anew IS 'anew as it was after the bar before';

-- Everything one calibration found. src/calibrate_margin.c builds it by position: keep both in step.
CREATE TYPE margin_calib.margin_calibration AS (
    initial_rate             numeric,
    maintenance_rate         numeric,
    long_initial_rate        numeric,
    long_maintenance_rate    numeric,
    short_initial_rate       numeric,
    short_maintenance_rate   numeric,
    binding_term             text,
    long_binding_term        text,
    short_binding_term       text,
    long_unrounded           double precision,
    short_unrounded          double precision,
    long_core                double precision,
    short_core               double precision,
    long_value_at_risk       double precision,
    short_value_at_risk      double precision,
    long_expected_shortfall  double precision,
    short_expected_shortfall double precision,
    long_stressed_es         double precision,
    short_stressed_es        double precision,
    long_floor               double precision,
    short_floor              double precision,
    long_buffer_used         double precision,
    short_buffer_used        double precision,
    model                    text,
    model_reason             text,
    vol                      double precision,
    stress_from              timestamptz,
    stress_to                timestamptz,
    returns                  integer,
    returns_used             integer,
    first_ts                 timestamptz,
    last_ts                  timestamptz,
    last_price               double precision,
    bar_interval             interval,
    gaps                     integer,
    duplicates               integer,
    stale                    integer,
    idle                     integer,
    restarts                 integer,
    rejected                 integer,
    jumps                    integer,
    last_jump_ts             timestamptz,
    fallback                 boolean,
    fallback_reason          text,
    policy                   text,
    policy_version           integer,
    path                     margin_calib.margin_path
);
COMMENT ON TYPE margin_calib.margin_calibration IS
'Result of calibrate_margin: rates are fractions of notional, losses are positive. doc/calibration.md has the formula.';
COMMENT ON COLUMN margin_calib.margin_calibration.initial_rate IS 'published initial margin rate, fraction of notional: the larger of both sides';
COMMENT ON COLUMN margin_calib.margin_calibration.maintenance_rate IS 'published maintenance margin rate, fraction of notional: the larger of both sides';
COMMENT ON COLUMN margin_calib.margin_calibration.long_initial_rate IS 'published initial margin rate of a long position';
COMMENT ON COLUMN margin_calib.margin_calibration.long_maintenance_rate IS 'published maintenance margin rate of a long position';
COMMENT ON COLUMN margin_calib.margin_calibration.short_initial_rate IS 'published initial margin rate of a short position';
COMMENT ON COLUMN margin_calib.margin_calibration.short_maintenance_rate IS 'published maintenance margin rate of a short position';
COMMENT ON COLUMN margin_calib.margin_calibration.binding_term IS 'term that decided the larger side: tail, stress, floor, buffer, speed_limit, minimum, maximum or fallback';
COMMENT ON COLUMN margin_calib.margin_calibration.long_binding_term IS 'term that decided the long side';
COMMENT ON COLUMN margin_calib.margin_calibration.short_binding_term IS 'term that decided the short side';
COMMENT ON COLUMN margin_calib.margin_calibration.long_unrounded IS 'initial rate of the long side before rounding up to the policy''s step';
COMMENT ON COLUMN margin_calib.margin_calibration.short_unrounded IS 'initial rate of the short side before rounding up to the policy''s step';
COMMENT ON COLUMN margin_calib.margin_calibration.long_core IS 'rate of the long side before buffer, limits of speed, minimum and maximum; NULL when no model answers';
COMMENT ON COLUMN margin_calib.margin_calibration.short_core IS 'rate of the short side before buffer, limits of speed, minimum and maximum; NULL when no model answers';
COMMENT ON COLUMN margin_calib.margin_calibration.long_value_at_risk IS 'value at risk of one unit of notional held long over the horizon, as a positive loss';
COMMENT ON COLUMN margin_calib.margin_calibration.short_value_at_risk IS 'value at risk of one unit of notional held short over the horizon, as a positive loss';
COMMENT ON COLUMN margin_calib.margin_calibration.long_expected_shortfall IS 'expected shortfall of one unit of notional held long over the horizon, as a positive loss';
COMMENT ON COLUMN margin_calib.margin_calibration.short_expected_shortfall IS 'expected shortfall of one unit of notional held short over the horizon, as a positive loss';
COMMENT ON COLUMN margin_calib.margin_calibration.long_stressed_es IS 'expected shortfall of the long side inside the stressed window; NULL without a stress weight';
COMMENT ON COLUMN margin_calib.margin_calibration.short_stressed_es IS 'expected shortfall of the short side inside the stressed window; NULL without a stress weight';
COMMENT ON COLUMN margin_calib.margin_calibration.long_floor IS 'the long side''s measure over the long history; NULL without a floor';
COMMENT ON COLUMN margin_calib.margin_calibration.short_floor IS 'the short side''s measure over the long history; NULL without a floor';
COMMENT ON COLUMN margin_calib.margin_calibration.long_buffer_used IS 'share of the buffer that the long side has consumed, 0 to 1; NULL without a buffer';
COMMENT ON COLUMN margin_calib.margin_calibration.short_buffer_used IS 'share of the buffer that the short side has consumed, 0 to 1; NULL without a buffer';
COMMENT ON COLUMN margin_calib.margin_calibration.model IS 'alternative of the policy''s model that answered; NULL when none did';
COMMENT ON COLUMN margin_calib.margin_calibration.model_reason IS 'why alternatives before it, or all of them, did not answer; NULL when the first did';
COMMENT ON COLUMN margin_calib.margin_calibration.vol IS 'volatility of one bar by the model; not annualised';
COMMENT ON COLUMN margin_calib.margin_calibration.stress_from IS 'bar of the first return of the worst window in the history';
COMMENT ON COLUMN margin_calib.margin_calibration.stress_to IS 'bar of the last return of the worst window in the history';
COMMENT ON COLUMN margin_calib.margin_calibration.returns IS 'number of log returns in the series';
COMMENT ON COLUMN margin_calib.margin_calibration.returns_used IS 'number of returns in the lookback';
COMMENT ON COLUMN margin_calib.margin_calibration.first_ts IS 'ts of the first price that counted';
COMMENT ON COLUMN margin_calib.margin_calibration.last_ts IS 'ts of the last price that counted';
COMMENT ON COLUMN margin_calib.margin_calibration.last_price IS 'the last price that counted';
COMMENT ON COLUMN margin_calib.margin_calibration.bar_interval IS 'the policy''s bar interval, else the median step of the series';
COMMENT ON COLUMN margin_calib.margin_calibration.gaps IS 'steps longer than 1.5 bar intervals; their returns count';
COMMENT ON COLUMN margin_calib.margin_calibration.duplicates IS 'prices left out because another one at the same ts counted';
COMMENT ON COLUMN margin_calib.margin_calibration.stale IS 'prices equal to the one before';
COMMENT ON COLUMN margin_calib.margin_calibration.idle IS 'bars since the price last moved';
COMMENT ON COLUMN margin_calib.margin_calibration.restarts IS 'steps longer than the policy''s restart_gap: what lies before the last of them is not used';
COMMENT ON COLUMN margin_calib.margin_calibration.rejected IS 'rows without a usable ts or price: NULL, NaN, infinite, zero, negative';
COMMENT ON COLUMN margin_calib.margin_calibration.jumps IS 'returns beyond the policy''s jump_bound; they count';
COMMENT ON COLUMN margin_calib.margin_calibration.last_jump_ts IS 'bar of the latest jump';
COMMENT ON COLUMN margin_calib.margin_calibration.fallback IS 'true when there were too few returns, the price is dead, or no model answered';
COMMENT ON COLUMN margin_calib.margin_calibration.fallback_reason IS 'why the calibration fell back; NULL when it did not';
COMMENT ON COLUMN margin_calib.margin_calibration.policy IS 'name of the policy';
COMMENT ON COLUMN margin_calib.margin_calibration.policy_version IS 'version of the policy';
COMMENT ON COLUMN margin_calib.margin_calibration.path IS 'to continue from at the next bar; NULL without a usable price';
