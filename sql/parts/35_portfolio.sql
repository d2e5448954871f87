-- Risk vectors and the margin of a portfolio. doc/portfolio_margin.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.contract_market(
    price double precision, vol double precision DEFAULT NULL, rate double precision DEFAULT 0, spot double precision DEFAULT NULL, settlement_price double precision DEFAULT 1,
    settlement_moves boolean DEFAULT false, average double precision DEFAULT NULL, average_share double precision DEFAULT 0,
    confidence double precision DEFAULT 1, initial_haircut double precision DEFAULT 0, maintenance_haircut double precision DEFAULT 0)
    RETURNS margin_calib.contract_market
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW(price, spot, vol, rate, settlement_price, settlement_moves, average, average_share, confidence, initial_haircut,
               maintenance_haircut)::margin_calib.contract_market;
END;
COMMENT ON FUNCTION margin_calib.contract_market(double precision, double precision, double precision, double precision, double precision, boolean, double precision, double precision, double precision, double precision, double precision) IS
'What margin_calib.scenario_pnl has to know of a contract at one time: price, of an option the forward of its underlying, and vol, a year, of an option. rate discounts premiums of linear options. spot: price of the underlying now, at which notionals of linear contracts count, NULL for price. settlement_price and settlement_moves bring what is paid in a coin into the currency of the portfolio: 1 and false when both are the same, the price of the coin and true for inverse contracts in a portfolio that is kept in dollars. average and average_share: of the index in the settlement window so far. confidence: in the prices, 0 to 1. Haircuts: of a spot pair that is held as collateral. Values are checked by scenario_pnl.';

CREATE OR REPLACE FUNCTION margin_calib.scenario_pnl(
    contract margin_calib.contract, market margin_calib.contract_market, as_of timestamptz, scenarios margin_calib.scenario_set)
    RETURNS margin_calib.risk_vector
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_scenario_pnl_vector';
COMMENT ON FUNCTION margin_calib.scenario_pnl(margin_calib.contract, margin_calib.contract_market, timestamptz, margin_calib.scenario_set) IS
'Risk vector of a contract: what a long position of one contract earns in each scenario of a set, in the currency of the portfolio, by full revaluation (options by Black 1976, inverse contracts in their coin and then at its price in the scenario); beside it its value, Greeks and terms, margin_calib.risk_terms. Where the settlement asset, of a spot pair the quote currency, is not the underlying and the set has a factor of its name, settlement_price moves as that factor does: the loss of a peg is a scenario. as_of: time of the prices, from which options have years of 365 days; from expiry on they are worth their payoff. In a scenario that takes the price to 0 or below options are worth what they are at 0, inverse contracts what they are at 1e-12 of the price, and linear ones go on. NULL gives NULL; NULL price, or vol of an option, and values out of range are 22023, results beyond the largest double 22003. Set up once a query when the set is a constant. doc/portfolio_margin.md.';

CREATE OR REPLACE FUNCTION margin_calib.scenario_profits(vector margin_calib.risk_vector) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_scenario_profits';
COMMENT ON FUNCTION margin_calib.scenario_profits(margin_calib.risk_vector) IS
'Profit of one contract in each scenario of a risk vector, in order, before weights and discounts; losses are negative.';

CREATE OR REPLACE FUNCTION margin_calib.risk_terms(vector margin_calib.risk_vector) RETURNS margin_calib.risk_terms
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_risk_terms';
COMMENT ON FUNCTION margin_calib.risk_terms(margin_calib.risk_vector) IS
'What a risk vector says beside its profits: instrument, scenario set, value, notional, delta, vega and terms of one contract.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_accum(state internal, quantity double precision, vector margin_calib.risk_vector)
    RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_accum';
COMMENT ON FUNCTION margin_calib.portfolio_margin_accum(internal, double precision, margin_calib.risk_vector) IS
'Support function of margin_calib.portfolio_margin: keeps a position.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_accum(
    state internal, quantity double precision, vector margin_calib.risk_vector, method margin_calib.margin_method) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_accum';
COMMENT ON FUNCTION margin_calib.portfolio_margin_accum(internal, double precision, margin_calib.risk_vector, margin_calib.margin_method) IS
'Support function of margin_calib.portfolio_margin: keeps a position.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_final(state internal) RETURNS margin_calib.portfolio_margin
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_final';
COMMENT ON FUNCTION margin_calib.portfolio_margin_final(internal) IS
'Support function of margin_calib.portfolio_margin: the margin of a group.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_combine';
COMMENT ON FUNCTION margin_calib.portfolio_margin_combine(internal, internal) IS
'Support function of margin_calib.portfolio_margin: the positions of two partial groups.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_serialize';
COMMENT ON FUNCTION margin_calib.portfolio_margin_serialize(internal) IS
'Support function of margin_calib.portfolio_margin: what a worker sends, each vector once with its quantities. The executor of the same query is told where a vector lies that is stored out of line, everyone else gets all of it.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_deserialize';
COMMENT ON FUNCTION margin_calib.portfolio_margin_deserialize(bytea, internal) IS
'Support function of margin_calib.portfolio_margin: what a worker sent.';

