-- Scenario sets, the market of a contract, risk vectors and margin methods. src/scenario_set.c, src/scenario_pnl.c, src/risk_vector.c
-- and src/portfolio_margin.c read and build these by position: keep them in step.

CREATE TYPE margin_calib.scenario AS (
    label       text,
    price_shock double precision,
    price_unit  text,
    vol_shock   double precision,
    vol_unit    text,
    skew        text,
    weight      double precision,
    both_ways   boolean,
    contingency boolean
);
COMMENT ON TYPE margin_calib.scenario IS 'How one scenario moves the price and the vol of an underlying, and how its profits count.';
COMMENT ON COLUMN margin_calib.scenario.label IS 'a name for people, or NULL';
COMMENT ON COLUMN margin_calib.scenario.price_shock IS 'of the price, NULL for 0; -0.15 with unit relative is a fall of 15 %';
COMMENT ON COLUMN margin_calib.scenario.price_unit IS 'relative (also NULL): a share of the price; absolute: in the quote currency; range: in units of price_range of margin_calib.shock_law';
COMMENT ON COLUMN margin_calib.scenario.vol_shock IS 'of the vol, NULL for 0';
COMMENT ON COLUMN margin_calib.scenario.vol_unit IS 'relative (also NULL): a share of the vol; absolute: vol points, 0.05 is 5; range: in units of vol_up or vol_down of margin_calib.shock_law, which depend on the term';
COMMENT ON COLUMN margin_calib.scenario.skew IS 'NULL; linear: vols rise on one wing and fall on the other; absolute: they rise on both';
COMMENT ON COLUMN margin_calib.scenario.weight IS 'what the profits count, 0 or more, NULL for 1: 0.35 for an extreme move of SPAN';
COMMENT ON COLUMN margin_calib.scenario.both_ways IS 'true: the profit of a group (the options of one expiry on an underlying, or all else on it) counts as a loss whatever its sign, since the move can go the other way';
COMMENT ON COLUMN margin_calib.scenario.contingency IS 'true: not one of those that margin covers, but what components of kind contingency look at';

CREATE TYPE margin_calib.skew_law AS (
    cap         double precision,
    cap_slope   double precision,
    least_width double precision,
    width_scale double precision,
    width       double precision,
    width_slope double precision
);
COMMENT ON TYPE margin_calib.skew_law IS 'Vols times 1 + c clamp(k / w, -1, 1) at k = ln(strike / forward) or its size, t years: c = cap + cap_slope sqrt(t), w = max(least_width, sqrt(t) width_scale (width + width_slope sqrt(t))).';
COMMENT ON COLUMN margin_calib.skew_law.cap IS 'NULL for 0';
COMMENT ON COLUMN margin_calib.skew_law.cap_slope IS 'NULL for 0';
COMMENT ON COLUMN margin_calib.skew_law.least_width IS 'above 0, NULL for 0.01';
COMMENT ON COLUMN margin_calib.skew_law.width_scale IS '0 or more, NULL for 1';
COMMENT ON COLUMN margin_calib.skew_law.width IS '0 or more, NULL for 1';
COMMENT ON COLUMN margin_calib.skew_law.width_slope IS 'NULL for 0';

