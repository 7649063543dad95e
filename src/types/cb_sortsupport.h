/*-------------------------------------------------------------------------
 *
 * cb_sortsupport.h
 *	  Sorting of fixed-length types whose order is that of their bytes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SORTSUPPORT_H
#define CB_SORTSUPPORT_H

#include "postgres.h"

#include "utils/sortsupport.h"

/*
 * Fill in a b-tree operator class's sort support.  comparator orders two
 * values by memcmp(); both must be at least sizeof(Datum) bytes long.
 */
extern void cb_bytes_sortsupport(SortSupport ssup, int (*comparator) (Datum, Datum, SortSupport));

#endif							/* CB_SORTSUPPORT_H */
