-- State of collateral: what assets are worth, and what of it counts.

CREATE TABLE margin_calib.asset (
    asset             text PRIMARY KEY,
    price_instrument  text,
    currency          text NOT NULL DEFAULT 'USD',
    priority          integer NOT NULL DEFAULT 100,
    minimum_haircut   numeric NOT NULL DEFAULT 0 CHECK (minimum_haircut BETWEEN 0 AND 1),
    credit_quality    integer,
    maximum_weight    numeric NOT NULL DEFAULT 1 CHECK (maximum_weight BETWEEN 0 AND 1),
    limit_amount      numeric CHECK (limit_amount >= 0 AND limit_amount < 'Infinity'),
    limit_share       numeric CHECK (limit_share BETWEEN 0 AND 1),
    excess_haircut    numeric NOT NULL DEFAULT 1 CHECK (excess_haircut BETWEEN 0 AND 1),
    wrong_way_haircut numeric NOT NULL DEFAULT 0 CHECK (wrong_way_haircut BETWEEN 0 AND 1),
    haircut_step      numeric NOT NULL DEFAULT 0.005 CHECK (haircut_step > 0 AND haircut_step <= 1),
    opportunity_cost  numeric NOT NULL DEFAULT 0 CHECK (opportunity_cost >= 0 AND opportunity_cost < 'Infinity'),
    set_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by            text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.asset IS
'Assets that accounts hold: where the price of one unit comes from, and what of its value counts as collateral. Written by set_asset and drop_asset.';
COMMENT ON COLUMN margin_calib.asset.asset IS 'name of the asset, as balances have it';
COMMENT ON COLUMN margin_calib.asset.price_instrument IS 'registered instrument whose latest attached price is the price of one unit; NULL: a unit of account, worth 1 of the currency';
COMMENT ON COLUMN margin_calib.asset.currency IS 'currency of that price';
COMMENT ON COLUMN margin_calib.asset.priority IS 'collateral of a smaller one is used first';
COMMENT ON COLUMN margin_calib.asset.minimum_haircut IS 'floor of its haircut';
COMMENT ON COLUMN margin_calib.asset.credit_quality IS 'credit quality step, whose floor set_credit_quality gives; NULL: none';
COMMENT ON COLUMN margin_calib.asset.maximum_weight IS 'largest part of its value that counts, whatever is calibrated';
COMMENT ON COLUMN margin_calib.asset.limit_amount IS 'value of it in one account, in the account''s currency, above which the excess haircut applies; NULL: no limit';
COMMENT ON COLUMN margin_calib.asset.limit_share IS 'the same as a share of the value of all that the account holds; NULL: no limit';
COMMENT ON COLUMN margin_calib.asset.excess_haircut IS 'haircut of the value above the limits, if it is the larger one';
COMMENT ON COLUMN margin_calib.asset.wrong_way_haircut IS 'added where the account is exposed to the same thing: its price instrument, or contracts on it';
COMMENT ON COLUMN margin_calib.asset.haircut_step IS 'haircuts are rounded up to it';
COMMENT ON COLUMN margin_calib.asset.opportunity_cost IS 'of giving it away, a unit of its value and year; what allocate_collateral minimises';
COMMENT ON COLUMN margin_calib.asset.set_at IS 'when it was set last';
COMMENT ON COLUMN margin_calib.asset.set_by IS 'who set it last';

CREATE TABLE margin_calib.credit_quality (
    step            integer PRIMARY KEY CHECK (step BETWEEN 1 AND 100),
    minimum_haircut numeric NOT NULL CHECK (minimum_haircut BETWEEN 0 AND 1),
    set_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by          text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.credit_quality IS
'Floors of haircuts by credit quality step. Written by set_credit_quality.';
COMMENT ON COLUMN margin_calib.credit_quality.step IS 'credit quality step, 1 the best';
COMMENT ON COLUMN margin_calib.credit_quality.minimum_haircut IS 'floor of the haircut of assets of this step';
COMMENT ON COLUMN margin_calib.credit_quality.set_at IS 'when it was set last';
COMMENT ON COLUMN margin_calib.credit_quality.set_by IS 'who set it last';

CREATE TABLE margin_calib.wrong_way (
    asset       text NOT NULL,
    instrument  text NOT NULL,
    side        text NOT NULL CHECK (side IN ('long', 'short')),
    haircut     numeric NOT NULL CHECK (haircut > 0 AND haircut <= 1),
    correlation numeric CHECK (correlation >= 0 AND correlation <= 1),
    set_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by      text NOT NULL DEFAULT session_user,
    PRIMARY KEY (asset, instrument)
);
COMMENT ON TABLE margin_calib.wrong_way IS
'Pairs of an asset and an instrument that lose together: an account that is exposed to both has a larger haircut on the asset. Written by set_wrong_way.';
COMMENT ON COLUMN margin_calib.wrong_way.asset IS 'the collateral';
COMMENT ON COLUMN margin_calib.wrong_way.instrument IS 'instrument, or underlying of instruments, that the account has positions in';
COMMENT ON COLUMN margin_calib.wrong_way.side IS 'side of the position that loses together with the asset';
COMMENT ON COLUMN margin_calib.wrong_way.haircut IS 'added to the haircut of what is matched by the position';
COMMENT ON COLUMN margin_calib.wrong_way.correlation IS 'it counts while the correlation of the returns is at least this on the long side, at most minus this on the short side; NULL: always';
COMMENT ON COLUMN margin_calib.wrong_way.set_at IS 'when it was set last';
COMMENT ON COLUMN margin_calib.wrong_way.set_by IS 'who set it last';

CREATE TABLE margin_calib.wrong_way_correlation (
    asset        text NOT NULL,
    instrument   text NOT NULL,
    correlation  numeric,
    observations integer NOT NULL,
    PRIMARY KEY (asset, instrument)
);
COMMENT ON TABLE margin_calib.wrong_way_correlation IS
'Correlations of the wrong-way pairs that have a threshold, as of the latest refresh.';
COMMENT ON COLUMN margin_calib.wrong_way_correlation.asset IS 'the collateral';
COMMENT ON COLUMN margin_calib.wrong_way_correlation.instrument IS 'instrument of the pair';
COMMENT ON COLUMN margin_calib.wrong_way_correlation.correlation IS 'of the latest 250 log returns between times that both price series have, to 12 significant digits; NULL: fewer than 20, or one does not move';
COMMENT ON COLUMN margin_calib.wrong_way_correlation.observations IS 'number of these returns';

CREATE TYPE margin_calib.peg_stage AS (
    below   numeric,
    haircut numeric
);
COMMENT ON TYPE margin_calib.peg_stage IS 'One stage of a peg that is being lost.';
COMMENT ON COLUMN margin_calib.peg_stage.below IS 'the stage is reached when the price is below this';
COMMENT ON COLUMN margin_calib.peg_stage.haircut IS 'floor of the haircut in this stage';

CREATE TABLE margin_calib.peg_stages (
    asset  text PRIMARY KEY,
    stages margin_calib.peg_stage[] NOT NULL,
    dwell  interval NOT NULL CHECK (dwell >= '0'),
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.peg_stages IS
'Assets that are pegged to 1 of their currency, and the stages in which a lost peg raises their haircut. Written by set_peg_stages.';
COMMENT ON COLUMN margin_calib.peg_stages.asset IS 'the pegged asset';
COMMENT ON COLUMN margin_calib.peg_stages.stages IS 'the mildest first';
COMMENT ON COLUMN margin_calib.peg_stages.dwell IS 'how long the price must have been at or above the threshold of a stage before the stage is over; days are of 24 hours';
COMMENT ON COLUMN margin_calib.peg_stages.set_at IS 'when it was set last';
COMMENT ON COLUMN margin_calib.peg_stages.set_by IS 'who set it last';

CREATE TABLE margin_calib.peg_state (
    asset        text PRIMARY KEY,
    stage        integer,
    haircut      numeric,
    price        numeric,
    lowest_price numeric,
    data_through timestamptz,
    stale_reason text
);
COMMENT ON TABLE margin_calib.peg_state IS
'In which stage each peg is, as of the latest refresh; read the view peg_status.';
COMMENT ON COLUMN margin_calib.peg_state.asset IS 'the pegged asset';
COMMENT ON COLUMN margin_calib.peg_state.stage IS '0: the peg holds; else number of the stage';
COMMENT ON COLUMN margin_calib.peg_state.haircut IS 'floor of the haircut in the stage';
COMMENT ON COLUMN margin_calib.peg_state.price IS 'latest price of one unit in its currency; 0 counts';
COMMENT ON COLUMN margin_calib.peg_state.lowest_price IS 'lowest that was in force within the dwell time before the latest price';
COMMENT ON COLUMN margin_calib.peg_state.data_through IS 'ts of the latest price';
COMMENT ON COLUMN margin_calib.peg_state.stale_reason IS 'why it may be out of date; NULL when it is not';

CREATE TABLE margin_calib.peg_stage_history (
    id             bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    asset          text NOT NULL,
    previous_stage integer,
    stage          integer NOT NULL,
    haircut        numeric NOT NULL,
    price          numeric,
    lowest_price   numeric,
    ts             timestamptz,
    recorded_at    timestamptz NOT NULL
);
CREATE INDEX peg_stage_history_asset ON margin_calib.peg_stage_history (asset, id);
COMMENT ON TABLE margin_calib.peg_stage_history IS
'Every change of the stage of a peg that a refresh found.';
COMMENT ON COLUMN margin_calib.peg_stage_history.id IS 'number of the change';
COMMENT ON COLUMN margin_calib.peg_stage_history.asset IS 'the pegged asset';
COMMENT ON COLUMN margin_calib.peg_stage_history.previous_stage IS 'stage before; NULL: it was not looked at before';
COMMENT ON COLUMN margin_calib.peg_stage_history.stage IS 'stage from then on';
COMMENT ON COLUMN margin_calib.peg_stage_history.haircut IS 'floor of the haircut in it';
COMMENT ON COLUMN margin_calib.peg_stage_history.price IS 'price of one unit';
COMMENT ON COLUMN margin_calib.peg_stage_history.lowest_price IS 'lowest price within the dwell time';
COMMENT ON COLUMN margin_calib.peg_stage_history.ts IS 'ts of the price that changed it';
COMMENT ON COLUMN margin_calib.peg_stage_history.recorded_at IS 'when a refresh found it';

CREATE TYPE margin_calib.engine_collateral AS (
    asset                text,
    currency             text,
    price                numeric,
    data_through         timestamptz,
    fresh_until          timestamptz,
    stale_reason         text,
    missing              text,
    market_haircut       numeric,
    currency_haircut     numeric,
    spread               numeric,
    average_daily_volume numeric,
    participation        numeric,
    horizon              numeric,
    maximum_horizon      numeric,
    minimum_haircut      numeric,
    quality_haircut      numeric,
    peg_stage            integer,
    peg_haircut          numeric,
    weight_haircut       numeric,
    limit_amount         numeric,
    limit_share          numeric,
    excess_haircut       numeric,
    haircut_step         numeric,
    priority             integer
);
COMMENT ON TYPE margin_calib.engine_collateral IS 'internal: what the haircut of an asset in a currency is made of; missing: what is not known, so that nothing of it counts';

CREATE TYPE margin_calib.engine_haircut AS (
    haircut             numeric,
    binding_term        text,
    horizon_haircut     numeric,
    spread_haircut      numeric,
    liquidation_horizon numeric
);
COMMENT ON TYPE margin_calib.engine_haircut IS 'internal: the haircut of a quantity of an asset';

CREATE TYPE margin_calib.engine_exposure AS (
    account text,
    asset   text,
    amount  numeric,
    haircut numeric,
    reason  text
);
COMMENT ON TYPE margin_calib.engine_exposure IS 'internal: what an account is exposed to together with an asset: sum of haircut * notional, the largest haircut, and why the exposure is not known';

CREATE TABLE margin_calib.asset_haircut (
    id               bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    asset            text NOT NULL,
    currency         text NOT NULL,
    valid_from       timestamptz NOT NULL,
    valid_to         timestamptz,
    haircut          numeric NOT NULL,
    binding_term     text NOT NULL,
    market_haircut   numeric,
    currency_haircut numeric,
    horizon_haircut  numeric,
    spread_haircut   numeric,
    minimum_haircut  numeric,
    quality_haircut  numeric,
    peg_haircut      numeric,
    weight_haircut   numeric,
    peg_stage        integer,
    price            numeric,
    as_of            timestamptz NOT NULL,
    data_through     timestamptz,
    fresh_until      timestamptz,
    stale_reason     text
);
CREATE UNIQUE INDEX asset_haircut_in_force ON margin_calib.asset_haircut (asset) WHERE valid_to IS NULL;
CREATE INDEX asset_haircut_history ON margin_calib.asset_haircut (asset, valid_from);
COMMENT ON TABLE margin_calib.asset_haircut IS
'Haircuts of a small holding of each asset that is set, in the currency of its price: those in force, and all that were.';
COMMENT ON COLUMN margin_calib.asset_haircut.id IS 'number of the row';
COMMENT ON COLUMN margin_calib.asset_haircut.asset IS 'the asset';
COMMENT ON COLUMN margin_calib.asset_haircut.currency IS 'currency of its price';
COMMENT ON COLUMN margin_calib.asset_haircut.valid_from IS 'refresh that put it into force';
COMMENT ON COLUMN margin_calib.asset_haircut.valid_to IS 'refresh that ended it; NULL: in force';
COMMENT ON COLUMN margin_calib.asset_haircut.haircut IS 'part of the value that does not count, rounded up to the step of the asset';
COMMENT ON COLUMN margin_calib.asset_haircut.binding_term IS 'which component made it: calibrated (market, currency, horizon and spread together), minimum, quality, peg, weight, own currency, or no data';
COMMENT ON COLUMN margin_calib.asset_haircut.market_haircut IS 'calibrated loss on holding it over one horizon: long initial rate in force of its price instrument; 0 without one';
COMMENT ON COLUMN margin_calib.asset_haircut.currency_haircut IS 'the same of the instrument that chains its price to the currency; 0 when there is none';
COMMENT ON COLUMN margin_calib.asset_haircut.horizon_haircut IS '(market_haircut + currency_haircut) * (sqrt(L / h) - 1), L days to sell it and h the days of one horizon';
COMMENT ON COLUMN margin_calib.asset_haircut.spread_haircut IS 'cost of selling it: half the relative spreads * sqrt(L / h)';
COMMENT ON COLUMN margin_calib.asset_haircut.minimum_haircut IS 'floor that set_asset gave';
COMMENT ON COLUMN margin_calib.asset_haircut.quality_haircut IS 'floor of its credit quality step';
COMMENT ON COLUMN margin_calib.asset_haircut.peg_haircut IS 'floor of the stage in which its peg is';
COMMENT ON COLUMN margin_calib.asset_haircut.weight_haircut IS 'floor that leaves its maximum weight: 1 - maximum_weight';
COMMENT ON COLUMN margin_calib.asset_haircut.peg_stage IS 'stage of its peg; NULL without stages';
COMMENT ON COLUMN margin_calib.asset_haircut.price IS 'price of one unit';
COMMENT ON COLUMN margin_calib.asset_haircut.as_of IS 'latest refresh that found it so';
COMMENT ON COLUMN margin_calib.asset_haircut.data_through IS 'ts of the oldest price or figure behind it';
COMMENT ON COLUMN margin_calib.asset_haircut.fresh_until IS 'until when these are fresh; NULL: for ever';
COMMENT ON COLUMN margin_calib.asset_haircut.stale_reason IS 'why it may be out of date, or why nothing counts; NULL when all is right';

CREATE TABLE margin_calib.account_collateral (
    account             text NOT NULL,
    currency            text NOT NULL,
    asset               text NOT NULL,
    quantity            numeric NOT NULL,
    price               numeric,
    value               numeric,
    haircut             numeric NOT NULL,
    market_haircut      numeric,
    currency_haircut    numeric,
    horizon_haircut     numeric,
    spread_haircut      numeric,
    minimum_haircut     numeric,
    quality_haircut     numeric,
    peg_haircut         numeric,
    weight_haircut      numeric,
    wrong_way_haircut   numeric,
    binding_term        text NOT NULL,
    excess_value        numeric,
    excess_haircut      numeric,
    collateral_value    numeric,
    priority            integer NOT NULL,
    liquidation_horizon numeric,
    data_through        timestamptz,
    fresh_until         timestamptz,
    stale_reason        text,
    PRIMARY KEY (account, asset)
);
CREATE INDEX account_collateral_asset ON margin_calib.account_collateral (asset);
COMMENT ON TABLE margin_calib.account_collateral IS
'What accounts hold and what of it counts, as of the latest refresh; a row of margin_calib.collateral_of. Read the view margin_collateral.';
COMMENT ON COLUMN margin_calib.account_collateral.account IS 'the account';
COMMENT ON COLUMN margin_calib.account_collateral.currency IS 'currency of price, value and collateral value';
COMMENT ON COLUMN margin_calib.account_collateral.asset IS 'the asset; empty for rows without one';
COMMENT ON COLUMN margin_calib.account_collateral.quantity IS 'net quantity over all rows and feeds; negative is a debt';
COMMENT ON COLUMN margin_calib.account_collateral.price IS 'price of one unit';
COMMENT ON COLUMN margin_calib.account_collateral.value IS 'quantity * price; NULL without a price';
COMMENT ON COLUMN margin_calib.account_collateral.haircut IS 'part of the value that does not count; 0 for a debt';
COMMENT ON COLUMN margin_calib.account_collateral.market_haircut IS 'calibrated loss on holding it over one horizon: long initial rate in force of its price instrument; 0 without one';
COMMENT ON COLUMN margin_calib.account_collateral.currency_haircut IS 'the same of the instrument that chains its price to the currency; 0 when there is none';
COMMENT ON COLUMN margin_calib.account_collateral.horizon_haircut IS '(market_haircut + currency_haircut) * (sqrt(L / h) - 1), L days to sell it and h the days of one horizon';
COMMENT ON COLUMN margin_calib.account_collateral.spread_haircut IS 'cost of selling it: half the relative spreads * sqrt(L / h)';
COMMENT ON COLUMN margin_calib.account_collateral.minimum_haircut IS 'floor that set_asset gave';
COMMENT ON COLUMN margin_calib.account_collateral.quality_haircut IS 'floor of its credit quality step';
COMMENT ON COLUMN margin_calib.account_collateral.peg_haircut IS 'floor of the stage in which its peg is';
COMMENT ON COLUMN margin_calib.account_collateral.weight_haircut IS 'floor that leaves its maximum weight: 1 - maximum_weight';
COMMENT ON COLUMN margin_calib.account_collateral.wrong_way_haircut IS 'added for what the account is exposed to together with the asset, in proportion to the exposure';
COMMENT ON COLUMN margin_calib.account_collateral.binding_term IS 'which component made the haircut: calibrated, minimum, quality, peg, weight, own currency, debt or no data';
COMMENT ON COLUMN margin_calib.account_collateral.excess_value IS 'value above the concentration limits';
COMMENT ON COLUMN margin_calib.account_collateral.excess_haircut IS 'haircut of the excess, never below the haircut';
COMMENT ON COLUMN margin_calib.account_collateral.collateral_value IS 'what counts: (value - excess_value) * (1 - haircut) + excess_value * (1 - excess_haircut), rounded down to the amount step of the currency; a debt counts in full. NULL: a debt without a price';
COMMENT ON COLUMN margin_calib.account_collateral.priority IS 'collateral of a smaller one is used first';
COMMENT ON COLUMN margin_calib.account_collateral.liquidation_horizon IS 'days that selling it takes; NULL without a volume';
COMMENT ON COLUMN margin_calib.account_collateral.data_through IS 'ts of the oldest price or figure behind it';
COMMENT ON COLUMN margin_calib.account_collateral.fresh_until IS 'until when these are fresh; NULL: for ever';
COMMENT ON COLUMN margin_calib.account_collateral.stale_reason IS 'why it may be out of date, or why nothing of it counts; NULL when all is right';

CREATE TYPE margin_calib.collateral_usage AS (
    account          text,
    place            integer,
    asset            text,
    priority         integer,
    haircut          numeric,
    collateral_value numeric,
    used             numeric,
    used_quantity    numeric,
    uncovered        numeric
);
COMMENT ON TYPE margin_calib.collateral_usage IS 'A row of margin_calib.collateral_use.';
COMMENT ON COLUMN margin_calib.collateral_usage.account IS 'the account';
COMMENT ON COLUMN margin_calib.collateral_usage.place IS 'order of use, debts first; the last row is the sum';
COMMENT ON COLUMN margin_calib.collateral_usage.asset IS 'the asset; NULL in the sum';
COMMENT ON COLUMN margin_calib.collateral_usage.priority IS 'its priority';
COMMENT ON COLUMN margin_calib.collateral_usage.haircut IS 'its haircut';
COMMENT ON COLUMN margin_calib.collateral_usage.collateral_value IS 'what of it counts';
COMMENT ON COLUMN margin_calib.collateral_usage.used IS 'what of that is used for debts and requirement; of a debt what it takes, negative';
COMMENT ON COLUMN margin_calib.collateral_usage.used_quantity IS 'quantity of the asset that it takes, what lies within the limits first';
COMMENT ON COLUMN margin_calib.collateral_usage.uncovered IS 'what of debts and requirement is not covered after this row; in the last row the shortfall';

CREATE TYPE margin_calib.asset_price AS (
    asset        text,
    price        numeric,
    data_through timestamptz,
    fresh_until  timestamptz,
    stale_reason text
);
COMMENT ON TYPE margin_calib.asset_price IS 'What one unit of an asset is worth in a currency: a row of margin_calib.asset_prices.';
COMMENT ON COLUMN margin_calib.asset_price.asset IS 'the asset';
COMMENT ON COLUMN margin_calib.asset_price.price IS 'price of one unit in the currency asked for; NULL when there is none';
COMMENT ON COLUMN margin_calib.asset_price.data_through IS 'ts of the older of the attached prices behind it; NULL for a unit of account';
COMMENT ON COLUMN margin_calib.asset_price.fresh_until IS 'until when they are fresh; NULL: for ever';
COMMENT ON COLUMN margin_calib.asset_price.stale_reason IS 'why it is NULL or may be out of date; NULL when it is right';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.asset', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.credit_quality', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.wrong_way', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.wrong_way_correlation', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.peg_stages', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.peg_state', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.peg_stage_history', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.peg_stage_history_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.asset_haircut', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.asset_haircut_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.account_collateral', '');
