-- Rows of one price an instrument as rows of one array for all, by an explicit rule. doc/dependence.md says why.

CREATE OR REPLACE FUNCTION margin_calib.align_prices(relation regclass, instrument name, ts name, price name, instruments text[], rule text)
    RETURNS TABLE (ts timestamp with time zone, "values" double precision[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_align_prices';
COMMENT ON FUNCTION margin_calib.align_prices(regclass, name, name, name, text[], text) IS
'Prices of several instruments at common times, one array a row in the order of instruments. rule: intersection, the times at which all have a price; previous, every time at which one has a price, the others with their latest one; refresh_time, the times by which all have a new price since the time before. Never a price from later. relation has one row an instrument and time in any order; instrument, ts and price are its columns. NULL prices count as absent; a price of zero or less is an error (2201E); NaN and infinite ones are passed on. Of several prices at one time the one farther from the price before counts. An instrument without rows or named twice is 22023, another rule 22023. Needs SELECT on the columns (42501), refuses row-level security (0A000), holds 16 bytes a row up to margin_calib.max_state_mb (54000). Source for refresh_time: Barndorff-Nielsen, Hansen, Lunde and Shephard, J. Econometrics 162 (2011); doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.align_prices(relation regclass, instrument name, ts name, price name, instruments text[], rule text, maximum_age interval)
    RETURNS TABLE (ts timestamp with time zone, "values" double precision[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_align_prices';
COMMENT ON FUNCTION margin_calib.align_prices(regclass, name, name, name, text[], text, interval) IS
'align_prices(...) by the rule previous, without the times at which a price is older than maximum_age, which must be a positive number of days or less (SQLSTATE 22023; so is another rule). doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.align_returns(relation regclass, instrument name, ts name, price name, instruments text[], rule text)
    RETURNS TABLE (ts timestamp with time zone, "values" double precision[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_align_returns';
COMMENT ON FUNCTION margin_calib.align_returns(regclass, name, name, name, text[], text) IS
'Log returns of several instruments between common times, one array a row in the order of instruments, at the later time. rule: intersection, the times at which all have a price; previous, every time at which one has a price, the others with their latest one; refresh_time, the times by which all have a new price since the time before. Never a price from later. relation has one row an instrument and time in any order; instrument, ts and price are its columns. NULL prices count as absent; a price of zero or less is an error (2201E); NaN and infinite ones are passed on. Of several prices at one time the one farther from the price before counts. An instrument without rows or named twice is 22023, another rule 22023. Needs SELECT on the columns (42501), refuses row-level security (0A000), holds 16 bytes a row up to margin_calib.max_state_mb (54000). Source for refresh_time: Barndorff-Nielsen, Hansen, Lunde and Shephard, J. Econometrics 162 (2011); doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.align_returns(relation regclass, instrument name, ts name, price name, instruments text[], rule text, maximum_age interval)
    RETURNS TABLE (ts timestamp with time zone, "values" double precision[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000 ROWS 1000
    AS 'MODULE_PATHNAME', 'mc_align_returns';
COMMENT ON FUNCTION margin_calib.align_returns(regclass, name, name, name, text[], text, interval) IS
'align_returns(...) by the rule previous, without the times at which a price is older than maximum_age, which must be a positive number of days or less (SQLSTATE 22023; so is another rule). doc/dependence.md.';
