-- Reverse stress tests: the most likely move of the market that loses a given amount.

CREATE OR REPLACE FUNCTION margin_calib.reverse_stress(
    positions margin_calib.reverse_position[], as_of timestamptz, factors text[], covariance double precision[], loss double precision,
    vol_betas double precision[] DEFAULT NULL, vol_rises double precision[] DEFAULT NULL, vol_factors text[] DEFAULT NULL,
    reach double precision DEFAULT 12)
    RETURNS margin_calib.reverse_stress
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_reverse_stress_book';
COMMENT ON FUNCTION margin_calib.reverse_stress(margin_calib.reverse_position[], timestamptz, text[], double precision[], double precision, double precision[], double precision[], text[], double precision) IS
'The most likely move of the market in which a book loses at least `loss`, by full revaluation of all its positions: of the log moves x of the factors with their covariance S over the horizon of the question, the one with the least x'' S^-1 x. factors: underlyings of the contracts, whose prices become F exp(x). Vols become v exp(w + beta x + rise abs(x)): vol_betas and vol_rises, one a factor, NULL for 0; w moves where the underlying is among vol_factors, whose log moves follow those of the prices in the covariance. What options lose has several nearest moves: the search looks from many directions for the nearest of all (doc/stress.md has the method and its limits) and gives the same answer every time. reach: the largest distance looked at, in standard deviations, up to 100. A loss of 0 or less is exhausted where nothing moves. NULL in the first five arguments, or as the reach, gives NULL. An underlying that is no factor, a covariance that is not positive semidefinite or not of the factors, two markets of one instrument and values that are not finite are 22023, NULL within arrays 22004, losses beyond the largest double 22003.';

CREATE OR REPLACE FUNCTION margin_calib.reverse_stress_accounts(
    positions margin_calib.reverse_position[], as_of timestamptz, factors text[], covariance double precision[],
    accounts text[], equities double precision[], fund double precision DEFAULT NULL, cover integer DEFAULT NULL,
    vol_betas double precision[] DEFAULT NULL, vol_rises double precision[] DEFAULT NULL, vol_factors text[] DEFAULT NULL,
    reach double precision DEFAULT 12)
    RETURNS margin_calib.reverse_stress
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_reverse_stress_accounts';
COMMENT ON FUNCTION margin_calib.reverse_stress_accounts(margin_calib.reverse_position[], timestamptz, text[], double precision[], text[], double precision[], double precision, integer, double precision[], double precision[], text[], double precision) IS
'The most likely move of the market that exhausts the first of some accounts, or their fund: as margin_calib.reverse_stress, where an account loses what its positions lose and is exhausted when that is at least its equity. With a fund above 0: the move in which the losses of the accounts beyond their equities, of the `cover` accounts where these are largest (NULL: of all), add up to at least the fund; an equity below 0 is a shortfall where nothing moves. Without one (NULL or 0) cover says nothing. accounts: every account of the positions, each once, with its equity in the same place of equities. NULL as positions, as_of, factors, covariance, accounts, equities or reach gives NULL. Errors are those of reverse_stress; a position of an account that is not there, one without an account, no account at all, and a fund or a cover out of range are 22023.';
