/*
 * price_digest.c
 *	  price_digest(ts, price): SHA-256 over the price rows that a calibration uses.
 *
 * The usable rows in the complete order of calibrate_margin, by ts and then by price; of each 8 bytes
 * of ts in microseconds since 2000-01-01 UTC and 8 bytes of the IEEE-754 price, both big-endian.  So
 * it is the same on every machine, and outside of the database:
 *	  sha256(string_agg(int8send(ts) || float8send(price), '' ORDER BY ts, price)).
 *
 * The state is that of calibrate_margin.  With the same arguments both share one state in a query:
 * their final functions only sort its rows in place, whichever comes first.
 */
#include "compat.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "calibrate_margin.h"
#include "errors.h"
#include "kernel/series_sort.h"

#define CHUNK 512 /* rows hashed between two looks for a cancel */

/* price_digest_accum(internal, timestamptz, float8) -> internal */
MC_FUNCTION(mc_price_digest_accum)
{
	McCalibrateState *state = PG_ARGISNULL(0) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(0);

	if (state == NULL)
		state = mc_calibrate_state_create(mc_aggregate_context(fcinfo, "price_digest_accum"), NULL,
		                                  NULL);
	mc_calibrate_state_add(state, fcinfo);
	PG_RETURN_POINTER(state);
}

static void
rows_sort(McPriceRows *rows)
{
	Size bytes = mul_size(rows->n, sizeof(int64));
	int64_t *ts_work;
	double *price_work;

	if (mc_price_rows_ascending(rows->ts, rows->n))
		return;
	ts_work = MemoryContextAllocHuge(CurrentMemoryContext, bytes);
	price_work = MemoryContextAllocHuge(CurrentMemoryContext, bytes);
	mc_check_status(
	    mc_series_sort(rows->ts, rows->price, rows->n, ts_work, price_work, &mc_interrupt_poll));
	pfree(ts_work);
	pfree(price_work);
}

static uint64
price_bits(double price)
{
	uint64 bits;

	memcpy(&bits, &price, sizeof(bits));
	return bits;
}

static void
hash_check(pg_cryptohash_ctx *hash, int status)
{
	if (status < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));
}

static void
rows_hash(const McPriceRows *rows, uint8 *digest)
{
	/* an error leaves it to the resource owner, or to the memory context */
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint64 chunk[2 * CHUNK];

	if (hash == NULL)
		elog(ERROR, "out of memory for SHA-256");
	hash_check(hash, pg_cryptohash_init(hash));
	for (Size from = 0; from < rows->n; from += CHUNK)
	{
		Size n = Min(rows->n - from, CHUNK);

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < n; i++)
		{
			chunk[2 * i] = pg_hton64((uint64) rows->ts[from + i]);
			chunk[2 * i + 1] = pg_hton64(price_bits(rows->price[from + i]));
		}
		hash_check(hash, pg_cryptohash_update(hash, (const uint8 *) chunk, n * 2 * sizeof(uint64)));
	}
	hash_check(hash, pg_cryptohash_final(hash, digest, PG_SHA256_DIGEST_LENGTH));
	pg_cryptohash_free(hash);
}

/* price_digest_final(internal) -> bytea; NULL without a usable row */
MC_FUNCTION(mc_price_digest_final)
{
	McCalibrateState *state = PG_ARGISNULL(0) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(0);
	bytea *result;

	mc_aggregate_context(fcinfo, "price_digest_final");
	if (state == NULL || state->rows.n == 0)
		PG_RETURN_NULL();
	result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	rows_sort(&state->rows);
	rows_hash(&state->rows, (uint8 *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}
