"""VaR and expected shortfall: G9 to G13."""
import numpy

import pandas_peer
from harness import (Line, duckdb_contender, expect_close, interleave, peak_memory, ratio,
                     sql_contender)

BOTH_LEVELS = 'ARRAY[0.975, 0.99]::float8[]'
TAIL = f'margin_calib.tail_risk(r, {BOTH_LEVELS})'
ORDERED = {'enable_sort': 'off', 'enable_seqscan': 'off', 'enable_hashagg': 'off'}


def exact_tail(pnl, confidence):
    """VaR and Acerbi-Tasche ES by a full sort, as losses."""
    losses = -numpy.sort(pnl)
    n = len(losses)
    mass = n * (1 - confidence)
    if abs(mass - round(mass)) < 1e-9 * n:
        mass = round(mass)
    whole = int(mass)
    total = losses[:whole].sum() + (mass - whole) * losses[whole]
    return losses[n - int(numpy.ceil(n - mass))], total / mass


def check_tail(bench):
    pnl = numpy.array([r for r, in bench.backend.query('SELECT r FROM bench.rets WHERE instrument <= 20')])
    levels = bench.backend.query(
        'SELECT t.confidence, t.value_at_risk, t.expected_shortfall FROM unnest((SELECT '
        f'{TAIL} FROM bench.rets WHERE instrument <= 20)) t')
    for confidence, var, es in levels:
        expect_close(f'tail_risk at {confidence}', [var, es], exact_tail(pnl, confidence))
    expect_close('tail_risk: levels', len(levels), 2)


def case_tail(bench):
    bench.need('margin_calib.tail_risk(float8, float8[])')
    bench.need('margin_calib.expected_shortfall(float8, float8)')
    check_tail(bench)
    backend, rows = bench.backend, bench.returns
    contenders = [
        sql_contender(backend, 'sum(r)', rows, 'SELECT sum(r) FROM bench.rets'),
        sql_contender(backend, 'tail_risk', rows, f'SELECT {TAIL} FROM bench.rets'),
        sql_contender(backend, 'ES in SQL', rows,
                      'SELECT avg(r) FROM bench.rets WHERE r <= (SELECT percentile_cont(0.025) '
                      'WITHIN GROUP (ORDER BY r) FROM bench.rets)', {'work_mem': '1GB'}),
        duckdb_contender(bench.peers, 'DuckDB ES', rows,
                         'SELECT avg(r) FROM rets WHERE r <= (SELECT quantile_cont(r, 0.025) FROM rets)'),
        sql_contender(backend, 'avg(r) GROUP BY', rows,
                      'SELECT count(a) FROM (SELECT avg(r) AS a FROM bench.rets GROUP BY instrument) q'),
        sql_contender(backend, 'ES GROUP BY, one level', rows,
                      'SELECT count(a) FROM (SELECT margin_calib.expected_shortfall(r, 0.975) AS a '
                      'FROM bench.rets GROUP BY instrument) q'),
        sql_contender(backend, 'tail_risk GROUP BY', rows,
                      f'SELECT count(a) FROM (SELECT {TAIL} AS a FROM bench.rets GROUP BY instrument) q')]
    if bench.has_tdigest:
        contenders.append(sql_contender(backend, 'tdigest(100)', rows,
                                        'SELECT tdigest_avg(r, 100, 0, 0.025) FROM bench.rets'))
    frame = pandas_peer.read(bench, 'bench.rets', 'r')
    theirs = pandas_peer.shortfalls(frame, 0.975)
    expect_close('pandas', bench.backend.query(
        'SELECT count(*), avg(es) FROM (SELECT margin_calib.expected_shortfall(r, 0.975) AS es '
        'FROM bench.rets GROUP BY instrument) q')[0], [len(theirs), sum(theirs) / len(theirs)])
    contenders.append(pandas_peer.contender(
        'pandas', rows, lambda: pandas_peer.shortfalls(frame, 0.975)))
    got = interleave(contenders)
    return [
        Line('G9', 'tail_risk (VaR and ES, two levels) / sum(r)', 1.25, ratio(got, 'tail_risk', 'sum(r)')),
        Line('G9', 'ES by percentile_cont / tail_risk', 6, ratio(got, 'ES in SQL', 'tail_risk'), True),
        Line('G10', 'tdigest(100), approximate / tail_risk', 3, ratio(got, 'tdigest(100)', 'tail_risk'), True),
        Line('G10', 'DuckDB exact ES, 1 thread / tail_risk', 1.2, ratio(got, 'DuckDB ES', 'tail_risk'), True),
        Line('G10', 'pandas and numpy, data in memory / tail_risk, by instrument', None,
             ratio(got, 'pandas', 'tail_risk GROUP BY'), True),
        Line('G11', 'tail_risk / avg(r), GROUP BY instrument', 1.05,
             ratio(got, 'tail_risk GROUP BY', 'avg(r) GROUP BY')),
        Line('G11', 'two levels and VaR / one level, GROUP BY', 1.03,
             ratio(got, 'tail_risk GROUP BY', 'ES GROUP BY, one level'))]


def case_parallel(bench):
    """Wall clock: workers are other processes."""
    bench.need('margin_calib.tail_risk(float8, float8[])')
    workers = {'max_parallel_workers_per_gather': 2, 'parallel_setup_cost': 0, 'parallel_tuple_cost': 0,
               'min_parallel_table_scan_size': 0}
    grouped = f'SELECT count(a) FROM (SELECT {TAIL} AS a FROM bench.rets GROUP BY instrument) q'
    overall = f'SELECT {TAIL} FROM bench.rets'
    for sql in (grouped, overall):
        bench.backend.set(workers)
        plan = str(bench.backend.value('EXPLAIN (FORMAT JSON) ' + sql))
        bench.backend.reset()
        if "'Partial Mode': 'Partial'" not in plan:
            print(f'bench: no partial aggregate in the plan of {sql}')
    got = interleave([
        sql_contender(bench.backend, 'grouped, serial', bench.returns, grouped),
        sql_contender(bench.backend, 'grouped, 2 workers', bench.returns, grouped, workers),
        sql_contender(bench.backend, 'global, serial', bench.returns, overall),
        sql_contender(bench.backend, 'global, 2 workers', bench.returns, overall, workers)])
    return [
        Line('G12', 'tail_risk GROUP BY: 2 workers / serial, wall', 0.65,
             ratio(got, 'grouped, 2 workers', 'grouped, serial', 'wall')),
        Line('G12', 'tail_risk global: 2 workers / serial, wall', 1.05,
             ratio(got, 'global, 2 workers', 'global, serial', 'wall'))]


def case_memory(bench):
    bench.need('margin_calib.tail_risk(float8, float8[])')
    idle, _ = peak_memory('SELECT count(*) FROM bench.rets')
    peak, temp = peak_memory(f'SELECT {TAIL} FROM bench.rets')
    by_key, _ = peak_memory(f'SELECT count(a) FROM (SELECT {TAIL} AS a FROM bench.rets GROUP BY instrument) q',
                            ORDERED)
    bound = 8 * bench.returns / 2**20 + 1
    return [
        Line('G13', 'tail_risk global: memory above count(*), goal 8 B a row + 1 MB', round(bound, 1),
             (peak - idle) / 2**20, unit=' MB'),
        Line('G13', 'the same: temp blocks written', 0, temp, unit=''),
        Line('G13', 'tail_risk by instrument in index order: memory above count(*)', 1,
             (by_key - idle) / 2**20, unit=' MB')]


CASES = {'tail': case_tail, 'tail_parallel': case_parallel, 'tail_memory': case_memory}
