/*-------------------------------------------------------------------------
 *
 * cb_cbor_item.c
 *	  Whole CBOR items: walking through them without recursion.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_cbor_internal.h"

/* An integer beyond 64 bits has so many bytes, without zeros in front. */
#define MIN_BIG_INTEGER 9
#define MAX_BIG_INTEGER 16

/* An array, map, tag, or text or bytes in chunks, that is not complete yet. */
typedef struct Level
{
	CbCborType	type;
	bool		indefinite;
	uint64_t	left;			/* items to come; where indefinite, 1 between a
								 * map's key and its value */
	const uint8_t *item;		/* where the item that is being read began */
	size_t		n_keys;			/* of this map, among the walk's */
} Level;

typedef struct Walk
{
	CbReader   *r;
	CbCborRules rules;
	size_t		depth;
	Level		levels[CB_CBOR_MAX_DEPTH];
	size_t		n_keys;			/* of all maps that are not complete; the last
								 * are of the innermost */
	CbSpan		keys[CB_CBOR_MAX_KEYS];
} Walk;

static void fail(Walk *walk, CbResult error);
static void take_key(Walk *walk, Level *level);
static void complete(Walk *walk);
static void open_level(Walk *walk, const CbCborHead *head, uint64_t items);
static void close_level(Walk *walk);
static void check_chunk(Walk *walk, const CbCborHead *head);
static void check_big_integer(Walk *walk);
static void check_canonical(Walk *walk, const CbCborHead *head);
static void take_string(Walk *walk, const CbCborHead *head);
static void take(Walk *walk, const CbCborHead *head);

static void
fail(Walk *walk, CbResult error)
{
	if (walk->r->error == CB_OK)
		walk->r->error = error;
}

/* A key of a map is complete: it must differ from those before it. */
static void
take_key(Walk *walk, Level *level)
{
	CbSpan		key = {level->item, (size_t) (walk->r->pos - level->item)};

	if (walk->n_keys == CB_CBOR_MAX_KEYS)
	{
		fail(walk, CB_ERR_COUNT);
		return;
	}
	for (size_t i = walk->n_keys - level->n_keys; i < walk->n_keys; i++)
	{
		if (cb_span_equal(walk->keys[i], key))
			fail(walk, CB_ERR_CBOR_DUPLICATE);
	}
	walk->keys[walk->n_keys++] = key;
	level->n_keys++;
}

/* An item is complete, and with it whatever it was the last of. */
static void
complete(Walk *walk)
{
	while (walk->depth > 0)
	{
		Level	   *level = &walk->levels[walk->depth - 1];

		if (level->indefinite)
		{
			level->left ^= 1;
			return;
		}
		if (level->type == CB_CBOR_MAP && level->left % 2 == 0 && walk->rules == CB_CBOR_CANONICAL)
			take_key(walk, level);
		if (--level->left > 0)
			return;
		walk->n_keys -= level->n_keys;
		walk->depth--;
	}
}

static void
open_level(Walk *walk, const CbCborHead *head, uint64_t items)
{
	Level	   *level;

	if (items == 0 && !head->indefinite)
	{
		complete(walk);
		return;
	}
	if (walk->depth == CB_CBOR_MAX_DEPTH)
	{
		fail(walk, CB_ERR_CBOR_DEPTH);
		return;
	}
	level = &walk->levels[walk->depth++];
	level->type = head->type;
	level->indefinite = head->indefinite;
	level->left = items;
	level->n_keys = 0;
}

/* A break has come. */
static void
close_level(Walk *walk)
{
	Level	   *level = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;

	if (level == NULL || !level->indefinite || (level->type == CB_CBOR_MAP && level->left == 1))
	{
		fail(walk, CB_ERR_CBOR);
		return;
	}
	walk->depth--;
	complete(walk);
}

/* Chunks are of their whole's type, and not in chunks themselves. */
static void
check_chunk(Walk *walk, const CbCborHead *head)
{
	const Level *level = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;

	if (level == NULL || (level->type != CB_CBOR_BYTES && level->type != CB_CBOR_TEXT))
		return;
	if (head->type != level->type || head->indefinite)
		fail(walk, CB_ERR_CBOR);
}

/* What a tag for big integers is followed by. */
static void
check_big_integer(Walk *walk)
{
	CbReader	ahead = *walk->r;
	CbSpan		digits = cb_cbor_read_bytes(&ahead);

	if (digits.len < MIN_BIG_INTEGER || digits.len > MAX_BIG_INTEGER || digits.data[0] == 0)
		fail(walk, CB_ERR_CBOR);
}

static void
check_canonical(Walk *walk, const CbCborHead *head)
{
	if (!cb_cbor_head_is_canonical(head))
		fail(walk, CB_ERR_CBOR);
	else if (head->type == CB_CBOR_TAG)
		check_big_integer(walk);
}

static void
take_string(Walk *walk, const CbCborHead *head)
{
	CbSpan		string;

	if (head->indefinite)
	{
		open_level(walk, head, 0);
		return;
	}
	if (head->value > cb_reader_left(walk->r))
	{
		fail(walk, CB_ERR_TRUNCATED);
		return;
	}
	string = cb_read_bytes(walk->r, (size_t) head->value);
	if (head->type == CB_CBOR_TEXT && !cb_cbor_text_is_valid(string))
		fail(walk, CB_ERR_CHARACTER);
	complete(walk);
}

/* Whatever is to come has at least one byte for each item. */
static void
take(Walk *walk, const CbCborHead *head)
{
	uint64_t	room = cb_reader_left(walk->r);

	switch (head->type)
	{
		case CB_CBOR_BYTES:
		case CB_CBOR_TEXT:
			take_string(walk, head);
			return;
		case CB_CBOR_ARRAY:
		case CB_CBOR_MAP:
			if (head->type == CB_CBOR_MAP)
				room /= 2;
			if (!head->indefinite && head->value > room)
				fail(walk, CB_ERR_TRUNCATED);
			else if (head->indefinite)
				open_level(walk, head, 0);
			else
				open_level(walk, head, head->type == CB_CBOR_MAP ? 2 * head->value : head->value);
			return;
		case CB_CBOR_TAG:
			open_level(walk, head, 1);
			return;
		case CB_CBOR_BREAK:
			close_level(walk);
			return;
		case CB_CBOR_UNSIGNED:
		case CB_CBOR_NEGATIVE:
		case CB_CBOR_SIMPLE:
		case CB_CBOR_FLOAT:
			complete(walk);
			return;
	}
}

CbSpan
cb_cbor_read_item(CbReader *r, CbCborRules rules)
{
	CbSpan		item = {r->pos, 0};
	CbCborHead	head;
	Walk		walk;

	walk.r = r;
	walk.rules = rules;
	walk.depth = 0;
	walk.n_keys = 0;
	do
	{
		if (walk.depth > 0)
			walk.levels[walk.depth - 1].item = r->pos;
		if (!cb_cbor_read_head(r, &head))
			break;
		if (head.type != CB_CBOR_BREAK)
			check_chunk(&walk, &head);
		if (rules == CB_CBOR_CANONICAL)
			check_canonical(&walk, &head);
		if (r->error == CB_OK)
			take(&walk, &head);
	} while (walk.depth > 0 && r->error == CB_OK);
	if (r->error == CB_OK)
		item.len = (size_t) (r->pos - item.data);
	return item;
}
