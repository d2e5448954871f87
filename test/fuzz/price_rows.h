/*
 * price_rows.h
 *	  Price rows of fuzz targets, and doc/calibration.md, section 1, points 1 and 2, by brute force.
 */
#ifndef MC_FUZZ_PRICE_ROWS_H
#define MC_FUZZ_PRICE_ROWS_H

#include "fuzz.h"
#include "kernel/price_series.h"

#define MOST 400

typedef struct Rows
{
	int64_t ts[MOST];
	double price[MOST];
	size_t n;
} Rows;

static inline double
take_price(Bytes *b, int kind)
{
	static const double odd[] = {NAN,     0,     -1,     INFINITY, -INFINITY, DBL_MAX, 5e-324, -0.0,
	                             DBL_MIN, 1e300, 1e-300, 100,      100,       100.01,  1e10,   1};

	if (kind & 1)
		return odd[take(b, 1) % 16];
	if (kind & 2)
		return exp2((int8_t) take(b, 1) / 8.0);
	return 100 + (int8_t) take(b, 1) * 0.05;
}

static inline void
take_rows(Bytes *b, int kind, Rows *rows)
{
	int64_t ts = 0;

	rows->n = 0;
	while (b->left && rows->n < MOST)
	{
		int step = (int) take(b, 1);

		if (kind & 4)
			ts = (step % 32) * INT64_C(3600000000);
		else if (step < 230)
			ts += INT64_C(3600000000);
		else if (step < 240)
			ts += INT64_C(3600000000) * (step - 228);
		else if (step < 250)
			ts -= INT64_C(1800000000);
		else
			ts = step == 250   ? INT64_MIN
			     : step == 251 ? INT64_MAX
			     : step == 252 ? INT64_MIN + 1
			                   : INT64_MAX - 1;
		rows->ts[rows->n] = ts;
		rows->price[rows->n] = take_price(b, kind);
		rows->n++;
		if (ts < INT64_MIN / 2 || ts > INT64_MAX / 2)
			ts = 0;
	}
}

static inline bool
usable(int64_t ts, double price)
{
	return isfinite(price) && price > 0 && ts != INT64_MIN && ts != INT64_MAX;
}

/* Rejected rows out, sorted, one price a ts; false when a choice is too close to call. */
static inline bool
brute_rows(const Rows *in, Rows *out, size_t *duplicates)
{
	bool taken[MOST] = {false};

	out->n = 0;
	*duplicates = 0;
	for (;;)
	{
		int64_t first = INT64_MAX;
		double best = 0;
		size_t count = 0;

		for (size_t i = 0; i < in->n; i++)
			if (!taken[i] && usable(in->ts[i], in->price[i]) && in->ts[i] <= first)
				first = in->ts[i];
		for (size_t i = 0; i < in->n; i++)
		{
			double p = in->price[i];

			if (taken[i] || !usable(in->ts[i], p) || in->ts[i] != first)
				continue;
			taken[i] = true;
			if (count++ == 0)
				best = p;
			else if (out->n == 0)
				best = fmin(best, p);
			else if (p != best)
			{
				long double previous = out->price[out->n - 1];
				long double mine = fabsl(logl(p / previous));
				long double others = fabsl(logl(best / previous));

				if (fabsl(mine - others) <= 1e-15L)
					return false;
				if (mine > others)
					best = p;
			}
		}
		if (count == 0)
			return true;
		out->ts[out->n] = first;
		out->price[out->n] = best;
		out->n++;
		*duplicates += count - 1;
	}
}

/* Kernel's way from rows to kept rows. */
static inline size_t
kernel_rows(const Rows *in, bool backwards, Rows *out, size_t *left)
{
	int64_t *ts = array(in->n, sizeof(int64_t));
	double *price = array(in->n, sizeof(double));
	int64_t *ts_work;
	double *price_work;
	size_t kept = 0;
	size_t n;

	for (size_t i = 0; i < in->n; i++)
	{
		ts[i] = in->ts[backwards ? in->n - 1 - i : i];
		price[i] = in->price[backwards ? in->n - 1 - i : i];
	}
	n = mc_price_rows_compact(ts, price, in->n);
	*left = n;
	ts_work = array(n, sizeof(int64_t));
	price_work = array(n, sizeof(double));
	if (mc_price_rows_ascending(ts, n))
	{
		memcpy(ts_work, ts, n * sizeof(int64_t));
		memcpy(price_work, price, n * sizeof(double));
		kept = n;
	}
	else
		CHECK(mc_price_rows_order(ts, price, n, ts_work, price_work, &kept, NULL) == MC_OK,
		      "order");
	memcpy(out->ts, ts_work, kept * sizeof(int64_t));
	memcpy(out->price, price_work, kept * sizeof(double));
	out->n = kept;
	free(ts);
	free(price);
	free(ts_work);
	free(price_work);
	return kept;
}

#endif
