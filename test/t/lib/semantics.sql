-- Brute-force peers in exact decimal arithmetic, and data of every kind, for semantics.pl.

-- powers of a half, exactly
CREATE TABLE half (k int PRIMARY KEY, v numeric);
INSERT INTO half WITH RECURSIVE t (k, v) AS (SELECT 0, 1::numeric UNION ALL SELECT k + 1, v * 0.5 FROM t WHERE k < 900) SELECT * FROM t;

-- a double as the decimal that it is: a whole number below 2^56, in two parts of nine digits, over 2^k
CREATE FUNCTION exact(x float8) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE places int; m float8; high float8;
BEGIN
    IF x = 0 THEN RETURN 0; END IF;
    places := 54 - floor(ln(abs(x)) / ln(2::float8))::int;
    m := x * power(2::float8, places);
    high := trunc(m / 268435456);
    RETURN (high::numeric * 268435456 + (m - high * 268435456)::numeric) * (SELECT v FROM half WHERE k = places);
END $$;

CREATE FUNCTION is_odd(x float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT x = 'NaN' OR abs(x) = 'Infinity' $$;

CREATE FUNCTION brute_volatility(xs float8[]) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
DECLARE n int := 0; s numeric := 0; q numeric := 0; x float8; e numeric; v numeric;
BEGIN
    FOREACH x IN ARRAY coalesce(xs, '{}') LOOP
        CONTINUE WHEN x IS NULL;
        n := n + 1;
        IF is_odd(x) THEN s := NULL; END IF;
        CONTINUE WHEN s IS NULL;
        e := exact(x);
        s := s + e;
        q := q + e * e;
    END LOOP;
    IF n < 2 THEN RETURN NULL; END IF;
    IF s IS NULL THEN RETURN 'NaN'; END IF;
    v := n * q - s * s;
    IF v = 0 THEN RETURN 0; END IF;
    -- digits enough, however small
    RETURN (sqrt(v * 1e160) / sqrt(n::numeric * (n - 1)))::float8 / 1e80;
END $$;

-- confidence as a decimal; the worst losses first
CREATE FUNCTION brute_losses(xs float8[]) RETURNS numeric[] LANGUAGE sql STABLE AS
$$ SELECT array_agg(-exact(u) ORDER BY u) FROM unnest(xs) AS u WHERE u IS NOT NULL $$;

CREATE FUNCTION brute_shortfall(xs float8[], c numeric) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
DECLARE l numeric[]; n int; t numeric; k int; s numeric;
BEGIN
    IF (SELECT bool_or(is_odd(u)) FROM unnest(xs) AS u) THEN RETURN 'NaN'; END IF;
    l := brute_losses(xs);
    n := cardinality(l);
    IF n IS NULL THEN RETURN NULL; END IF;
    t := n * (1 - c);
    k := floor(t);
    SELECT coalesce(sum(u), 0) INTO s FROM unnest(l[1:k]) AS u;
    RETURN ((s + (t - k) * l[k + 1]) / t)::float8;
END $$;

CREATE FUNCTION brute_value_at_risk(xs float8[], c numeric) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
DECLARE l float8[]; n int;
BEGIN
    IF (SELECT bool_or(is_odd(u)) FROM unnest(xs) AS u) THEN RETURN 'NaN'; END IF;
    SELECT array_agg(-u ORDER BY u) INTO l FROM unnest(xs) AS u WHERE u IS NOT NULL;
    n := cardinality(l);
    RETURN CASE WHEN n > 0 THEN l[n - ceil(n * c)::int + 1] END;
END $$;

-- within relative tolerance, plus what cancels of the largest magnitude
CREATE FUNCTION agrees(got float8, want float8, relative float8, absolute float8 DEFAULT 0) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN got IS NULL OR want IS NULL THEN got IS NULL AND want IS NULL
               WHEN got = 'NaN' OR want = 'NaN' THEN got = want
               WHEN got = want THEN true
               ELSE abs(got - want) <= relative * abs(want) + absolute END $$;
-- equal to the last bit
CREATE FUNCTION identical(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT float8send(a + 0) IS NOT DISTINCT FROM float8send(b + 0) $$;

CREATE TABLE sample (kind text, i int, o int, x float8);
SELECT setseed(0.25);
INSERT INTO sample
SELECT kind, i, i / 2 + (i % 7) / 6,
       CASE kind WHEN 'benign' THEN r
                 WHEN 'outlier' THEN CASE WHEN i IN (20, 41) THEN 1e10 WHEN i = 33 THEN -1e10 ELSE r END
                 WHEN 'decay' THEN r * power(10::float8, -i / 4)
                 WHEN 'constant' THEN CASE WHEN i < 8 THEN r ELSE 0.1 END
                 WHEN 'ties' THEN floor(r * 2) / 4
                 WHEN 'odd' THEN CASE i WHEN 15 THEN 'NaN' WHEN 31 THEN 'Infinity' WHEN 32 THEN '-Infinity' WHEN 50 THEN 'NaN' ELSE r END
                 WHEN 'nulls' THEN CASE WHEN i % 20 BETWEEN 3 AND 13 THEN NULL ELSE r END
                 WHEN 'level' THEN 1e8 + r * 1e-2
                 WHEN 'tiny' THEN r * 1e-200
                 WHEN 'one' THEN CASE WHEN i = 30 THEN r END
                 WHEN 'empty' THEN NULL END
  FROM (SELECT kind, i, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS r
          FROM unnest('{benign,outlier,decay,constant,ties,odd,nulls,level,tiny,one,empty}'::text[]) AS kind,
               generate_series(1, 60) AS i) AS t;

CREATE TABLE big AS
SELECT 'k' || i % 5 AS k, i, '2020-01-01'::timestamptz + (i % 4000) * interval '1 hour' AS ts,
       sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) * CASE WHEN i % 5 = 3 THEN 1e6 ELSE 1 END AS x,
       100 * exp(sin(i) / 10) AS price
  FROM generate_series(1, 40000) AS i;
UPDATE big SET x = NULL WHERE i % 97 = 0;
CREATE TABLE big_odd AS SELECT * FROM big WHERE k = 'k1';
UPDATE big_odd SET x = 'NaN' WHERE i = 1001;
ANALYZE;

-- prices with every defect: ties in ts, NULLs, NaN, infinities, a flat run, a jump
CREATE TABLE prices (symbol text, at timestamptz, px float8);
INSERT INTO prices
SELECT s, '2023-01-01'::timestamptz + (i - i % 41 / 40) * interval '1 day',
       CASE WHEN i % 53 = 7 THEN NULL WHEN i % 101 = 50 AND s = 'odd' THEN 'NaN' WHEN i % 113 = 60 AND s = 'odd' THEN 'Infinity'
            WHEN s = 'flat' AND i BETWEEN 50 AND 120 THEN 100 WHEN i = 200 THEN 160
            ELSE 100 + 20 * sin(i / 9.0) + random() END
  FROM unnest('{plain,flat,odd}'::text[]) AS s, generate_series(1, 400) AS i;
INSERT INTO prices SELECT NULL, at, px FROM prices WHERE symbol = 'plain';
INSERT INTO prices SELECT 'short', at, px FROM prices WHERE symbol = 'plain' AND at < '2023-01-06';
INSERT INTO prices VALUES ('none', '2023-01-01', NULL), ('one', '2023-01-01', 5);
