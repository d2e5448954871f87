-- Measures of a path of margins: procyclicality and margin_increases (src/procyclicality.c).

CREATE OR REPLACE FUNCTION margin_calib.procyclicality_accum(state internal, ts timestamptz, margin double precision) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_procyclicality_accum';
COMMENT ON FUNCTION margin_calib.procyclicality_accum(internal, timestamptz, double precision) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.procyclicality_accum(internal, timestamptz, double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.procyclicality_accum(state internal, ts timestamptz, margin double precision, loss double precision) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_procyclicality_accum';
COMMENT ON FUNCTION margin_calib.procyclicality_accum(internal, timestamptz, double precision, double precision) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.procyclicality_accum(internal, timestamptz, double precision, double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.margin_increases_accum(state internal, ts timestamptz, margin double precision, steps integer[]) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_margin_increases_accum';
COMMENT ON FUNCTION margin_calib.margin_increases_accum(internal, timestamptz, double precision, integer[]) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.margin_increases_accum(internal, timestamptz, double precision, integer[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.margin_path_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_margin_path_combine';
COMMENT ON FUNCTION margin_calib.margin_path_combine(internal, internal) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.margin_path_combine(internal, internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.margin_path_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_margin_path_serialize';
COMMENT ON FUNCTION margin_calib.margin_path_serialize(internal) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.margin_path_serialize(internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.margin_path_deserialize(state bytea, unused internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_margin_path_deserialize';
COMMENT ON FUNCTION margin_calib.margin_path_deserialize(bytea, internal) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.margin_path_deserialize(bytea, internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.procyclicality_final(state internal) RETURNS margin_calib.margin_procyclicality
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_procyclicality_final';
COMMENT ON FUNCTION margin_calib.procyclicality_final(internal) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.procyclicality_final(internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.margin_increases_final(state internal) RETURNS margin_calib.margin_increase[]
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_margin_increases_final';
COMMENT ON FUNCTION margin_calib.margin_increases_final(internal) IS
'Support function of aggregates over a path of margins.';
REVOKE ALL ON FUNCTION margin_calib.margin_increases_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.procyclicality(ts timestamptz, margin double precision) (
    SFUNC = margin_calib.procyclicality_accum, STYPE = internal, SSPACE = 2048,
    FINALFUNC = margin_calib.procyclicality_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.margin_path_combine, SERIALFUNC = margin_calib.margin_path_serialize,
    DESERIALFUNC = margin_calib.margin_path_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.procyclicality(timestamptz, double precision) IS
'How a path of margins, stored or hypothetical, followed the market: average, peak to trough, largest and 0.99-quantile rises over numbers of steps and days, deviation of log changes. margin is an amount or a rate, positive; with rates the measures are those of the model, with amounts the position''s changes are in them. A row with a NULL ts or margin is skipped; no other row gives NULL. The order of the rows does not matter. Errors: 22023 for a margin that is not positive and finite, a ts that is infinite or comes twice, naming it; 22003 for a ratio beyond the range of a double; 54000 beyond margin_calib.max_state_mb (16 bytes a row). Source: Murphy, Vasios, Vause, Bank of England FS Paper 29 (2014); doc/procyclicality.md.';

CREATE OR REPLACE AGGREGATE margin_calib.procyclicality(ts timestamptz, margin double precision, loss double precision) (
    SFUNC = margin_calib.procyclicality_accum, STYPE = internal, SSPACE = 2048,
    FINALFUNC = margin_calib.procyclicality_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.margin_path_combine, SERIALFUNC = margin_calib.margin_path_serialize,
    DESERIALFUNC = margin_calib.margin_path_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.procyclicality(timestamptz, double precision, double precision) IS
'As procyclicality(ts, margin), and what the path covered: coverage, exceptions, shortfalls beyond the margin and the average excess above the loss. loss is what the margin at ts had to cover, in its unit, positive for a loss; one that is NULL is not known yet, and its margin counts in the path only. A row with a NULL ts or margin is skipped; no other row gives NULL. The order of the rows does not matter. Errors: 22023 for a margin that is not positive and finite, a ts that is infinite or comes twice, naming it; 22003 for a ratio beyond the range of a double; 54000 beyond margin_calib.max_state_mb (24 bytes a row), 22023 also for a loss that is NaN or infinite. Source: Murphy, Vasios, Vause, Bank of England FS Paper 29 (2014); doc/procyclicality.md.';

CREATE OR REPLACE AGGREGATE margin_calib.margin_increases(ts timestamptz, margin double precision, steps integer[]) (
    SFUNC = margin_calib.margin_increases_accum, STYPE = internal, SSPACE = 2048,
    FINALFUNC = margin_calib.margin_increases_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.margin_path_combine, SERIALFUNC = margin_calib.margin_path_serialize,
    DESERIALFUNC = margin_calib.margin_path_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.margin_increases(timestamptz, double precision, integer[]) IS
'For each number of steps the largest relative rise of a path of margins, when it began and when it ended: an array in the order of steps, to unnest. steps counts observations, each 1 or more, the same in every row; at most 1000 of them. A row with a NULL ts or margin is skipped; no other row gives NULL. The order of the rows does not matter. Errors: 22023 for a margin that is not positive and finite, a ts that is infinite or comes twice, naming it; 22003 for a ratio beyond the range of a double; 54000 beyond margin_calib.max_state_mb (16 bytes a row); 22023 for steps out of range, 22004 for NULL steps. Source: Murphy, Vasios, Vause, Bank of England FS Paper 29 (2014); doc/procyclicality.md.';
