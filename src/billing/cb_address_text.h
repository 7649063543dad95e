/*-------------------------------------------------------------------------
 *
 * cb_address_text.h
 *	  Addresses as users write them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ADDRESS_TEXT_H
#define CB_ADDRESS_TEXT_H

#include "postgres.h"

#include "bitcoin/cb_address.h"

/*
 * The script of an address of the current network, and the address in its
 * usual spelling, palloc'd: bech32 may be written in capitals.  NULL when it is
 * no such address.
 */
extern char *cb_address_or_null(const char *address, CbScriptBuf *script);

/* The same, but an error that says what is wrong with it. */
extern char *cb_address_checked(const char *address, CbScriptBuf *script);

#endif							/* CB_ADDRESS_TEXT_H */
