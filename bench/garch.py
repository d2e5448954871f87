"""GARCH(1,1) of every instrument: G16. What garch_fit adds to an aggregate that only keeps the returns, beside
the plain C fit of the same kernel, scipy with a compiled or a vectorised recursion, and R's fGarch.
Instruments have 2,500 returns. The cost of a contender is its CPU time a fit."""
import os
import subprocess
import time

import numpy
from scipy.optimize import minimize
from scipy.signal import lfilter

import pandas_peer
from harness import BUILD, Contender, Line, Skipped, Wrong, compile_beside_kernels, expect_close, interleave, sql_contender, write_source

SOURCE = '''#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "kernel/garch_fit.h"

/* fits of every series of `bars` doubles on standard input: CPU seconds, then the log-likelihoods */
int
main(int argc, char **argv)
{
	size_t n = (size_t) atoi(argv[1]);
	int repeats = atoi(argv[2]);
	size_t series = 0;
	size_t room = 1024;
	double *r = malloc(room * n * sizeof(double));
	double *z = malloc(n * sizeof(double));
	double *likelihoods = malloc(1000000 * sizeof(double));
	McGarchSpec spec = {false, false, MC_GARCH_BACKCAST};
	clock_t start;

	while (fread(r + series * n, sizeof(double), n, stdin) == n)
		if (++series == room)
			r = realloc(r, (room *= 2) * n * sizeof(double));
	start = clock();
	for (int k = 0; k < repeats; k++)
		for (size_t i = 0; i < series; i++)
		{
			McGarchSeries s;
			McGarchFit fit;

			mc_garch_prepare(r + i * n, n, spec, z, &s, &fit.fit, NULL);
			mc_garch_fit(&s, &fit, NULL);
			likelihoods[i] = fit.log_likelihood;
		}
	printf("%.9g\\n", (double) (clock() - start) / CLOCKS_PER_SEC / repeats);
	for (size_t i = 0; i < series; i++)
		printf("%.17g\\n", likelihoods[i]);
	return argc < 3;
}
'''
GROUPED = 'SELECT count(f) FROM (SELECT {call} AS f FROM bench.garch GROUP BY instrument) q'
BARS = 2500


def returns_of(bench):
    """Rows of log returns, one an instrument, each with clusters of volatility put into it."""
    random = numpy.random.default_rng(20240229)
    rows = numpy.empty((min(bench.recent_instruments, 200), BARS))
    for row in rows:
        z, h = random.standard_normal(BARS), 1.0
        for i in range(BARS):
            row[i] = 0.01 * (0.02 + numpy.sqrt(h) * z[i])
            h = 0.05 + 0.08 * h * z[i] * z[i] + 0.87 * h
    return rows


def load(bench, rows):
    path = bench.file('garch')
    with open(path, 'w') as f:
        for instrument, row in enumerate(rows):
            f.writelines(f'{instrument},{i},{x!r}\n' for i, x in enumerate(row.tolist()))
    bench.backend.execute('CREATE TABLE bench.garch (instrument int, i int, r float8)')
    bench.backend.execute(f"COPY bench.garch FROM '{path}' (FORMAT csv)")
    bench.backend.execute('CREATE INDEX ON bench.garch (instrument, i)')
    bench.backend.execute('VACUUM (FREEZE, ANALYZE) bench.garch')
    os.remove(path)


# ---- the peers ----

def plain_c(program, rows, repeats):
    out = subprocess.run([program, str(BARS), str(repeats)], input=rows.tobytes(), capture_output=True, check=True).stdout.split()
    return float(out[0]), [float(x) for x in out[1:]]


def plain_contender(program, rows):
    def run():
        start = time.perf_counter()
        cpu, _ = plain_c(program, rows, 1)
        return cpu, time.perf_counter() - start
    return Contender('plain C fit', len(rows), run)


def recursion():
    """h of a GARCH(1,1), compiled by numba where it is installed, else scipy's lfilter."""
    try:
        import numba
    except ImportError:
        def filtered(squares, s, omega, alpha, beta):
            news = omega + alpha * numpy.concatenate([[s], squares[:-1]])
            return lfilter([1.0], [1.0, -beta], news, zi=[beta * s])[0]
        return 'scipy, lfilter', filtered

    @numba.njit(cache=False)
    def compiled(squares, s, omega, alpha, beta):
        h = numpy.empty(len(squares))
        last, news = s, s
        for i in range(len(squares)):
            last = omega + alpha * news + beta * last
            news = squares[i]
            h[i] = last
        return h
    return 'scipy, numba', compiled


