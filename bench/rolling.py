"""Rolling volatility: G1 to G7, G26, G28."""
import pandas_peer
from harness import (Contender, Line, duckdb_contender, expect_close, interleave, peak_memory,
                     ratio, sql_contender)

ORDERED = {'enable_sort': 'off', 'enable_seqscan': 'off', 'enable_bitmapscan': 'off'}
WINDOW = 'PARTITION BY instrument ORDER BY ts'
DUCK_RETURNS = f'SELECT instrument, ts, ln(close / lag(close) OVER ({WINDOW})) AS r FROM prices'


def ours(bars, table='bench.prices', window=WINDOW):
    return (f'SELECT count(v) FROM (SELECT margin_calib.rolling_vol(close, {bars}) OVER ({window}) AS v '
            f'FROM {table}) q')


def built_in(bars, instruments):
    return (f'SELECT count(v) FROM (SELECT stddev_samp(r) OVER ({WINDOW} ROWS {bars - 1} PRECEDING) AS v '
            f'FROM bench.rets WHERE instrument <= {instruments}) q')


def duck(bars):
    return (f'SELECT count(v) FROM (SELECT stddev_samp(r) OVER ({WINDOW} ROWS {bars - 1} PRECEDING) AS v '
            f'FROM ({DUCK_RETURNS}) q) q')


def set_rows(table):
    return f"SELECT count(vol) FROM margin_calib.rolling_vol_all('{table}', 'instrument', 'ts', 'close', 30)"


def set_arrays(table):
    """In the select list: in FROM the executor would first store all arrays."""
    return ('SELECT count((a).vol) FROM (SELECT margin_calib.rolling_vol_arrays('
            f"'{table}', 'instrument', 'ts', 'close', 30) AS a OFFSET 0) q")


def check_window(bench):
    """Our vols, row by row, beside stddev_samp over stored returns, where the window is full."""
    for bars in (30, 250, 1000):
        count, worst = bench.backend.query(f'''
            SELECT count(*), max(abs(o.v / b.v - 1))
            FROM (SELECT instrument, ts, margin_calib.rolling_vol(close, {bars}) OVER ({WINDOW}) AS v
                  FROM bench.prices WHERE instrument <= 3) o
            FULL JOIN (SELECT instrument, ts, stddev_samp(r) OVER w AS v, row_number() OVER w0 AS n
                  FROM bench.rets WHERE instrument <= 3
                  WINDOW w0 AS ({WINDOW}), w AS ({WINDOW} ROWS {bars - 1} PRECEDING)) b
            USING (instrument, ts) WHERE o.v IS NOT NULL OR b.n >= {bars}''')[0]
        expect_close(f'rolling_vol {bars}: rows', count, 3 * (10000 - bars))
        expect_close(f'rolling_vol {bars}: worst difference', 1 + (worst or 9), 1)


def case_window(bench):
    bench.need('margin_calib.rolling_vol(float8, integer)')
    check_window(bench)
    backend, rows, most = bench.backend, bench.rows, bench.instruments
    subset = {30: min(most, 50), 250: min(most, 10), 1000: min(most, 5)}
    contenders = [
        sql_contender(backend, 'sum(close) OVER ()', rows,
                      'SELECT count(s) FROM (SELECT sum(close) OVER () AS s FROM (SELECT close '
                      'FROM bench.prices ORDER BY instrument, ts) p) q',
                      {**ORDERED, 'work_mem': '2GB'}),
        sql_contender(backend, 'running sum by instrument', rows,
                      f'SELECT count(s) FROM (SELECT sum(close) OVER ({WINDOW} ROWS UNBOUNDED PRECEDING) '
                      'AS s FROM bench.prices) q', ORDERED)]
    for bars in (30, 250, 1000):
        contenders.append(sql_contender(backend, f'rolling_vol {bars}', rows, ours(bars), ORDERED))
        contenders.append(sql_contender(backend, f'stddev_samp {bars}', subset[bars] * 9999,
                                        built_in(bars, subset[bars]), ORDERED))
    for bars in (30, 1000):
        contenders.append(duckdb_contender(bench.peers, f'DuckDB {bars}', rows, duck(bars)))
    prices = pandas_peer.read(bench, 'bench.prices', 'close')
    for bars in (30, 1000):
        theirs = pandas_peer.rolling_vol(prices, bars)
        expect_close(f'pandas {bars}', bench.backend.query(
            'SELECT count(v), avg(v) FROM (SELECT margin_calib.rolling_vol(close, '
            f'{bars}) OVER ({WINDOW}) AS v FROM bench.prices) q')[0], [theirs.count(), theirs.mean()])
        contenders.append(pandas_peer.contender(
            f'pandas {bars}', rows, lambda bars=bars: pandas_peer.rolling_vol(prices, bars)))
    got = interleave(contenders)
    lines = [
        Line('G1', 'rolling_vol: 1,000 bars / 30 bars', 1.05, ratio(got, 'rolling_vol 1000', 'rolling_vol 30')),
        Line('G2', 'rolling_vol 30 / sum(close) OVER ()', 1.10, ratio(got, 'rolling_vol 30', 'sum(close) OVER ()'))]
    for bars, bound in ((30, 6), (250, 50), (1000, 160)):
        lines.append(Line('G3', f'stddev_samp OVER / rolling_vol, {bars} bars', bound,
                          ratio(got, f'stddev_samp {bars}', f'rolling_vol {bars}'), True))
    for bars, bound in ((1000, 1.5), (30, 0.8)):
        lines.append(Line('G4', f'DuckDB 1 thread / rolling_vol, {bars} bars', bound,
                          ratio(got, f'DuckDB {bars}', f'rolling_vol {bars}'), True))
    for bars in (1000, 30):
        lines.append(Line('G4', f'pandas, data in memory / rolling_vol, {bars} bars', None,
                          ratio(got, f'pandas {bars}', f'rolling_vol {bars}'), True))
    return lines


