/*
 * shape.h
 *	  Mean, standard deviation, skewness and excess kurtosis of a sample.
 *
 * With m_k the mean of (x - mean)^k:
 *
 *	  deviation = sqrt(m_2), skewness g1 = m_3 / m_2^1.5, excess kurtosis g2 = m_4 / m_2^2 - 3
 *
 * Two passes in double-double arithmetic (106 bits), so a level of 1e8 above a noise of 1e-2 costs
 * no digit: mean and deviation are right to the last bit or the one before, skewness to 9e-16 and
 * kurtosis to 9e-16 of m_4 / m_2^2 (test/unit/test_shape.c against 128-bit integers).
 */
#ifndef MC_SHAPE_H
#define MC_SHAPE_H

#include "status.h"

typedef struct McShape
{
	double mean;
	double deviation;       /* divisor n */
	double skewness;        /* g1; 0 when the deviation is 0, as is the next */
	double excess_kurtosis; /* g2 */
} McShape;

/*
 * The shape of n finite values; the digits are those of this order, so callers sort.  MC_TOO_FEW
 * when n is 0, MC_STOPPED.  No overflow, no underflow: values are scaled by a power of two.
 */
extern McStatus mc_shape(const double *x, size_t n, McShape *shape, const McPoll *poll);

/*
 * The estimators of Fisher: G1 = g1 sqrt(n (n - 1)) / (n - 2), n > 2, and
 * G2 = ((n + 1) g2 + 6) (n - 1) / ((n - 2) (n - 3)), n > 3; unbiased for normal values.
 */
extern double mc_sample_skewness(double skewness, size_t n);
extern double mc_sample_kurtosis(double excess_kurtosis, size_t n);

#endif
