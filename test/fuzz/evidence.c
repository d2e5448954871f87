/*
 * evidence.c
 *	  Reliability of correlations, and paths of margins, from any numbers: what their contracts say of every
 *	  answer.
 */
#include "fuzz.h"

#include "kernel/correlation_reliability.h"
#include "kernel/procyclicality.h"

FUZZ_WITH_GSL

static bool
in_unit(double r)
{
	return isnan(r) || (r >= -1 && r <= 1);
}

static void
check_reliability(const double *x, const double *y, size_t n, double confidence, size_t subperiods)
{
	double *parts = array(subperiods, sizeof(double));
	double *work = array(2 * n, sizeof(double));
	McCorrelationEvidence e;
	McCorrelationEvidence other;

	CHECK(mc_correlation_reliability(x, y, n, confidence, subperiods, parts, work, &e, NULL) ==
	          MC_OK,
	      "status");
	CHECK(in_unit(e.correlation) && in_unit(e.lower_bound) && in_unit(e.stressed) &&
	          in_unit(e.smallest),
	      "%g %g %g %g", e.correlation, e.lower_bound, e.stressed, e.smallest);
	CHECK((e.verdict == MC_RELIABLE) == (e.offset != 0), "offset %g", e.offset);
	CHECK(fabs(e.offset) <= 1 && e.offset * (e.offset == 0 ? 0 : e.correlation) >= 0, "offset %g",
	      e.offset);
	for (size_t p = 0; p < subperiods; p++)
	{
		CHECK(in_unit(parts[p]), "part %g", parts[p]);
		CHECK(e.offset == 0 || fabs(e.offset) <= fabs(parts[p]), "offset %g beyond part %g",
		      e.offset, parts[p]);
	}
	CHECK(mc_correlation_reliability(y, x, n, confidence, subperiods, parts, work, &other, NULL) ==
	          MC_OK,
	      "status of the exchange");
	CHECK(same(e.correlation, other.correlation) && same(e.offset, other.offset) &&
	          e.verdict == other.verdict,
	      "exchanged %.17g %.17g", e.correlation, other.correlation);
	free(parts);
	free(work);
}

static void
check_measures(const McProcyclicality *m, size_t n)
{
	CHECK(m->lowest > 0 && m->lowest <= m->highest && m->peak_to_trough >= 1, "level %g %g",
	      m->lowest, m->highest);
	CHECK(isfinite(m->average), "average %g", m->average);
	CHECK(isnan(m->coverage) == (m->losses == 0), "coverage %g", m->coverage);
	CHECK(isnan(m->average_shortfall) == (m->exceptions == 0), "shortfall %g",
	      m->average_shortfall);
	CHECK(m->exceptions <= m->losses && m->losses <= n, "%zu of %zu", m->exceptions, m->losses);
	for (int h = 0; h < MC_RISE_HORIZONS; h++)
		CHECK(isnan(m->rise[h]) == (n <= mc_rise_horizons[h]) && !isinf(m->rise_in_days[h]),
		      "rise %g", m->rise[h]);
}

static McStatus
run_path(const McMarginPath *given, bool reverse, McProcyclicality *measures, bool *twice)
{
	size_t n = given->n;
	McMarginPath path = {array(n, sizeof(int64_t)), array(n, sizeof(double)),
	                     array(n, sizeof(double)), n};
	void *work = array(mc_margin_path_worksize(n), 1);
	McStatus status;

	for (size_t i = 0; i < n; i++)
	{
		size_t from = reverse ? n - 1 - i : i;

		path.ts[i] = given->ts[from];
		path.margin[i] = given->margin[from];
		path.loss[i] = given->loss[from];
	}
	status = mc_margin_path_order(&path, work, NULL);
	CHECK(status == MC_OK, "order");
	*twice = mc_margin_path_duplicate(&path) > 0;
	if (!*twice)
		status = mc_procyclicality(&path, work, measures, NULL);
	free(path.ts);
	free(path.margin);
	free(path.loss);
	free(work);
	return status;
}

static void
check_path(const McMarginPath *path)
{
	McProcyclicality a;
	McProcyclicality b;
	bool twice;
	bool again;
	McStatus status = run_path(path, false, &a, &twice);

	CHECK(run_path(path, true, &b, &again) == status && twice == again, "status of the reverse");
	if (twice || status != MC_OK)
		return;
	check_measures(&a, path->n);
	CHECK(same(a.average, b.average) && same(a.average_excess, b.average_excess) &&
	          same(a.rise_in_days[1], b.rise_in_days[1]) &&
	          same(a.log_change_deviation, b.log_change_deviation),
	      "the order of arrival matters");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t subperiods = 1 + take(&b, 1) % MC_MOST_SUBPERIODS;
	double confidence = 0.5 + (double) take(&b, 1) / 513;
	double *x = array(size, sizeof(double));
	double *y = array(size, sizeof(double));
	int64_t *ts = array(size, sizeof(int64_t));
	McMarginPath path = {ts, x, y, 0};
	size_t n = 0;

	for (; b.left > 0; n++)
	{
		ts[n] = kind & 16 ? (int64_t) take(&b, 8) : (int64_t) take(&b, 3) * INT64_C(3600000000);
		x[n] = take_finite(&b, kind);
		y[n] = take_finite(&b, kind >> 2);
	}
	check_reliability(x, y, n, confidence, subperiods);
	for (size_t i = 0; i < n; i++)
	{
		x[i] = x[i] == 0 ? 1 : fabs(x[i]);
		if (kind & 32 && y[i] < 0)
			y[i] = NAN;
	}
	path.n = n;
	if (n > 0)
		check_path(&path);
	free(x);
	free(y);
	free(ts);
	return 0;
}
