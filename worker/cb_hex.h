/*-------------------------------------------------------------------------
 *
 * cb_hex.h
 *	  Hex text to bytes, and back.
 *
 * In a file of its own because PostgreSQL's builtins.h and jansson.h both
 * declare json_object.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HEX_H
#define CB_HEX_H

#include "postgres.h"

/* NULL when it is not hex. */
extern bytea *cb_hex_bytes(const char *digits, size_t length);
extern char *cb_hex_text(const char *bytes, size_t length);

#endif							/* CB_HEX_H */
