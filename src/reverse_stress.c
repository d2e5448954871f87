/*
 * reverse_stress.c
 *	  margin_calib.reverse_stress and reverse_stress_accounts: the most likely move of the market that loses a given
 *	  amount.
 */
#include "compat.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/reverse_stress.h"
#include "kernel/select.h"
#include "sample.h"
#include "stress_argument.h"
#include "values.h"

/* columns of margin_calib.reverse_stress (sql/parts/19_stress_types.sql) */
enum
{
	STATUS,
	DISTANCE,
	NORMAL_TAIL,
	CHI_SQUARE_TAIL,
	DIMENSIONS,
	LOSS,
	THRESHOLD,
	ACCOUNT,
	FACTORS,
	LOG_MOVES,
	RELATIVE_MOVES,
	POSITION_PNL,
	ACCOUNTS,
	ACCOUNT_LOSSES,
	COLUMNS
};

#define LARGEST_REACH 100

/* in the order of McStressOutcome */
static const char *const status_names[] = {"reached", "exhausted", "not_reached"};

static double
reach_argument(FunctionCallInfo fcinfo, int arg)
{
	double reach = PG_GETARG_FLOAT8(arg);

	if (!(reach > 0 && reach <= LARGEST_REACH))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("reach must be above 0 and at most %d", LARGEST_REACH),
		                errdetail("The reach given is %s.", float8out_internal(reach)),
		                errhint("Write 12 to look as far as 12 standard deviations.")));
	return reach;
}

/* A finite number that is not below `least`. */
static double
amount_argument(FunctionCallInfo fcinfo, int arg, const char *name, double least)
{
	double amount = PG_GETARG_FLOAT8(arg);

	if (!(isfinite(amount) && amount >= least))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg(least < 0 ? "%s must be finite" : "%s must be finite and not negative", name),
		     errdetail("The %s given is %s.", name, float8out_internal(amount)),
		     errhint("Write an amount in the currency of the markets.")));
	return amount;
}

