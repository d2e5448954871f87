-- States of volatility: made, merged and read. doc/range_volatility.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.volatility_state_accum(state margin_calib.volatility_state, "return" double precision)
    RETURNS margin_calib.volatility_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_state_accum';
CREATE OR REPLACE FUNCTION margin_calib.volatility_state_combine(state margin_calib.volatility_state, other margin_calib.volatility_state)
    RETURNS margin_calib.volatility_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_state_combine';
CREATE OR REPLACE FUNCTION margin_calib.volatility_state_final(state margin_calib.volatility_state) RETURNS margin_calib.volatility_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_state_final';
COMMENT ON FUNCTION margin_calib.volatility_state_accum(margin_calib.volatility_state, double precision) IS 'transition of margin_calib.volatility_state';
COMMENT ON FUNCTION margin_calib.volatility_state_combine(margin_calib.volatility_state, margin_calib.volatility_state) IS 'transition of margin_calib.volatility_merge, and combine of it and of margin_calib.volatility_state';
COMMENT ON FUNCTION margin_calib.volatility_state_final(margin_calib.volatility_state) IS 'final of margin_calib.volatility_state and margin_calib.volatility_merge: a copy in the form that depends on nothing but the returns';
REVOKE ALL ON FUNCTION
    margin_calib.volatility_state_accum(margin_calib.volatility_state, double precision),
    margin_calib.volatility_state_combine(margin_calib.volatility_state, margin_calib.volatility_state),
    margin_calib.volatility_state_final(margin_calib.volatility_state)
    FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.volatility_state("return" double precision) (
    SFUNC = margin_calib.volatility_state_accum, STYPE = margin_calib.volatility_state, SSPACE = 256, INITCOND = '1 0 0 0 0 0 0 0 0',
    FINALFUNC = margin_calib.volatility_state_final, COMBINEFUNC = margin_calib.volatility_state_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.volatility_state(double precision) IS
'The state of margin_calib.volatility over a group of returns, to be stored, sent to another server and merged later: volatility(volatility_state(r)) is volatility(r). NULL rows are skipped, NaN and infinities counted apart; no rows give the empty state, never NULL. Nothing is rounded, so a state does not depend on the order of the rows or on workers.';

CREATE OR REPLACE AGGREGATE margin_calib.volatility_merge(state margin_calib.volatility_state) (
    SFUNC = margin_calib.volatility_state_combine, STYPE = margin_calib.volatility_state, SSPACE = 256, INITCOND = '1 0 0 0 0 0 0 0 0',
    FINALFUNC = margin_calib.volatility_state_final, COMBINEFUNC = margin_calib.volatility_state_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.volatility_merge(margin_calib.volatility_state) IS
'The state of all returns of several states, exactly that of volatility_state over all of them at once: of shards, of days into months. NULL states are skipped; no state gives the empty one. 2^53 returns or more are an error (22003).';

CREATE OR REPLACE FUNCTION margin_calib.volatility(state margin_calib.volatility_state) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_of_state';
COMMENT ON FUNCTION margin_calib.volatility(margin_calib.volatility_state) IS
'Sample standard deviation (divisor n - 1) per bar of the returns in a state, to the last digit that of the aggregate margin_calib.volatility over them. NULL below two returns, NaN with a NaN or infinity among them.';

CREATE OR REPLACE FUNCTION margin_calib.volatility(state margin_calib.volatility_state, periods_per_year double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_of_state';
COMMENT ON FUNCTION margin_calib.volatility(margin_calib.volatility_state, double precision) IS
'volatility(state) times the square root of periods_per_year, which must be positive and finite (22023).';

CREATE OR REPLACE FUNCTION margin_calib.mean_return(state margin_calib.volatility_state) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_mean_return';
COMMENT ON FUNCTION margin_calib.mean_return(margin_calib.volatility_state) IS
'Mean of the returns in a state, from their exact sum: relative error below 2^-52. NULL without a return, NaN with a NaN or infinity among them.';

CREATE OR REPLACE FUNCTION margin_calib.observations(state margin_calib.volatility_state) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_volatility_observations';
COMMENT ON FUNCTION margin_calib.observations(margin_calib.volatility_state) IS
'Number of returns in a state, NaN and infinities included; NULL rows were not counted.';
