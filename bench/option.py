"""Option pricing: G25. Black-76 prices with Greeks and implied vols in C, one at a time and in columns, beside QuantLib's
BlackCalculator and blackFormulaImpliedStdDev in C++ and scipy; and what a call from SQL adds.
Costs are CPU time an option; absolute nanoseconds are shown too, as the goal names them."""
import os
import subprocess
import time

import numpy
from scipy.special import ndtr

import pandas_peer
from harness import Contender, Line, Skipped, compile_beside_kernels, expect_close, interleave, ratio, sql_contender, write_source

OPTIONS = 4096
SOURCE = '''#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#ifdef WITH_QUANTLIB
#include <ql/pricingengines/blackcalculator.hpp>
#include <ql/pricingengines/blackformula.hpp>
using namespace QuantLib;
#endif
extern "C" {
#include "kernel/black.h"
#include "kernel/black_batch.h"
#include "kernel/implied_vol.h"
}

enum { N = 4096 };
static bool call[N];
static double in[5][N], out[8][N];

/* NAME REPEATS, options on standard input: CPU seconds of one pass, then the sum of its results */
int
main(int argc, char **argv)
{
	const double *f = in[0], *k = in[1], *t = in[2], *vol = in[3], *price = in[4];
	McOptions options = {call, 1, {f, 1}, {k, 1}, {t, 1}, {vol, 1}, N};
	McGreekColumns columns = {out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7]};
	double sum = 0;
	clock_t start;
	int repeats = argc > 2 ? atoi(argv[2]) : 1;

	if (fread(in, sizeof(in), 1, stdin) != 1)
		return 1;
	for (int i = 0; i < N; i++)
		call[i] = i & 1;
	start = clock();
	for (int r = 0; r < repeats; r++)
	{
		sum = 0;
		if (strcmp(argv[1], "one") == 0)
			for (int i = 0; i < N; i++)
			{
				McOptionGreeks g;
				mc_black76_greeks(call[i], f[i], k[i], t[i], vol[i], &g);
				sum += g.price + g.delta + g.vega;
			}
		else if (strncmp(argv[1], "columns", 7) == 0)
		{
			McBlackIsa isa = argv[1][7] ? (McBlackIsa) atoi(argv[1] + 7) : mc_black_isa();
			mc_black76_greeks_all(&options, isa, &columns);
			/* a sum waits for itself: once is enough to show that the columns are right */
			for (int i = 0; i < N && r == repeats - 1; i++)
				sum += out[0][i] + out[1][i] + out[3][i];
		}
		else if (strcmp(argv[1], "vol") == 0)
			for (int i = 0; i < N; i++)
			{
				double v;
				mc_implied_vol(call[i], price[i], f[i], k[i], t[i], &v);
				sum += v;
			}
#ifdef WITH_QUANTLIB
		else if (strcmp(argv[1], "quantlib") == 0)
			for (int i = 0; i < N; i++)
			{
				BlackCalculator b(call[i] ? Option::Call : Option::Put, k[i], f[i], vol[i] * std::sqrt(t[i]), 1.0);
				double rest = b.gammaForward() + b.theta(f[i], t[i]) + b.rho(t[i]);
				sum += b.value() + b.deltaForward() + b.vega(t[i]) + 0 * rest;
			}
		else if (strcmp(argv[1], "quantlib_vol") == 0)
			for (int i = 0; i < N; i++)
				try
				{
					sum += blackFormulaImpliedStdDev(call[i] ? Option::Call : Option::Put, k[i], f[i], price[i], 1.0, 0.0,
					                                 Null<Real>(), 1e-12, 100) / std::sqrt(t[i]);
				}
				catch (std::exception &)
				{
					sum += vol[i]; /* it gives up on a few */
				}
#endif
		else
			return 2;
	}
	printf("%.9g %.17g\\n", (double) (clock() - start) / CLOCKS_PER_SEC / repeats, sum);
}
'''


def compile_program():
    source = write_source('option_plain.cpp', SOURCE)
    quantlib = ['-DWITH_QUANTLIB', '-lQuantLib'] if os.path.exists('/usr/include/ql') else []
    return compile_beside_kernels('c++', source, *quantlib)


def market():
    """Forward, strike, time, vol: crypto options from a week to a year, calls at odd places."""
    random = numpy.random.default_rng(20240229)
    f = numpy.full(OPTIONS, 60000.0)
    t = random.uniform(0.02, 1.02, OPTIONS)
    vol = random.uniform(0.3, 1.3, OPTIONS)
    k = f * numpy.exp(random.uniform(-0.6, 0.6, OPTIONS))
    return f, k, t, vol


