/*
 * stress_argument.c
 *	  Names, factors and positions of a reverse stress test, from SQL to the book that the kernel values.
 */
#include "stress_argument.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "exposure_argument.h"
#include "kernel/definite.h"
#include "kernel/symmetric_eigen.h"
#include "sample.h"
#include "triangle.h"
#include "values.h"

/* columns of margin_calib.reverse_position (sql/parts/19_stress_types.sql) */
enum
{
	ACCOUNT,
	QUANTITY,
	CONTRACT,
	MARKET,
	COLUMNS
};

#define LARGEST_RESPONSE 1000

static int
by_name(const void *a, const void *b, void *arg)
{
	char *const *names = arg;

	return strcmp(names[*(const int *) a], names[*(const int *) b]);
}

static void
refuse_dimensions(ArrayType *array, const char *what)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("%s must be a one-dimensional array", what),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write array_agg to make one.")));
	if (array_contains_nulls(array))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not contain NULL", what),
		         errhint("Leave such rows out with array_agg(...) FILTER (WHERE ...).")));
}

void
mc_names_argument(FunctionCallInfo fcinfo, int arg, const char *what, McNames *names)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);
	Datum *elements;
	bool *nulls;

	names->what = what;
	refuse_dimensions(array, what);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &names->count);
	names->names = mc_work_space(names->count, sizeof(char *));
	names->order = mc_work_space(names->count, sizeof(int));
	for (int i = 0; i < names->count; i++)
	{
		names->names[i] = TextDatumGetCString(elements[i]);
		names->order[i] = i;
	}
	qsort_arg(names->order, names->count, sizeof(int), by_name, names->names);
	for (int i = 1; i < names->count; i++)
		if (strcmp(names->names[names->order[i - 1]], names->names[names->order[i]]) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("%s must have each name once", what),
			                errdetail("\"%s\" is there twice.", names->names[names->order[i]])));
}

int
mc_name_place(const McNames *names, const char *name)
{
	int low = 0;
	int high = names->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;
		int order = strcmp(name, names->names[names->order[middle]]);

		if (order == 0)
			return names->order[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* One number a factor; 0 for NULL. */
static double *
responses(FunctionCallInfo fcinfo, int arg, const char *name, int count)
{
	double *values = mc_work_space(count, sizeof(double));
	const double *given;
	int n;

	memset(values, 0, count * sizeof(double));
	if (PG_ARGISNULL(arg))
		return values;
	given = mc_float8_array(fcinfo, arg, name, &n);
	if (n != count)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must have one number for each of the factors", name),
		                errdetail("There are %d numbers and %d factors.", n, count)));
	for (int i = 0; i < n; i++)
	{
		if (!(fabs(given[i]) <= LARGEST_RESPONSE))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("%s must lie between -%d and %d", name, LARGEST_RESPONSE,
			                       LARGEST_RESPONSE),
			                errdetail("Element %d is %s.", i + 1, float8out_internal(given[i])),
			                errhint("Write -0.5 where a vol rises by half a per cent when its "
			                        "price falls by one.")));
		values[i] = given[i];
	}
	return values;
}

static void
read_vol_factors(FunctionCallInfo fcinfo, int arg, McStressFactors *f)
{
	f->vol_factors = (McNames){.what = "vol_factors"};
	if (!PG_ARGISNULL(arg))
		mc_names_argument(fcinfo, arg, "vol_factors", &f->vol_factors);
	f->vol_places = mc_work_space(f->factors.count, sizeof(int));
	for (int i = 0; i < f->factors.count; i++)
		f->vol_places[i] = -1;
	for (int i = 0; i < f->vol_factors.count; i++)
	{
		int place = mc_name_place(&f->factors, f->vol_factors.names[i]);

		if (place < 0)
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("vol_factors must be among the factors"),
			         errdetail("\"%s\" is not.", f->vol_factors.names[i]),
			         errhint("A vol factor has the name of the underlying whose vol it is.")));
		f->vol_places[place] = f->factors.count + i;
	}
}

static void
check_semidefinite(const double *triangle, int k)
{
	double *work = mc_work_space(mc_definite_worksize(k), sizeof(double));
	bool answer;

	mc_check_status(mc_is_semidefinite(triangle, k, work, &answer, &mc_interrupt_poll));
	pfree(work);
	if (!answer)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("covariance must be positive semidefinite"),
		                errdetail("It has a negative eigenvalue, or a negative variance."),
		                errhint("Covariance matrices of margin_calib always are; "
		                        "margin_calib.nearest_correlation repairs a correlation matrix.")));
}

void
mc_stress_factors(FunctionCallInfo fcinfo, int vols, McStressFactors *f)
{
	double *triangle;
	int k;

	mc_names_argument(fcinfo, 2, "factors", &f->factors);
	f->betas = responses(fcinfo, vols, "vol_betas", f->factors.count);
	f->rises = responses(fcinfo, vols + 1, "vol_rises", f->factors.count);
	read_vol_factors(fcinfo, vols + 2, f);
	f->count = f->factors.count + f->vol_factors.count;
	triangle = mc_triangle_argument(fcinfo, 3, MC_EIGEN_MAX, &k);
	if (k != f->count)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("covariance must have a row for each of the factors"),
		         errdetail("It has %d rows; there are %d factors and %d vol factors.", k,
		                   f->factors.count, f->vol_factors.count),
		         errhint("Rows and columns are the factors in order, then the vol factors.")));
	check_semidefinite(triangle, k);
	f->covariance = triangle;
}

/* A position while they are put in order. */
typedef struct Entry
{
	McStressInstrument instrument;
	char *name;
	size_t account;
	double quantity;
	int place;
} Entry;

