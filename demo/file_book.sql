-- A made-up book on the instruments of the file: one client long each of them, one short, and with two
-- or more instruments one long the first and short the last.
CREATE TABLE book (client text NOT NULL, symbol text NOT NULL, qty numeric NOT NULL, PRIMARY KEY (client, symbol));
WITH latest AS (
    SELECT DISTINCT ON (symbol) symbol, round(100000 / close, 8) AS qty FROM ohlcv ORDER BY symbol, ts DESC),
ends AS (
    SELECT min(symbol) AS first, max(symbol) AS last FROM latest HAVING count(*) > 1)
INSERT INTO book
SELECT 'long client', symbol, qty FROM latest
UNION ALL SELECT 'short client', symbol, -qty FROM latest
UNION ALL SELECT 'spread client', symbol, CASE symbol WHEN first THEN qty ELSE -qty END
            FROM latest JOIN ends ON symbol IN (first, last);
\echo '      and a made-up book of positions worth 100000 each'