def check_set_path(bench):
    """The set path must give the digits of the window function, whatever the order of the heap."""
    for table in ('bench.prices', 'bench.prices_arrival'):
        differ = bench.backend.value(f'''
            SELECT count(*) FROM margin_calib.rolling_vol_all(
                '{table}', 'instrument', 'ts', 'close', 30) s
            FULL JOIN (SELECT instrument::text, ts, margin_calib.rolling_vol(close, 30) OVER ({WINDOW}) AS vol
                       FROM bench.prices) w USING (instrument, ts)
            WHERE s.vol IS DISTINCT FROM w.vol''')
        expect_close(f'rolling_vol_all({table}): rows that differ', differ + 1, 1)
        differ = bench.backend.value(f'''
            SELECT count(*) FROM margin_calib.rolling_vol_all(
                '{table}', 'instrument', 'ts', 'close', 30) s
            FULL JOIN (SELECT instrument, unnest(a.ts) AS ts, unnest(a.vol) AS vol
                       FROM margin_calib.rolling_vol_arrays(
                           '{table}', 'instrument', 'ts', 'close', 30) a) a USING (instrument, ts)
            WHERE s.vol IS DISTINCT FROM a.vol''')
        expect_close(f'rolling_vol_arrays({table}): rows that differ', differ + 1, 1)


def case_set_path(bench):
    for form in ('all', 'arrays'):
        bench.need(f'margin_calib.rolling_vol_{form}(regclass,name,name,name,integer,float8)')
    check_set_path(bench)
    backend, rows = bench.backend, bench.rows
    scan = {'enable_indexonlyscan': 'off', 'enable_indexscan': 'off', 'enable_bitmapscan': 'off'}
    got = interleave([
        sql_contender(backend, 'count(*)', rows, 'SELECT count(*) FROM bench.prices', scan),
        sql_contender(backend, 'count(*), arrival', rows, 'SELECT count(*) FROM bench.prices_arrival', scan),
        sql_contender(backend, 'arrays', rows, set_arrays('bench.prices')),
        sql_contender(backend, 'arrays, arrival', rows, set_arrays('bench.prices_arrival')),
        sql_contender(backend, 'rows', rows, set_rows('bench.prices')),
        sql_contender(backend, 'rows, arrival', rows, set_rows('bench.prices_arrival')),
        sql_contender(backend, 'sort plan, arrival', rows, ours(30, 'bench.prices_arrival')),
        duckdb_contender(bench.peers, 'DuckDB 30', rows, duck(30))])
    return [
        Line('G5', 'rolling_vol_arrays / count(*), clustered', 1.5, ratio(got, 'arrays', 'count(*)')),
        Line('G5', 'rolling_vol_arrays / count(*), arrival order', 1.8,
             ratio(got, 'arrays, arrival', 'count(*), arrival')),
        Line('G5', 'rolling_vol_all (a row a price) / count(*), clustered', None, ratio(got, 'rows', 'count(*)')),
        Line('G6', 'DuckDB 1 thread / rolling_vol_arrays', 4, ratio(got, 'DuckDB 30', 'arrays'), True),
        Line('G6', 'sort plan / rolling_vol_arrays, arrival order', 10,
             ratio(got, 'sort plan, arrival', 'arrays, arrival'), True),
        Line('G6', 'DuckDB 1 thread / rolling_vol_all', None, ratio(got, 'DuckDB 30', 'rows'), True),
        Line('G6', 'sort plan / rolling_vol_all, arrival order', None,
             ratio(got, 'sort plan, arrival', 'rows, arrival'), True)]


