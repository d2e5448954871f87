/*
 * surface_columns.h
 *	  The columns of the rows in a margin_calib.vol_surface, in their order.
 */
#ifndef MC_SURFACE_COLUMNS_H
#define MC_SURFACE_COLUMNS_H

/* columns of margin_calib.surface_slice */
enum
{
	S_EXPIRY,
	S_T,
	S_FORWARD,
	S_FORWARD_SOURCE,
	S_MODEL,
	S_A,
	S_B,
	S_RHO,
	S_M,
	S_SIGMA,
	S_ATM_VOL,
	S_STRIKES,
	S_LEFT_OUT,
	S_LOWEST_K,
	S_HIGHEST_K,
	S_MEDIAN_ERROR,
	S_MEDIAN_HALF_SPREAD,
	S_WORST_ERROR,
	S_BUTTERFLY,
	S_CALENDAR,
	S_FITTED_AS_OF,
	S_STATUS,
	S_REASON,
	S_COLUMNS
};

/* columns of margin_calib.surface_point */
enum
{
	P_EXPIRY,
	P_STRIKE,
	P_KIND,
	P_K,
	P_BID_VOL,
	P_ASK_VOL,
	P_VOL,
	P_FITTED_VOL,
	P_WEIGHT,
	P_PROBLEM,
	P_COLUMNS
};

#endif