CREATE TYPE margin_calib.shock_law AS (
    beta             double precision,
    price_range      double precision,
    vol_up           double precision,
    vol_down         double precision,
    vol_range_unit   text,
    reference_days   double precision,
    least_days       double precision,
    short_power      double precision,
    long_power       double precision,
    least_vol_up     double precision,
    linear_skew      margin_calib.skew_law,
    absolute_skew    margin_calib.skew_law,
    long_discount    double precision,
    long_rate_scale  double precision,
    long_rate_add    double precision,
    short_discount   double precision,
    short_rate_scale double precision,
    short_rate_add   double precision
);
COMMENT ON TYPE margin_calib.shock_law IS 'What ranges and skews of scenarios mean for an underlying, and at which discount the value of options counts. Every column may be NULL.';
COMMENT ON COLUMN margin_calib.shock_law.beta IS 'relative price shocks count so often: NULL for 1, 0 for what does not move with the others';
COMMENT ON COLUMN margin_calib.shock_law.price_range IS 'share of the price that a shock of 1 in the unit range is; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.vol_up IS 'what a shock of 1 in the unit range adds to the vol at the reference term; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.vol_down IS 'what a shock of -1 takes away, 0 or more; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.vol_range_unit IS 'relative (also NULL): vol_up and vol_down are shares of the vol; absolute: vol points';
COMMENT ON COLUMN margin_calib.shock_law.reference_days IS 'term at which vol_up and vol_down are as given, above 0; NULL for 30';
COMMENT ON COLUMN margin_calib.shock_law.least_days IS 'shorter terms have the range of this one, above 0; NULL for 1';
COMMENT ON COLUMN margin_calib.shock_law.short_power IS 'ranges grow with (reference_days / days) to this power up to reference_days; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.long_power IS 'and to this one beyond; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.least_vol_up IS 'a vol shocked upwards by a range is at least this; NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.linear_skew IS 'of scenarios with skew linear';
COMMENT ON COLUMN margin_calib.shock_law.absolute_skew IS 'of scenarios with skew absolute';
COMMENT ON COLUMN margin_calib.shock_law.long_discount IS 'the value of a group of options counts times long_discount exp(-t (rate long_rate_scale + long_rate_add)) where it is positive in a scenario; NULL for 1';
COMMENT ON COLUMN margin_calib.shock_law.long_rate_scale IS 'NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.long_rate_add IS 'a year, NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.short_discount IS 'and times the lesser of exp(rate t) and short_discount exp(t (rate short_rate_scale + short_rate_add)) where it is negative; NULL for 1 whatever the rate';
COMMENT ON COLUMN margin_calib.shock_law.short_rate_scale IS 'NULL for 0';
COMMENT ON COLUMN margin_calib.shock_law.short_rate_add IS 'a year, NULL for 0';

CREATE TYPE margin_calib.factor_law AS (
    factor       text,
    law          margin_calib.shock_law,
    price_shocks double precision[],
    vol_shocks   double precision[],
    currency     text
);
COMMENT ON TYPE margin_calib.factor_law IS 'What holds for contracts on one underlying, where it is not what holds for the set: the law, or shocks of its own in every scenario, as historical scenarios have.';
COMMENT ON COLUMN margin_calib.factor_law.factor IS 'underlying of the contracts; also an asset that contracts on others are settled in, whose price in the currency of the portfolio moves so; *: every underlying that no factor is named after';
COMMENT ON COLUMN margin_calib.factor_law.law IS 'NULL for the law of the set; else all of it, nothing is taken from the set''s';
COMMENT ON COLUMN margin_calib.factor_law.price_shocks IS 'relative shock of the price in each scenario instead of those of the scenarios, NULL for those; in a set where a factor has some, contracts on an underlying that is not among the factors are refused, unless there is a factor *';
COMMENT ON COLUMN margin_calib.factor_law.vol_shocks IS 'relative shock of the vol in each scenario, the same way';
COMMENT ON COLUMN margin_calib.factor_law.currency IS 'in which its price is shocked: a contract that is quoted in another moves by (1 + shock) (1 + that of currency) / (1 + that of its quote currency) - 1, where the set has factors of their names; NULL: in the one that each contract is quoted in';

CREATE TYPE margin_calib.margin_component AS (
    name        text,
    kind        text,
    initial     double precision,
    maintenance double precision,
    slope       double precision,
    threshold   double precision,
    kinds       text[]
);
COMMENT ON TYPE margin_calib.margin_component IS 'A charge beside the loss in scenarios; doc/portfolio_margin.md has the formula of each kind.';
COMMENT ON COLUMN margin_calib.margin_component.name IS 'what results call it';
COMMENT ON COLUMN margin_calib.margin_component.kind IS 'notional, naked_short, contingency, confidence, short_minimum, delta_minimum, vega or haircut';
COMMENT ON COLUMN margin_calib.margin_component.initial IS 'rate for the initial requirement, 0 or more, NULL for 0; haircut has those of the contracts instead';
COMMENT ON COLUMN margin_calib.margin_component.maintenance IS 'rate for the maintenance requirement, the same way';
COMMENT ON COLUMN margin_calib.margin_component.slope IS 'of contingency: the rate grows by this share a year of the term; of delta_minimum: share of the rate that hedged delta counts; NULL for 0';
COMMENT ON COLUMN margin_calib.margin_component.threshold IS 'of confidence: prices whose confidence is below it are charged, NULL for 1';
COMMENT ON COLUMN margin_calib.margin_component.kinds IS 'of notional: the kinds of contract that it charges, NULL for all';

