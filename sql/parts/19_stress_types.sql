-- Types of reverse stress tests. src/reverse_stress.c reads and builds these by position: keep both in step.

CREATE TYPE margin_calib.reverse_position AS (
    account  text,
    quantity double precision,
    contract margin_calib.contract,
    market   margin_calib.contract_market
);
COMMENT ON TYPE margin_calib.reverse_position IS 'A position that margin_calib.reverse_stress and reverse_stress_accounts revalue.';
COMMENT ON COLUMN margin_calib.reverse_position.account IS 'whose; reverse_stress does not look at it';
COMMENT ON COLUMN margin_calib.reverse_position.quantity IS 'contracts, negative: short';
COMMENT ON COLUMN margin_calib.reverse_position.contract IS 'its terms; its underlying is the factor that it moves with';
COMMENT ON COLUMN margin_calib.reverse_position.market IS 'its market, the same in every position of the instrument';

CREATE TYPE margin_calib.reverse_stress AS (
    status          text,
    distance        double precision,
    normal_tail     double precision,
    chi_square_tail double precision,
    dimensions      integer,
    loss            double precision,
    threshold       double precision,
    account         text,
    factors         text[],
    log_moves       double precision[],
    relative_moves  double precision[],
    position_pnl    double precision[],
    accounts        text[],
    account_losses  double precision[]
);
COMMENT ON TYPE margin_calib.reverse_stress IS 'The most likely move of the market that loses a given amount; made by margin_calib.reverse_stress and reverse_stress_accounts. doc/stress.md.';
COMMENT ON COLUMN margin_calib.reverse_stress.status IS 'reached; exhausted: where nothing moves, with a distance of 0; not_reached: within the reach no move found loses so much, and the moves are those that lose most of it';
COMMENT ON COLUMN margin_calib.reverse_stress.distance IS 'of Mahalanobis: how many standard deviations the move is, sqrt(x'' S^-1 x); NULL when not reached';
COMMENT ON COLUMN margin_calib.reverse_stress.normal_tail IS 'probability that a normal variable is beyond the distance on one side: that of the loss, where losing it has a plane for its border';
COMMENT ON COLUMN margin_calib.reverse_stress.chi_square_tail IS 'probability that moves, normal with mean 0, are at least so far from 0 in whatever direction: the loss is no more likely';
COMMENT ON COLUMN margin_calib.reverse_stress.dimensions IS 'independent moves that the positions are exposed to, degrees of freedom of chi_square_tail';
COMMENT ON COLUMN margin_calib.reverse_stress.loss IS 'at the move: of the account, or the shortfalls that the fund has to pay';
COMMENT ON COLUMN margin_calib.reverse_stress.threshold IS 'what it was to reach: the loss asked for, the equity of the account, or the fund';
COMMENT ON COLUMN margin_calib.reverse_stress.account IS 'that is exhausted first, or has the largest shortfall; NULL of reverse_stress';
COMMENT ON COLUMN margin_calib.reverse_stress.factors IS 'underlyings, then vols, which have '' vol'' behind the name of their underlying';
COMMENT ON COLUMN margin_calib.reverse_stress.log_moves IS 'of each factor: ln(price after / price before)';
COMMENT ON COLUMN margin_calib.reverse_stress.relative_moves IS 'of each factor: price after / price before - 1';
COMMENT ON COLUMN margin_calib.reverse_stress.position_pnl IS 'what each position earns at the move, in the order of the positions';
COMMENT ON COLUMN margin_calib.reverse_stress.accounts IS 'names of the accounts, NULL of reverse_stress';
COMMENT ON COLUMN margin_calib.reverse_stress.account_losses IS 'what each account loses at the move; NULL of reverse_stress';