static int
compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* Those of one underlying together, then of one instrument; the order that rows came in does not matter. */
static int
in_book(const void *one, const void *other)
{
	const Entry *a = one;
	const Entry *b = other;
	int order = compare_numbers((double) a->instrument.factor, (double) b->instrument.factor);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = compare_numbers((double) a->account, (double) b->account);
	return order != 0 ? order : compare_numbers(a->quantity, b->quantity);
}

static bool
same_market(const McExposure *a, const McExposure *b)
{
	const McContract *x = &a->contract;
	const McContract *y = &b->contract;

	return x->kind == y->kind && x->payoff == y->payoff && x->is_call == y->is_call &&
	       (x->kind != MC_OPTION || x->strike == y->strike) && x->units == y->units &&
	       a->price == b->price && a->vol == b->vol && a->years == b->years &&
	       a->discount == b->discount && a->settlement_price == b->settlement_price &&
	       a->settlement_moves == b->settlement_moves && a->known == b->known && a->open == b->open;
}

static void
read_account(const McRow *row, const McNames *accounts, Entry *entry)
{
	char *name;
	int place;

	entry->account = 0;
	if (accounts == NULL)
		return;
	if (row->nulls[ACCOUNT])
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("account of a position is NULL"),
		         errdetail("Position %d has none.", entry->place + 1)));
	name = TextDatumGetCString(row->values[ACCOUNT]);
	place = mc_name_place(accounts, name);
	if (place < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("position of an account that is not among the accounts"),
		                errdetail("Position %d is of \"%s\".", entry->place + 1, name),
		                errhint("Give every account with its equity.")));
	entry->account = place;
}

/* In a context that is emptied after each. */
static void
read_entry(Datum value, TimestampTz as_of, const McStressFactors *f, const McNames *accounts,
           MemoryContext lasting, Entry *entry)
{
	McRow row;
	McRow market;
	McContractTerms terms;
	double rate;
	int factor;

	mc_row_read(value, COLUMNS, "a position", &row);
	entry->quantity = mc_row_number(&row, QUANTITY, -DBL_MAX, DBL_MAX, NAN);
	read_account(&row, accounts, entry);
	if (row.nulls[CONTRACT] || row.nulls[MARKET])
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("%s of a position is NULL", row.nulls[CONTRACT] ? "contract" : "market"),
		         errdetail("Position %d has none.", entry->place + 1)));
	mc_contract_read(row.values[CONTRACT], &terms);
	mc_row_read(row.values[MARKET], MC_MARKET_COLUMNS, "a contract_market", &market);
	factor = mc_name_place(&f->factors, terms.underlying);
	if (factor < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("underlying of a position is not among the factors"),
		                errdetail("%s is on \"%s\".", terms.instrument, terms.underlying),
		                errhint("Give a factor, with its covariances, for each underlying.")));
	entry->instrument.factor = factor;
	entry->instrument.vol_factor = MC_STRESS_NONE;
	if (f->vol_places[factor] >= 0 && terms.contract.kind == MC_OPTION)
		entry->instrument.vol_factor = f->vol_places[factor];
	entry->instrument.vol_beta = f->betas[factor];
	entry->instrument.vol_rise = f->rises[factor];
	mc_exposure_read(&terms, &market, as_of, &entry->instrument.exposure, &rate);
	entry->name = MemoryContextStrdup(lasting, terms.instrument);
}

static Entry *
read_entries(FunctionCallInfo fcinfo, const McStressFactors *f, const McNames *accounts, int *count)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(1);
	MemoryContext lasting = CurrentMemoryContext;
	MemoryContext passing =
	    AllocSetContextCreate(lasting, "margin_calib position", ALLOCSET_DEFAULT_SIZES);
	Datum *elements;
	bool *nulls;
	Entry *entries;

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must be a finite time"),
		         errhint("Write the time of the prices.")));
	refuse_dimensions(array, "positions");
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls,
	                  count);
	entries = mc_work_space(*count, sizeof(Entry));
	MemoryContextSwitchTo(passing);
	for (int i = 0; i < *count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		entries[i].place = i;
		read_entry(elements[i], as_of, f, accounts, lasting, &entries[i]);
		MemoryContextReset(passing);
	}
	MemoryContextSwitchTo(lasting);
	MemoryContextDelete(passing);
	qsort(entries, *count, sizeof(Entry), in_book);
	return entries;
}

void
mc_stress_positions(FunctionCallInfo fcinfo, const McStressFactors *factors,
                    const McNames *accounts, McStressBook *book, McStressPlaces *places)
{
	Entry *entries = read_entries(fcinfo, factors, accounts, &places->count);
	int n = places->count;
	McStressInstrument *instruments = mc_work_space(n, sizeof(McStressInstrument));
	McStressPosition *positions = mc_work_space(n, sizeof(McStressPosition));
	Size k = 0;

	places->instruments = mc_work_space(n, sizeof(size_t));
	places->quantities = mc_work_space(n, sizeof(double));
	for (int i = 0; i < n; i++)
	{
		const Entry *e = &entries[i];
		bool again = i > 0 && e->instrument.factor == e[-1].instrument.factor &&
		             strcmp(e->name, e[-1].name) == 0;

		if (again && !same_market(&e->instrument.exposure, &e[-1].instrument.exposure))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("two positions in one instrument have different terms or markets"),
			         errdetail("The instrument is %s.", e->name),
			         errhint("Give every position in it the same contract and market.")));
		if (!again)
			instruments[k++] = e->instrument;
		positions[i] = (McStressPosition){k - 1, e->account, e->quantity};
		places->instruments[e->place] = k - 1;
		places->quantities[e->place] = e->quantity;
	}
	book->instruments = instruments;
	book->instrument_count = k;
	book->positions = positions;
	book->position_count = n;
	pfree(entries);
}
