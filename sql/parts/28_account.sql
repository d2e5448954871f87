-- State of portfolio margin in the engine: which accounts are margined by which scenarios, the risk vectors of their instruments, what they
-- owe, and what became of them.

CREATE TABLE margin_calib.margin_model (
    account      text UNIQUE NULLS NOT DISTINCT,
    scenario_set text,
    currency     text NOT NULL CHECK (currency <> ''),
    set_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by       text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.margin_model IS
'How accounts are margined: by a scenario set, or by the rates of their instruments. Written by set_margin_model and drop_margin_model.';
COMMENT ON COLUMN margin_calib.margin_model.account IS 'NULL: every account without a row of its own; without such a row those are margined by rates, in USD';
COMMENT ON COLUMN margin_calib.margin_model.scenario_set IS 'the set, in its latest version; NULL: rates';
COMMENT ON COLUMN margin_calib.margin_model.currency IS 'in which equity and requirement of the account are kept';

CREATE TABLE margin_calib.scenario_set_used (
    name    text PRIMARY KEY,
    version integer NOT NULL,
    method  margin_calib.margin_method,
    content margin_calib.scenario_set NOT NULL
);
COMMENT ON TABLE margin_calib.scenario_set_used IS
'Scenario sets that accounts are margined by, in the version of the latest refresh: at hand, and not made anew for every check of an order.';
COMMENT ON COLUMN margin_calib.scenario_set_used.method IS 'that of the content, which may be large';

CREATE TABLE margin_calib.instrument_risk (
    scenario_set text NOT NULL,
    currency     text NOT NULL,
    instrument   text NOT NULL,
    set_version  integer NOT NULL,
    contract     margin_calib.contract,
    market       margin_calib.contract_market,
    as_of        timestamptz,
    vector       margin_calib.risk_vector,
    fresh_until  timestamptz,
    stale_reason text,
    PRIMARY KEY (instrument, scenario_set, currency) -- by what differs most
) WITH (fillfactor = 70);
COMMENT ON TABLE margin_calib.instrument_risk IS
'Risk vectors of the instruments that accounts under portfolio margin hold, with all that they were made from, kept by refresh: vector = scenario_pnl(contract, market, as_of, scenario_set(scenario_set, set_version)).';
COMMENT ON COLUMN margin_calib.instrument_risk.currency IS 'of the vector''s profits';
COMMENT ON COLUMN margin_calib.instrument_risk.contract IS 'its terms, of contract_terms or made from margin_calib.instrument; NULL: there are none';
COMMENT ON COLUMN margin_calib.instrument_risk.market IS 'its market as refresh found it; NULL: there is none';
COMMENT ON COLUMN margin_calib.instrument_risk.as_of IS 'ts of the latest price or quote behind it';
COMMENT ON COLUMN margin_calib.instrument_risk.vector IS 'made from that market; NULL: none could be made, as stale_reason says';
COMMENT ON COLUMN margin_calib.instrument_risk.fresh_until IS 'when the first of the prices behind it becomes older than allowed';
COMMENT ON COLUMN margin_calib.instrument_risk.stale_reason IS 'why the vector is not one of present prices, NULL when it is';

CREATE TABLE margin_calib.portfolio_requirement (
    account            text PRIMARY KEY,
    currency           text NOT NULL,
    scenario_set       text NOT NULL,
    set_version        integer NOT NULL,
    initial_margin     numeric NOT NULL,
    maintenance_margin numeric NOT NULL,
    initial_loss       double precision NOT NULL,
    maintenance_loss   double precision NOT NULL,
    charges            margin_calib.component_amount[] NOT NULL,
    worst_scenario     integer,
    worst_pnl          double precision NOT NULL,
    value              double precision NOT NULL,
    notional           double precision NOT NULL,
    delta              double precision NOT NULL,
    vega               double precision NOT NULL,
    positions          integer NOT NULL,
    as_of              timestamptz NOT NULL,
    data_through       timestamptz,
    fresh_until        timestamptz,
    is_stale           boolean NOT NULL,
    stale_reason       text
) WITH (fillfactor = 70);
COMMENT ON TABLE margin_calib.portfolio_requirement IS
'Requirements of accounts under portfolio margin as of the latest refresh; read the view portfolio_margin_requirement.';

CREATE TABLE margin_calib.account_state (
    account             text PRIMARY KEY,
    currency            text NOT NULL,
    model               text NOT NULL,
    collateral          numeric NOT NULL,
    collateral_value    numeric NOT NULL,
    position_value      numeric NOT NULL,
    unrealised_pnl      numeric NOT NULL,
    equity              numeric NOT NULL,
    initial_margin      numeric NOT NULL,
    maintenance_margin  numeric NOT NULL,
    notional            numeric NOT NULL,
    as_of               timestamptz NOT NULL,
    data_through        timestamptz,
    fresh_until         timestamptz,
    is_stale            boolean NOT NULL,
    stale_reason        text
) WITH (fillfactor = 70);
COMMENT ON TABLE margin_calib.account_state IS
'Equity and requirement of every account as of the latest refresh; read the view margin_account.';

CREATE TABLE margin_calib.account_history (LIKE margin_calib.account_state);
CREATE INDEX account_history_account ON margin_calib.account_history (account, as_of);
COMMENT ON TABLE margin_calib.account_history IS
'Every state of every account that refresh stored, from when its numbers changed; columns as in margin_calib.account_state. forget_account_history deletes old ones.';

CREATE TABLE margin_calib.account_tier (
    tier    text PRIMARY KEY CHECK (tier <> ''),
    margin  text NOT NULL CHECK (margin IN ('initial', 'maintenance')),
    below   numeric NOT NULL CHECK (below >= 0 AND below < 'Infinity'),
    set_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by  text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.account_tier IS
'What an account is called that is short of equity: a tier holds while equity is below a multiple of a requirement. Written by set_account_tiers; without rows margin_call (below 1 x initial), liquidation (below 1 x maintenance) and bankrupt (below 0) hold.';
COMMENT ON COLUMN margin_calib.account_tier.margin IS 'initial or maintenance';
COMMENT ON COLUMN margin_calib.account_tier.below IS 'multiple of that requirement; 0: equity is negative';

CREATE TABLE margin_calib.account_guard (
    account text PRIMARY KEY,
    checks  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE margin_calib.account_guard IS
'A row an account whose orders are checked, updated by each check: checks of one account take turns, and a caller whose snapshot is older than another check gets 40001.';

CREATE TYPE margin_calib.engine_risk AS (
    instrument   text,
    contract     margin_calib.contract,
    market       margin_calib.contract_market,
    as_of        timestamptz,
    vector       margin_calib.risk_vector,
    fresh_until  timestamptz,
    stale_reason text
);
COMMENT ON TYPE margin_calib.engine_risk IS
'internal: what the vector of an instrument is made from, and the vector; stale_reason says why it cannot be made, or is not of present prices';

CREATE TYPE margin_calib.engine_smiles AS (
    underlying   text,
    surface      margin_calib.vol_surface,
    rate         double precision,
    fresh_until  timestamptz,
    stale_reason text
);
COMMENT ON TYPE margin_calib.engine_smiles IS 'internal: volatility surface of an underlying, NULL when there is none, and what discounts its premiums';

CREATE TYPE margin_calib.what_if_trade AS (
    instrument text,
    quantity   numeric,
    price      numeric,
    fee        numeric
);
COMMENT ON TYPE margin_calib.what_if_trade IS 'A trade that margin_calib.what_if and check_order are asked about.';
COMMENT ON COLUMN margin_calib.what_if_trade.instrument IS 'what is traded';
COMMENT ON COLUMN margin_calib.what_if_trade.quantity IS 'contracts, negative: sold';
COMMENT ON COLUMN margin_calib.what_if_trade.price IS 'at which, as the instrument is quoted; NULL: the present one, so that equity does not change but for rounding';
COMMENT ON COLUMN margin_calib.what_if_trade.fee IS 'paid for it, in the currency of the account; NULL for 0';

CREATE TYPE margin_calib.order_check AS (
    accepted           boolean,
    reason             text,
    account            text,
    currency           text,
    equity             numeric,
    initial_before     numeric,
    initial_margin     numeric,
    excess             numeric,
    as_of              timestamptz,
    is_stale           boolean,
    stale_reason       text
);
COMMENT ON TYPE margin_calib.order_check IS 'Answer of margin_calib.check_order.';
COMMENT ON COLUMN margin_calib.order_check.accepted IS 'true: equity covers the initial requirement after the trades, or they do not make a shortfall larger';
COMMENT ON COLUMN margin_calib.order_check.reason IS 'why it is not accepted; NULL when it is';
COMMENT ON COLUMN margin_calib.order_check.account IS 'the account';
COMMENT ON COLUMN margin_calib.order_check.currency IS 'of the amounts';
COMMENT ON COLUMN margin_calib.order_check.equity IS 'after the trades';
COMMENT ON COLUMN margin_calib.order_check.initial_before IS 'initial requirement without them';
COMMENT ON COLUMN margin_calib.order_check.initial_margin IS 'initial requirement with them';
COMMENT ON COLUMN margin_calib.order_check.excess IS 'equity - initial_margin';
COMMENT ON COLUMN margin_calib.order_check.as_of IS 'when it was computed';
COMMENT ON COLUMN margin_calib.order_check.is_stale IS 'true: stale_reason says why prices behind it may be out of date';
COMMENT ON COLUMN margin_calib.order_check.stale_reason IS 'why; NULL when they are not';

CREATE TYPE margin_calib.what_if_row AS (
    item               text,
    account            text,
    currency           text,
    model              text,
    instrument         text,
    quantity           numeric,
    collateral_value   numeric,
    position_value     numeric,
    unrealised_pnl     numeric,
    equity             numeric,
    initial_margin     numeric,
    maintenance_margin numeric,
    excess             numeric,
    maintenance_excess numeric,
    notional           numeric,
    leverage           numeric,
    tier               text,
    worst_scenario     integer,
    worst_pnl          double precision,
    charges            margin_calib.component_amount[],
    is_stale           boolean,
    stale_reason       text
);
COMMENT ON TYPE margin_calib.what_if_row IS 'A row of margin_calib.what_if.';
COMMENT ON COLUMN margin_calib.what_if_row.item IS 'before or after the trades; change: after less before; component: what one position has of the requirements after them, which add up to those; hedge: the account after the best hedge in one instrument besides';
COMMENT ON COLUMN margin_calib.what_if_row.account IS 'the account';
COMMENT ON COLUMN margin_calib.what_if_row.currency IS 'of the amounts';
COMMENT ON COLUMN margin_calib.what_if_row.model IS 'scenario set by which it is margined, or rates';
COMMENT ON COLUMN margin_calib.what_if_row.instrument IS 'of a component or hedge';
COMMENT ON COLUMN margin_calib.what_if_row.quantity IS 'of the position, or of the trade that hedges';
COMMENT ON COLUMN margin_calib.what_if_row.collateral_value IS 'after haircuts, with what the trades pay';
COMMENT ON COLUMN margin_calib.what_if_row.position_value IS 'of options and spot positions';
COMMENT ON COLUMN margin_calib.what_if_row.unrealised_pnl IS 'of futures and perpetuals since they were entered';
COMMENT ON COLUMN margin_calib.what_if_row.equity IS 'the sum of the three';
COMMENT ON COLUMN margin_calib.what_if_row.initial_margin IS 'initial requirement; of a component what the position has of it (Euler: quantity times the slope of the requirement, negative for a hedge)';
COMMENT ON COLUMN margin_calib.what_if_row.maintenance_margin IS 'maintenance requirement, the same way';
COMMENT ON COLUMN margin_calib.what_if_row.excess IS 'equity - initial_margin';
COMMENT ON COLUMN margin_calib.what_if_row.maintenance_excess IS 'equity - maintenance_margin';
COMMENT ON COLUMN margin_calib.what_if_row.notional IS 'gross notional; of a hedge that of the trade';
COMMENT ON COLUMN margin_calib.what_if_row.leverage IS 'notional / equity; NULL without positive equity';
COMMENT ON COLUMN margin_calib.what_if_row.tier IS 'as in margin_calib.margin_account';
COMMENT ON COLUMN margin_calib.what_if_row.worst_scenario IS 'number of the worst scenario; NULL under rates';
COMMENT ON COLUMN margin_calib.what_if_row.worst_pnl IS 'profit in it';
COMMENT ON COLUMN margin_calib.what_if_row.charges IS 'as in margin_calib.portfolio_margin_requirement';
COMMENT ON COLUMN margin_calib.what_if_row.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.what_if_row.stale_reason IS 'why; NULL when it is not';

CREATE TYPE margin_calib.what_if_setting AS (
    scenario_set text,
    currency     text,
    collateral   numeric,
    live         boolean,
    hedges       text[]
);
COMMENT ON TYPE margin_calib.what_if_setting IS 'Parameters of margin_calib.what_if.';
COMMENT ON COLUMN margin_calib.what_if_setting.scenario_set IS 'margined by this set instead, or by rates; NULL: by the model of the account';
COMMENT ON COLUMN margin_calib.what_if_setting.currency IS 'NULL: that of the account';
COMMENT ON COLUMN margin_calib.what_if_setting.collateral IS 'added to its collateral after haircuts, negative: withdrawn';
COMMENT ON COLUMN margin_calib.what_if_setting.live IS 'true: prices and rates as refresh would find them now; else those of the latest refresh';
COMMENT ON COLUMN margin_calib.what_if_setting.hedges IS 'instruments in which to look for the hedge that saves most initial margin';

CREATE TYPE margin_calib.engine_change AS (
    account    text,
    side       integer,
    instrument text,
    quantity   numeric,
    price      numeric
);
COMMENT ON TYPE margin_calib.engine_change IS 'internal: what a statement changed of the rows of an account and instrument whose quantities have one sign';

CREATE TYPE margin_calib.engine_book AS (
    held margin_calib.engine_holding[],
    rows margin_calib.what_if_trade[]
);
COMMENT ON TYPE margin_calib.engine_book IS 'internal: what an account has, and rows of its orders or prices';

CREATE TYPE margin_calib.engine_trial AS (
    state      margin_calib.account_state,
    portfolio  margin_calib.portfolio_requirement,
    unmargined text
);
COMMENT ON TYPE margin_calib.engine_trial IS 'internal: what an account would be with some positions; unmargined: why one of them requires nothing though it is held, NULL when none does';

CREATE TYPE margin_calib.engine_profit AS (
    currency text,
    asset    text,
    pnl      numeric
);
COMMENT ON TYPE margin_calib.engine_profit IS 'internal: unrealised profit of a position, of which it is the currency, in an asset';

CREATE TYPE margin_calib.engine_trade_sums AS (
    initial_before double precision,
    value_before   double precision,
    initial_after  double precision,
    value_after    double precision,
    is_whole       boolean,
    fresh_until    timestamptz,
    profits        margin_calib.engine_profit[],
    unusual        margin_calib.engine_holding[]
);
COMMENT ON TYPE margin_calib.engine_trade_sums IS 'internal: what the vectors of an account add up to before and after trades; is_whole: every instrument has one; unusual: holdings whose fresh_until and reasons are not looked at';

CREATE TYPE margin_calib.engine_model AS (
    account      text,
    scenario_set text,
    currency     text
);
COMMENT ON TYPE margin_calib.engine_model IS 'internal: how one account is margined';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.margin_model', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.scenario_set_used', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.instrument_risk', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.portfolio_requirement', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_state', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_history', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_tier', '');
