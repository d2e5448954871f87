-- Means, covariances and correlations of many series: exact to rounding, mergeable, and always positive
-- semidefinite. doc/dependence.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.covariance_accum(state internal, "values" double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_accum';
COMMENT ON FUNCTION margin_calib.covariance_accum(state internal, "values" double precision[]) IS
'Support function of margin_calib.covariance, correlation and covariance_state: adds a row.';
REVOKE ALL ON FUNCTION margin_calib.covariance_accum(state internal, "values" double precision[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_merge_accum(state internal, part margin_calib.covariance_state) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_covariance_merge_accum';
COMMENT ON FUNCTION margin_calib.covariance_merge_accum(state internal, part margin_calib.covariance_state) IS
'Support function of margin_calib.covariance_merge: adds a part.';
REVOKE ALL ON FUNCTION margin_calib.covariance_merge_accum(state internal, part margin_calib.covariance_state) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_covariance_combine';
COMMENT ON FUNCTION margin_calib.covariance_combine(state internal, other internal) IS
'Support function of the covariance aggregates: puts two partial groups together.';
REVOKE ALL ON FUNCTION margin_calib.covariance_combine(state internal, other internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_serialize(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_covariance_serialize';
COMMENT ON FUNCTION margin_calib.covariance_serialize(state internal) IS
'Support function of the covariance aggregates: the state as a parallel worker sends it.';
REVOKE ALL ON FUNCTION margin_calib.covariance_serialize(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_deserialize(bytes bytea, state internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_covariance_deserialize';
COMMENT ON FUNCTION margin_calib.covariance_deserialize(bytes bytea, state internal) IS
'Support function of the covariance aggregates: the state as a parallel worker sent it.';
REVOKE ALL ON FUNCTION margin_calib.covariance_deserialize(bytes bytea, state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_covariance_final';
COMMENT ON FUNCTION margin_calib.covariance_final(state internal) IS
'Support function of margin_calib.covariance: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.covariance_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.correlation_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_correlation_final';
COMMENT ON FUNCTION margin_calib.correlation_final(state internal) IS
'Support function of margin_calib.correlation: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.correlation_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.covariance_state_final(state internal) RETURNS margin_calib.covariance_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_covariance_state_final';
COMMENT ON FUNCTION margin_calib.covariance_state_final(state internal) IS
'Support function of margin_calib.covariance_state and covariance_merge: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.covariance_state_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.covariance("values" double precision[]) (
    SFUNC = margin_calib.covariance_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.covariance_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.covariance_combine,
    SERIALFUNC = margin_calib.covariance_serialize, DESERIALFUNC = margin_calib.covariance_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.covariance("values" double precision[]) IS
'Covariance matrix of several series, divisor n - 1, exactly symmetric and always positive semidefinite (a matrix that rounding made indefinite has its correlations shrunk by about 1e-14 for a few series, 1e-10 for 500). values holds one value of each of up to 5000 series at one time, in one order; its length is fixed by the first row, another one is SQLSTATE 2202E naming both. A row that is NULL or holds a NULL is skipped whole (complete cases only). A NaN or infinite value makes the row and column of its series NaN and no other; fewer than two rows give NULL. In one pass and in parallel; elements agree with exact arithmetic within 1e-14 of the standard deviations but for that repair, at any level of the series and in any order of rows. An element beyond the range of float8 is 22003, a state above margin_calib.max_state_mb 54000. Source: Welford, Technometrics 4 (1962); Chan, Golub and LeVeque, Am. Stat. 37 (1983); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.correlation("values" double precision[]) (
    SFUNC = margin_calib.covariance_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.correlation_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.covariance_combine,
    SERIALFUNC = margin_calib.covariance_serialize, DESERIALFUNC = margin_calib.covariance_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.correlation("values" double precision[]) IS
'Correlation matrix (Pearson) of several series: 1 on the diagonal, exactly symmetric and always positive semidefinite, by the repair that margin_calib.covariance has. values holds one value of each of up to 5000 series at one time, in one order; its length is fixed by the first row, another one is SQLSTATE 2202E naming both. A row that is NULL or holds a NULL is skipped whole (complete cases only). A NaN or infinite value makes the row and column of its series NaN and no other; fewer than two rows give NULL. A series whose values are all equal has no correlation: NULL in its row and column. In one pass and in parallel; elements agree with exact arithmetic within 1e-14 of the standard deviations but for that repair, at any level of the series and in any order of rows. An element beyond the range of float8 is 22003, a state above margin_calib.max_state_mb 54000. doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.covariance_state("values" double precision[]) (
    SFUNC = margin_calib.covariance_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.covariance_state_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.covariance_combine,
    SERIALFUNC = margin_calib.covariance_serialize, DESERIALFUNC = margin_calib.covariance_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.covariance_state("values" double precision[]) IS
'What these rows contribute to means and covariances, as a value to store and to merge with others by margin_calib.covariance_merge: a shard, a day, a partition. values holds one value of each of up to 5000 series at one time, in one order; its length is fixed by the first row, another one is SQLSTATE 2202E naming both. A row that is NULL or holds a NULL is skipped whole (complete cases only). A NaN or infinite value makes the row and column of its series NaN and no other; no row gives NULL. In one pass and in parallel; elements agree with exact arithmetic within 1e-14 of the standard deviations, at any level of the series and in any order of rows. An element beyond the range of float8 is 22003, a state above margin_calib.max_state_mb 54000. doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.covariance_merge(part margin_calib.covariance_state) (
    SFUNC = margin_calib.covariance_merge_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.covariance_state_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.covariance_combine,
    SERIALFUNC = margin_calib.covariance_serialize, DESERIALFUNC = margin_calib.covariance_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.covariance_merge(part margin_calib.covariance_state) IS
'The union of parts made by margin_calib.covariance_state over rows that do not overlap: the state that all rows together have, within rounding. NULL parts are skipped, none at all gives NULL; parts of different numbers of series are SQLSTATE 2202E. The order of the series must be the same in all. Source: Chan, Golub and LeVeque, Am. Stat. 37 (1983); doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.covariance(state margin_calib.covariance_state) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_state_covariance';
COMMENT ON FUNCTION margin_calib.covariance(state margin_calib.covariance_state) IS
'Covariance matrix (divisor n - 1) of the rows behind a state: as the aggregate margin_calib.covariance(float8[]). NULL when the state holds fewer than two rows. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.correlation(state margin_calib.covariance_state) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_state_correlation';
COMMENT ON FUNCTION margin_calib.correlation(state margin_calib.covariance_state) IS
'Correlation matrix of the rows behind a state: as the aggregate margin_calib.correlation(float8[]), with NULL in the row and column of a constant series. NULL when the state holds fewer than two rows. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.means(state margin_calib.covariance_state) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_state_means';
COMMENT ON FUNCTION margin_calib.means(state margin_calib.covariance_state) IS
'Mean of every series of a state, correct but for the last bit; NaN for a series with a NaN or infinite value. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.observations(state margin_calib.covariance_state) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_state_observations';
COMMENT ON FUNCTION margin_calib.observations(state margin_calib.covariance_state) IS
'Number of rows that a state holds: rows that were NULL or held a NULL are not counted. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.skipped_rows(state margin_calib.covariance_state) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_state_skipped_rows';
COMMENT ON FUNCTION margin_calib.skipped_rows(state margin_calib.covariance_state) IS
'Number of rows that a state was given and did not use, because they were NULL or held a NULL. doc/dependence.md.';

-- ---- shrinkage and exponential weights ----

CREATE OR REPLACE FUNCTION margin_calib.ledoit_wolf_accum(state internal, "values" double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_ledoit_wolf_accum';
COMMENT ON FUNCTION margin_calib.ledoit_wolf_accum(state internal, "values" double precision[]) IS
'Support function of margin_calib.ledoit_wolf_covariance: keeps a row.';
REVOKE ALL ON FUNCTION margin_calib.ledoit_wolf_accum(state internal, "values" double precision[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ledoit_wolf_final(state internal) RETURNS margin_calib.shrunk_covariance
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_ledoit_wolf_final';
COMMENT ON FUNCTION margin_calib.ledoit_wolf_final(state internal) IS
'Support function of margin_calib.ledoit_wolf_covariance: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.ledoit_wolf_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.oracle_approximating_final(state internal) RETURNS margin_calib.shrunk_covariance
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_oracle_approximating_final';
COMMENT ON FUNCTION margin_calib.oracle_approximating_final(state internal) IS
'Support function of margin_calib.oracle_approximating_covariance: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.oracle_approximating_final(state internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ewma_covariance_accum(state internal, "values" double precision[], lambda double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_ewma_covariance_accum';
COMMENT ON FUNCTION margin_calib.ewma_covariance_accum(state internal, "values" double precision[], lambda double precision) IS
'Support function of margin_calib.ewma_covariance: adds a row.';
REVOKE ALL ON FUNCTION margin_calib.ewma_covariance_accum(state internal, "values" double precision[], lambda double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.ewma_covariance_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_ewma_covariance_final';
COMMENT ON FUNCTION margin_calib.ewma_covariance_final(state internal) IS
'Support function of margin_calib.ewma_covariance: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.ewma_covariance_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.ledoit_wolf_covariance("values" double precision[]) (
    SFUNC = margin_calib.ledoit_wolf_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ledoit_wolf_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ledoit_wolf_covariance("values" double precision[]) IS
'Covariance matrix shrunk towards a multiple of the identity by the weight of Ledoit and Wolf: shrinkage, covariance (divisor n, as scikit-learn) and observations. Positive definite unless all series are constant, however few rows there are. values holds one value of each of up to 5000 series at one time; its length is fixed by the first row, another one is SQLSTATE 2202E. A row that is NULL or holds a NULL is skipped whole; a NaN or infinite value makes everything NaN; fewer than two rows give NULL. Keeps all rows: a state above margin_calib.max_state_mb is 54000, an overflow 22003. Source: Ledoit and Wolf, J. Multivariate Anal. 88 (2004); doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.oracle_approximating_covariance("values" double precision[]) (
    SFUNC = margin_calib.covariance_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.oracle_approximating_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.covariance_combine,
    SERIALFUNC = margin_calib.covariance_serialize, DESERIALFUNC = margin_calib.covariance_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.oracle_approximating_covariance("values" double precision[]) IS
'Covariance matrix shrunk towards a multiple of the identity by the oracle approximating weight (OAS), better than Ledoit and Wolf when returns are normal: shrinkage, covariance (divisor n, as scikit-learn) and observations. In one pass and in parallel. values holds one value of each of up to 5000 series at one time; its length is fixed by the first row, another one is SQLSTATE 2202E. A row that is NULL or holds a NULL is skipped whole; a NaN or infinite value makes everything NaN; fewer than two rows give NULL. A state above margin_calib.max_state_mb is 54000, an overflow 22003. Source: Chen, Wiesel, Eldar and Hero, IEEE Trans. Signal Process. 58 (2010), in the form of scikit-learn; doc/dependence.md.';

CREATE OR REPLACE AGGREGATE margin_calib.ewma_covariance("values" double precision[], lambda double precision) (
    SFUNC = margin_calib.ewma_covariance_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.ewma_covariance_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.ewma_covariance("values" double precision[], lambda double precision) IS
'Exponentially weighted covariance matrix of returns around a mean of zero: the row s before the last has weight lambda^s, and the weights are divided by their sum. Write it with ORDER BY: ewma_covariance(values, 0.94 ORDER BY ts). Always positive semidefinite. lambda strictly between 0 and 1 and the same in every row, else SQLSTATE 22023; NULL 22004. values holds one value of each of up to 5000 series at one time; its length is fixed by the first row, another one is SQLSTATE 2202E. A row that is NULL or holds a NULL is skipped whole; a NaN or infinite value makes the row and column of its series NaN from then on; no rows give NULL. The square of ewma_vol on the diagonal. Source: RiskMetrics Technical Document (1996), section 5.2; doc/dependence.md.';
