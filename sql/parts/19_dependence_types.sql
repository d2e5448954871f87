-- Types of covariance, correlation and matrices. The C code builds rows by position: keep both in step.

CREATE TYPE margin_calib.covariance_state;
CREATE FUNCTION margin_calib.covariance_state_in(text cstring) RETURNS margin_calib.covariance_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_state_in';
CREATE FUNCTION margin_calib.covariance_state_out(state margin_calib.covariance_state) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_state_out';
CREATE FUNCTION margin_calib.covariance_state_recv(message internal) RETURNS margin_calib.covariance_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_state_recv';
CREATE FUNCTION margin_calib.covariance_state_send(state margin_calib.covariance_state) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_state_send';
CREATE TYPE margin_calib.covariance_state (
    INPUT = margin_calib.covariance_state_in, OUTPUT = margin_calib.covariance_state_out,
    RECEIVE = margin_calib.covariance_state_recv, SEND = margin_calib.covariance_state_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = external
);
COMMENT ON TYPE margin_calib.covariance_state IS
'What a part of the rows contributes to means and covariances: made by margin_calib.covariance_state(float8[]), merged by covariance_merge, read by covariance, correlation, means, observations and skipped_rows. Text and binary form lose no bit; text that no state prints is SQLSTATE 22P02, such binary 22P03. doc/dependence.md.';
COMMENT ON FUNCTION margin_calib.covariance_state_in(text cstring) IS
'Input of margin_calib.covariance_state: the text that its output printed, else SQLSTATE 22P02.';
COMMENT ON FUNCTION margin_calib.covariance_state_out(state margin_calib.covariance_state) IS
'Output of margin_calib.covariance_state: version, series, rows, skipped rows, means, rests of the means and comoments, every number with the shortest digits that read back as the same bits.';
REVOKE ALL ON FUNCTION margin_calib.covariance_state_recv(message internal) FROM PUBLIC;
COMMENT ON FUNCTION margin_calib.covariance_state_recv(message internal) IS
'Binary input of margin_calib.covariance_state; SQLSTATE 22P03 for what no state sends.';
COMMENT ON FUNCTION margin_calib.covariance_state_send(state margin_calib.covariance_state) IS
'Binary output of margin_calib.covariance_state: version and number of series as int4, rows and skipped rows as int8, then float8s.';

CREATE TYPE margin_calib.shrunk_covariance AS (
    shrinkage    double precision,
    covariance   double precision[],
    observations bigint
);
COMMENT ON TYPE margin_calib.shrunk_covariance IS
'A covariance matrix shrunk towards a multiple of the identity, as margin_calib.ledoit_wolf_covariance and oracle_approximating_covariance return it.';
COMMENT ON COLUMN margin_calib.shrunk_covariance.shrinkage IS 'weight of the target, 0 to 1';
COMMENT ON COLUMN margin_calib.shrunk_covariance.covariance IS
'(1 - shrinkage) S + shrinkage (trace(S) / k) I, where S is the covariance matrix with divisor n';
COMMENT ON COLUMN margin_calib.shrunk_covariance.observations IS 'rows used';

CREATE TYPE margin_calib.principal_component AS (
    component integer,
    variance  double precision,
    share     double precision,
    loadings  double precision[]
);
COMMENT ON TYPE margin_calib.principal_component IS
'One principal component of a covariance or correlation matrix, as margin_calib.principal_components returns them.';
COMMENT ON COLUMN margin_calib.principal_component.component IS 'number of the component, 1 for the largest variance';
COMMENT ON COLUMN margin_calib.principal_component.variance IS 'eigenvalue: variance of the component, never negative';
COMMENT ON COLUMN margin_calib.principal_component.share IS 'variance over the sum of all variances';
COMMENT ON COLUMN margin_calib.principal_component.loadings IS
'eigenvector of length 1; its largest element in magnitude, the first of equal ones, is positive';

CREATE TYPE margin_calib.market_model_fit AS (
    beta                     double precision,
    beta_standard_error      double precision,
    intercept                double precision,
    intercept_standard_error double precision,
    r_squared                double precision,
    residual_vol             double precision,
    observations             bigint
);
COMMENT ON TYPE margin_calib.market_model_fit IS
'Least squares of asset returns on market returns, as margin_calib.market_model returns it.';
COMMENT ON COLUMN margin_calib.market_model_fit.beta IS 'slope: covariance over variance of the market';
COMMENT ON COLUMN margin_calib.market_model_fit.beta_standard_error IS 'residual_vol / sqrt(sum (market - mean)^2); NULL with fewer than three rows';
COMMENT ON COLUMN margin_calib.market_model_fit.intercept IS 'mean of the asset - beta * mean of the market, per bar';
COMMENT ON COLUMN margin_calib.market_model_fit.intercept_standard_error IS 'residual_vol * sqrt(1/n + mean^2 / sum (market - mean)^2); NULL with fewer than three rows';
COMMENT ON COLUMN margin_calib.market_model_fit.r_squared IS 'square of the correlation; NULL when the asset''s returns are all equal';
COMMENT ON COLUMN margin_calib.market_model_fit.residual_vol IS 'sqrt(sum of squared residuals / (n - 2)), per bar; NULL with fewer than three rows';
COMMENT ON COLUMN margin_calib.market_model_fit.observations IS 'rows used';
