/*-------------------------------------------------------------------------
 *
 * cb_sortsupport.c
 *	  Sorting of fixed-length types whose order is that of their bytes.
 *
 * An abbreviated key is the value's first bytes.  Transaction ids are hashes,
 * so these nearly always decide, and abbreviation never has to be given up.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bswap.h"

#include "types/cb_sortsupport.h"

static Datum abbreviate(Datum original, SortSupport ssup);
static bool never_abort(int memtupcount, SortSupport ssup);

void
cb_bytes_sortsupport(SortSupport ssup, int (*comparator) (Datum, Datum, SortSupport))
{
	ssup->comparator = comparator;
	if (!ssup->abbreviate)
		return;

	ssup->comparator = ssup_datum_unsigned_cmp;
	ssup->abbrev_converter = abbreviate;
	ssup->abbrev_abort = never_abort;
	ssup->abbrev_full_comparator = comparator;
}

static Datum
abbreviate(Datum original, SortSupport ssup)
{
	Datum		prefix;

	memcpy(&prefix, DatumGetPointer(original), sizeof(prefix));
	return DatumBigEndianToNative(prefix);
}

static bool
never_abort(int memtupcount, SortSupport ssup)
{
	return false;
}
