"""Volatility from bars, and exponentially weighted: G31, G32."""
from harness import Line, expect_close, interleave, ratio, sql_contender

ORDERED = {'enable_sort': 'off', 'enable_seqscan': 'off', 'enable_bitmapscan': 'off'}
WINDOW = 'PARTITION BY instrument ORDER BY ts'
LAMBDA = 0.94


def over(expression, table='bench.prices'):
    return f'SELECT count(v) FROM (SELECT {expression} OVER ({WINDOW}) AS v FROM {table}) q'


def bars_vol(bars, estimator='yang_zhang'):
    return f"margin_calib.rolling_vol(open, high, low, close, {bars}, '{estimator}')"


def check_bars(backend):
    """Yang and Zhang from built-in window functions, row by row."""
    worst = backend.value(f'''
        SELECT max(abs(ours / sqrt(o + k * c + (1 - k) * rs) - 1))
        FROM (SELECT {bars_vol(30)} OVER w AS ours, var_samp(ln(open / previous)) OVER f AS o,
                     var_samp(ln(close / open)) OVER f AS c, count(previous) OVER f AS n, 0.34 / (1.34 + 31.0 / 29) AS k,
                     avg(ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open)) OVER f AS rs
              FROM (SELECT *, lag(close) OVER ({WINDOW}) AS previous FROM bench.prices WHERE instrument <= 2) b
              WINDOW w AS ({WINDOW}), f AS ({WINDOW} ROWS 29 PRECEDING)) q WHERE n = 30''')
    expect_close('rolling_vol of bars: worst difference', 1 + (worst or 9), 1)


def case_bars(bench):
    bench.need('margin_calib.rolling_vol(float8,float8,float8,float8,integer,text)')
    rows, backend = bench.rows, bench.backend
    check_bars(backend)
    contenders = [sql_contender(backend, f'{name} {bars}', rows, over(expression), ORDERED)
                  for bars in (30, 1000)
                  for name, expression in (('close', f'margin_calib.rolling_vol(close, {bars})'),
                                           ('parkinson', bars_vol(bars, 'parkinson')), ('yang_zhang', bars_vol(bars)))]
    got = interleave(contenders)
    return [
        Line('G31', 'rolling_vol of bars, yang_zhang: 1,000 bars / 30 bars', 1.1, ratio(got, 'yang_zhang 1000', 'yang_zhang 30')),
        Line('G31', 'rolling_vol of bars, yang_zhang / rolling_vol of closes, 30 bars', 1.6, ratio(got, 'yang_zhang 30', 'close 30')),
        Line('G31', 'the same, 1,000 bars', 1.6, ratio(got, 'yang_zhang 1000', 'close 1000')),
        Line('G31', 'rolling_vol of bars, parkinson / rolling_vol of closes, 30 bars', 1.3, ratio(got, 'parkinson 30', 'close 30'))]


# what one writes without the extension: a recursive query, or an aggregate in SQL; both need returns
RECURSIVE = f'''WITH RECURSIVE v AS (
    SELECT i, r * r AS v FROM numbered WHERE i = 1
    UNION ALL SELECT n.i, {LAMBDA} * v.v + (1 - {LAMBDA}) * n.r * n.r FROM v JOIN numbered AS n ON n.i = v.i + 1)
    SELECT count(v), max(v) FROM v'''


def case_ewma(bench):
    bench.need('margin_calib.ewma_vol(float8,float8)')
    rows, backend = bench.rows, bench.backend
    backend.execute(f'''
        CREATE OR REPLACE FUNCTION bench.ewma_step(v float8, r float8) RETURNS float8 IMMUTABLE LANGUAGE sql
            AS 'SELECT coalesce({LAMBDA} * v + (1 - {LAMBDA}) * r * r, r * r)';
        DROP AGGREGATE IF EXISTS bench.ewma(float8);
        CREATE AGGREGATE bench.ewma(float8) (SFUNC = bench.ewma_step, STYPE = float8)''')
    # both conventions meet after a few hundred returns
    expect_close('ewma_vol', backend.value(f'SELECT margin_calib.ewma_vol(close, {LAMBDA} ORDER BY ts) FROM bench.prices WHERE instrument = 1'),
                 backend.value('SELECT sqrt(bench.ewma(r ORDER BY ts)) FROM bench.rets WHERE instrument = 1'))
    few = 'bench.rets WHERE instrument <= 5'
    backend.execute('''CREATE TEMP TABLE IF NOT EXISTS numbered AS
        SELECT r, row_number() OVER (ORDER BY ts) AS i FROM bench.rets WHERE instrument = 1;
        CREATE INDEX IF NOT EXISTS numbered_i ON numbered (i);
        ANALYZE numbered''')
    got = interleave([
        sql_contender(backend, 'ewma_vol', rows, over(f'margin_calib.ewma_vol(close, {LAMBDA})'), ORDERED),
        sql_contender(backend, 'running sum', rows, over('sum(close)'), ORDERED),
        sql_contender(backend, 'aggregate in SQL', 5 * 9999, over('bench.ewma(r)', few), ORDERED),
        sql_contender(backend, 'recursive query', 9999, RECURSIVE)])
    return [
        Line('G32', 'ewma_vol OVER / running sum(close) OVER', 1.3, ratio(got, 'ewma_vol', 'running sum')),
        Line('G32', 'EWMA by an aggregate in SQL of returns / ewma_vol', 2, ratio(got, 'aggregate in SQL', 'ewma_vol'), True),
        Line('G32', 'EWMA by a recursive query over numbered returns / ewma_vol', 2, ratio(got, 'recursive query', 'ewma_vol'), True)]


CASES = {'range_vol': case_bars, 'ewma_vol': case_ewma}
