/*-------------------------------------------------------------------------
 *
 * cb_clock.h
 *	  The one source of time.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CLOCK_H
#define CB_CLOCK_H

#include "postgres.h"

#include "utils/timestamp.h"

/*
 * The sandbox's test clock when one is set, else the time the transaction
 * began.  SPI must be connected.
 */
extern TimestampTz cb_now(void);

#endif							/* CB_CLOCK_H */
