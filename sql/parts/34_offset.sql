-- Portfolio offsets: how far correlations can be relied on, and what they take off a margin. doc/offsets.md.

CREATE OR REPLACE FUNCTION margin_calib.portfolio_offset(
    margins double precision[], correlation double precision[], cap double precision, hedges_only boolean DEFAULT false)
    RETURNS margin_calib.portfolio_credit
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_portfolio_offset_row';
COMMENT ON FUNCTION margin_calib.portfolio_offset(double precision[], double precision[], double precision, boolean) IS
'Margin of positions that hedge each other: combined = sqrt(m'' C m), credit = cap * (gross - combined), and what a breakdown of the correlations would ask for. margins are the standalone margins signed by direction, positive for long and negative for short, in any unit; correlation is their matrix; cap is the largest share of the difference that may be credited, 0.8 under RTS 153/2013 Art. 27. hedges_only: only pairs that hedge (opposite directions and a positive correlation, or one direction and a negative one) reduce the margin, all others add up in full. No digit depends on the order of the positions; the requirement falls with the cap and lies between combined and gross. NULL for a NULL argument. Errors: 2202E when margins and matrix do not match or the matrix is not square, 22004 for a NULL inside, 22023 for a margin or correlation that is not finite, a correlation outside -1 to 1, a matrix that is not symmetric or not positive semidefinite, a cap outside 0 to 1; 22003 when gross is beyond float8; 54000 above 5000 positions. doc/offsets.md.';

CREATE OR REPLACE FUNCTION margin_calib.bounded_correlation(matrix double precision[]) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_bounded_correlation_matrix';
COMMENT ON FUNCTION margin_calib.bounded_correlation(double precision[]) IS
'Positive semidefinite correlation matrix that nowhere claims more than the given one: no element is larger in magnitude or of another sign, and 0 stays 0. For correlations that were cut down pair by pair, of which nearest_correlation would raise some. A matrix that already is one is returned unchanged. The nearest correlation matrix is taken element by element where it is smaller, then everything off the diagonal is shrunk by what is still needed. matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric with elements from -1 to 1 and 1 on the diagonal (22023), of at most 800 rows (54000). doc/offsets.md.';

CREATE OR REPLACE FUNCTION margin_calib.correlation_reliability_final(state internal) RETURNS margin_calib.correlation_evidence
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_correlation_reliability_final';
COMMENT ON FUNCTION margin_calib.correlation_reliability_final(state internal) IS
'Support function of margin_calib.correlation_reliability: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.correlation_reliability_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.correlation_reliability(x double precision, y double precision, confidence double precision, subperiods integer) (
    SFUNC = margin_calib.sample2_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.correlation_reliability_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.correlation_reliability(x double precision, y double precision, confidence double precision, subperiods integer) IS
'How far the correlation of two series of returns can be relied on for offsets: in the whole window with its lower bound (Fisher''s z, one-sided, at the confidence), in each of the sub-periods and in the most volatile stretch, the smallest of them, and is_reliable with the reason. offset_correlation is the smallest in magnitude, 0 when the sign changes anywhere, a part has no correlation, the bound is not above 0 or there are fewer than 20 returns a sub-period. Write it with ORDER BY. x and y are returns over the same spans: rows with a NULL are skipped; a NaN or infinity makes the numbers NaN and the pair unreliable; no row gives NULL. confidence from 0.5 to below 1 (0.99), subperiods 1 to 50 (4), the same in every row, else SQLSTATE 22023; NULL 22004. Source: Fisher, Metron 1 (1921); RTS 153/2013 Art. 27; doc/offsets.md.';

CREATE OR REPLACE FUNCTION margin_calib.offset_correlation_accum(state internal, "values" double precision[], confidence double precision, subperiods integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_offset_correlation_accum';
COMMENT ON FUNCTION margin_calib.offset_correlation_accum(internal, double precision[], double precision, integer) IS
'Support function of margin_calib.offset_correlation: keeps a row.';
REVOKE ALL ON FUNCTION margin_calib.offset_correlation_accum(internal, double precision[], double precision, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.offset_correlation_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_offset_correlation_final';
COMMENT ON FUNCTION margin_calib.offset_correlation_final(state internal) IS
'Support function of margin_calib.offset_correlation: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.offset_correlation_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.offset_correlation("values" double precision[], confidence double precision, subperiods integer) (
    SFUNC = margin_calib.offset_correlation_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.offset_correlation_final, FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.offset_correlation("values" double precision[], confidence double precision, subperiods integer) IS
'Matrix of the correlations that offsets may count on: for every pair the offset_correlation of margin_calib.correlation_reliability, then made positive semidefinite without raising an element, as by margin_calib.bounded_correlation. Always a correlation matrix, 1 on the diagonal; 0 for pairs that are not reliable, a series with a NaN or infinite value among them. values holds the returns of up to 800 series over one span (align_returns makes such rows), write it with ORDER BY; the length is fixed by the first row, another one is SQLSTATE 2202E, more than 800 54000. A row that is NULL or holds a NULL is skipped whole; no row gives NULL. confidence and subperiods as in correlation_reliability (22023, NULL 22004). Keeps all rows: a state above margin_calib.max_state_mb is 54000. doc/offsets.md.';

CREATE OR REPLACE FUNCTION margin_calib.price_evidence_final(state internal) RETURNS margin_calib.correlation_evidence[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_price_evidence_final';
COMMENT ON FUNCTION margin_calib.price_evidence_final(state internal) IS
'Support function of margin_calib.price_evidence: the answer for a group.';
REVOKE ALL ON FUNCTION margin_calib.price_evidence_final(state internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.price_evidence(series double precision, seconds double precision, price double precision, lookback integer, confidence double precision, subperiods integer) (
    SFUNC = margin_calib.sample3_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = margin_calib.price_evidence_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.sample_combine,
    SERIALFUNC = margin_calib.sample_serialize, DESERIALFUNC = margin_calib.sample_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE margin_calib.price_evidence(series double precision, seconds double precision, price double precision, lookback integer, confidence double precision, subperiods integer) IS
'correlation_reliability of every pair of price series with times of their own, as an array in the order (2,1), (3,1), (3,2), (4,1) ... of the series'' numbers. series is a whole number from 1 to 800, seconds the time since 1970, exact to a microsecond, price positive. The returns of a pair run between the consecutive times at which both have a price, the latest lookback of them: pairs are independent of other series. Rows with a NULL, a value that is not finite or a price of zero or less are left out; of two prices of a series at one time the one farther from the price before counts, as in align_returns. No row gives NULL. The order of the rows does not matter. Settings as in correlation_reliability, lookback from 1 on (22023, NULL 22004). doc/offsets.md.';
