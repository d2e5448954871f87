/*
 * price_set.h
 *	  Price series with times of their own, out of a sample with rows (series, seconds, price).
 */
#ifndef MC_PRICE_SET_H
#define MC_PRICE_SET_H

#include "compat.h"

#include "kernel/align.h"
#include "sample.h"

#define MC_MOST_PRICE_SERIES 800

typedef struct McPriceSet
{
	McAlignSeries *series; /* number 1 first */
	int count;             /* the largest number; a series without rows is empty */
	Size longest;
} McPriceSet;

/*
 * Every series with strictly ascending times and positive prices, whatever the order of the rows: prices of zero or
 * less are left out, and of two at one time the one farther from the price before counts.  22023 for a number that is
 * not whole or not from 1 to MC_MOST_PRICE_SERIES.
 */
extern McPriceSet mc_price_set(const McSample *sample);

#endif