CREATE TYPE margin_calib.margin_method AS (
    measure                text,
    initial_confidence     double precision,
    maintenance_confidence double precision,
    initial_factor         double precision,
    maintenance_factor     double precision,
    offset_share           double precision,
    components             margin_calib.margin_component[]
);
COMMENT ON TYPE margin_calib.margin_method IS 'How the profits of a portfolio in scenarios become its margin; part of a margin_calib.scenario_set.';
COMMENT ON COLUMN margin_calib.margin_method.measure IS 'worst: the largest loss; value_at_risk or expected_shortfall (also NULL) of the losses';
COMMENT ON COLUMN margin_calib.margin_method.initial_confidence IS 'of VaR and ES, NULL for 0.99';
COMMENT ON COLUMN margin_calib.margin_method.maintenance_confidence IS 'of VaR and ES, NULL for 0.975';
COMMENT ON COLUMN margin_calib.margin_method.initial_factor IS 'times the loss, 0 or more, NULL for 1';
COMMENT ON COLUMN margin_calib.margin_method.maintenance_factor IS 'times the loss, 0 or more, NULL for 1';
COMMENT ON COLUMN margin_calib.margin_method.offset_share IS 'in each scenario the profit on an underlying that gains counts only with this share against the losses on others: 0 for none of it, 1 (also NULL) for all';
COMMENT ON COLUMN margin_calib.margin_method.components IS 'charges beside the loss, NULL for none';

CREATE TYPE margin_calib.scenario_set AS (
    name      text,
    version   integer,
    scenarios margin_calib.scenario[],
    law       margin_calib.shock_law,
    factors   margin_calib.factor_law[],
    method    margin_calib.margin_method
);
COMMENT ON TYPE margin_calib.scenario_set IS 'Scenarios with a name, what their units mean, and how margin is made of them: a venue''s method as data.';
COMMENT ON COLUMN margin_calib.scenario_set.name IS 'of the set';
COMMENT ON COLUMN margin_calib.scenario_set.version IS 'counts its changes, 0 or more, NULL for 0';
COMMENT ON COLUMN margin_calib.scenario_set.scenarios IS 'in order; results call the first 1';
COMMENT ON COLUMN margin_calib.scenario_set.law IS 'NULL when no scenario has a range or a skew';
COMMENT ON COLUMN margin_calib.scenario_set.factors IS 'laws of underlyings that differ, NULL for none';
COMMENT ON COLUMN margin_calib.scenario_set.method IS 'that venue''s, NULL for expected shortfall';

CREATE TYPE margin_calib.contract_market AS (
    price               double precision,
    spot                double precision,
    vol                 double precision,
    rate                double precision,
    settlement_price    double precision,
    settlement_moves    boolean,
    average             double precision,
    average_share       double precision,
    confidence          double precision,
    initial_haircut     double precision,
    maintenance_haircut double precision
);
COMMENT ON TYPE margin_calib.contract_market IS 'What is known of a contract at one time; made by margin_calib.contract_market.';
COMMENT ON COLUMN margin_calib.contract_market.price IS 'of the contract; of an option the forward of its underlying';
COMMENT ON COLUMN margin_calib.contract_market.spot IS 'price of the underlying now, which notionals of linear contracts are counted at; NULL for price';
COMMENT ON COLUMN margin_calib.contract_market.vol IS 'of an option, a year: 0.8 is 80 %';
COMMENT ON COLUMN margin_calib.contract_market.rate IS 'continuously compounded, a year: premiums of linear options are discounted at it where it is positive; NULL for 0';
COMMENT ON COLUMN margin_calib.contract_market.settlement_price IS 'of the settlement asset in the currency of the portfolio, NULL for 1';
COMMENT ON COLUMN margin_calib.contract_market.settlement_moves IS 'true when that price moves with the price of the underlying: inverse contracts in a portfolio that is kept in dollars; where the asset is another one and the scenario set has a factor of its name, the price moves with that instead';
COMMENT ON COLUMN margin_calib.contract_market.average IS 'of an option in its settlement window: of the index so far';
COMMENT ON COLUMN margin_calib.contract_market.average_share IS 'share of the window that is gone, NULL for 0';
COMMENT ON COLUMN margin_calib.contract_market.confidence IS 'in the prices, 0 to 1, NULL for 1';
COMMENT ON COLUMN margin_calib.contract_market.initial_haircut IS 'of a spot pair that is held as collateral, a share of its value, NULL for 0';
COMMENT ON COLUMN margin_calib.contract_market.maintenance_haircut IS 'and for the maintenance requirement';

