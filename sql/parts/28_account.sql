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
    PRIMARY KEY (scenario_set, currency, instrument)
) WITH (fillfactor = 70);
CREATE INDEX instrument_risk_instrument ON margin_calib.instrument_risk (instrument);
COMMENT ON TABLE margin_calib.instrument_risk IS
'Risk vectors of the instruments that accounts under portfolio margin hold, with all that they were made from, kept by refresh: vector = scenario_pnl(contract, market, as_of, scenario_set(scenario_set, set_version)).';
COMMENT ON COLUMN margin_calib.instrument_risk.currency IS 'of the vector''s profits';
COMMENT ON COLUMN margin_calib.instrument_risk.contract IS 'its terms, of contract_terms or made from margin_calib.instrument; NULL: there are none';
COMMENT ON COLUMN margin_calib.instrument_risk.market IS 'its market as refresh found it; NULL: there is none';
COMMENT ON COLUMN margin_calib.instrument_risk.as_of IS 'ts of the latest price or quote behind it';
COMMENT ON COLUMN margin_calib.instrument_risk.vector IS 'of the latest market that made one; NULL: none has';
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

CREATE TYPE margin_calib.engine_model AS (
    account      text,
    scenario_set text,
    currency     text
);
COMMENT ON TYPE margin_calib.engine_model IS 'internal: how one account is margined';

CREATE TYPE margin_calib.engine_entry AS (
    account       text,
    instrument    text,
    quantity      numeric,
    entry_value   numeric,
    entry_inverse numeric
);
COMMENT ON TYPE margin_calib.engine_entry IS 'internal: quantity with a usable entry price, and the sums of quantity times, and over, entry price';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.margin_model', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.instrument_risk', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.portfolio_requirement', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_state', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_history', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_tier', '');
