/*
 * row_lookup.c
 *	  Rows of the extension's tables by their primary keys of text columns.
 */
#include "row_lookup.h"

#include "access/heapam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#define PLACES 4096

/*
 * Where this session found a row the last time.  The row there is taken only when the snapshot sees it and it has the
 * key, so nothing needs to be invalidated.
 */
typedef struct Place
{
	Oid table;
	uint32 hash;          /* of the key */
	ItemPointerData root; /* of its HOT chain, as the index has it */
	Buffer buffer;        /* that had its page */
} Place;

static Place places[PLACES];

Oid
mc_relation(const char *name)
{
	Oid found = get_relname_relid(name, get_namespace_oid("margin_calib", false));

	if (!OidIsValid(found))
		elog(ERROR, "margin_calib.%s does not exist", name);
	return found;
}

Relation
mc_table_open(const char *name)
{
	Oid relation = mc_relation(name);
	AclResult right = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);

	if (right != ACLCHECK_OK)
		aclcheck_error(right, OBJECT_TABLE, name);
	if (check_enable_rls(relation, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("table margin_calib.%s has row-level security", name),
		                errhint("Disable it: its rows name no account.")));
	return table_open(relation, AccessShareLock);
}

static int
find_columns(Relation table, const char *const *names, AttrNumber *columns, int most)
{
	int count;

	for (count = 0; names[count] != NULL; count++)
	{
		int column = SPI_fnumber(RelationGetDescr(table), names[count]);

		if (column <= 0 || count == most)
			elog(ERROR, "margin_calib.%s has an unexpected shape", RelationGetRelationName(table));
		columns[count] = column;
	}
	return count;
}

void
mc_lookup_open(McLookup *lookup, Relation table, Snapshot snapshot, const char *const *keys,
               const char *const *columns)
{
	memset(lookup, 0, sizeof(McLookup));
	lookup->table = table;
	lookup->snapshot = snapshot;
	lookup->slot = table_slot_create(table, NULL);
	lookup->key_count = find_columns(table, keys, lookup->key_columns, MC_LOOKUP_MOST_KEYS);
	lookup->column_count = find_columns(table, columns, lookup->columns, MC_LOOKUP_MOST_COLUMNS);
}

static uint32
hash_of(const McLookup *lookup)
{
	uint32 hash = 0;

	for (int i = 0; i < lookup->key_count; i++)
	{
		text *key = DatumGetTextPP(lookup->keys[i]);

		hash = hash_combine(hash,
		                    hash_bytes((unsigned char *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)));
	}
	return hash;
}

/* Has the row in the slot the key? */
static bool
has_key(McLookup *lookup)
{
	for (int i = 0; i < lookup->key_count; i++)
	{
		text *key = DatumGetTextPP(lookup->keys[i]);
		bool is_null;
		text *found = DatumGetTextPP(slot_getattr(lookup->slot, lookup->key_columns[i], &is_null));

		if (VARSIZE_ANY_EXHDR(found) != VARSIZE_ANY_EXHDR(key) ||
		    memcmp(VARDATA_ANY(found), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) != 0)
			return false;
	}
	return true;
}

static bool
at_place(McLookup *lookup, uint32 hash)
{
	const Place *place = &places[hash % PLACES];
	ItemPointerData tid = place->root;
	bool found;

	/* false when the buffer has another page by now */
	if (place->table != RelationGetRelid(lookup->table) || place->hash != hash ||
	    !mc_read_recent_buffer(lookup->table, ItemPointerGetBlockNumber(&tid), place->buffer))
		return false;
	LockBuffer(place->buffer, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(&tid, lookup->table, place->buffer, lookup->snapshot,
	                               &lookup->tuple, NULL, true);
	LockBuffer(place->buffer, BUFFER_LOCK_UNLOCK);
	if (found)
		ExecStoreBufferHeapTuple(&lookup->tuple, lookup->slot, place->buffer);
	ReleaseBuffer(place->buffer);
	return found && has_key(lookup);
}

/* The row in the slot stands in a chain that starts with `root`. */
static void
place_remember(McLookup *lookup, uint32 hash, ItemPointerData root)
{
	if (TTS_IS_BUFFERTUPLE(lookup->slot))
		places[hash % PLACES] = (Place){RelationGetRelid(lookup->table), hash, root,
		                                ((BufferHeapTupleTableSlot *) lookup->slot)->buffer};
}

static void
index_scan_open(McLookup *lookup)
{
	const char *table = RelationGetRelationName(lookup->table);

	lookup->index = index_open(mc_relation(psprintf("%s_pkey", table)), AccessShareLock);
	for (int i = 0; i < lookup->key_count; i++)
		if (lookup->index->rd_index->indnkeyatts != lookup->key_count ||
		    lookup->index->rd_index->indkey.values[i] != lookup->key_columns[i])
			elog(ERROR, "the key of margin_calib.%s has an unexpected shape", table);
	lookup->scan =
	    mc_index_beginscan(lookup->table, lookup->index, lookup->snapshot, lookup->key_count);
}

static bool
by_index(McLookup *lookup, uint32 hash)
{
	ScanKeyData keys[MC_LOOKUP_MOST_KEYS];
	ItemPointer tid;

	if (lookup->index == NULL)
		index_scan_open(lookup);
	for (int i = 0; i < lookup->key_count; i++)
		ScanKeyEntryInitialize(&keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
		                       lookup->index->rd_indcollation[i], F_TEXTEQ, lookup->keys[i]);
	index_rescan(lookup->scan, keys, lookup->key_count, NULL, 0);
	while ((tid = index_getnext_tid(lookup->scan, ForwardScanDirection)) != NULL)
	{
		ItemPointerData root = *tid;

		if (!index_fetch_heap(lookup->scan, lookup->slot))
			continue;
		place_remember(lookup, hash, root);
		return true;
	}
	return false;
}

void
mc_lookup_read(McLookup *lookup)
{
	for (int i = 0; i < lookup->column_count; i++)
		lookup->values[i] = slot_getattr(lookup->slot, lookup->columns[i], &lookup->nulls[i]);
}

bool
mc_lookup(McLookup *lookup, Datum key)
{
	uint32 hash;

	lookup->keys[0] = key;
	hash = hash_of(lookup);
	if (at_place(lookup, hash) || by_index(lookup, hash))
	{
		mc_lookup_read(lookup);
		return true;
	}
	memset(lookup->nulls, true, sizeof(lookup->nulls));
	return false;
}

void
mc_lookup_close(McLookup *lookup)
{
	if (lookup->index != NULL)
	{
		index_endscan(lookup->scan);
		index_close(lookup->index, NoLock);
	}
	ExecDropSingleTupleTableSlot(lookup->slot);
	table_close(lookup->table, NoLock);
}