CREATE TYPE margin_calib.risk_vector;

CREATE FUNCTION margin_calib.risk_vector_in(input cstring) RETURNS margin_calib.risk_vector
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_vector_in';
COMMENT ON FUNCTION margin_calib.risk_vector_in(input cstring) IS
'Input function of the type margin_calib.risk_vector: \x and hexadecimal digits, else SQLSTATE 22P02.';

CREATE FUNCTION margin_calib.risk_vector_out(vector margin_calib.risk_vector) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_vector_out';
COMMENT ON FUNCTION margin_calib.risk_vector_out(vector margin_calib.risk_vector) IS
'Output function of the type margin_calib.risk_vector: lossless, equal vectors give equal texts.';

CREATE FUNCTION margin_calib.risk_vector_recv(input internal) RETURNS margin_calib.risk_vector
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_vector_recv';
COMMENT ON FUNCTION margin_calib.risk_vector_recv(input internal) IS
'Binary input function of the type margin_calib.risk_vector: bytes that are not a vector are SQLSTATE 22P03.';
REVOKE ALL ON FUNCTION margin_calib.risk_vector_recv(input internal) FROM PUBLIC;

CREATE FUNCTION margin_calib.risk_vector_send(vector margin_calib.risk_vector) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_vector_send';
COMMENT ON FUNCTION margin_calib.risk_vector_send(vector margin_calib.risk_vector) IS
'Binary output function of the type margin_calib.risk_vector: the same bytes on every machine.';

CREATE TYPE margin_calib.risk_vector (
    INPUT = margin_calib.risk_vector_in, OUTPUT = margin_calib.risk_vector_out,
    RECEIVE = margin_calib.risk_vector_recv, SEND = margin_calib.risk_vector_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = external
);
COMMENT ON TYPE margin_calib.risk_vector IS
'What one contract of an instrument earns in every scenario of a set, and what components of margin ask of it; made by margin_calib.scenario_pnl. Carries the identity of its set: vectors of different sets are never added. doc/portfolio_margin.md.';

CREATE TYPE margin_calib.risk_terms AS (
    instrument          text,
    underlying          text,
    scenario_set        text,
    set_version         integer,
    scenarios           integer,
    kind                text,
    option_kind         text,
    value               double precision,
    years               double precision,
    long_discount       double precision,
    short_discount      double precision,
    strike              double precision,
    notional            double precision,
    delta               double precision,
    vega                double precision,
    confidence          double precision,
    initial_haircut     double precision,
    maintenance_haircut double precision
);
COMMENT ON TYPE margin_calib.risk_terms IS 'What a margin_calib.risk_vector says beside its profits; money is of one contract, in the currency of the portfolio.';
COMMENT ON COLUMN margin_calib.risk_terms.instrument IS 'of the contract';
COMMENT ON COLUMN margin_calib.risk_terms.underlying IS 'of the contract: expiries, deltas and confidences of one underlying go together';
COMMENT ON COLUMN margin_calib.risk_terms.scenario_set IS 'name of the set';
COMMENT ON COLUMN margin_calib.risk_terms.set_version IS 'its version';
COMMENT ON COLUMN margin_calib.risk_terms.scenarios IS 'how many';
COMMENT ON COLUMN margin_calib.risk_terms.kind IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.risk_terms.option_kind IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.risk_terms.value IS 'of an option its premium, of a spot pair its price; 0 of futures and perpetuals, whose profit is settled';
COMMENT ON COLUMN margin_calib.risk_terms.years IS 'of an option to expiry, of 365 days; 0 of all else';
COMMENT ON COLUMN margin_calib.risk_terms.long_discount IS 'factor on the value of its expiry in a scenario where that is positive';
COMMENT ON COLUMN margin_calib.risk_terms.short_discount IS 'and where it is negative';
COMMENT ON COLUMN margin_calib.risk_terms.strike IS 'of an option';
COMMENT ON COLUMN margin_calib.risk_terms.notional IS 'value of the underlying of one contract';
COMMENT ON COLUMN margin_calib.risk_terms.delta IS 'what it earns when the underlying gains 100 %, by its present slope';
COMMENT ON COLUMN margin_calib.risk_terms.vega IS 'what it earns when the vol gains 1.00 (100 points), by its present slope';
COMMENT ON COLUMN margin_calib.risk_terms.confidence IS 'in its prices, 0 to 1';
COMMENT ON COLUMN margin_calib.risk_terms.initial_haircut IS 'of a spot pair as collateral';
COMMENT ON COLUMN margin_calib.risk_terms.maintenance_haircut IS 'of a spot pair as collateral';

