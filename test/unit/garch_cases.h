/*
 * garch_cases.h
 *	  Series for the GARCH suites: simulated ones, and the nastiest that a database may hold.
 */
#ifndef MC_GARCH_CASES_H
#define MC_GARCH_CASES_H

#include <math.h>
#include <stdbool.h>

#include "kernel/garch.h"
#include "unit.h"

/* n returns of a model, t innovations by ratio of normals to a chi-square when nu is finite and whole */
static inline void
simulate_garch(UnitRandom *random, const McGarchParameters *p, double *r, size_t n)
{
	double h = p->omega / fmax(1 - p->alpha - p->gamma / 2 - p->beta, 0.01);

	for (size_t t = 0; t < n; t++)
	{
		double z = unit_normal(random);

		if (isfinite(p->degrees_of_freedom))
		{
			double chi = 0;

			for (int i = 0; i < (int) p->degrees_of_freedom; i++)
			{
				double x = unit_normal(random);

				chi += x * x;
			}
			z *= sqrt((p->degrees_of_freedom - 2) / chi);
		}
		r[t] = p->mu + sqrt(h) * z;
		h = p->omega + (p->alpha + (z < 0 ? p->gamma : 0)) * h * z * z + p->beta * h;
	}
}

#define NASTY_KINDS 24

static inline const char *
nasty_name(int kind)
{
	static const char *const names[NASTY_KINDS] = {
	    "constant",     "all zero",       "zero but the last", "zero but the first",  "one jump",
	    "huge outlier", "integrated vol", "explosive vol",     "dying vol",           "random walk",
	    "trend",        "alternating",    "two values",        "three values",        "scale 1e-12",
	    "scale 1e12",   "level 1e8",      "scale 1e150",       "scale 1e-200",        "scale 1e305",
	    "Cauchy",       "mostly zero",    "calm, then storm",  "with NaN or infinity"};

	return names[kind];
}

/* One of the series; `finite` says whether every value is. */
static inline bool
nasty_series(int kind, UnitRandom *random, double *r, size_t n)
{
	double walk = 0;
	double log_h = 0;

	for (size_t t = 0; t < n; t++)
	{
		double z = unit_normal(random);
		double u = unit_uniform(random);

		walk += z;
		log_h += 0.1 * unit_normal(random);
		switch (kind)
		{
			case 0:
				r[t] = 0.1;
				break;
			case 1:
				r[t] = 0;
				break;
			case 2:
				r[t] = t == n - 1 ? 1 : 0;
				break;
			case 3:
				r[t] = t == 0 ? -1 : 0;
				break;
			case 4:
				r[t] = t < n / 2 ? 1 : 2;
				break;
			case 5:
				r[t] = t == n / 3 ? -1e9 : z;
				break;
			case 6:
				r[t] = z * exp(log_h);
				break;
			case 7:
				r[t] = z * exp(20.0 * (double) t / (double) n);
				break;
			case 8:
				r[t] = z * exp(-20.0 * (double) t / (double) n);
				break;
			case 9:
				r[t] = walk;
				break;
			case 10:
				r[t] = 0.01 * (double) t;
				break;
			case 11:
				r[t] = t % 2 == 0 ? 1 : -1;
				break;
			case 12:
				r[t] = u < 0.5 ? 0.5 : -0.25;
				break;
			case 13:
				r[t] = u < 0.1 ? 1 : u < 0.2 ? -1 : 0;
				break;
			case 14:
				r[t] = 1e-12 * z;
				break;
			case 15:
				r[t] = 1e12 * z;
				break;
			case 16:
				r[t] = 1e8 + z;
				break;
			case 17:
				r[t] = 1e150 * z;
				break;
			case 18:
				r[t] = 1e-200 * z;
				break;
			case 19:
				r[t] = 1e305 * z;
				break;
			case 20:
				r[t] = tan(3.141592653589793 * (u - 0.5));
				break;
			case 21:
				r[t] = u < 0.95 ? 0 : z;
				break;
			case 22:
				r[t] = t < n / 2 ? 1e-6 * z : z;
				break;
			default:
				r[t] = t == n / 2 ? (u < 0.5 ? NAN : INFINITY) : z;
		}
	}
	return kind != NASTY_KINDS - 1 || n == 0;
}

#endif
