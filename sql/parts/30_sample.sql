-- Transition functions of the aggregates that keep their whole sample (src/sample.h): 1 to 3 columns, then
-- settings of any type. An aggregate names its own argument types; "any" takes them all.

CREATE OR REPLACE FUNCTION margin_calib.sample1_accum(state internal, value double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.sample1_accum(state internal, value double precision) IS
'Support function of aggregates over a whole sample: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.sample1_accum(state internal, value double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample1_accum';
COMMENT ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 1 value.';
REVOKE ALL ON FUNCTION margin_calib.sample1_accum(state internal, value double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample2_accum';
COMMENT ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision) IS
'Support function of aggregates over a whole sample: keeps a row of 2 values.';
REVOKE ALL ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample2_accum';
COMMENT ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 2 values.';
REVOKE ALL ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample2_accum';
COMMENT ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 2 values.';
REVOKE ALL ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample2_accum';
COMMENT ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 2 values.';
REVOKE ALL ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample2_accum';
COMMENT ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 2 values.';
REVOKE ALL ON FUNCTION margin_calib.sample2_accum(state internal, first double precision, second double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample3_accum';
COMMENT ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision) IS
'Support function of aggregates over a whole sample: keeps a row of 3 values.';
REVOKE ALL ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample3_accum';
COMMENT ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 3 values.';
REVOKE ALL ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample3_accum';
COMMENT ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 3 values.';
REVOKE ALL ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample3_accum';
COMMENT ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 3 values.';
REVOKE ALL ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_sample3_accum';
COMMENT ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") IS
'Support function of aggregates over a whole sample: keeps a row of 3 values.';
REVOKE ALL ON FUNCTION margin_calib.sample3_accum(state internal, first double precision, second double precision, third double precision, setting1 "any", setting2 "any", setting3 "any", setting4 "any") FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_sample_combine';
COMMENT ON FUNCTION margin_calib.sample_combine(state internal, other internal) IS
'Support function of aggregates over a whole sample: puts the rows of two partial groups together.';
REVOKE ALL ON FUNCTION margin_calib.sample_combine(state internal, other internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_sample_serialize';
COMMENT ON FUNCTION margin_calib.sample_serialize(state internal) IS
'Support function of aggregates over a whole sample: the state as a parallel worker sends it.';
REVOKE ALL ON FUNCTION margin_calib.sample_serialize(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.sample_deserialize(bytes bytea, state internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_sample_deserialize';
COMMENT ON FUNCTION margin_calib.sample_deserialize(bytes bytea, state internal) IS
'Support function of aggregates over a whole sample: the state as a parallel worker sent it.';
REVOKE ALL ON FUNCTION margin_calib.sample_deserialize(bytes bytea, state internal) FROM PUBLIC;
