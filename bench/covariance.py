"""Covariance matrices: G17."""
import io
import os

import numpy

import pandas_peer
from harness import Line, Wrong, duckdb_contender, interleave, ratio, sql_contender

SERIES, DAYS = 500, 1000
FEW = 100   # series of PostgreSQL's self join, which would take minutes for all
TIMES = 50  # matrices of few series in one query, so that the clock sees them

SELF_JOIN = ('SELECT count(c) FROM (SELECT covar_samp(a.r, b.r) AS c FROM {} a JOIN {} b USING (day) '
             'WHERE a.series <= b.series GROUP BY a.series, b.series) q')


def load(bench):
    """One row a day with all series; for the self joins one row a day and series."""
    rng = numpy.random.default_rng(17)
    returns = 0.01 * (rng.normal(size=(DAYS, 1)) + rng.normal(size=(DAYS, SERIES)))
    backend = bench.backend
    backend.execute('DROP TABLE IF EXISTS bench.panel, bench.few_panel, bench.long_panel, bench.few_long')
    backend.execute('CREATE TABLE bench.panel (day serial, r float8[])')
    # arrays above 2 kB would go to a side table
    backend.execute('ALTER TABLE bench.panel ALTER r SET STORAGE plain')
    rows = ''.join('{' + ','.join(map(repr, row)) + '}\n' for row in returns.tolist())
    backend.cursor.copy_expert('COPY bench.panel (r) FROM STDIN', io.StringIO(rows))
    backend.execute(f'CREATE TABLE bench.few_panel AS SELECT day, r[1:{FEW}] AS r FROM bench.panel')
    backend.execute('CREATE TABLE bench.long_panel AS SELECT day, series::int AS series, x AS r '
                    'FROM bench.panel, unnest(r) WITH ORDINALITY u (x, series)')
    backend.execute(f'CREATE TABLE bench.few_long AS SELECT * FROM bench.long_panel WHERE series <= {FEW}')
    for table in ('panel', 'few_panel', 'long_panel', 'few_long'):
        backend.execute(f'VACUUM (FREEZE, ANALYZE) bench.{table}')
    if bench.peers.has['duckdb']:
        path = bench.file('long_panel')
        backend.execute(f"COPY bench.long_panel TO '{path}' (FORMAT csv, HEADER)")
        bench.peers.duckdb('DROP TABLE IF EXISTS long_panel')
        bench.peers.duckdb(f"CREATE TABLE long_panel AS SELECT * FROM read_csv('{path}')")
        os.remove(path)
    return returns


def check(bench, returns):
    ours = numpy.array(bench.backend.value('SELECT margin_calib.covariance(r) FROM bench.panel'))
    theirs = numpy.cov(returns, rowvar=False)
    scale = numpy.sqrt(numpy.outer(numpy.diag(theirs), numpy.diag(theirs)))
    if numpy.max(numpy.abs(ours - theirs) / scale) > 1e-13:
        raise Wrong('covariance differs from numpy')


def case_covariance(bench):
    """The ratio to numpy depends on its BLAS: the goal is meant for OpenBLAS, one thread."""
    bench.need('margin_calib.covariance(float8[])')
    returns = load(bench)
    check(bench, returns)
    backend, pairs, few_pairs = bench.backend, SERIES * SERIES, FEW * FEW
    matrix = 'SELECT array_length(margin_calib.covariance(r), 1) FROM bench.{}'
    got = interleave([
        sql_contender(backend, 'covariance', pairs, matrix.format('panel')),
        pandas_peer.contender('numpy cov', pairs, lambda: numpy.cov(returns, rowvar=False)),
        sql_contender(backend, 'covariance, few', few_pairs * TIMES,
                      'SELECT count(c) FROM (SELECT margin_calib.covariance(r) AS c '
                      f'FROM generate_series(1, {TIMES}) AS i, bench.few_panel GROUP BY i) q'),
        duckdb_contender(bench.peers, 'DuckDB self join', pairs, SELF_JOIN.format('long_panel', 'long_panel')),
        sql_contender(backend, 'self join', few_pairs, SELF_JOIN.format('bench.few_long', 'bench.few_long'))])
    return [
        Line('G17', f'covariance / numpy cov, {SERIES} series x {DAYS} rows', 1.5, ratio(got, 'covariance', 'numpy cov')),
        Line('G17', f'DuckDB self join, 1 thread / covariance, {SERIES} series', 200,
             ratio(got, 'DuckDB self join', 'covariance'), True),
        # the goal of 5000 is one of 500 series: the ratio grows with their number
        Line('G17', f'self join in SQL / covariance, {FEW} series', None, ratio(got, 'self join', 'covariance, few'), True)]


CASES = {'covariance': case_covariance}