CREATE TYPE margin_calib.component_amount AS (
    name        text,
    initial     double precision,
    maintenance double precision
);
COMMENT ON TYPE margin_calib.component_amount IS 'What one component adds to the margin of a portfolio, or by how much a minimum raised it; of a contingency the amount itself, which counts in the loss where it is larger.';
COMMENT ON COLUMN margin_calib.component_amount.name IS 'as in margin_calib.margin_component';
COMMENT ON COLUMN margin_calib.component_amount.initial IS 'of the initial requirement';
COMMENT ON COLUMN margin_calib.component_amount.maintenance IS 'of the maintenance requirement';

CREATE TYPE margin_calib.portfolio_margin AS (
    initial_margin     double precision,
    maintenance_margin double precision,
    initial_loss       double precision,
    maintenance_loss   double precision,
    value              double precision,
    worst_scenario     integer,
    worst_pnl          double precision,
    notional           double precision,
    delta              double precision,
    vega               double precision,
    positions          integer,
    components         margin_calib.component_amount[],
    pnl                double precision[]
);
COMMENT ON TYPE margin_calib.portfolio_margin IS 'Margin of a portfolio, in its currency; made by the aggregate margin_calib.portfolio_margin.';
COMMENT ON COLUMN margin_calib.portfolio_margin.initial_margin IS 'initial requirement';
COMMENT ON COLUMN margin_calib.portfolio_margin.maintenance_margin IS 'maintenance requirement';
COMMENT ON COLUMN margin_calib.portfolio_margin.initial_loss IS 'part of it that covers the loss in scenarios, or a contingency above that, times initial_factor';
COMMENT ON COLUMN margin_calib.portfolio_margin.maintenance_loss IS 'the same of the maintenance requirement';
COMMENT ON COLUMN margin_calib.portfolio_margin.value IS 'of options and spot pairs at present prices';
COMMENT ON COLUMN margin_calib.portfolio_margin.worst_scenario IS 'number of the scenario with the largest loss; NULL when none loses, or a contingency is larger';
COMMENT ON COLUMN margin_calib.portfolio_margin.worst_pnl IS 'profit in the scenario with the largest loss, whatever contingencies are; 0 when none loses';
COMMENT ON COLUMN margin_calib.portfolio_margin.notional IS 'sum of abs(quantity) times notional';
COMMENT ON COLUMN margin_calib.portfolio_margin.delta IS 'what the portfolio earns when every underlying gains 100 %, by present slopes';
COMMENT ON COLUMN margin_calib.portfolio_margin.vega IS 'what it earns when every vol gains 1.00';
COMMENT ON COLUMN margin_calib.portfolio_margin.positions IS 'instruments with a quantity other than 0';
COMMENT ON COLUMN margin_calib.portfolio_margin.components IS 'of each component of the method, in order';
COMMENT ON COLUMN margin_calib.portfolio_margin.pnl IS 'profit in each scenario, weighted, that of each underlying that gains times offset_share';
