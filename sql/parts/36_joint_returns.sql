-- Returns of several series over the same times, and returns rescaled to the volatility of now: what joint scenarios are made of.

CREATE OR REPLACE FUNCTION margin_calib.joint_returns_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_joint_returns_final';
COMMENT ON FUNCTION margin_calib.joint_returns_final(state internal) IS
'Support function of margin_calib.joint_returns: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.joint_returns_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.joint_returns(series double precision, seconds double precision, price double precision, count integer, most integer) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.joint_returns_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.joint_returns(series double precision, seconds double precision, price double precision, count integer, most integer) IS
'Log returns of the series 1 to count between the times at which all of them have a price, the latest most of them as rows of a float8[][] in time order: the time (of the later price, in seconds as given), then the return of each series. As align_returns(..., ''intersection''), of rows from anywhere: all returns of a row span the same time, over a hole of one series the same long time. series is a whole number from 1 to count, count at most 800, seconds the time since 1970, exact to a microsecond, price positive. Rows with a NULL, a value that is not finite or a price of zero or less are left out; of two prices of a series at one time the one farther from the price before counts. Without two common times, and without a row, NULL. The order of the rows does not matter. count and most are the same in every row, most from 1 on (SQLSTATE 22023, NULL 22004). doc/scenario_sets.md.';

CREATE OR REPLACE FUNCTION margin_calib.filtered_returns(returns double precision[], lambda double precision DEFAULT 0.94) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_filtered_returns';
COMMENT ON FUNCTION margin_calib.filtered_returns(double precision[], double precision) IS
'Returns, in time order, each divided by the EWMA volatility of its time and multiplied by that of now (after the last): y_i = u_i sqrt(v_(m+1) / v_i), the filter of doc/calibration.md. An empty array for an empty one, zeros when all squares are 0; NULL for a NULL argument. Errors: 22003 for squares beyond float8, 22004 for a NULL inside, 22023 for a return that is not finite or a lambda that does not lie strictly between 0 and 1, 2202E for more than one dimension. Source: Hull and White, J. Risk 1 (1998); doc/scenario_sets.md.';
