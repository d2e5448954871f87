"""The aggregate of portfolio margin: expected shortfall of accounts with 20 positions over 1,000 scenarios, beside numpy, scipy and
DuckDB on the same matrix, at two numbers of accounts (book.py has the set path, and the goals G18 to G20); the margin of a book of 60 options
in 33 scenarios (G27). Costs are CPU time a cell: a position in a scenario."""
import io
import os

import numpy

import pandas_peer
from harness import Line, Wrong, duckdb_contender, expect_close, interleave, ratio, sql_contender

ACCOUNTS, POSITIONS, SCENARIOS, INSTRUMENTS = 10000, 20, 1000, 1000
FEW = 1000  # accounts of DuckDB, which would take ten times as long for all
TAIL = SCENARIOS // 100

MARGIN = 'SELECT sum((m).initial_margin) FROM (SELECT margin_calib.portfolio_margin(quantity, vector) AS m FROM bench.holding JOIN bench.risk USING (instrument) {} GROUP BY account) AS q'
IN_DUCKDB = ('SELECT sum(es) AS result FROM (SELECT account, avg(pnl) AS es FROM (SELECT account, pnl, row_number() OVER (PARTITION BY account ORDER BY pnl) AS place FROM '
             '(SELECT account, scenario, sum(quantity * pnl) AS pnl FROM holding JOIN matrix USING (instrument) WHERE account <= {} GROUP BY account, scenario)) '
             f'WHERE place <= {TAIL} GROUP BY account)')

# 60 options of one underlying, their vectors made once, as refresh keeps them
BOOK = """CREATE TABLE bench.option_book AS
    SELECT i, (i % 7) - 3.5 AS quantity, margin_calib.scenario_pnl(margin_calib.parse_symbol(format('BTC-USD-%s-%s-%s', e, 60000 + 2000 * (i % 30), CASE WHEN i % 2 = 0 THEN 'C' ELSE 'P' END), 'paradex'),
               margin_calib.contract_market(90000, 0.5 + 0.005 * (i % 30)), '2026-01-05 08:00Z', s) AS vector
      FROM generate_series(1, 60) AS i, LATERAL (SELECT CASE WHEN i % 4 < 2 THEN '27MAR26' ELSE '26JUN26' END) AS x (e), margin_calib.scenario_set('derive') AS s"""
CHECK = "SELECT margin_calib.portfolio_margin(quantity, vector, s.method) FROM bench.option_book, bench.option_method AS s"


def risk_table(name, scenarios, shocks='shocks'):
    """The vectors of all instruments, each an underlying of its own whose moves are its `shocks`."""
    return f"""CREATE TABLE {name} AS
    SELECT instrument, margin_calib.scenario_pnl(jsonb_populate_record(margin_calib.parse_symbol('BTC-USD-PERP', 'paradex'),
               jsonb_build_object('instrument', 'I' || instrument, 'underlying', 'U' || instrument)), margin_calib.contract_market(price), '2026-01-05', s) AS vector
      FROM bench.history, (SELECT ROW('history', 1, (SELECT array_agg(jsonb_populate_record(NULL::margin_calib.scenario, '{{}}')) FROM generate_series(1, {scenarios})), NULL,
               array_agg(jsonb_populate_record(NULL::margin_calib.factor_law, jsonb_build_object('factor', 'U' || instrument, 'price_shocks', {shocks}))), NULL)::margin_calib.scenario_set FROM bench.history) AS x (s)"""


def load_holdings(bench, rng):
    """bench.holding, in DuckDB too; its instruments and quantities."""
    backend = bench.backend
    instruments = rng.integers(0, INSTRUMENTS, (ACCOUNTS, POSITIONS))
    quantities = rng.normal(0, 10, (ACCOUNTS, POSITIONS))
    backend.execute('DROP TABLE IF EXISTS bench.holding')
    backend.execute('CREATE TABLE bench.holding (account int, instrument int, quantity float8)')
    lines = ((a + 1, int(instruments[a, k]), float(quantities[a, k])) for a in range(ACCOUNTS) for k in range(POSITIONS))
    path = bench.file('holding')
    with open(path, 'w') as out:
        out.writelines(f'{a},{i},{q!r}\n' for a, i, q in lines)
    with open(path) as rows:
        backend.cursor.copy_expert('COPY bench.holding FROM STDIN (FORMAT csv)', rows)
    if bench.peers.has['duckdb']:
        bench.peers.duckdb('DROP TABLE IF EXISTS holding')
        bench.peers.duckdb(f"CREATE TABLE holding AS SELECT column0 AS account, column1 AS instrument, column2 AS quantity FROM read_csv('{path}', header = false)")
    os.remove(path)
    backend.execute('VACUUM (FREEZE, ANALYZE) bench.holding')
    return instruments, quantities


