"""Margins of whole books (G18 to G20): expected shortfall at 99 and 97.5 % of 10,000 accounts x 20 positions x 1,000 scenarios by
portfolio_margin_all and by the aggregate, beside the plain C loop, the kernel without a database, numpy, scipy and DuckDB; at three
numbers of accounts, positions and scenarios; memory. Costs are CPU time a cell: a position in a scenario."""
import os

import numpy

import pandas_peer
import portfolio
from harness import HERE, Line, Program, Wrong, compile_beside_kernels, duckdb_contender, expect_close, interleave, peak_memory, ratio, sql_contender
from portfolio import ACCOUNTS, FEW, IN_DUCKDB, INSTRUMENTS, MARGIN, POSITIONS, SCENARIOS

ALL = "SELECT sum((margin).initial_margin), sum((margin).maintenance_margin) FROM margin_calib.portfolio_margin_all('{}', '{}')"
STREAM = "SELECT count(m) FROM (SELECT margin_calib.portfolio_margin_all('{}', '{}') AS m OFFSET 0) AS q"
PARALLEL = {'max_parallel_workers_per_gather': 2, 'parallel_setup_cost': 0, 'parallel_tuple_cost': 0, 'min_parallel_table_scan_size': 0}
CUTS = (250, 4000)     # scenarios, beside the 1,000 of portfolio.py
# the same rows as fewer or more accounts: 5 and 80 positions each, on average
SPLIT = 'SELECT account * 4 + instrument % 4 AS account, instrument, quantity FROM bench.holding'
JOINED = 'SELECT (account + 3) / 4 AS account, instrument, quantity FROM bench.holding'


def start_floor(program, matrix, instruments, quantities):
    """The C program, with its data; shortfalls at 99 and 97.5 %."""
    scenarios = matrix.shape[1]
    sizes = [len(quantities), quantities.shape[1], scenarios, len(matrix), round(0.01 * scenarios), round(0.025 * scenarios)]
    return Program(program, sizes, matrix.tobytes() + quantities.tobytes() + instruments.astype(numpy.int32).tobytes(), quantities.size * scenarios)


def load_cuts(bench, matrix):
    """Vectors of fewer and of more scenarios: the profits of the first, and those again in another order."""
    backend, wide = bench.backend, {}
    for cut in CUTS:
        source = f'(shocks || shocks || shocks || shocks)[1:{cut}]'
        backend.execute(f'DROP TABLE IF EXISTS bench.risk_{cut}')
        backend.execute(portfolio.risk_table(f'bench.risk_{cut}', cut, source))
        backend.execute(f'VACUUM (FREEZE, ANALYZE) bench.risk_{cut}')
        wide[cut] = numpy.ascontiguousarray(numpy.tile(matrix, 4)[:, :cut])
    return wide


def regroup(instruments, quantities, by):
    return instruments.reshape(-1, by), quantities.reshape(-1, by)


def memory_lines(bench):
    """What a query adds to the peak of a backend that has the extension loaded and the tables read."""
    def peak(sql):
        return peak_memory(sql)[0]
    few = "SELECT count(*) FROM margin_calib.portfolio_margin_all('SELECT * FROM bench.holding WHERE account < 0', 'SELECT * FROM bench.risk WHERE instrument < 1')"
    bound = (8 * INSTRUMENTS * SCENARIOS + 20 * ACCOUNTS * POSITIONS + 16384) * 1.2 / 1e6
    base = peak(few)
    return [Line('G20', 'memory of portfolio_margin_all, rows taken one by one', bound, (peak(STREAM.format('bench.holding', 'bench.risk')) - base) / 1e6, unit=' MB'),
            Line('G20', 'the same FROM, where PostgreSQL keeps the rows', None, (peak(ALL.format('bench.holding', 'bench.risk')) - base) / 1e6, unit=' MB'),
            Line('G20', 'memory of the aggregate, GROUP BY account', None, (peak(MARGIN.format('')) - base) / 1e6, unit=' MB')]


