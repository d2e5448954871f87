-- The type tail_sketch (src/sketch_io.c) and the row of its bounds.
CREATE TYPE margin_calib.tail_sketch;

CREATE FUNCTION margin_calib.tail_sketch_in(input cstring) RETURNS margin_calib.tail_sketch
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_in';
COMMENT ON FUNCTION margin_calib.tail_sketch_in(input cstring) IS
'Input function of the type margin_calib.tail_sketch: \x and hexadecimal digits, else SQLSTATE 22P02.';

CREATE FUNCTION margin_calib.tail_sketch_out(sketch margin_calib.tail_sketch) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_out';
COMMENT ON FUNCTION margin_calib.tail_sketch_out(sketch margin_calib.tail_sketch) IS
'Output function of the type margin_calib.tail_sketch: lossless, equal sketches give equal texts.';

CREATE FUNCTION margin_calib.tail_sketch_recv(input internal) RETURNS margin_calib.tail_sketch
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_recv';
COMMENT ON FUNCTION margin_calib.tail_sketch_recv(input internal) IS
'Binary input function of the type margin_calib.tail_sketch: bytes that are not a sketch are SQLSTATE 22P03.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_recv(input internal) FROM PUBLIC;

CREATE FUNCTION margin_calib.tail_sketch_send(sketch margin_calib.tail_sketch) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_send';
COMMENT ON FUNCTION margin_calib.tail_sketch_send(sketch margin_calib.tail_sketch) IS
'Binary output function of the type margin_calib.tail_sketch: the same bytes on every machine.';

CREATE TYPE margin_calib.tail_sketch (
    INPUT = margin_calib.tail_sketch_in, OUTPUT = margin_calib.tail_sketch_out,
    RECEIVE = margin_calib.tail_sketch_recv, SEND = margin_calib.tail_sketch_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE margin_calib.tail_sketch IS
'Mergeable summary of profits and losses: the largest losses as they are, all others in buckets with exact counts and sums. Made by the aggregates tail_sketch and tail_sketch_merge; the same values in any order give the same sketch. doc/sketch.md.';

-- What tail_sketch_bounds returns. src/tail_sketch.c builds it by position: keep both in step.
CREATE TYPE margin_calib.tail_bounds AS (
    value_at_risk            double precision,
    value_at_risk_lower      double precision,
    value_at_risk_upper      double precision,
    expected_shortfall       double precision,
    expected_shortfall_lower double precision,
    expected_shortfall_upper double precision,
    is_exact                 boolean
);
COMMENT ON TYPE margin_calib.tail_bounds IS
'Value at risk and expected shortfall of a tail_sketch with bounds that the exact measures of its rows never leave: losses are positive, in the unit of the P&L.';
COMMENT ON COLUMN margin_calib.tail_bounds.value_at_risk IS 'as value_at_risk(tail_sketch, confidence)';
COMMENT ON COLUMN margin_calib.tail_bounds.value_at_risk_lower IS 'the exact value at risk is not below';
COMMENT ON COLUMN margin_calib.tail_bounds.value_at_risk_upper IS 'the exact value at risk is not above';
COMMENT ON COLUMN margin_calib.tail_bounds.expected_shortfall IS 'as expected_shortfall(tail_sketch, confidence)';
COMMENT ON COLUMN margin_calib.tail_bounds.expected_shortfall_lower IS 'the exact expected shortfall is not below';
COMMENT ON COLUMN margin_calib.tail_bounds.expected_shortfall_upper IS 'the exact expected shortfall is not above';
COMMENT ON COLUMN margin_calib.tail_bounds.is_exact IS 'true when the bounds of each measure meet: always while the tail lies within the losses kept as they are';
