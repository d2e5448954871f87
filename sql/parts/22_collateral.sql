-- State of collateral: what assets are worth, and what of it counts.

CREATE TABLE margin_calib.asset (
    asset            text PRIMARY KEY,
    price_instrument text,
    currency         text NOT NULL DEFAULT 'USD',
    set_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by           text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.asset IS
'Assets that accounts hold, and where the price of one unit comes from. Written by set_asset and drop_asset.';
COMMENT ON COLUMN margin_calib.asset.asset IS 'name of the asset, as balances have it';
COMMENT ON COLUMN margin_calib.asset.price_instrument IS 'registered instrument whose latest attached price is the price of one unit; NULL: a unit of account, worth 1 of the currency';
COMMENT ON COLUMN margin_calib.asset.currency IS 'currency of that price';
COMMENT ON COLUMN margin_calib.asset.set_at IS 'when it was set last';
COMMENT ON COLUMN margin_calib.asset.set_by IS 'who set it last';

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
