-- What the volatility estimators return, and the state of volatility. src/realized.c builds rows by position: keep both in step.
CREATE TYPE margin_calib.realized_measures AS (
    returns                   bigint,
    realized_variance         double precision,
    bipower_variation         double precision,
    median_realized_variance  double precision,
    minimum_realized_variance double precision,
    tripower_quarticity       double precision,
    jump_statistic            double precision,
    jump_p_value              double precision,
    jump_share                double precision
);
COMMENT ON TYPE margin_calib.realized_measures IS
'Variances of one span of intraday prices and the test of it for jumps, as margin_calib.realized_measures returns them: per span, not annualised. NULL where there are too few returns.';
COMMENT ON COLUMN margin_calib.realized_measures.returns IS 'number M of log returns';
COMMENT ON COLUMN margin_calib.realized_measures.realized_variance IS 'sum of squared returns; from 1 return on';
COMMENT ON COLUMN margin_calib.realized_measures.bipower_variation IS 'pi / 2 * M / (M - 1) times the sum of products of neighbouring absolute returns, which a jump hardly moves; from 2 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.median_realized_variance IS 'MedRV of Andersen, Dobrev and Schaumburg (2012), from squared medians of three neighbours; from 3 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.minimum_realized_variance IS 'MinRV of Andersen, Dobrev and Schaumburg (2012), from squared minima of two neighbours; from 2 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.tripower_quarticity IS 'estimate of the integral of volatility to the fourth power, from three neighbours; from 3 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.jump_statistic IS 'ratio statistic of Barndorff-Nielsen and Shephard with the maximum of Huang and Tauchen (2005): standard normal without jumps, large with them; NULL below 3 returns and for a constant price';
COMMENT ON COLUMN margin_calib.realized_measures.jump_p_value IS 'one-sided probability of a larger jump_statistic without jumps';
COMMENT ON COLUMN margin_calib.realized_measures.jump_share IS 'share of the realised variance that jumps made: max(0, 1 - bipower_variation / realized_variance)';
-- src/har.c builds it by position
CREATE TYPE margin_calib.har_model AS (
    status            text,
    observations      bigint,
    intercept         double precision,
    daily             double precision,
    weekly            double precision,
    monthly           double precision,
    standard_errors   double precision[],
    newey_west_errors double precision[],
    newey_west_lag    integer,
    r_squared         double precision,
    residual_sd       double precision,
    forecast          double precision,
    tail              double precision[]
);
COMMENT ON TYPE margin_calib.har_model IS
'A heterogeneous autoregressive model (Corsi 2009) of a series of realised variances, as margin_calib.har_fit returns it. Everything but status and observations is NULL unless status is converged.';
COMMENT ON COLUMN margin_calib.har_model.status IS 'converged; too_few below 27 values; constant when the lags do not tell the coefficients apart; not_finite with a NaN or infinite value; failed when a result is not a double';
COMMENT ON COLUMN margin_calib.har_model.observations IS 'rows of the regression: 22 fewer than values';
COMMENT ON COLUMN margin_calib.har_model.intercept IS 'constant, in the unit of the values';
COMMENT ON COLUMN margin_calib.har_model.daily IS 'coefficient of the last value';
COMMENT ON COLUMN margin_calib.har_model.weekly IS 'coefficient of the mean of the last 5 values';
COMMENT ON COLUMN margin_calib.har_model.monthly IS 'coefficient of the mean of the last 22 values';
COMMENT ON COLUMN margin_calib.har_model.standard_errors IS 'standard errors of least squares, of intercept, daily, weekly and monthly';
COMMENT ON COLUMN margin_calib.har_model.newey_west_errors IS 'their standard errors robust to heteroskedasticity and autocorrelation: Newey and West (1987), Bartlett weights, no small-sample factor';
COMMENT ON COLUMN margin_calib.har_model.newey_west_lag IS 'lag of those errors: floor(4 (observations / 100)^(2/9))';
COMMENT ON COLUMN margin_calib.har_model.r_squared IS 'share of the variation of the values about their mean that the model explains in sample';
COMMENT ON COLUMN margin_calib.har_model.residual_sd IS 'standard deviation of the residuals, divisor observations - 4';
COMMENT ON COLUMN margin_calib.har_model.forecast IS 'forecast of the next value';
COMMENT ON COLUMN margin_calib.har_model.tail IS 'the last 22 values, the oldest first: what margin_calib.har_forecast goes on from';

-- A state of volatility that can be stored, sent and merged.

CREATE TYPE margin_calib.volatility_state;
CREATE FUNCTION margin_calib.volatility_state_in(text cstring) RETURNS margin_calib.volatility_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_volatility_state_in';
CREATE FUNCTION margin_calib.volatility_state_out(state margin_calib.volatility_state) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_volatility_state_out';
CREATE FUNCTION margin_calib.volatility_state_recv(bytes internal) RETURNS margin_calib.volatility_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_volatility_state_recv';
CREATE FUNCTION margin_calib.volatility_state_send(state margin_calib.volatility_state) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_volatility_state_send';
COMMENT ON FUNCTION margin_calib.volatility_state_in(cstring) IS
'Text input of margin_calib.volatility_state: whole numbers as the type prints them; anything else is an error (22P02).';
COMMENT ON FUNCTION margin_calib.volatility_state_out(margin_calib.volatility_state) IS
'Text output of margin_calib.volatility_state: format, finite values, values that are not finite, first limb, limbs, and the limbs, all whole numbers, so nothing is lost.';
COMMENT ON FUNCTION margin_calib.volatility_state_recv(internal) IS
'Binary input of margin_calib.volatility_state; anything that the type does not send is an error (22P03).';
COMMENT ON FUNCTION margin_calib.volatility_state_send(margin_calib.volatility_state) IS
'Binary output of margin_calib.volatility_state: how many numbers there are, then the numbers as float8.';
REVOKE ALL ON FUNCTION margin_calib.volatility_state_recv(internal) FROM PUBLIC;

CREATE TYPE margin_calib.volatility_state (
    INPUT = margin_calib.volatility_state_in, OUTPUT = margin_calib.volatility_state_out,
    RECEIVE = margin_calib.volatility_state_recv, SEND = margin_calib.volatility_state_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE margin_calib.volatility_state IS
'Number, sum and sum of squares of returns, exactly: what margin_calib.volatility_state(return) makes and margin_calib.volatility_merge(state) adds up, in any order and without a rounding. 88 bytes and 24 for each power of 2^32 that the returns span, usually 184. Text and binary forms lose nothing, are the same for the same returns however they came together, and are checked on input.';
