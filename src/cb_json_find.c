/*-------------------------------------------------------------------------
 *
 * cb_json_find.c
 *	  Finding a value in JSON from outside, by its pointer (RFC 6901).
 *
 * The whole text is checked first, without recursion; after that nothing can
 * go wrong on the way to the value.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_json_find.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#define MAX_DEPTH 64
#define DIGITS "0123456789"
#define HEX_DIGITS "0123456789abcdefABCDEF"

static const char *after_space(const char *at);
static const char *after_value(const char *at);
static const char *after_end(const char *at, char *open, int *depth);
static const char *after_key(const char *at);
static const char *after_scalar(const char *at);
static const char *after_string(const char *at);
static const char *after_number(const char *at);
static const char *after_digits(const char *at);
static const char *find_child(const char *at, const char *token);
static const char *find_member(const char *at, const char *name);
static const char *find_element(const char *at, const char *token);
static char *string_value(const char *at);
static const char *append_escaped(StringInfo value, const char *at);
static pg_wchar hex4(const char *at);
static char *token_value(const char *token);

bool
cb_json_pointer_is_valid(const char *pointer)
{
	if (pointer[0] != '\0' && pointer[0] != '/')
		return false;
	for (const char *tilde = strchr(pointer, '~'); tilde != NULL; tilde = strchr(tilde + 1, '~'))
		if (tilde[1] != '0' && tilde[1] != '1')
			return false;
	return true;
}

CbJsonFound
cb_json_find(const char *json, const char *pointer, char **text)
{
	const char *at = after_space(json);
	const char *end = after_value(at);

	if (end == NULL || *after_space(end) != '\0')
		return CB_JSON_MALFORMED;
	for (; *pointer == '/'; pointer += 1 + strcspn(pointer + 1, "/"))
	{
		at = find_child(at, pointer + 1);
		if (at == NULL)
			return CB_JSON_ABSENT;
	}
	if (*at == '{' || *at == '[')
		return CB_JSON_CONTAINER;
	*text = *at == '"' ? string_value(at) : pnstrdup(at, after_scalar(at) - at);
	return CB_JSON_SCALAR;
}

/*
 * What follows a part of the text.  NULL when the part is not there, from here
 * to after_digits().
 */
static const char *
after_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static const char *
after_value(const char *at)
{
	char		open[MAX_DEPTH];
	int			depth = 0;

	do
	{
		at = after_space(at);
		if (*at != '{' && *at != '[')
			at = after_scalar(at);
		else if (depth == MAX_DEPTH)
			return NULL;
		else
		{
			const char *inside = after_space(at + 1);

			open[depth++] = *at;
			if (*inside != (*at == '{' ? '}' : ']'))
			{
				at = *at == '{' ? after_key(inside) : inside;
				continue;
			}
			at = inside;
		}
		if (at != NULL)
			at = after_end(at, open, &depth);
	} while (at != NULL && depth > 0);
	return at;
}

/*
 * Behind a value: close what ends there, until another value follows, whose key
 * is passed over.
 */
static const char *
after_end(const char *at, char *open, int *depth)
{
	while (*depth > 0)
	{
		bool		in_object = open[*depth - 1] == '{';

		at = after_space(at);
		if (*at == ',')
			return in_object ? after_key(after_space(at + 1)) : at + 1;
		if (*at != (in_object ? '}' : ']'))
			return NULL;
		at++;
		(*depth)--;
	}
	return at;
}

static const char *
after_key(const char *at)
{
	at = after_string(at);
	if (at == NULL)
		return NULL;
	at = after_space(at);
	return *at == ':' ? after_space(at + 1) : NULL;
}

