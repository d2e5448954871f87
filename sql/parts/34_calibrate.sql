-- calibrate_margin: the aggregate and its support functions, and the set path.

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_accum(
    state internal, ts timestamptz, price double precision, policy margin_calib.margin_policy)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_accum';
COMMENT ON FUNCTION margin_calib.calibrate_margin_accum(internal, timestamptz, double precision, margin_calib.margin_policy) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_accum(internal, timestamptz, double precision, margin_calib.margin_policy) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_accum(
    state internal, ts timestamptz, price double precision, policy margin_calib.margin_policy,
    path margin_calib.margin_path)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_accum';
COMMENT ON FUNCTION margin_calib.calibrate_margin_accum(internal, timestamptz, double precision, margin_calib.margin_policy, margin_calib.margin_path) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_accum(internal, timestamptz, double precision, margin_calib.margin_policy, margin_calib.margin_path) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_combine(state internal, other internal)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_combine';
COMMENT ON FUNCTION margin_calib.calibrate_margin_combine(internal, internal) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_combine(internal, internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_serialize';
COMMENT ON FUNCTION margin_calib.calibrate_margin_serialize(internal) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_serialize(internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_deserialize(state bytea, unused internal)
    RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_deserialize';
COMMENT ON FUNCTION margin_calib.calibrate_margin_deserialize(bytea, internal) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_deserialize(bytea, internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.calibrate_margin_final(state internal)
    RETURNS margin_calib.margin_calibration
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_calibrate_margin_final';
COMMENT ON FUNCTION margin_calib.calibrate_margin_final(internal) IS
'Support function of calibrate_margin.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_margin_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.calibrate_margin(
    ts timestamptz, price double precision, policy margin_calib.margin_policy) (
    SFUNC = margin_calib.calibrate_margin_accum,
    STYPE = internal,
    FINALFUNC = margin_calib.calibrate_margin_final,
    COMBINEFUNC = margin_calib.calibrate_margin_combine,
    SERIALFUNC = margin_calib.calibrate_margin_serialize,
    DESERIALFUNC = margin_calib.calibrate_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.calibrate_margin(timestamptz, double precision, margin_calib.margin_policy) IS
'Margin rates of one price series under one policy, with the measures behind them and what is wrong with the data (doc/calibration.md has the formula). Rates are fractions of notional, losses positive. The order of the rows does not matter. Rows with a NULL or infinite ts, or a price that is NULL, NaN, infinite or not above zero, are counted as rejected; too little data gives the policy''s fallback rate, flagged. Errors: 22004 for a NULL policy, 22023 for one that is out of range or differs within the group, 54000 beyond margin_calib.max_state_mb (16 bytes a price). No row at all gives NULL.';

CREATE OR REPLACE AGGREGATE margin_calib.calibrate_margin(
    ts timestamptz, price double precision, policy margin_calib.margin_policy, path margin_calib.margin_path) (
    SFUNC = margin_calib.calibrate_margin_accum,
    STYPE = internal,
    FINALFUNC = margin_calib.calibrate_margin_final,
    COMBINEFUNC = margin_calib.calibrate_margin_combine,
    SERIALFUNC = margin_calib.calibrate_margin_serialize,
    DESERIALFUNC = margin_calib.calibrate_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.calibrate_margin(timestamptz, double precision, margin_calib.margin_policy, margin_calib.margin_path) IS
'The same along the path of an earlier calibration of the series, its column path: buffer and limits of speed go on from the rates that were in force, bar by bar over all bars after it. A NULL path starts one, as the form without it does. When the latest bar of the path is in the series again, its step is taken again from the bar before. Errors: as without a path, and 22023 for a path that differs within the group or is none.';

CREATE OR REPLACE FUNCTION margin_calib.calibrate_all(
    relation regclass, policy margin_calib.margin_policy, instrument name, ts name, price name)
    RETURNS TABLE (instrument text, calibration margin_calib.margin_calibration)
    LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_calibrate_all';
COMMENT ON FUNCTION margin_calib.calibrate_all(regclass, margin_calib.margin_policy, name, name, name) IS
'calibrate_margin for every instrument of a table or view, read in one pass and several times faster than GROUP BY: the same digits. instrument, ts and price name its columns. Rows without an instrument make one calibration with a NULL instrument. Errors: 42501 without SELECT on the columns, 0A000 under row-level security, 42703 and 42804 for a wrong column, 22004 and 22023 for the policy.';
REVOKE ALL ON FUNCTION margin_calib.calibrate_all(regclass, margin_calib.margin_policy, name, name, name) FROM PUBLIC;
