-- The user's side: tables with names of their own. What has not happened yet waits in later_prices.
CREATE TABLE index_prices (symbol text NOT NULL, day date NOT NULL, close numeric, PRIMARY KEY (symbol, day));
CREATE TABLE book (client text NOT NULL, symbol text NOT NULL, qty numeric NOT NULL, PRIMARY KEY (client, symbol));
CREATE TABLE later_prices (LIKE index_prices);

CREATE TEMPORARY TABLE line (symbol text, day date, week integer, close numeric);
\copy line FROM pstdin WITH (FORMAT csv)
INSERT INTO later_prices SELECT symbol, day + 7 * coalesce(week, 0), close FROM line;
WITH landed AS (DELETE FROM later_prices WHERE day <= '1987-10-16' RETURNING *)
INSERT INTO index_prices SELECT * FROM landed;

INSERT INTO book VALUES
    ('pension fund', 'DJIA', 400),
    ('trend fund', 'DJIA', -250),
    ('spread desk', 'DJIA', -200), ('spread desk', 'NYSE', 120),
    ('floor trader', 'NYSE', 25);

SELECT symbol, count(*) AS prices, min(day) AS first, max(day) AS last,
       CASE symbol WHEN 'DJIA' THEN 'Dow Jones Industrial Average, daily'
                   ELSE 'New York Stock Exchange composite, weekly' END AS what
  FROM index_prices GROUP BY symbol ORDER BY symbol;
