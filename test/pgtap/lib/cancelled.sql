-- pg_temp.cancelled(query): what statement_timeout did to it. Set it just before, one query a statement: its time
-- starts with the client's statement. The bound is wide for a busy machine; the polls themselves are counted in
-- test/unit and timed in test/t/cancel.pl.
CREATE FUNCTION pg_temp.cancelled(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE began timestamptz := clock_timestamp();
BEGIN
    EXECUTE query;
    RETURN 'ran to its end';
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - began < interval '10 seconds' THEN 'cancelled' ELSE 'late' END;
END $$;