def scipy_fit(r, h_of):
    """L-BFGS-B of the same likelihood, with differences for a gradient; the variance is scaled to 1."""
    scale = r.std()
    x = r / scale
    weights = 0.94 ** numpy.arange(75)
    s = numpy.sum(weights * (x[:75] - x.mean()) ** 2) / weights.sum()

    def minus(p):
        squares = (x - p[0]) ** 2
        h = h_of(squares, s, p[1], p[2], p[3])
        return 0.5 * numpy.sum(numpy.log(2 * numpy.pi * h) + squares / h)
    run = minimize(minus, [x.mean(), 0.05, 0.08, 0.87], method='L-BFGS-B',
                   bounds=[(-1, 1), (1e-8, 10), (0, 1), (0, 1)])
    return -run.fun - len(r) * numpy.log(scale)


def fgarch_contender(rows):
    """R's own clock around garchFit; reading the data is free."""
    path = os.path.join(BUILD, 'garch.csv')
    numpy.savetxt(path, rows[:3].T, delimiter=',')
    program = ("suppressMessages(library(fGarch)); x <- as.matrix(read.csv('%s', header = FALSE)); "
               "invisible(garchFit(~garch(1,1), data = x[, 1], trace = FALSE)); "
               "t <- system.time(for (j in 1:ncol(x)) garchFit(~garch(1,1), data = x[, j], trace = FALSE)); "
               "cat('@', t[1] + t[2])" % path)

    def run():
        try:
            out = subprocess.run(['Rscript', '--vanilla', '-e', program], capture_output=True, text=True)
        except OSError:
            raise Skipped('no R')
        if '@' not in out.stdout:
            raise Skipped('no fGarch')
        cpu = float(out.stdout.split('@')[1])
        return cpu, cpu
    return Contender('R fGarch', min(3, len(rows)), run)


def differences(found, top, bottom, peer, upside_down=False):
    """(top - bottom) / peer of the same rounds, or its inverse; None when one is absent."""
    if peer not in found:
        return None
    added = [a - b for a, b in zip(found[top].cpu, found[bottom].cpu)]
    ratios = sorted((p / a if upside_down else a / p) for a, p in zip(added, found[peer].cpu) if a > 0)
    return ratios[len(ratios) // 2] if ratios else None


def case_garch(bench):
    rows = returns_of(bench)
    fits = len(rows)
    load(bench, rows)
    backend = bench.backend
    ours = [x for x, in backend.query('SELECT (margin_calib.garch_fit(r ORDER BY i)).log_likelihood '
                                      'FROM bench.garch GROUP BY instrument ORDER BY instrument')]
    program = compile_beside_kernels('cc', write_source('garch_plain.c', SOURCE), '-std=gnu11')
    expect_close('plain C', ours, plain_c(program, rows, 1)[1], 1e-12)
    peer_name, h_of = recursion()
    theirs = [scipy_fit(row, h_of) for row in rows[:20]]
    expect_close(peer_name, ours[:20], theirs, 1e-6)
    if any(a < b - 1e-4 for a, b in zip(ours, theirs)):
        raise Wrong('scipy found a higher likelihood')
    found = interleave([
        sql_contender(backend, 'kept only', fits, GROUPED.format(call='margin_calib.garch_vol(0 * r ORDER BY i)')),
        sql_contender(backend, 'garch_fit', fits, GROUPED.format(call='margin_calib.garch_fit(r ORDER BY i)')),
        sql_contender(backend, 'garch_fit gjr_t', fits, GROUPED.format(call="margin_calib.garch_fit(r, 'gjr_t' ORDER BY i)")),
        plain_contender(program, rows),
        pandas_peer.contender(peer_name, min(20, fits), lambda: [scipy_fit(row, h_of) for row in rows[:20]]),
        fgarch_contender(rows)])
    return [
        Line('G16', 'GARCH(1,1), 2,500 returns: added by garch_fit / plain C fit', 1.2,
             differences(found, 'garch_fit', 'kept only', 'plain C fit')),
        Line('G16', 'scipy with numba / added by garch_fit', 15,
             differences(found, 'garch_fit', 'kept only', peer_name, True) if 'numba' in peer_name else None, True),
        Line('G16', 'R fGarch / added by garch_fit', 800,
             differences(found, 'garch_fit', 'kept only', 'R fGarch', True), True),
        Line('G16', 'GARCH(1,1), 2,500 returns: milliseconds added a fit', None,
             None if 'garch_fit' not in found else
             (found['garch_fit'].best['cpu'] - found['kept only'].best['cpu']) * 1e3, unit=' ms')]


CASES = {'garch': case_garch}
