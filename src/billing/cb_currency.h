/*-------------------------------------------------------------------------
 *
 * cb_currency.h
 *	  Currencies that prices may be in.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CURRENCY_H
#define CB_CURRENCY_H

#include "postgres.h"

/* Decimals of the minor unit of an ISO 4217 code (2 for EUR); -1 when unknown. */
extern int	cb_currency_decimals(const char *code);

/* CB011 unless a price may be in it. */
extern void cb_check_currency(const char *code);

/*
 * A numeric as a whole number of its 10th, 100th and so on; false when it has
 * more decimals, or is beyond any amount that is dealt with.
 */
extern bool cb_minor_units(Datum amount, int decimals, int64 *units);

/* The inverse: 1050 with two decimals is 10.50, as a numeric or as palloc'd text. */
extern Datum cb_minor_numeric(int64 units, int decimals);
extern char *cb_minor_cstring(int64 units, int decimals);

#endif							/* CB_CURRENCY_H */
