/*
 * black_batch.h
 *	  Black (1976) for many options: the bits of black.h, several options at a time.
 */
#ifndef MC_BLACK_BATCH_H
#define MC_BLACK_BATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A column of numbers, or one number for all options. */
typedef struct McColumn
{
	const double *values;
	size_t step; /* 1, or 0: values[0] counts for all */
} McColumn;

typedef struct McOptions
{
	const bool *call;
	size_t call_step;
	McColumn forward;
	McColumn strike;
	McColumn t;
	McColumn vol;
	size_t count;
} McOptions;

/* Columns of McOptionGreeks; each has room for count numbers. */
typedef struct McGreekColumns
{
	double *price;
	double *delta;
	double *gamma;
	double *vega;
	double *theta;
	double *rho;
	double *vanna;
	double *volga;
} McGreekColumns;

typedef enum McBlackIsa
{
	MC_BLACK_BASE,
	MC_BLACK_AVX2,
	MC_BLACK_AVX512
} McBlackIsa;

/* The best that this machine has; a caller may ask for that one or a lesser one. */
extern McBlackIsa mc_black_isa(void);

/* Each result is that of mc_black76_price or mc_black76_greeks, bit by bit, whatever the isa. */
extern void mc_black76_prices(const McOptions *options, McBlackIsa isa, double *prices);
extern void mc_black76_greeks_all(const McOptions *options, McBlackIsa isa,
                                  const McGreekColumns *greeks);

#endif