def case_window_memory(bench):
    """One partition of all rows. A lag() whose offset is not a constant keeps the whole tuplestore:
    with it the same window costs what an untrimmed one does."""
    bench.need('margin_calib.rolling_vol(float8, integer)')
    one = 'ORDER BY instrument, ts'
    settings = {**ORDERED, 'work_mem': '4MB'}
    peak, temp = peak_memory(ours(1000, window=one), settings)

    def with_lag(offset):
        return ('SELECT count(v), count(l) FROM (SELECT margin_calib.rolling_vol(close, 1000) OVER w AS v, '
                f'lag(close, {offset}) OVER w AS l FROM bench.prices WINDOW w AS ({one})) q')
    got = interleave([
        sql_contender(bench.backend, 'trimmed', bench.rows, with_lag('1'), settings),
        sql_contender(bench.backend, 'untrimmed', bench.rows, with_lag('least(instrument, 1)'),
                      {**settings, 'work_mem': '4GB'})])
    return [
        Line('G7', 'rolling_vol 1,000, one partition, work_mem 4 MB: peak memory', 4, peak / 2**20, unit=' MB'),
        Line('G7', 'the same: temp blocks written', 0, temp, unit=''),
        Line('G7', 'trimmed / untrimmed tuplestore', 0.85, ratio(got, 'trimmed', 'untrimmed'))]


def case_rolling_es(bench):
    bench.need('margin_calib.expected_shortfall(float8, float8)')
    backend = bench.backend

    def es(bars, instruments):
        return (f'SELECT count(v) FROM (SELECT margin_calib.expected_shortfall(r, 0.975) OVER ({WINDOW} '
                f'ROWS {bars - 1} PRECEDING) AS v FROM bench.rets WHERE instrument <= {instruments}) q')
    few = min(bench.instruments, 5)
    # the last full window of an instrument, recomputed from its sorted rows
    ours_last = backend.value(
        'SELECT v FROM (SELECT ts, margin_calib.expected_shortfall(r, 0.975) OVER (ORDER BY ts '
        'ROWS 999 PRECEDING) AS v FROM bench.rets WHERE instrument = 1) q ORDER BY ts DESC LIMIT 1')
    expect_close('rolling expected_shortfall', ours_last, backend.value(
        'SELECT -sum(r) / 25 FROM (SELECT r FROM (SELECT r FROM bench.rets WHERE instrument = 1 '
        'ORDER BY ts DESC LIMIT 1000) w ORDER BY r LIMIT 25) q'))
    got = interleave([
        sql_contender(backend, 'rolling_vol 1000', few * 10000,
                      ours(1000, f'bench.prices WHERE instrument <= {few}'), ORDERED),
        sql_contender(backend, 'rolling ES 100', few * 9999, es(100, few), ORDERED),
        sql_contender(backend, 'rolling ES 1000', few * 9999, es(1000, few), ORDERED)])
    return [
        Line('G26', 'rolling expected_shortfall 1,000 / rolling_vol 1,000', 4,
             ratio(got, 'rolling ES 1000', 'rolling_vol 1000')),
        Line('G26', 'rolling expected_shortfall: 1,000 bars / 100 bars', 1.5,
             ratio(got, 'rolling ES 1000', 'rolling ES 100'))]


def case_array(bench):
    bench.need('margin_calib.rolling_vol(float8[], integer)')
    lines, backend, rows = [], bench.backend, bench.rows
    differ = backend.value(f'''
        SELECT count(*) FROM (SELECT instrument, unnest(margin_calib.rolling_vol(prices, 30)) AS v,
                                     generate_series(1, 10000) AS n FROM bench.series) a
        JOIN (SELECT instrument, margin_calib.rolling_vol(close, 30) OVER ({WINDOW}) AS v,
                     row_number() OVER ({WINDOW}) AS n FROM bench.prices) w USING (instrument, n)
        WHERE a.v IS DISTINCT FROM w.v''')
    expect_close('rolling_vol(prices[]): rows that differ', differ + 1, 1)

    def polars(bars):
        def run():
            answer = bench.peers.polars({'do': 'polars', 'name': 'prices', 'expression': 'rolling_vol',
                                         'group': 'instrument', 'args': {'bars': bars}})
            return answer['cpu'], answer['wall']
        return Contender(f'polars {bars}', rows, run)

    contenders = []
    for bars in (30, 1000):
        contenders.append(sql_contender(
            backend, f'rolling_vol(prices[]) {bars}', rows,
            f'SELECT sum(cardinality(margin_calib.rolling_vol(prices, {bars}))) FROM bench.series'))
        contenders.append(polars(bars))
    got = interleave(contenders)
    for bars in (30, 1000):
        lines.append(Line('G28', f'rolling_vol(prices[]) / polars rolling_std 1 thread, {bars} bars', 2,
                          ratio(got, f'rolling_vol(prices[]) {bars}', f'polars {bars}')))
    return lines


CASES = {'rolling': case_window, 'set_path': case_set_path, 'memory': case_window_memory,
         'rolling_es': case_rolling_es, 'array': case_array}
