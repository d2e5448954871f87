/*
 * stress_search.h
 *	  Steps of the search for the nearest point z with an index of at least 0: stress_book.h has the index,
 *	  stress_axes.h the axes of z, reverse_stress.h the question.
 */
#ifndef MC_STRESS_SEARCH_H
#define MC_STRESS_SEARCH_H

#include "stress_book.h"

#define MC_STRESS_MEMORY 8 /* pairs of a quasi-Newton step */

typedef struct McStressSearch
{
	const McStressBook *book;
	const double *axes;
	size_t factors;
	size_t rank;
	const McPoll *poll;
	McStatus status; /* other than MC_OK: everything returns at once */
	size_t only;     /* the account looked at, or MC_STRESS_NONE */

	/* the nearest point so far, or the one of the largest index, within the radius */
	bool reached;
	double radius; /* of that point where reached, else of the search */
	double *best;  /* [rank] */
	double best_index;

	/* work space */
	double *points;   /* [MC_STRESS_BLOCK * rank] */
	double *moves;    /* [factors * MC_STRESS_BLOCK] */
	double *losses;   /* [accounts * MC_STRESS_BLOCK] */
	double *weights;  /* [accounts] */
	double *scratch;  /* [accounts] */
	double *slopes;   /* [factors] */
	double *gradient; /* [rank] */
	double *unit;     /* [rank] */
	double *step;     /* [rank] */
	double *trial;    /* [rank] */
	double *pairs;    /* [(2 * MC_STRESS_MEMORY + 3) * rank] */
	double index[MC_STRESS_BLOCK];
} McStressSearch;

/* Indexes of the first `count` of the points, into index. */
extern void mc_stress_at_points(McStressSearch *s, size_t count);

/* Indexes at distances radii[count] along a unit vector. */
extern void mc_stress_on_ray(McStressSearch *s, const double *unit, const double *radii,
                             size_t count);

/* The index of a point, and its gradient, times a positive number, into s->gradient. */
extern double mc_stress_gradient(McStressSearch *s, const double *z);

/* The least distance above low at which a ray that has an index below 0 at low, and not below at high, has one of 0. */
extern double mc_stress_root(McStressSearch *s, const double *unit, double low, double high);

/* Keep a point at distance `radius` along a unit vector, which has an index of at least 0. */
extern void mc_stress_keep(McStressSearch *s, const double *unit, double radius);

/*
 * Without a fund the account that is foremost at z is enough around it: look at that alone, unless one is looked at already.
 * Returns the account looked at before.
 */
extern size_t mc_stress_focus(McStressSearch *s, const double *z);

/* Climb from z, which is changed, to larger indexes within the radius; a point that gets there is made nearer. */
extern void mc_stress_climb(McStressSearch *s, double *z);

/* Move the best point, which is reached, along its surface to the nearest one. */
extern void mc_stress_shrink(McStressSearch *s);

extern double mc_stress_dot(const double *a, const double *b, size_t n);

/* z / |z| into unit; |z|. */
extern double mc_stress_direction(const double *z, size_t n, double *unit);

#endif
