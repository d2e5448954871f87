-- Aggregates that make and merge tail sketches, and what is asked of one.

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_accum';
COMMENT ON FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision) IS
'Support function of margin_calib.tail_sketch: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision, size integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_accum';
COMMENT ON FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision, size integer) IS
'Support function of margin_calib.tail_sketch with a size: a row enters.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_accum(state internal, pnl double precision, size integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_merge_accum(state internal, sketch margin_calib.tail_sketch) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_merge_accum';
COMMENT ON FUNCTION margin_calib.tail_sketch_merge_accum(state internal, sketch margin_calib.tail_sketch) IS
'Support function of margin_calib.tail_sketch_merge: a sketch enters.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_merge_accum(state internal, sketch margin_calib.tail_sketch) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_combine';
COMMENT ON FUNCTION margin_calib.tail_sketch_combine(state internal, other internal) IS
'Support function of the sketch aggregates: joins the states of two workers.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_combine(state internal, other internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_serialize';
COMMENT ON FUNCTION margin_calib.tail_sketch_serialize(state internal) IS
'Support function of the sketch aggregates: a state as sent by a worker.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_serialize(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_deserialize(bytes bytea, state internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_deserialize';
COMMENT ON FUNCTION margin_calib.tail_sketch_deserialize(bytes bytea, state internal) IS
'Support function of the sketch aggregates: a state as received from a worker.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_deserialize(bytes bytea, state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_final(state internal) RETURNS margin_calib.tail_sketch
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_final';
COMMENT ON FUNCTION margin_calib.tail_sketch_final(state internal) IS
'Support function of the sketch aggregates: the sketch of a state.';
REVOKE ALL ON FUNCTION margin_calib.tail_sketch_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.tail_sketch(pnl double precision) (
    SFUNC = margin_calib.tail_sketch_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.tail_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_sketch_combine,
    SERIALFUNC = margin_calib.tail_sketch_serialize, DESERIALFUNC = margin_calib.tail_sketch_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.tail_sketch(pnl double precision) IS
'Mergeable summary of P&L (losses are negative) of size 1024: exact value at risk and expected shortfall while the tail holds no more than 1024 losses, guaranteed bounds beyond, see margin_calib.tail_sketch_bounds. About 20 kB at most on data of one scale. Rows in any order, serial, parallel or merged from parts, give the same sketch to its last byte. NULL P&L is skipped; NaN and infinite P&L is counted and makes the measures NaN; a group without P&L gives NULL. Source: doc/sketch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.tail_sketch(pnl double precision, size integer) (
    SFUNC = margin_calib.tail_sketch_accum, STYPE = internal, SSPACE = 32768,
    FINALFUNC = margin_calib.tail_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_sketch_combine,
    SERIALFUNC = margin_calib.tail_sketch_serialize, DESERIALFUNC = margin_calib.tail_sketch_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.tail_sketch(pnl double precision, size integer) IS
'Mergeable summary of P&L (losses are negative) that keeps the `size` largest losses as they are and counts the others in no more than `size` buckets (gains in size / 4): exact value at risk and expected shortfall while the tail holds no more than `size` losses, guaranteed bounds beyond, see margin_calib.tail_sketch_bounds. size from 16 to 65536, the same in every row, else SQLSTATE 22023; NULL 22004. Rows in any order, serial, parallel or merged from parts, give the same sketch to its last byte. NULL P&L is skipped; NaN and infinite P&L is counted and makes the measures NaN; a group without P&L gives NULL. Source: doc/sketch.md.';

CREATE OR REPLACE AGGREGATE margin_calib.tail_sketch_merge(sketch margin_calib.tail_sketch) (
    SFUNC = margin_calib.tail_sketch_merge_accum, STYPE = internal, SSPACE = 65536,
    FINALFUNC = margin_calib.tail_sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.tail_sketch_combine,
    SERIALFUNC = margin_calib.tail_sketch_serialize, DESERIALFUNC = margin_calib.tail_sketch_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.tail_sketch_merge(sketch margin_calib.tail_sketch) IS
'The sketch of all rows behind the sketches of a group: the same bytes as tail_sketch over the rows themselves, whatever the order. Of different sizes the smallest holds. NULL is skipped; a group without sketches gives NULL; more than 2^53 rows are SQLSTATE 22003. Source: doc/sketch.md.';

CREATE OR REPLACE FUNCTION margin_calib.value_at_risk(sketch margin_calib.tail_sketch, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_value_at_risk';
COMMENT ON FUNCTION margin_calib.value_at_risk(sketch margin_calib.tail_sketch, confidence double precision) IS
'Value at risk of the rows of a sketch as a positive loss, in the unit of the P&L: the digits of the aggregate value_at_risk(pnl, confidence) while its rank is within the losses kept, else interpolated within the bounds of tail_sketch_bounds. confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL in, NULL out; NaN when a P&L was NaN or infinite. Source: doc/sketch.md.';

CREATE OR REPLACE FUNCTION margin_calib.expected_shortfall(sketch margin_calib.tail_sketch, confidence double precision) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_expected_shortfall';
COMMENT ON FUNCTION margin_calib.expected_shortfall(sketch margin_calib.tail_sketch, confidence double precision) IS
'Expected shortfall (Acerbi and Tasche) of the rows of a sketch as a positive loss, in the unit of the P&L: the digits of the aggregate expected_shortfall(pnl, confidence) while the tail is within the losses kept, else from exact sums of all buckets but the one at the boundary, within the bounds of tail_sketch_bounds. confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL in, NULL out; NaN when a P&L was NaN or infinite. Source: doc/sketch.md.';

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_bounds(sketch margin_calib.tail_sketch, confidence double precision) RETURNS margin_calib.tail_bounds
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_bounds';
COMMENT ON FUNCTION margin_calib.tail_sketch_bounds(sketch margin_calib.tail_sketch, confidence double precision) IS
'Value at risk and expected shortfall of the rows of a sketch as positive losses, each with a lower and an upper bound that its exact value never leaves, and whether both are exact. confidence strictly between 0 and 1 (0.99 for the worst 1 %), else SQLSTATE 22023. NULL in, NULL out; all NaN, and not exact, when a P&L was NaN or infinite. Source: doc/sketch.md.';

CREATE OR REPLACE FUNCTION margin_calib.tail_sketch_count(sketch margin_calib.tail_sketch) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_tail_sketch_count';
COMMENT ON FUNCTION margin_calib.tail_sketch_count(sketch margin_calib.tail_sketch) IS
'The number of rows behind a sketch: all P&L that was not NULL, NaN and infinities among them. Source: doc/sketch.md.';
