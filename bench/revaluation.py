"""Full revaluation (G21): the price of an option in a scenario by scenario_pnl and by its kernel, beside a plain loop with the vector
library's functions; and margins of whole books whose instruments are revalued first, at two numbers of accounts and of options.
Costs are CPU time a price: an option in a scenario."""
import os
import platform

import numpy

from book import ALL
from harness import HERE, Line, Program, Wrong, compile_beside_kernels, expect_close, interleave, ratio, sql_contender
from portfolio import FEW, INSTRUMENTS, SCENARIOS, load_holdings

HALF = INSTRUMENTS // 2
VECTOR_LIBRARY = ['-march=native', '-mprefer-vector-width=512', '-lmvec'] if platform.machine() == 'x86_64' else []
# calls of one expiry, a quarter of a year ahead, under relative shocks of price and vol, as revaluation_floor.c has them
TERMS = """CREATE TABLE bench.option_terms AS
    SELECT i AS instrument, jsonb_populate_record(margin_calib.parse_symbol('BTC-USD-27MAR26-100000-C', 'paradex'), jsonb_build_object('instrument', 'O' || i, 'strike', 60060 + 60.0 * i)) AS contract,
           margin_calib.contract_market(90000, 0.5 + 0.0001 * i) AS market, timestamptz '2026-03-27 08:00Z' - interval '2190 hours' AS as_of
      FROM generate_series(0, {}) AS i"""
SHOCKS = ("CREATE TABLE bench.option_shocks AS SELECT (jsonb_populate_record(NULL::margin_calib.scenario_set, jsonb_build_object('name', 'many', 'scenarios', jsonb_agg(jsonb_build_object("
          f"'price_shock', 0.1 * sin(i), 'vol_shock', 0.2 * cos(i)))))).* FROM generate_series(1, {SCENARIOS}) AS i")
VECTORS = 'SELECT t.instrument, margin_calib.scenario_pnl(t.contract, t.market, t.as_of, x.s) AS vector FROM bench.option_terms AS t, (SELECT ROW(o.*)::margin_calib.scenario_set AS s FROM bench.option_shocks AS o OFFSET 0) AS x WHERE t.instrument < {}'
COUNT = 'SELECT count(vector) FROM ({}) AS q'


def case_revaluation(bench):
    bench.need('margin_calib.portfolio_margin_all(text, text, margin_calib.margin_method, boolean, name, name, name, name)')
    backend = bench.backend
    load_holdings(bench, numpy.random.default_rng(21))
    backend.execute('DROP TABLE IF EXISTS bench.option_terms, bench.option_shocks, bench.option_risk')
    backend.execute(TERMS.format(INSTRUMENTS - 1))
    backend.execute(SHOCKS)
    backend.execute('CREATE TABLE bench.option_risk AS ' + VECTORS.format(INSTRUMENTS))
    for table in ('option_terms', 'option_risk'):
        backend.execute(f'VACUUM (FREEZE, ANALYZE) bench.{table}')
    i, s = numpy.arange(INSTRUMENTS), numpy.arange(1, SCENARIOS + 1)
    data = numpy.concatenate([60060 + 60.0 * i, 0.5 + 1e-4 * i, 0.1 * numpy.sin(s), 0.2 * numpy.cos(s)])
    floor = Program(compile_beside_kernels('cc', os.path.join(HERE, 'revaluation_floor.c'), '-O3', '-ffast-math', *VECTOR_LIBRARY),
                    [INSTRUMENTS, SCENARIOS], data.tobytes(), INSTRUMENTS * SCENARIOS)
    expect_close('profits by the plain loop', floor.ask(b'k')[1], floor.ask(b'p')[1], 1e-9)
    expect_close('profits of scenario_pnl', backend.value('SELECT sum(p) FROM bench.option_risk, unnest(margin_calib.scenario_profits(vector)) AS p'), floor.ask(b'k')[1], 1e-9)
    all_prices, few = INSTRUMENTS * SCENARIOS, f'SELECT * FROM bench.holding WHERE account <= {FEW}'
    revalued = VECTORS.format(INSTRUMENTS)
    if backend.value(ALL.format('bench.holding', 'bench.option_risk')) != backend.value(ALL.format('bench.holding', revalued)):
        raise Wrong('margins by vectors made in the query differ from those by stored ones')
    got = interleave([
        floor.contender('floor', b'p'), floor.contender('kernel', b'k'),
        sql_contender(backend, 'scenario_pnl', all_prices, COUNT.format(VECTORS.format(INSTRUMENTS))),
        sql_contender(backend, 'half', HALF * SCENARIOS, COUNT.format(VECTORS.format(HALF))),
        sql_contender(backend, 'aggregation', all_prices, ALL.format('bench.holding', 'bench.option_risk')),
        sql_contender(backend, 'revaluation and aggregation', all_prices, ALL.format('bench.holding', revalued)),
        sql_contender(backend, 'aggregation, a tenth', all_prices, ALL.format(few, 'bench.option_risk')),
        sql_contender(backend, 'revaluation and aggregation, a tenth', all_prices, ALL.format(few, revalued))])
    floor.close()

    def added(which=''):
        return got['revaluation and aggregation' + which].best['cpu'] - got['aggregation' + which].best['cpu']
    return [
        Line('G21', 'Black-76 in a scenario: kernel / plain loop with the vector library', 1.3, ratio(got, 'kernel', 'floor')),
        *(Line('G21', f'Black-76 in a scenario, {name}', None, got[name].best['cpu'] * 1e9, unit=' ns') for name in ('floor', 'kernel', 'scenario_pnl')),
        Line('G21', 'scenario_pnl, a price of 1,000 options / of 500', 1.1, ratio(got, 'scenario_pnl', 'half')),
        Line('G21', 'revaluation and portfolio_margin_all / portfolio_margin_all (G18)', 1.5, ratio(got, 'revaluation and aggregation', 'aggregation')),
        Line('G21', 'what revaluation adds for 10,000 accounts / for 1,000', None, added() / added(', a tenth'))]


CASES = {'revaluation': case_revaluation}