def size_lines(bench, program, wide, matrix, instruments, quantities):
    """The set path at three sizes each, beside the plain loop at the same."""
    backend, lines, floors = bench.backend, [], []
    cells = ACCOUNTS * POSITIONS * SCENARIOS
    sizes = [('1,000 accounts', 'SELECT * FROM bench.holding WHERE account <= 1000', 'bench.risk', matrix, instruments[:1000], quantities[:1000]),
             ('4,000 accounts', 'SELECT * FROM bench.holding WHERE account <= 4000', 'bench.risk', matrix, instruments[:4000], quantities[:4000]),
             ('5 positions', SPLIT, 'bench.risk', matrix, *regroup(instruments, quantities, 5)),
             ('80 positions', JOINED, 'bench.risk', matrix, *regroup(instruments, quantities, 80)),
             ('250 scenarios', 'bench.holding', 'bench.risk_250', wide[250], instruments, quantities),
             ('4,000 scenarios', 'bench.holding', 'bench.risk_4000', wide[4000], instruments, quantities)]
    contenders = [sql_contender(backend, 'base', cells, ALL.format('bench.holding', 'bench.risk'))]
    for name, positions, vectors, m, held, amounts in sizes:
        floor = start_floor(program, m, held, amounts)
        floors.append(floor)
        contenders += [sql_contender(backend, name, floor.rows, ALL.format(positions, vectors)), floor.contender('C loop, ' + name, b'p')]
    got = interleave(contenders)
    for floor in floors:
        floor.close()
    for name, *_ in sizes:
        lines.append(Line('G18', f'portfolio_margin_all / plain C loop, {name}', 1.4, ratio(got, name, 'C loop, ' + name)))
    for what, large, small in (('10,000 accounts / of 1,000', 'base', '1,000 accounts'), ('80 positions / of 5', '80 positions', '5 positions'), ('4,000 scenarios / of 250', '4,000 scenarios', '250 scenarios')):
        lines.append(Line('G18', f'portfolio_margin_all, a cell of {what}', None, ratio(got, large, small)))
    return lines


def case_book(bench):
    bench.need('margin_calib.portfolio_margin_all(text, text, margin_calib.margin_method, boolean, name, name, name, name)')
    matrix, instruments, quantities = portfolio.load(bench)
    wide, program = load_cuts(bench, matrix), compile_beside_kernels('cc', os.path.join(HERE, 'portfolio_floor.c'), '-std=gnu11')
    backend, cells, few = bench.backend, ACCOUNTS * POSITIONS * SCENARIOS, FEW * POSITIONS * SCENARIOS
    whole, aggregate = ALL.format('bench.holding', 'bench.risk'), MARGIN.format('')
    floor = start_floor(program, matrix, instruments, quantities)
    ours = backend.query(whole)[0]
    expect_close('the plain C loop', ours, floor.ask(b'p')[1:], 1e-9)
    expect_close('the kernel', ours, floor.ask(b'k')[1:], 1e-12)
    expect_close('margins in numpy', ours[0], portfolio.dense(matrix, instruments, quantities), 1e-9)
    if backend.value('SELECT count(*) FROM (SELECT account::text, margin_calib.portfolio_margin(quantity, vector) AS m FROM bench.holding JOIN bench.risk USING (instrument) GROUP BY account) AS a '
                     "FULL JOIN margin_calib.portfolio_margin_all('bench.holding', 'bench.risk', with_pnl => true) AS b USING (account) WHERE m::text IS DISTINCT FROM margin::text") != 0:
        raise Wrong('portfolio_margin_all differs from portfolio_margin')
    got = interleave([
        sql_contender(backend, 'set path', cells, whole),
        sql_contender(backend, 'aggregate', cells, aggregate),
        sql_contender(backend, 'aggregate, 2 workers', cells, aggregate, PARALLEL),
        floor.contender('plain C loop', b'p'),
        floor.contender('kernel', b'k'),
        pandas_peer.contender('numpy dense', cells, lambda: portfolio.dense(matrix, instruments, quantities)),
        pandas_peer.contender('scipy sparse', cells, lambda: portfolio.sparse(matrix, instruments, quantities)),
        duckdb_contender(bench.peers, 'DuckDB', few, IN_DUCKDB.format(FEW))])
    floor.close()
    return [
        Line('G18', 'portfolio_margin_all / plain C loop with a running threshold', 1.4, ratio(got, 'set path', 'plain C loop')),
        Line('G18', 'portfolio_margin_all / its kernel without a database', None, ratio(got, 'set path', 'kernel')),
        Line('G18', 'portfolio_margin GROUP BY account / plain C loop', 2, ratio(got, 'aggregate', 'plain C loop')),
        Line('G18', 'portfolio_margin GROUP BY account: 2 workers / serial, wall', None, ratio(got, 'aggregate, 2 workers', 'aggregate', 'wall')),
        Line('G18', 'portfolio_margin_all, all accounts', None, got['set path'].best['cpu'] * cells * 1e3, unit=' ms'),
        Line('G19', 'DuckDB 1 thread / portfolio_margin_all', 150, ratio(got, 'DuckDB', 'set path'), True),
        Line('G19', 'numpy dense / portfolio_margin_all', 10, ratio(got, 'numpy dense', 'set path'), True),
        Line('G19', 'scipy sparse / portfolio_margin_all', 3.5, ratio(got, 'scipy sparse', 'set path'), True),
    ] + memory_lines(bench) + size_lines(bench, program, wide, matrix, instruments, quantities)


CASES = {'book': case_book}
