-- price_digest: which prices a calibration has used, in 32 bytes.
-- With a policy it differs from calibrate_margin in nothing but the final function: in one query both share a state.

CREATE OR REPLACE FUNCTION margin_calib.price_digest_accum(state internal, ts timestamptz, price double precision)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_price_digest_accum';
COMMENT ON FUNCTION margin_calib.price_digest_accum(internal, timestamptz, double precision) IS
'Support function of price_digest.';
REVOKE ALL ON FUNCTION margin_calib.price_digest_accum(internal, timestamptz, double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.price_digest_final(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_price_digest_final';
COMMENT ON FUNCTION margin_calib.price_digest_final(internal) IS
'Support function of price_digest.';
REVOKE ALL ON FUNCTION margin_calib.price_digest_final(internal) FROM PUBLIC;

CREATE OR REPLACE AGGREGATE margin_calib.price_digest(
    ts timestamptz, price double precision) (
    SFUNC = margin_calib.price_digest_accum,
    STYPE = internal,
    FINALFUNC = margin_calib.price_digest_final,
    COMBINEFUNC = margin_calib.calibrate_margin_combine,
    SERIALFUNC = margin_calib.calibrate_margin_serialize,
    DESERIALFUNC = margin_calib.calibrate_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.price_digest(timestamptz, double precision) IS
'SHA-256 (32 bytes) of the prices that calibrate_margin would use of these rows: those with a finite ts and a finite price above zero, sorted by ts and then by price, each as 8 bytes of ts in microseconds since 2000-01-01 UTC and 8 bytes of the price as IEEE-754 double precision, both big-endian. The order in which rows arrive does not matter, nor do rows that cannot be used: a NULL or infinite ts, a price that is NULL, NaN, infinite or not above zero. Two prices at one ts both count. NULL without a usable row. Error: 54000 beyond margin_calib.max_state_mb (16 bytes a price).';

CREATE OR REPLACE AGGREGATE margin_calib.price_digest(
    ts timestamptz, price double precision, policy margin_calib.margin_policy) (
    SFUNC = margin_calib.calibrate_margin_accum,
    STYPE = internal,
    FINALFUNC = margin_calib.price_digest_final,
    COMBINEFUNC = margin_calib.calibrate_margin_combine,
    SERIALFUNC = margin_calib.calibrate_margin_serialize,
    DESERIALFUNC = margin_calib.calibrate_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.price_digest(timestamptz, double precision, margin_calib.margin_policy) IS
'The same digest, which does not depend on the policy, for a query with calibrate_margin of the same arguments: both read one state, so that the prices are kept and sorted once. Errors: as calibrate_margin (22004 and 22023 for the policy, 54000).';

CREATE OR REPLACE AGGREGATE margin_calib.price_digest(
    ts timestamptz, price double precision, policy margin_calib.margin_policy, path margin_calib.margin_path) (
    SFUNC = margin_calib.calibrate_margin_accum,
    STYPE = internal,
    FINALFUNC = margin_calib.price_digest_final,
    COMBINEFUNC = margin_calib.calibrate_margin_combine,
    SERIALFUNC = margin_calib.calibrate_margin_serialize,
    DESERIALFUNC = margin_calib.calibrate_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.price_digest(timestamptz, double precision, margin_calib.margin_policy, margin_calib.margin_path) IS
'The same for a query with calibrate_margin along a path; the digest does not depend on policy and path. Errors: as calibrate_margin, of which 22023 for a path that differs within the group.';
