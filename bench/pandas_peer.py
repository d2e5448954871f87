"""pandas and numpy as peers. The rows are read once, before the clock starts: what is timed is the
computation alone, in this process, as if exporting the data had cost nothing."""
import io
import time

import numpy
import pandas

from harness import Contender


def read(bench, table, column):
    """Instrument and one column, in the order of instrument and time."""
    buffer = io.BytesIO()
    bench.backend.cursor.copy_expert(
        f'COPY (SELECT instrument, {column} FROM {table} ORDER BY instrument, ts) TO STDOUT (FORMAT csv)', buffer)
    buffer.seek(0)
    return pandas.read_csv(buffer, names=['instrument', column])


def contender(name, rows, compute):
    def run():
        before, start = time.process_time(), time.perf_counter()
        compute()
        return time.process_time() - before, time.perf_counter() - start
    return Contender(name, rows, run)


def rolling_vol(prices, bars):
    returns = numpy.log(prices['close']).groupby(prices['instrument']).diff()
    return returns.groupby(prices['instrument']).rolling(bars).std()


def shortfall(pnl, confidence):
    """Acerbi and Tasche's, by selection."""
    mass = round(len(pnl) * (1 - confidence), 9)
    whole = int(mass)
    part = numpy.partition(pnl, whole)
    return -(part[:whole].sum() + (mass - whole) * part[whole]) / mass


def shortfalls(returns, confidence):
    return [shortfall(r.to_numpy(), confidence) for _, r in returns.groupby('instrument')['r']]


def filtered_shortfalls(prices, decay, confidence):
    """doc/calibration.md section 2, item 6, one bar ahead."""
    found = []
    for _, close in prices.groupby('instrument')['close']:
        u = numpy.diff(numpy.log(close.to_numpy()))
        squares = u * u
        s = pandas.Series(numpy.concatenate(([squares[:50].mean()], squares)))
        s = numpy.maximum(s.ewm(alpha=1 - decay, adjust=False).mean().to_numpy(), squares.mean() / 100)
        profit = numpy.expm1(u * numpy.sqrt(s[-1] / s[:-1]))
        found.append(shortfall(profit, confidence))
    return found
