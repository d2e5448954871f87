-- A made-up book on the instruments of the file: one client long each of them, one short, one spread.
CREATE TABLE book (client text NOT NULL, symbol text NOT NULL, qty numeric NOT NULL, PRIMARY KEY (client, symbol));
INSERT INTO book
SELECT client, symbol, sign * round(100000 / close, 8)
  FROM (SELECT DISTINCT ON (symbol) symbol, close, dense_rank() OVER (ORDER BY symbol) AS nth
          FROM ohlcv ORDER BY symbol, ts DESC) AS latest
 CROSS JOIN (VALUES ('long client', 1, 1), ('short client', 1, -1), ('spread client', 2, 1)) AS c (client, every, sign)
 WHERE c.every = 1 OR nth <= 2;
UPDATE book SET qty = -qty
 WHERE client = 'spread client' AND symbol = (SELECT max(symbol) FROM book WHERE client = 'spread client')
   AND (SELECT count(*) FROM book WHERE client = 'spread client') > 1;
\echo '      a made-up book of positions worth 100000 each: long client, short client, spread client'