def load(bench):
    rng = numpy.random.default_rng(18)
    backend = bench.backend
    prices = 100 * numpy.exp(rng.normal(0, 1, INSTRUMENTS))
    moves = rng.normal(0, 0.03, (1, SCENARIOS)) + rng.normal(0, 0.02, (INSTRUMENTS, SCENARIOS))
    backend.execute('DROP TABLE IF EXISTS bench.risk, bench.option_book, bench.option_method, bench.history')
    # an underlying of its own for each instrument, with its history
    backend.execute('CREATE TABLE bench.history (instrument int, price float8, shocks float8[])')
    text = ''.join('%d\t%r\t{%s}\n' % (i, float(prices[i]), ','.join(map(repr, moves[i].tolist()))) for i in range(INSTRUMENTS))
    backend.cursor.copy_expert('COPY bench.history FROM STDIN', io.StringIO(text))
    backend.execute(risk_table('bench.risk', SCENARIOS))
    instruments, quantities = load_holdings(bench, rng)
    if bench.peers.has['duckdb']:
        bench.peers.duckdb('DROP TABLE IF EXISTS matrix')
        cells = bench.file('matrix')
        with open(cells, 'w') as out:
            out.writelines(f'{i},{s},{prices[i] * moves[i, s]!r}\n' for i in range(INSTRUMENTS) for s in range(SCENARIOS))
        bench.peers.duckdb(f"CREATE TABLE matrix AS SELECT column0 AS instrument, column1 AS scenario, column2 AS pnl FROM read_csv('{cells}', header = false)")
        os.remove(cells)
    backend.execute(BOOK)
    backend.execute("CREATE TABLE bench.option_method AS SELECT (s).method FROM margin_calib.scenario_set('derive') AS s")
    for table in ('risk', 'option_book'):
        backend.execute(f'VACUUM (FREEZE, ANALYZE) bench.{table}')
    return prices[:, None] * moves, instruments, quantities


def dense(matrix, instruments, quantities):
    weights = numpy.zeros((len(instruments), INSTRUMENTS))
    numpy.add.at(weights, (numpy.arange(len(instruments))[:, None], instruments), quantities)
    pnl = weights @ matrix
    return -numpy.partition(pnl, TAIL, axis=1)[:, :TAIL].mean(axis=1).sum()


def sparse(matrix, instruments, quantities):
    from scipy.sparse import csr_matrix
    rows = numpy.repeat(numpy.arange(len(instruments)), POSITIONS)
    pnl = csr_matrix((quantities.ravel(), (rows, instruments.ravel())), shape=(len(instruments), INSTRUMENTS)) @ matrix
    return -numpy.partition(pnl, TAIL, axis=1)[:, :TAIL].mean(axis=1).sum()


def case_portfolio(bench):
    bench.need('margin_calib.portfolio_margin(float8, margin_calib.risk_vector)')
    matrix, instruments, quantities = load(bench)
    backend, cells, few = bench.backend, ACCOUNTS * POSITIONS * SCENARIOS, FEW * POSITIONS * SCENARIOS
    ours = backend.value(MARGIN.format(''))
    expect_close('margins in numpy', ours, dense(matrix, instruments, quantities), 1e-9)
    if bench.peers.has['duckdb']:
        expect_close('margins in DuckDB', -bench.peers.duckdb(IN_DUCKDB.format(FEW))['result'][0][0], backend.value(MARGIN.format(f'WHERE account <= {FEW}')), 1e-9)
    if backend.value(f'SELECT (({CHECK}) ).initial_margin') <= 0:
        raise Wrong('a book of options without margin')
    got = interleave([
        sql_contender(backend, 'all accounts', cells, MARGIN.format('')),
        sql_contender(backend, 'a tenth', few, MARGIN.format(f'WHERE account <= {FEW}')),
        pandas_peer.contender('numpy dense', cells, lambda: dense(matrix, instruments, quantities)),
        pandas_peer.contender('scipy sparse', cells, lambda: sparse(matrix, instruments, quantities)),
        duckdb_contender(bench.peers, 'DuckDB', few, IN_DUCKDB.format(FEW)),
        sql_contender(backend, 'book of 60 options', 1, CHECK)])
    return [
        Line('G19', 'DuckDB 1 thread / portfolio_margin GROUP BY account', None, ratio(got, 'DuckDB', 'a tenth')),
        Line('G19', 'numpy dense / portfolio_margin', None, ratio(got, 'numpy dense', 'all accounts')),
        Line('G19', 'scipy sparse / portfolio_margin', None, ratio(got, 'scipy sparse', 'all accounts')),
        Line('G18', 'a cell of 10,000 accounts / of 1,000', 1.1, ratio(got, 'all accounts', 'a tenth')),
        Line('G18', '10,000 accounts x 20 positions x 1,000 scenarios', None, got['all accounts'].best['cpu'] * cells * 1e3, unit=' ms'),
        Line('G27', 'margin of 60 options in 33 scenarios', 1.0, got['book of 60 options'].best['cpu'] * 1e3, unit=' ms')]


CASES = {'portfolio': case_portfolio}
