-- Types of the allocation of collateral to requirements.

CREATE TYPE margin_calib.collateral_supply AS (
    asset text,
    value numeric,
    cost  numeric
);
COMMENT ON TYPE margin_calib.collateral_supply IS 'Collateral that there is, for margin_calib.allocate_collateral.';
COMMENT ON COLUMN margin_calib.collateral_supply.asset IS 'name of the asset';
COMMENT ON COLUMN margin_calib.collateral_supply.value IS 'its value before haircuts';
COMMENT ON COLUMN margin_calib.collateral_supply.cost IS 'what it costs to give away a unit of that value: 0.03 for 3 % a year, in any unit that all assets share; NULL: 0';

CREATE TYPE margin_calib.collateral_demand AS (
    requirement text,
    amount      numeric
);
COMMENT ON TYPE margin_calib.collateral_demand IS 'A requirement that collateral is to cover, for margin_calib.allocate_collateral.';
COMMENT ON COLUMN margin_calib.collateral_demand.requirement IS 'its name: a venue, a book';
COMMENT ON COLUMN margin_calib.collateral_demand.amount IS 'its amount, in the currency of the values';

CREATE TYPE margin_calib.collateral_term AS (
    requirement text,
    asset       text,
    haircut     numeric,
    limit_value numeric,
    limit_share numeric
);
COMMENT ON TYPE margin_calib.collateral_term IS 'Which asset a requirement takes, and at which haircut, for margin_calib.allocate_collateral.';
COMMENT ON COLUMN margin_calib.collateral_term.requirement IS 'name of the requirement';
COMMENT ON COLUMN margin_calib.collateral_term.asset IS 'name of the asset';
COMMENT ON COLUMN margin_calib.collateral_term.haircut IS 'part of the value that does not count there; NULL: that of the account';
COMMENT ON COLUMN margin_calib.collateral_term.limit_value IS 'value of the asset, before haircuts, that is taken at most; NULL: any';
COMMENT ON COLUMN margin_calib.collateral_term.limit_share IS 'share of the requirement that the asset may cover at most; NULL: all';

CREATE TYPE margin_calib.collateral_allocation AS (
    requirement      text,
    asset            text,
    value            numeric,
    haircut          numeric,
    collateral_value numeric,
    cost             numeric,
    unmet            numeric,
    shadow_price     numeric
);
COMMENT ON TYPE margin_calib.collateral_allocation IS
'A row of margin_calib.allocate_collateral: what of an asset is given to a requirement; without an asset, how a requirement is met; without a requirement, what is left of an asset.';
COMMENT ON COLUMN margin_calib.collateral_allocation.requirement IS 'name of the requirement; NULL: what is left';
COMMENT ON COLUMN margin_calib.collateral_allocation.asset IS 'name of the asset; NULL: the sum of a requirement';
COMMENT ON COLUMN margin_calib.collateral_allocation.value IS 'value before haircuts';
COMMENT ON COLUMN margin_calib.collateral_allocation.haircut IS 'haircut of the asset there; NULL in sums and of what is left';
COMMENT ON COLUMN margin_calib.collateral_allocation.collateral_value IS 'what of it counts';
COMMENT ON COLUMN margin_calib.collateral_allocation.cost IS 'opportunity cost';
COMMENT ON COLUMN margin_calib.collateral_allocation.unmet IS 'sum of a requirement: what of it no collateral covers';
COMMENT ON COLUMN margin_calib.collateral_allocation.shadow_price IS 'sum of a requirement: cost of one unit more of it; what is left of an asset: cost that one unit more of it would save; NULL when a requirement is not met';

CREATE TYPE margin_calib.allocation_solution AS (
    given       double precision[],
    unmet       double precision[],
    prices      double precision[],
    asset_gains double precision[],
    cost        double precision
);
COMMENT ON TYPE margin_calib.allocation_solution IS 'internal: answer of margin_calib.allocation_solve';
