/*-------------------------------------------------------------------------
 *
 * cb_hex.c
 *	  Hex text to bytes, and back.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "../src/cb_compat.h"
#include "cb_hex.h"
#include "utils/builtins.h"

/* hex_decode() would take white space as well. */
bytea *
cb_hex_bytes(const char *digits, size_t length)
{
	bytea	   *bytes;

	if (length % 2 != 0 || strspn(digits, "0123456789abcdefABCDEF") != length)
		return NULL;
	bytes = palloc(VARHDRSZ + length / 2);
	SET_VARSIZE(bytes, VARHDRSZ + hex_decode(digits, length, VARDATA(bytes)));
	return bytes;
}

char *
cb_hex_text(const char *bytes, size_t length)
{
	char	   *digits = palloc(2 * length + 1);

	digits[hex_encode(bytes, length, digits)] = '\0';
	return digits;
}
