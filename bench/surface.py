"""Volatility surfaces: a whole snapshot of two underlyings with 1,300 quotes through fit_surface, beside an
unconstrained least-squares SVI of each expiry by scipy from vols that are given; and four times as many
underlyings, which must cost four times as much. Costs are CPU time a quote; milliseconds of the snapshot are shown too."""
import numpy
from scipy.optimize import least_squares

import pandas_peer
from harness import Line, Skipped, interleave, ratio, sql_contender

EXPIRIES = (1, 2, 3, 10, 17, 31, 59, 87, 178, 269, 360)
STRIKES = 30
GOAL_MS = 50.0


def smiles(seed):
    """(days, forward, strikes, vols) of each expiry: a skew and wings that flatten with time, and noise."""
    random = numpy.random.default_rng(seed)
    for days in EXPIRIES:
        t = days / 365
        reach = 3.5 * 0.5 * numpy.sqrt(t)
        k = numpy.linspace(-reach, reach, STRIKES)
        x = k / numpy.sqrt(t + 0.02)
        yield days, 90000 * numpy.exp(0.05 * t), k, 0.45 - 0.08 * x + 0.25 * x * x / (1 + 0.4 * numpy.abs(x)) + random.normal(0, 0.002, STRIKES)


def load(backend, underlyings):
    backend.execute('CREATE TABLE bench.quote (underlying int, expiry timestamptz, strike float8, kind text, bid float8, ask float8, forward float8)')
    rows = [(u, days, float(f * numpy.exp(k)), kind, float(vol), float(f), days / 365)
            for u in range(underlyings) for days, f, ks, vols in smiles(u) for k, vol in zip(ks, vols) for kind in ('call', 'put')]
    backend.cursor.executemany(
        "INSERT INTO bench.quote SELECT u, '2026-01-05 08:00Z'::timestamptz + d * interval '1 day', k, c, p * 0.98 / f, p * 1.02 / f, f "
        'FROM (SELECT %s::int u, %s::int d, %s::float8 k, %s::text c, %s::float8 v, %s::float8 f, %s::float8 t) q, '
        'LATERAL margin_calib.black76_price(c, f, k, t, v) AS p', rows)
    backend.execute('VACUUM ANALYZE bench.quote')
    return len(rows) // underlyings


def plain_svi(k, w):
    """What a user of scipy writes: raw SVI through total variances, nothing forbidden."""
    def error(p):
        return p[0] + p[1] * (p[2] * (k - p[3]) + numpy.sqrt((k - p[3]) ** 2 + p[4] ** 2)) - w
    return least_squares(error, [w.min() / 2, 0.1, -0.2, 0.0, 0.1])


def case_surface(bench):
    a_surface = load(bench.backend, 8)
    fit = ("SELECT cardinality((margin_calib.fit_surface(expiry, strike, kind, bid, ask, NULL, forward, NULL, '2026-01-05 08:00Z', "
           "margin_calib.surface_settings('coin'))).slices) FROM bench.quote WHERE underlying < %d GROUP BY underlying")
    fitted = bench.backend.query('SELECT count(*) FROM (%s) AS f' % (fit % 8))[0][0]
    if fitted != 8:
        raise Skipped(f'{fitted} surfaces of 8')
    chains = [(k, vol * vol * days / 365) for u in range(2) for days, _, k, vol in smiles(u)]
    found = interleave([
        sql_contender(bench.backend, 'snapshot', 2 * a_surface, fit % 2),
        sql_contender(bench.backend, 'eight underlyings', 8 * a_surface, fit % 8),
        pandas_peer.contender('scipy', 2 * a_surface, lambda: [plain_svi(k, w) for k, w in chains])])
    return [
        Line('S1', 'scipy, plain SVI of each expiry / fit_surface', None, ratio(found, 'scipy', 'snapshot'), True),
        Line('S1', 'a quote of eight underlyings / of two', 1.15, ratio(found, 'eight underlyings', 'snapshot')),
        Line('S1', 'two underlyings, 1,320 quotes', GOAL_MS, found['snapshot'].best['cpu'] * 2e3 * a_surface, unit=' ms')]


CASES = {'surface': case_surface}
