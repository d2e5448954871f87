-- Data lands as any feed would land it; the triggers only note which instruments changed.
\set ECHO queries
INSERT INTO index_prices SELECT * FROM later_prices WHERE day = '1987-10-19';
CALL refresh();
\set ECHO none
INSERT INTO demo.margin SELECT 2, * FROM margin_parameter;
INSERT INTO demo.requirement SELECT 2, * FROM margin_requirement;
\set ECHO queries
INSERT INTO index_prices SELECT * FROM later_prices WHERE day BETWEEN '1987-10-20' AND '1987-10-23';
CALL refresh();
\set ECHO none
INSERT INTO demo.margin SELECT 3, * FROM margin_parameter;
INSERT INTO demo.requirement SELECT 3, * FROM margin_requirement;
