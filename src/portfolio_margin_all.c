/*
 * portfolio_margin_all.c
 *	  portfolio_margin_all(positions, vectors, method, ...): the margin of every account of a table or query.
 *
 * The first call reads each vector once, then the positions, 16 bytes each, in whatever order; those of an account
 * are linked.  Each call then gives one account, by what the aggregate portfolio_margin calls too.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "account_margin.h"
#include "errors.h"
#include "key_table.h"
#include "row_source.h"
#include "series_columns.h"
#include "sample.h"

#define FIRST_CAPACITY 1024
#define NONE PG_UINT32_MAX

/* arguments */
enum
{
	ARG_POSITIONS,
	ARG_VECTORS,
	ARG_METHOD,
	ARG_WITH_PNL,
	ARG_ACCOUNT,
	ARG_INSTRUMENT,
	ARG_QUANTITY,
	ARG_VECTOR
};

/* columns of the positions, and of the vectors */
enum
{
	P_ACCOUNT,
	P_INSTRUMENT,
	P_QUANTITY
};

enum
{
	V_INSTRUMENT,
	V_VECTOR
};

typedef struct Entry
{
	double quantity;
	uint32 instrument;
	uint32 next; /* of the account */
} Entry;

typedef struct Account
{
	uint32 first;
	uint32 last;
} Account;

typedef struct Book
{
	MemoryContext context;
	McRowSource source; /* that is being read */
	Oid vector_type;    /* margin_calib.risk_vector */
	Oid types[3];       /* of the columns of the positions */
	FmgrInfo output;    /* of their instruments */
	McRiskStore *store;
	McKeyTable instruments;
	const McStoredRisk **risks; /* by instrument; NULL of one whose vector is NULL */
	Size risk_room;
	McKeyTable accounts;
	Account *account;
	Size account_room;
	Entry *entries;
	Size count;
	Size room;
	uint32 *order; /* of the accounts */
	McAccountWork *work;
	McPosition *positions; /* of one account */
	Size position_room;
	bool with_pnl;
} Book;

/* ---- vectors ---- */

static void
start_vectors(void *arg, const Oid *types)
{
	Book *book = arg;

	if (types[V_VECTOR] != book->vector_type)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("the column \"%s\" of vectors must be of type risk_vector",
		                       book->source.names[V_VECTOR]),
		                errdetail("It is of type %s.", format_type_be(types[V_VECTOR])),
		                errhint("Make it with margin_calib.scenario_pnl.")));
	mc_key_table_init(&book->instruments, types[V_INSTRUMENT], book->context);
}

static char *
instrument_text(const Book *book, uint32 instrument)
{
	return text_to_cstring(mc_key_text(&book->instruments, instrument));
}

static void
add_vector(void *arg, const Datum *values, const bool *nulls)
{
	Book *book = arg;
	uint32 before = book->instruments.count;
	uint32 instrument;

	if (nulls[V_INSTRUMENT])
		return;
	instrument = mc_key_number(&book->instruments, values[V_INSTRUMENT], false);
	if (instrument < before)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("an instrument has two risk vectors"),
		                errdetail("It is %s.", instrument_text(book, instrument)),
		                errhint("Give one row an instrument.")));
	if (instrument >= book->risk_room)
	{
		book->risk_room =
		    mc_grown_capacity(book->risk_room, instrument + 1, sizeof(McStoredRisk *));
		book->risks = repalloc_huge(book->risks, book->risk_room * sizeof(McStoredRisk *));
	}
	book->risks[instrument] = NULL;
	if (nulls[V_VECTOR])
		return;
	book->risks[instrument] = mc_risk_store_datum(book->store, values[V_VECTOR]);
	mc_check_same_set(mc_risk_store_ranked(book->store)[0], book->risks[instrument]);
}

static void
read_vectors(Book *book, const char *text, const char *instrument, const char *vector)
{
	book->risk_room = FIRST_CAPACITY;
	book->risks = MemoryContextAlloc(book->context, FIRST_CAPACITY * sizeof(McStoredRisk *));
	book->source = (McRowSource){.what = "vectors",
	                             .text = text,
	                             .columns = 2,
	                             .names = {instrument, vector},
	                             .start = start_vectors,
	                             .row = add_vector,
	                             .arg = book};
	mc_row_source_read(&book->source);
	mc_risk_store_rank(book->store);
}