CREATE OR REPLACE AGGREGATE margin_calib.portfolio_margin(quantity double precision, vector margin_calib.risk_vector) (
    SFUNC = margin_calib.portfolio_margin_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = margin_calib.portfolio_margin_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.portfolio_margin_combine,
    SERIALFUNC = margin_calib.portfolio_margin_serialize,
    DESERIALFUNC = margin_calib.portfolio_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.portfolio_margin(double precision, margin_calib.risk_vector) IS
'Margin of a portfolio from its positions, one a row: expected shortfall of its losses over the scenarios, at 99 % for the initial and 97.5 % for the maintenance requirement. As portfolio_margin with a method, without components.';

CREATE OR REPLACE AGGREGATE margin_calib.portfolio_margin(
    quantity double precision, vector margin_calib.risk_vector, method margin_calib.margin_method) (
    SFUNC = margin_calib.portfolio_margin_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = margin_calib.portfolio_margin_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = margin_calib.portfolio_margin_combine,
    SERIALFUNC = margin_calib.portfolio_margin_serialize,
    DESERIALFUNC = margin_calib.portfolio_margin_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.portfolio_margin(double precision, margin_calib.risk_vector, margin_calib.margin_method) IS
'Margin of a portfolio from its positions, one a row: quantity contracts (negative: short) of an instrument and its risk vector (margin_calib.scenario_pnl). The profits of one expiry are netted, then those of all instruments in each scenario; the loss is the largest, or VaR or ES of all, as the method says (NULL: ES, as without a method), times its factors; components come on top. Amounts are in the currency of the vectors. Rows with NULL are skipped, a group without others gives NULL; several rows of one instrument add up. Neither the order of the rows nor how they are spread over workers matters, to the last bit. Vectors of different scenario sets, two vectors of one instrument, a quantity that is not finite and methods that differ between rows are 22023, sums beyond the largest double 22003. doc/portfolio_margin.md has the equations.';

CREATE OR REPLACE FUNCTION margin_calib.portfolio_margin_all(
    positions text, vectors text, method margin_calib.margin_method DEFAULT NULL, with_pnl boolean DEFAULT false,
    account name DEFAULT 'account', instrument name DEFAULT 'instrument', quantity name DEFAULT 'quantity', vector name DEFAULT 'vector')
    RETURNS TABLE (account text, margin margin_calib.portfolio_margin)
    LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_portfolio_margin_all';
COMMENT ON FUNCTION margin_calib.portfolio_margin_all(text, text, margin_calib.margin_method, boolean, name, name, name, name) IS
'portfolio_margin for every account of a book, in one pass without a join and a GROUP BY: the same digits. positions and vectors are each the name of a table or view, or a query; positions has the columns account (any type), instrument and quantity (a number), vectors has instrument and vector, one row an instrument; the last four arguments name the columns when they are called otherwise. with_pnl: the array pnl of the margin too, else NULL. One row an account, in the order of accounts; the margin is NULL when all its rows have a NULL quantity or vector. A position in an instrument that vectors does not have is 22023 unless its quantity is 0, never left out. Memory: the vectors, 16 bytes a position, and one account. Errors: as portfolio_margin; 22004 for NULL instead of a source or name, 22023 for two vectors of one instrument, or for a text that is no name and no query, 42501 without SELECT on the columns, 0A000 under row-level security of a table (a query or view sees the rows that policies allow) or for a query that changes something, 42703, 42702 and 42804 for a wrong column. doc/portfolio_margin.md.';

REVOKE ALL ON FUNCTION
    margin_calib.portfolio_margin_all(text, text, margin_calib.margin_method, boolean, name, name, name, name),
    margin_calib.portfolio_margin_combine(internal, internal), margin_calib.portfolio_margin_serialize(internal),
    margin_calib.portfolio_margin_deserialize(bytea, internal),
    margin_calib.portfolio_margin_accum(internal, double precision, margin_calib.risk_vector),
    margin_calib.portfolio_margin_accum(internal, double precision, margin_calib.risk_vector, margin_calib.margin_method),
    margin_calib.portfolio_margin_final(internal) FROM PUBLIC;