def scipy_greeks(f, k, t, vol, call):
    """The textbook, vectorised: what a user of numpy writes."""
    root = numpy.sqrt(t)
    s = vol * root
    d1 = numpy.log(f / k) / s + s / 2
    d2 = d1 - s
    sign = numpy.where(call, 1.0, -1.0)
    density = numpy.exp(-d1 * d1 / 2) / numpy.sqrt(2 * numpy.pi)
    price = sign * (f * ndtr(sign * d1) - k * ndtr(sign * d2))
    return (price, sign * ndtr(sign * d1), density / (f * s), f * density * root, -f * density * vol / (2 * root), -t * price)


def plain(program, name, data, repeats=1):
    done = subprocess.run([program, name, str(repeats)], input=data, capture_output=True)
    if done.returncode:
        raise Skipped('no QuantLib for C++ (libquantlib0-dev)')
    return [float(x) for x in done.stdout.split()]


def plain_contender(program, name, data, shown, passes):
    def run():
        start = time.perf_counter()
        return plain(program, name, data, passes)[0] * passes, time.perf_counter() - start
    return Contender(shown, OPTIONS * passes, run)


def load(backend, f, k, t, vol):
    backend.execute('CREATE TABLE bench.option (i int, kind text, forward float8, strike float8, t float8, vol float8)')
    rows = [(i, 'call' if i & 1 else 'put', *map(float, row)) for i, row in enumerate(zip(f, k, t, vol))]
    backend.cursor.executemany('INSERT INTO bench.option VALUES (%s, %s, %s, %s, %s, %s)', rows)
    backend.execute('CREATE TABLE bench.option_column AS SELECT array_agg(kind ORDER BY i) k, array_agg(forward ORDER BY i) f, '
                    'array_agg(strike ORDER BY i) x, array_agg(t ORDER BY i) t, array_agg(vol ORDER BY i) v FROM bench.option')
    backend.execute('VACUUM ANALYZE bench.option, bench.option_column')


def nanoseconds(found, name):
    return found[name].best['cpu'] * 1e9 if name in found else None


def case_option(bench):
    f, k, t, vol = market()
    call = numpy.arange(OPTIONS) % 2 == 1
    scipy = scipy_greeks(f, k, t, vol, call)
    program = compile_program()
    data = numpy.concatenate([f, k, t, vol, scipy[0]]).tobytes()
    load(bench.backend, f, k, t, vol)
    total = float(numpy.sum(scipy[0] + scipy[1] + scipy[3]))
    for name in ('one', 'columns'):
        expect_close(name, plain(program, name, data)[1], total, 1e-12)
    expect_close('implied vols', plain(program, 'vol', data)[1], float(vol.sum()), 1e-9)
    sql = 'SELECT sum(p) FROM bench.option_column, margin_calib.black76_prices(k, f, x, t, v) a, unnest(a) p'
    expect_close('SQL', bench.backend.value(sql), float(scipy[0].sum()), 1e-12)
    found = interleave([
        plain_contender(program, 'one', data, 'one at a time', 800),
        plain_contender(program, 'columns', data, 'columns', 5000),
        plain_contender(program, 'columns0', data, 'columns, SSE2', 1500),
        plain_contender(program, 'quantlib', data, 'QuantLib BlackCalculator', 200),
        plain_contender(program, 'vol', data, 'implied vol', 250),
        plain_contender(program, 'quantlib_vol', data, 'QuantLib implied', 40),
        pandas_peer.contender('scipy', OPTIONS, lambda: scipy_greeks(f, k, t, vol, call)),
        sql_contender(bench.backend, 'rows only', OPTIONS, 'SELECT sum(vol) FROM bench.option'),
        sql_contender(bench.backend, 'SQL, rows', OPTIONS,
                      'SELECT sum(margin_calib.black76_price(kind, forward, strike, t, vol)) FROM bench.option'),
        sql_contender(bench.backend, 'SQL, arrays', OPTIONS,
                      'SELECT cardinality(margin_calib.black76_prices(k, f, x, t, v)) FROM bench.option_column')])
    return [
        Line('G25', 'QuantLib C++ BlackCalculator / price and Greeks, one at a time', 3,
             ratio(found, 'QuantLib BlackCalculator', 'one at a time'), True),
        Line('G25', 'QuantLib C++ BlackCalculator / price and Greeks in columns', 3,
             ratio(found, 'QuantLib BlackCalculator', 'columns'), True),
        Line('G25', 'QuantLib C++ implied vol at 1e-12 / ours', 4.5, ratio(found, 'QuantLib implied', 'implied vol'), True),
        Line('G25', 'scipy price and Greeks / columns', None, ratio(found, 'scipy', 'columns'), True),
        Line('G25', 'price and Greeks, one at a time', 50, nanoseconds(found, 'one at a time'), unit=' ns'),
        Line('G25', 'price and Greeks in columns', 12, nanoseconds(found, 'columns'), unit=' ns'),
        Line('G25', 'implied vol', 220, nanoseconds(found, 'implied vol'), unit=' ns'),
        Line('G25', 'SQL: a price of an array', None, nanoseconds(found, 'SQL, arrays'), unit=' ns')]


CASES = {'option': case_option}