/* ---- positions ---- */

static void
start_positions(void *arg, const Oid *types)
{
	Book *book = arg;
	Oid function;
	bool is_varlena;

	mc_check_number_type(&book->source, P_QUANTITY, types[P_QUANTITY]);
	if (!mc_keys_comparable(types[P_INSTRUMENT], book->instruments.type))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("the column \"%s\" is of another type in positions than in vectors",
		                       book->source.names[P_INSTRUMENT]),
		                errdetail("The types are %s and %s.", format_type_be(types[P_INSTRUMENT]),
		                          format_type_be(book->instruments.type)),
		                errhint("Give a query that casts one of them.")));
	memcpy(book->types, types, sizeof(book->types));
	getTypeOutputInfo(types[P_INSTRUMENT], &function, &is_varlena);
	fmgr_info_cxt(function, &book->output, book->context);
	mc_key_table_init(&book->accounts, types[P_ACCOUNT], book->context);
}

static pg_noinline void
refuse_instrument(Book *book, uint32 account, Datum value, bool is_null)
{
	text *name = mc_key_text(&book->accounts, account);
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(book->types[P_INSTRUMENT], &function, &is_varlena);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("a position is in an instrument without a risk vector"),
	                errdetail("Account %s holds %s.", name == NULL ? "NULL" : text_to_cstring(name),
	                          is_null ? "NULL" : OidOutputFunctionCall(function, value)),
	                errhint("Add its vector, or give the positions that count as a query.")));
}

/* The number of an account, with room for it. */
static uint32
account_number(Book *book, Datum value, bool is_null)
{
	uint32 number = mc_key_number(&book->accounts, value, is_null);

	if (number >= book->account_room)
	{
		Size room = mc_grown_capacity(book->account_room, number + 1, sizeof(Account));

		book->account = repalloc_huge(book->account, room * sizeof(Account));
		memset(book->account + book->account_room, 0xff,
		       (room - book->account_room) * sizeof(Account));
		book->account_room = room;
	}
	return number;
}

static pg_noinline void
grow_entries(Book *book)
{
	if (book->count >= NONE)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many positions"),
		                errdetail("The limit is %u.", NONE)));
	book->room = mc_grown_capacity(book->room, book->count + 1, sizeof(Entry));
	mc_check_state_size(book->room * sizeof(Entry) + mc_risk_store_bytes(book->store) +
	                    book->accounts.bytes + book->account_room * sizeof(Account));
	book->entries = repalloc_huge(book->entries, book->room * sizeof(Entry));
}

static void
add_position(void *arg, const Datum *values, const bool *nulls)
{
	Book *book = arg;
	uint32 number = account_number(book, values[P_ACCOUNT], nulls[P_ACCOUNT]);
	uint32 instrument = MC_NO_KEY;
	Account *account = &book->account[number];
	double quantity;

	if (nulls[P_QUANTITY])
		return;
	quantity = mc_number_value(book->types[P_QUANTITY], values[P_QUANTITY]);
	mc_check_quantity(quantity);
	if (!nulls[P_INSTRUMENT])
		instrument = mc_key_find(&book->instruments, book->types[P_INSTRUMENT], &book->output,
		                         values[P_INSTRUMENT]);
	if (instrument == MC_NO_KEY)
	{
		if (quantity == 0)
			return;
		refuse_instrument(book, number, values[P_INSTRUMENT], nulls[P_INSTRUMENT]);
	}
	if (book->risks[instrument] == NULL)
		return;
	if (book->count == book->room)
		grow_entries(book);
	book->entries[book->count] = (Entry){quantity, instrument, NONE};
	if (account->first == NONE)
		account->first = (uint32) book->count;
	else
		book->entries[account->last].next = (uint32) book->count;
	account->last = (uint32) book->count++;
}

static void
read_positions(Book *book, const char *text, const char *account, const char *instrument,
               const char *quantity)
{
	book->account = MemoryContextAlloc(book->context, FIRST_CAPACITY * sizeof(Account));
	memset(book->account, 0xff, FIRST_CAPACITY * sizeof(Account));
	book->account_room = FIRST_CAPACITY;
	book->entries = MemoryContextAlloc(book->context, FIRST_CAPACITY * sizeof(Entry));
	book->room = FIRST_CAPACITY;
	book->source = (McRowSource){.what = "positions",
	                             .text = text,
	                             .columns = 3,
	                             .names = {account, instrument, quantity},
	                             .start = start_positions,
	                             .row = add_position,
	                             .arg = book};
	mc_row_source_read(&book->source);
	book->order = mc_keys_in_order(&book->accounts);
}

