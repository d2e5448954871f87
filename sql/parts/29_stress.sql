-- What stress tests and liquidation prices answer.

CREATE TYPE margin_calib.stress_scenario AS (
    scenario        integer,
    label           text,
    currency        text,
    accounts        bigint,
    pnl             double precision,
    losses          double precision,
    exhausted       bigint,
    shortfall       double precision,
    worst_account   text,
    worst_shortfall double precision,
    worst_instrument text,
    worst_instrument_pnl double precision,
    stale_accounts  bigint
);
COMMENT ON TYPE margin_calib.stress_scenario IS 'A row of margin_calib.stress_test.';
COMMENT ON COLUMN margin_calib.stress_scenario.scenario IS 'number within the set';
COMMENT ON COLUMN margin_calib.stress_scenario.label IS 'of the scenario';
COMMENT ON COLUMN margin_calib.stress_scenario.currency IS 'of the amounts, and of the accounts that are added up';
COMMENT ON COLUMN margin_calib.stress_scenario.accounts IS 'how many';
COMMENT ON COLUMN margin_calib.stress_scenario.pnl IS 'profit of their positions and collateral';
COMMENT ON COLUMN margin_calib.stress_scenario.losses IS 'sum of the losses of those that lose';
COMMENT ON COLUMN margin_calib.stress_scenario.exhausted IS 'accounts that lose more than they have';
COMMENT ON COLUMN margin_calib.stress_scenario.shortfall IS 'what they lose beyond that, in sum';
COMMENT ON COLUMN margin_calib.stress_scenario.worst_account IS 'account with the largest shortfall; NULL when none has any';
COMMENT ON COLUMN margin_calib.stress_scenario.worst_shortfall IS 'its shortfall, or 0';
COMMENT ON COLUMN margin_calib.stress_scenario.worst_instrument IS 'instrument in which the exhausted accounts, or without such all, lose most';
COMMENT ON COLUMN margin_calib.stress_scenario.worst_instrument_pnl IS 'what they earn in it';
COMMENT ON COLUMN margin_calib.stress_scenario.stale_accounts IS 'of the accounts, those whose state is stale, or whose positions are not all revalued';

CREATE TYPE margin_calib.stress_account AS (
    account              text,
    currency             text,
    equity               double precision,
    scenario             integer,
    label                text,
    pnl                  double precision,
    equity_after         double precision,
    shortfall            double precision,
    worst_instrument     text,
    worst_instrument_pnl double precision,
    is_stale             boolean,
    stale_reason         text
);
COMMENT ON TYPE margin_calib.stress_account IS 'A row of margin_calib.stress_accounts.';
COMMENT ON COLUMN margin_calib.stress_account.account IS 'the account';
COMMENT ON COLUMN margin_calib.stress_account.currency IS 'of the amounts';
COMMENT ON COLUMN margin_calib.stress_account.equity IS 'collateral at market value, value of positions and unrealised profit: without haircuts';
COMMENT ON COLUMN margin_calib.stress_account.scenario IS 'the one in which it loses most';
COMMENT ON COLUMN margin_calib.stress_account.label IS 'of that scenario';
COMMENT ON COLUMN margin_calib.stress_account.pnl IS 'profit of its positions and collateral in it';
COMMENT ON COLUMN margin_calib.stress_account.equity_after IS 'equity + pnl';
COMMENT ON COLUMN margin_calib.stress_account.shortfall IS 'loss beyond the equity; 0 when there is none';
COMMENT ON COLUMN margin_calib.stress_account.worst_instrument IS 'position or collateral that loses most in it';
COMMENT ON COLUMN margin_calib.stress_account.worst_instrument_pnl IS 'what that earns';
COMMENT ON COLUMN margin_calib.stress_account.is_stale IS 'true: stale_reason says why it may be wrong';
COMMENT ON COLUMN margin_calib.stress_account.stale_reason IS 'why the state of the account is stale, or a position that is not revalued; NULL when none';

CREATE TYPE margin_calib.engine_stress AS (
    account    text,
    currency   text,
    instrument text,
    quantity   double precision,
    pnl        double precision[],
    reason     text
);
COMMENT ON TYPE margin_calib.engine_stress IS 'internal: what one unit of a position or of collateral earns in each scenario of a stress test; NULL with the reason when it is not revalued';

CREATE TYPE margin_calib.liquidation_price AS (
    account              text,
    currency             text,
    instrument           text,
    underlying           text,
    quantity             numeric,
    price                double precision,
    lower_liquidation    double precision,
    upper_liquidation    double precision,
    lower_bankruptcy     double precision,
    upper_bankruptcy     double precision,
    worst_scenario       integer,
    liquidation_multiple double precision,
    bankruptcy_multiple  double precision,
    is_stale             boolean,
    stale_reason         text
);
COMMENT ON TYPE margin_calib.liquidation_price IS 'A row of margin_calib.liquidation_prices.';
COMMENT ON COLUMN margin_calib.liquidation_price.account IS 'the account';
COMMENT ON COLUMN margin_calib.liquidation_price.currency IS 'of its equity';
COMMENT ON COLUMN margin_calib.liquidation_price.instrument IS 'of the position; NULL in the row of the worst scenario';
COMMENT ON COLUMN margin_calib.liquidation_price.underlying IS 'what moves';
COMMENT ON COLUMN margin_calib.liquidation_price.quantity IS 'of the position';
COMMENT ON COLUMN margin_calib.liquidation_price.price IS 'present price of the instrument, of an option the forward';
COMMENT ON COLUMN margin_calib.liquidation_price.lower_liquidation IS 'below this price equity no longer covers the maintenance requirement';
COMMENT ON COLUMN margin_calib.liquidation_price.upper_liquidation IS 'above this price it does not';
COMMENT ON COLUMN margin_calib.liquidation_price.lower_bankruptcy IS 'below this price equity is negative';
COMMENT ON COLUMN margin_calib.liquidation_price.upper_bankruptcy IS 'above this price it is';
COMMENT ON COLUMN margin_calib.liquidation_price.worst_scenario IS 'number of the scenario with the largest loss';
COMMENT ON COLUMN margin_calib.liquidation_price.liquidation_multiple IS 'times the shocks of that scenario at which equity is the present maintenance requirement; 0: it is below already';
COMMENT ON COLUMN margin_calib.liquidation_price.bankruptcy_multiple IS 'times at which it is 0; NULL: beyond 10';
COMMENT ON COLUMN margin_calib.liquidation_price.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.liquidation_price.stale_reason IS 'why; NULL when it is not';
