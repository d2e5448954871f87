-- Staged lines (ohlcv.awk) to the table ohlcv, rejects to ohlcv_reject; all or nothing.
\set QUIET on
\set VERBOSITY terse
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
CREATE TABLE IF NOT EXISTS ohlcv (
    symbol text NOT NULL,
    ts     timestamptz NOT NULL,
    open   numeric,
    high   numeric,
    low    numeric,
    close  numeric NOT NULL,
    volume numeric,
    PRIMARY KEY (symbol, ts)
);
CREATE TABLE IF NOT EXISTS ohlcv_reject (line_number bigint, reason text, line text);

CREATE TEMPORARY TABLE staged (
    line_number bigint, symbol text, ts text, open text, high text, low text, close text, volume text,
    reason text, line text
) ON COMMIT DROP;
\copy staged FROM pstdin

-- NULL when the text is not a number
CREATE FUNCTION pg_temp.read_number(value text) RETURNS numeric
    LANGUAGE sql IMMUTABLE
RETURN CASE WHEN value ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' THEN value::numeric END;

-- NULL when the text is not a time. The size of an epoch tells its unit; 20240131 is a date.
CREATE FUNCTION pg_temp.read_time(value text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF value ~ '^\d{9,20}(\.\d+)?$' THEN
        RETURN to_timestamp((value::numeric / CASE
            WHEN value::numeric < 1e11 THEN 1
            WHEN value::numeric < 1e14 THEN 1e3
            WHEN value::numeric < 1e17 THEN 1e6
            ELSE 1e9 END)::double precision);
    ELSIF value ~ '^\d{4}[-/]\d\d[-/]\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|GMT|[-+]\d\d(:?\d\d)?)?)?$'
       OR value ~ '^\d{8}$' THEN
        RETURN value::timestamptz;
    END IF;
    RETURN NULL;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RETURN NULL;
END
$$;

CREATE TEMPORARY TABLE bar ON COMMIT DROP AS
SELECT line_number, symbol, pg_temp.read_time(ts) AS ts, pg_temp.read_number(open) AS open,
       pg_temp.read_number(high) AS high, pg_temp.read_number(low) AS low,
       pg_temp.read_number(close) AS close, pg_temp.read_number(volume) AS volume,
       ts AS ts_text, close AS close_text, reason, line
  FROM staged;
UPDATE bar
   SET reason = CASE
           WHEN ts IS NULL THEN 'the time is not understood'
           WHEN close IS NULL THEN 'the price is not a number'
           WHEN close <= 0 THEN 'the price is not positive' END
 WHERE reason IS NULL AND (ts IS NULL OR close IS NULL OR close <= 0);
UPDATE bar
   SET reason = 'the symbol and time of an earlier line'
  FROM (SELECT line_number, row_number() OVER (PARTITION BY symbol, ts ORDER BY line_number) AS nth
          FROM bar WHERE reason IS NULL) AS counted
 WHERE counted.line_number = bar.line_number AND nth > 1;

SELECT count(*) AS lines, count(reason) AS rejected, count(*) - count(reason) AS good,
       count(reason) * 100 > :limit * count(*) AS too_many
  FROM bar \gset
SELECT format('load: %s line%s of %s rejected: %s, first on line %s (%s)', count(*),
              CASE WHEN count(*) > 1 THEN 's' ELSE '' END, :lines, reason, min(line_number),
              left((array_agg(line ORDER BY line_number))[1], 60))
  FROM bar WHERE reason IS NOT NULL GROUP BY reason ORDER BY count(*) DESC, reason;
SELECT set_config('demo.limit', :'limit', true) \g /dev/null
\if :too_many
DO $$
BEGIN
    RAISE EXCEPTION 'more than % percent of the lines cannot be read, so nothing is loaded',
        current_setting('demo.limit')
        USING HINT = 'Is this a file of bars? REJECT_LIMIT=100 loads what can be read.';
END
$$;
\endif

INSERT INTO ohlcv_reject SELECT line_number, reason, line FROM bar WHERE reason IS NOT NULL;
INSERT INTO ohlcv
SELECT symbol, ts, open, high, low, close, volume FROM bar WHERE reason IS NULL
ON CONFLICT (symbol, ts) DO UPDATE
   SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
       volume = excluded.volume;
SELECT format('load: %s bars of %s, %s to %s', count(*), symbol,
              to_char(min(ts), 'YYYY-MM-DD HH24:MI'), to_char(max(ts), 'YYYY-MM-DD HH24:MI'))
  FROM bar WHERE reason IS NULL GROUP BY symbol ORDER BY count(*) DESC, symbol LIMIT 20;
COMMIT;
