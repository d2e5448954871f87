-- What a refresh makes of the changes that the capture triggers have logged.

CREATE OR REPLACE FUNCTION margin_calib.note_input_changes(
    reading bigint, feed integer, keys text[], from_ts timestamptz[], to_ts timestamptz[], seen bigint[],
    data_through_before timestamptz[]) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 250
    SECURITY DEFINER SET search_path = pg_catalog, margin_calib, pg_temp
BEGIN ATOMIC
    -- no earlier reading has seen what lies after its data_through
    DELETE FROM margin_calib.input_change AS c
     USING unnest(note_input_changes.keys, note_input_changes.data_through_before) AS k (key, data_through)
     WHERE c.id = ANY (note_input_changes.seen) AND c.reading IS NULL AND c.feed = note_input_changes.feed
       AND c.change IN ('update', 'delete') AND c.instrument = k.key AND (c.ts > k.data_through OR k.data_through IS NULL);
    UPDATE margin_calib.input_change AS c SET reading = note_input_changes.reading
     WHERE c.id = ANY (note_input_changes.seen) AND c.reading IS NULL;
    INSERT INTO margin_calib.input_change (feed, instrument, ts, until_ts, change, at, reading)
        SELECT note_input_changes.feed, k.key, k.from_ts, nullif(least(k.to_ts, k.data_through), k.from_ts), 'insert', now(), note_input_changes.reading
          FROM unnest(note_input_changes.keys, note_input_changes.from_ts, note_input_changes.to_ts,
                      note_input_changes.data_through_before) AS k (key, from_ts, to_ts, data_through)
         WHERE k.key IS NOT NULL AND k.from_ts <= k.data_through
         ORDER BY k.key;
END;
COMMENT ON FUNCTION margin_calib.note_input_changes(bigint, integer, text[], timestamptz[], timestamptz[], bigint[], timestamptz[]) IS
'Internal to refresh: gives the changes with the ids in seen to a reading, and takes out updates and deletions that no calibration can have used, which lie after the data_through that their instrument had before it, or whose instrument had none. keys, from_ts, to_ts and data_through_before are parallel, the first three as take_batch returns them: inserts that were in time when they were made, but that an earlier reading should have seen, become a row of their own. NULL arrays are empty ones.';
REVOKE ALL ON FUNCTION margin_calib.note_input_changes(bigint, integer, text[], timestamptz[], timestamptz[], bigint[], timestamptz[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.next_reading() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 1
BEGIN ATOMIC
    SELECT nextval('margin_calib.reading');
END;
COMMENT ON FUNCTION margin_calib.next_reading() IS 'Internal to refresh_prices: number of the next reading.';
REVOKE ALL ON FUNCTION margin_calib.next_reading() FROM PUBLIC;