/* ---- the function ---- */

static char *
text_argument(FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", what),
		         errhint("Give the name of a table or view, or a query.")));
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static char *
name_argument(FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("the name of the column %s must not be null", what),
		                errhint("Leave it out for \"%s\".", what)));
	return pstrdup(NameStr(*PG_GETARG_NAME(arg)));
}

/* In the schema of the function, wherever that is. */
static Oid
vector_type(FunctionCallInfo fcinfo)
{
	Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("risk_vector"),
	                       ObjectIdGetDatum(schema));
}

static Book *
make_book(FunctionCallInfo fcinfo, TupleDesc row)
{
	Book *book = palloc0(sizeof(Book));
	char *positions = text_argument(fcinfo, ARG_POSITIONS, "positions");
	char *vectors = text_argument(fcinfo, ARG_VECTORS, "vectors");
	char *account = name_argument(fcinfo, ARG_ACCOUNT, "account");
	char *instrument = name_argument(fcinfo, ARG_INSTRUMENT, "instrument");
	char *quantity = name_argument(fcinfo, ARG_QUANTITY, "quantity");
	char *vector = name_argument(fcinfo, ARG_VECTOR, "vector");
	Datum method;

	book->context = CurrentMemoryContext;
	book->vector_type = vector_type(fcinfo);
	book->with_pnl = !PG_ARGISNULL(ARG_WITH_PNL) && PG_GETARG_BOOL(ARG_WITH_PNL);
	book->work = mc_account_work_new(book->context, TupleDescAttr(row, 1)->atttypid);
	if (!PG_ARGISNULL(ARG_METHOD))
	{
		method = PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(ARG_METHOD)));
		mc_account_method(book->work, &method);
	}
	book->store = mc_risk_store_new(book->context);
	read_vectors(book, vectors, instrument, vector);
	read_positions(book, positions, account, instrument, quantity);
	return book;
}

/* The positions of an account, in book->positions; how many there are. */
static Size
gather(Book *book, uint32 account)
{
	Size count = 0;

	for (uint32 i = book->account[account].first; i != NONE; i = book->entries[i].next)
	{
		const Entry *entry = &book->entries[i];

		if (count == book->position_room)
		{
			Size room =
			    mc_grown_capacity(Max(book->position_room, 16), count + 1, sizeof(McPosition));

			book->positions = book->positions == NULL
			                      ? MemoryContextAllocHuge(book->context, room * sizeof(McPosition))
			                      : repalloc_huge(book->positions, room * sizeof(McPosition));
			book->position_room = room;
		}
		book->positions[count++] = (McPosition){book->risks[entry->instrument], entry->quantity};
	}
	return count;
}

static Datum
account_row(Book *book, uint32 account, TupleDesc row)
{
	text *name = mc_key_text(&book->accounts, account);
	Datum values[2] = {PointerGetDatum(name), (Datum) 0};
	bool nulls[2] = {name == NULL, false};
	Size count;

	count = gather(book, account);
	nulls[1] = count == 0;
	if (count > 0)
	{
		mc_account_margin(book->work, book->store, book->positions, count);
		values[1] = mc_account_datum(book->work, book->with_pnl);
	}
	return HeapTupleGetDatum(heap_form_tuple(row, values, nulls));
}

/*
 * portfolio_margin_all(positions text, vectors text, method margin_method, with_pnl bool, account, instrument,
 * quantity, vector name) -> TABLE(account text, margin margin_calib.portfolio_margin)
 */
MC_FUNCTION(mc_portfolio_margin_all)
{
	FuncCallContext *context;
	Book *book;
	Datum row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc desc;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		context->tuple_desc = BlessTupleDesc(desc);
		book = make_book(fcinfo, desc);
		context->user_fctx = book;
		context->max_calls = book->accounts.count;
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	book = context->user_fctx;
	if (context->call_cntr >= context->max_calls)
		SRF_RETURN_DONE(context);
	CHECK_FOR_INTERRUPTS();
	/* the macro counts the call before it looks at the result */
	row = account_row(book, book->order[context->call_cntr], context->tuple_desc);
	SRF_RETURN_NEXT(context, row);
}
