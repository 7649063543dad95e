/*-------------------------------------------------------------------------
 *
 * cb_private_key.c
 *	  Finding private keys in text, so that they can be refused at the door.
 *
 * What counts is what a text looks like: a mistyped private key is almost the
 * key itself.  No checksum is looked at, but the rules are narrow enough that
 * addresses, hashes and public keys never match.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_descriptor.h"

#include <string.h>

/* Characters of an extended key, private or public. */
#define EXTENDED_KEY_LEN 111

static bool is_alphanumeric(char c);
static bool is_base58(const char *word, size_t len);
static bool is_xprv_prefix(const char *word, size_t len);
static bool word_is_private(const char *word, size_t len);

bool
cb_text_has_private_key(const char *text, size_t len)
{
	size_t		i = 0;

	while (i < len)
	{
		size_t		start = i;

		while (i < len && is_alphanumeric(text[i]))
			i++;
		if (word_is_private(text + start, i - start))
			return true;
		i++;
	}
	return false;
}

/*
 * A word is a run of letters and digits: descriptors, paths and prose all
 * separate keys by something else.
 */
static bool
word_is_private(const char *word, size_t len)
{
	if (is_xprv_prefix(word, len))
		return true;

	/*
	 * One glued to something before it.  An xpub may contain "xprv" by
	 * chance, but not followed by a whole key.
	 */
	for (size_t i = 1; i + EXTENDED_KEY_LEN <= len; i++)
	{
		if (is_xprv_prefix(word + i, len - i))
			return true;
	}

	/* Wallet import format: uncompressed or compressed, main or test. */
	if (len == 51)
		return strchr("59", word[0]) != NULL && is_base58(word, len);
	if (len == 52)
		return strchr("KLc", word[0]) != NULL && is_base58(word, len);
	return false;
}

/* xprv, tprv, and SLIP-132's of every script type */
static bool
is_xprv_prefix(const char *word, size_t len)
{
	return len >= 4 && strchr("xtyzuvYZUV", word[0]) != NULL && memcmp(word + 1, "prv", 3) == 0;
}

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_base58(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		/* Of letters and digits, base58 leaves out those easily mistaken. */
		if (strchr("0OIl", word[i]) != NULL)
			return false;
	}
	return true;
}