static const char *
after_scalar(const char *at)
{
	static const char *const words[] = {"true", "false", "null"};

	if (*at == '"')
		return after_string(at);
	for (int i = 0; i < (int) lengthof(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	return after_number(at);
}

static const char *
after_string(const char *at)
{
	if (*at != '"')
		return NULL;
	for (at++; *at != '"'; at++)
	{
		if ((unsigned char) *at < ' ')
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u' && strspn(at + 1, HEX_DIGITS) >= 4)
			at += 4;
		else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
			return NULL;
	}
	return at + 1;
}

static const char *
after_number(const char *at)
{
	if (*at == '-')
		at++;
	at = *at == '0' ? at + 1 : after_digits(at);
	if (at != NULL && *at == '.')
		at = after_digits(at + 1);
	if (at != NULL && (*at == 'e' || *at == 'E'))
	{
		at++;
		at = after_digits(*at == '+' || *at == '-' ? at + 1 : at);
	}
	return at;
}

static const char *
after_digits(const char *at)
{
	size_t		n = strspn(at, DIGITS);

	return n > 0 ? at + n : NULL;
}

/* Of the value at; token is a part of a pointer, up to its end or a slash. */
static const char *
find_child(const char *at, const char *token)
{
	if (*at == '{')
		return find_member(at, token_value(token));
	if (*at == '[')
		return find_element(at, token_value(token));
	return NULL;
}

static const char *
find_member(const char *at, const char *name)
{
	for (at = after_space(at + 1); *at == '"'; at = after_space(at + 1))
	{
		bool		is_it = strcmp(string_value(at), name) == 0;

		at = after_key(at);
		if (is_it)
			return at;
		at = after_space(after_value(at));
		if (*at != ',')
			break;
	}
	return NULL;
}

/* An index has no sign and no leading zero. */
static const char *
find_element(const char *at, const char *token)
{
	size_t		n = strlen(token);
	long		index;

	if (n == 0 || n > 9 || strspn(token, DIGITS) != n || (n > 1 && token[0] == '0'))
		return NULL;
	index = strtol(token, NULL, 10);
	at = after_space(at + 1);
	if (*at == ']')
		return NULL;
	for (; index > 0; index--)
	{
		at = after_space(after_value(at));
		if (*at != ',')
			return NULL;
		at = after_space(at + 1);
	}
	return at;
}

/* In UTF-8. */
static char *
string_value(const char *at)
{
	StringInfoData value;

	initStringInfo(&value);
	for (at++; *at != '"';)
	{
		if (*at == '\\')
			at = append_escaped(&value, at + 1);
		else
			appendStringInfoChar(&value, *at++);
	}
	return value.data;
}

/*
 * Of a pair of surrogates both are taken.  One alone, or a NUL, becomes a
 * replacement character.
 */
static const char *
append_escaped(StringInfo value, const char *at)
{
	static const char letters[] = "bfnrt";
	static const char controls[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *at);
	unsigned char utf8[8] = {0};
	pg_wchar	c;

	if (*at != 'u')
	{
		appendStringInfoChar(value, letter != NULL ? controls[letter - letters] : *at);
		return at + 1;
	}
	c = hex4(at + 1);
	at += 5;
	if (is_utf16_surrogate_first(c) && at[0] == '\\' && at[1] == 'u' &&
		is_utf16_surrogate_second(hex4(at + 2)))
	{
		c = surrogate_pair_to_codepoint(c, hex4(at + 2));
		at += 6;
	}
	else if (c == 0 || is_utf16_surrogate_first(c) || is_utf16_surrogate_second(c))
		c = 0xFFFD;
	unicode_to_utf8(c, utf8);
	appendStringInfoString(value, (char *) utf8);
	return at;
}

static pg_wchar
hex4(const char *at)
{
	char		digits[5] = {at[0], at[1], at[2], at[3], '\0'};

	return (pg_wchar) strtoul(digits, NULL, 16);
}

static char *
token_value(const char *token)
{
	StringInfoData value;

	initStringInfo(&value);
	for (; *token != '\0' && *token != '/'; token++)
	{
		char		c = *token;

		if (c == '~')
			c = *++token == '1' ? '/' : '~';
		appendStringInfoChar(&value, c);
	}
	return value.data;
}
