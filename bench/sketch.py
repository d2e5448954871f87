"""Tail sketches: S1 to S4."""
import numpy

from harness import Line, Wrong, interleave, ratio, sql_contender
from tail import exact_tail

SKETCH = 'margin_calib.tail_sketch(r)'


def check_sketch(bench):
    """The bounds hold the exact measures, and days rolled up are the whole."""
    pnl = numpy.array([r for r, in bench.backend.query('SELECT r FROM bench.rets WHERE instrument <= 20')])
    for confidence in (0.9, 0.975, 0.99, 0.999):
        var, es = exact_tail(pnl, confidence)
        row = bench.backend.query(
            'SELECT b.value_at_risk_lower, b.value_at_risk_upper, b.expected_shortfall_lower, b.expected_shortfall_upper '
            f'FROM margin_calib.tail_sketch_bounds((SELECT {SKETCH} FROM bench.rets WHERE instrument <= 20), {confidence}) AS b')[0]
        close = 1e-12 * abs(es)
        if not (row[0] - close <= var <= row[1] + close and row[2] - close <= es <= row[3] + close):
            raise Wrong(f'tail_sketch at {confidence}: {var} and {es} are not within {row}')
    if not bench.backend.value(
            f'SELECT (SELECT {SKETCH}::text FROM bench.rets) = (SELECT margin_calib.tail_sketch_merge(s)::text '
            f'FROM (SELECT {SKETCH} AS s FROM bench.rets GROUP BY instrument) AS q)'):
        raise Wrong('tail_sketch_merge: sketches of instruments do not make the sketch of all')


def case_sketch(bench):
    bench.need('margin_calib.tail_sketch(float8)')
    check_sketch(bench)
    backend, rows = bench.backend, bench.returns
    parts = bench.instruments
    backend.execute(f'CREATE TABLE bench.sketches AS SELECT {SKETCH} AS s FROM bench.rets GROUP BY instrument')
    contenders = [
        sql_contender(backend, 'sum(r)', rows, 'SELECT sum(r) FROM bench.rets'),
        sql_contender(backend, 'tail_sketch', rows, f'SELECT margin_calib.tail_sketch_count({SKETCH}) FROM bench.rets'),
        sql_contender(backend, 'exact ES', rows, 'SELECT margin_calib.expected_shortfall(r, 0.975) FROM bench.rets'),
        sql_contender(backend, 'tail_sketch GROUP BY', rows,
                      f'SELECT count(s) FROM (SELECT {SKETCH} AS s FROM bench.rets GROUP BY instrument) AS q'),
        sql_contender(backend, 'exact ES GROUP BY', rows,
                      'SELECT count(s) FROM (SELECT margin_calib.expected_shortfall(r, 0.975) AS s '
                      'FROM bench.rets GROUP BY instrument) AS q'),
        sql_contender(backend, 'ES of merged sketches', parts,
                      'SELECT margin_calib.expected_shortfall(margin_calib.tail_sketch_merge(s), 0.975) FROM bench.sketches')]
    if bench.has_tdigest:
        contenders.append(sql_contender(backend, 'tdigest(100)', rows, 'SELECT tdigest_count(tdigest(r, 100)) FROM bench.rets'))
    got = interleave(contenders)
    backend.execute('DROP TABLE bench.sketches')
    return [
        Line('S1', 'tail_sketch / sum(r)', 1.5, ratio(got, 'tail_sketch', 'sum(r)')),
        Line('S2', 'tdigest(100) / tail_sketch', 2, ratio(got, 'tdigest(100)', 'tail_sketch'), True),
        Line('S3', 'tail_sketch / exact ES', None, ratio(got, 'tail_sketch', 'exact ES')),
        Line('S3', 'the same, GROUP BY instrument', None, ratio(got, 'tail_sketch GROUP BY', 'exact ES GROUP BY')),
        Line('S4', 'merged sketch, microseconds', None, got['ES of merged sketches'].nanoseconds() / 1000, unit=' us')]


CASES = {'sketch': case_sketch}
