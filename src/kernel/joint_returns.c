/*
 * joint_returns.c
 *	  Log returns of several price series between the times at which all of them have a price.
 */
#include "joint_returns.h"

#include "log_return.h"

McStatus
mc_joint_returns(McAlign *align, size_t most, double *rows, double *work, size_t *total,
                 const McPoll *poll)
{
	double *prices = work;
	double *previous = work + align->count;
	bool first = true;
	int64_t ts;
	McStatus status;

	*total = 0;
	while ((status = mc_align_next(align, &ts, prices, poll)) == MC_OK)
	{
		double *spent = previous;

		if (*total % MC_POLL_STEPS == MC_POLL_STEPS - 1 && mc_poll_stop(poll))
			return MC_STOPPED;
		if (!first)
		{
			double *row = rows + (*total)++ % most * (align->count + 1);

			row[0] = (double) ts / 1e6;
			for (size_t i = 0; i < align->count; i++)
				row[i + 1] = mc_log_return(previous[i], prices[i]);
		}
		first = false;
		previous = prices;
		prices = spent;
	}
	return status == MC_TOO_FEW ? MC_OK : status;
}