static Datum
names_datum(const McNames *names)
{
	Datum *elements = mc_work_space(names->count, sizeof(Datum));

	for (int i = 0; i < names->count; i++)
		elements[i] = CStringGetTextDatum(names->names[i]);
	return PointerGetDatum(
	    construct_array(elements, names->count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
factors_datum(const McStressFactors *f)
{
	McNames all = {.names = mc_work_space(f->count, sizeof(char *)), .count = f->count};

	for (int i = 0; i < f->count; i++)
		all.names[i] = i < f->factors.count
		                   ? f->factors.names[i]
		                   : psprintf("%s vol", f->vol_factors.names[i - f->factors.count]);
	return names_datum(&all);
}

/* The shortfalls that the fund pays. */
static double
paid_by_fund(const McStressBook *book, const McReverseStress *result)
{
	Size n = book->account_count;
	double *shortfalls = mc_work_space(n, sizeof(double));
	double sum = 0;

	for (Size a = 0; a < n; a++)
		shortfalls[a] = fmax(result->losses[a] - book->equity[a], 0);
	mc_check_status(mc_sort_descending(shortfalls, n, &mc_interrupt_poll));
	for (Size a = 0; a < n && a < book->cover; a++)
		sum += shortfalls[a];
	return sum;
}

static void
set_likelihood(const McReverseStress *result, Datum *values, bool *nulls)
{
	double d = result->distance;

	nulls[DISTANCE] = nulls[NORMAL_TAIL] = nulls[CHI_SQUARE_TAIL] =
	    result->outcome == MC_STRESS_NOT_REACHED;
	if (result->outcome == MC_STRESS_EXHAUSTED)
		d = 0;
	values[DISTANCE] = Float8GetDatum(d);
	values[NORMAL_TAIL] = Float8GetDatum(gsl_cdf_ugaussian_Q(d));
	values[CHI_SQUARE_TAIL] = Float8GetDatum(d == 0 ? 1 : gsl_cdf_chisq_Q(d * d, result->rank));
}

static void
set_moves(const McReverseStress *result, int count, Datum *values)
{
	double *relative = mc_work_space(count, sizeof(double));

	for (int i = 0; i < count; i++)
		relative[i] = expm1(fmax(fmin(result->moves[i], MC_STRESS_FARTHEST), -MC_STRESS_FARTHEST));
	values[LOG_MOVES] = mc_float8_array_datum(result->moves, count);
	values[RELATIVE_MOVES] = mc_float8_array_datum(relative, count);
}

static Datum
position_pnl(const McStressPlaces *places, const McReverseStress *result)
{
	double *pnl = mc_work_space(places->count, sizeof(double));

	for (int i = 0; i < places->count; i++)
	{
		pnl[i] = places->quantities[i] * result->unit_pnl[places->instruments[i]];
		mc_check_status(isfinite(pnl[i]) ? MC_OK : MC_OVERFLOW);
	}
	return mc_float8_array_datum(pnl, places->count);
}

static Datum
answer(FunctionCallInfo fcinfo, const McStressFactors *f, const McStressBook *book,
       const McStressPlaces *places, const McNames *accounts, const McReverseStress *result)
{
	Datum values[COLUMNS] = {0};
	bool nulls[COLUMNS] = {false};
	Size foremost = result->foremost;

	values[STATUS] = CStringGetTextDatum(status_names[result->outcome]);
	set_likelihood(result, values, nulls);
	values[DIMENSIONS] = Int32GetDatum((int32) result->rank);
	values[LOSS] =
	    Float8GetDatum(book->fund > 0 ? paid_by_fund(book, result) : result->losses[foremost]);
	values[THRESHOLD] = Float8GetDatum(book->fund > 0 ? book->fund : book->equity[foremost]);
	values[FACTORS] = factors_datum(f);
	set_moves(result, f->count, values);
	values[POSITION_PNL] = position_pnl(places, result);
	nulls[ACCOUNT] = nulls[ACCOUNTS] = nulls[ACCOUNT_LOSSES] = accounts == NULL;
	if (accounts != NULL)
	{
		values[ACCOUNT] = CStringGetTextDatum(accounts->names[foremost]);
		values[ACCOUNTS] = names_datum(accounts);
		values[ACCOUNT_LOSSES] = mc_float8_array_datum(result->losses, accounts->count);
	}
	return mc_row_datum(fcinfo, values, nulls);
}

/* The book lacks its positions; three arguments from number `vols` are about vols, the next is the reach. */
static Datum
stress(FunctionCallInfo fcinfo, int vols, const McNames *accounts, McStressBook *book)
{
	double reach = reach_argument(fcinfo, vols + 3);
	McReverseStress result = {0};
	McStressFactors factors;
	McStressPlaces places;
	double *work;
	bool enough;

	mc_stress_factors(fcinfo, vols, &factors);
	mc_stress_positions(fcinfo, &factors, accounts, book, &places);
	result.moves = mc_work_space(factors.count, sizeof(double));
	result.unit_pnl = mc_work_space(book->instrument_count, sizeof(double));
	result.losses = mc_work_space(book->account_count, sizeof(double));
	work = mc_work_space(mc_reverse_stress_worksize(book, factors.count), sizeof(double));
	mc_check_status(mc_reverse_stress(book, factors.covariance, factors.count, reach, work, &enough,
	                                  &result, &mc_interrupt_poll));
	pfree(work);
	if (!enough)
		ereport(ERROR,
		        (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		         errdetail("The eigenvalues of %d rows could not be computed.", factors.count)));
	return answer(fcinfo, &factors, book, &places, accounts, &result);
}

static bool
any_null(FunctionCallInfo fcinfo, int first, int last)
{
	for (int i = first; i <= last; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/*
 * reverse_stress(positions reverse_position[], as_of timestamptz, factors text[], covariance float8[][], loss float8,
 * vol_betas float8[], vol_rises float8[], vol_factors text[], reach float8) -> reverse_stress
 */
MC_FUNCTION(mc_reverse_stress_book)
{
	double loss;
	McStressBook book = {.equity = &loss, .account_count = 1, .cover = 1};

	if (any_null(fcinfo, 0, 4) || PG_ARGISNULL(8))
		PG_RETURN_NULL();
	loss = amount_argument(fcinfo, 4, "loss", -get_float8_infinity());
	return stress(fcinfo, 5, NULL, &book);
}

/*
 * reverse_stress_accounts(positions, as_of, factors, covariance, accounts text[], equities float8[], fund float8,
 * cover int, vol_betas, vol_rises, vol_factors, reach) -> reverse_stress
 */
MC_FUNCTION(mc_reverse_stress_accounts)
{
	McStressBook book = {0};
	McNames accounts;
	int cover;
	int n;

	if (any_null(fcinfo, 0, 5) || PG_ARGISNULL(11))
		PG_RETURN_NULL();
	mc_names_argument(fcinfo, 4, "accounts", &accounts);
	book.equity = mc_float8_array(fcinfo, 5, "equities", &n);
	mc_check_finite(book.equity, n, "equities");
	if (n != accounts.count || n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("accounts and equities must be as many, at least one"),
		                errdetail("There are %d accounts and %d equities.", accounts.count, n)));
	book.account_count = n;
	book.fund = PG_ARGISNULL(6) ? 0 : amount_argument(fcinfo, 6, "fund", 0);
	cover = PG_ARGISNULL(7) ? n : PG_GETARG_INT32(7);
	if (cover < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("cover must be at least 1"),
		         errdetail("The cover given is %d.", cover),
		         errhint("Write 2 for the two accounts with the largest shortfalls.")));
	book.cover = cover;
	return stress(fcinfo, 8, &accounts, &book);
}
