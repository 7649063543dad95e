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
} Level;

typedef struct Walk
{
	CbReader   *r;
	size_t		depth;
	Level		levels[CB_CBOR_MAX_DEPTH];
} Walk;

static void fail(Walk *walk, CbResult error);
static void complete(Walk *walk);
static void open_level(Walk *walk, const CbCborHead *head, uint64_t items);
static void close_level(Walk *walk);
static void check_chunk(Walk *walk, const CbCborHead *head);
static void check_big_integer(Walk *walk);
static void check_keys(Walk *walk, uint64_t entries);
static void check_canonical(Walk *walk, const CbCborHead *head);
static void take_string(Walk *walk, const CbCborHead *head);
static void take(Walk *walk, const CbCborHead *head);

static void
fail(Walk *walk, CbResult error)
{
	if (walk->r->error == CB_OK)
		walk->r->error = error;
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
		if (--level->left > 0)
			return;
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

/* The keys of a map whose head was just read. */
static void
check_keys(Walk *walk, uint64_t entries)
{
	CbSpan		keys[CB_CBOR_MAX_ENTRIES];
	CbReader	ahead = *walk->r;

	if (entries > CB_CBOR_MAX_ENTRIES)
	{
		fail(walk, CB_ERR_COUNT);
		return;
	}
	for (uint64_t i = 0; entries > 1 && i < entries; i++)
	{
		keys[i] = cb_cbor_read_item(&ahead, CB_CBOR_WELL_FORMED);
		cb_cbor_read_item(&ahead, CB_CBOR_WELL_FORMED);
		if (ahead.error != CB_OK)
		{
			fail(walk, ahead.error);
			return;
		}
		for (uint64_t j = 0; j < i; j++)
		{
			if (cb_cbor_equal(keys[j], keys[i]))
				fail(walk, CB_ERR_CBOR_DUPLICATE);
		}
	}
}

static void
check_canonical(Walk *walk, const CbCborHead *head)
{
	if (!cb_cbor_head_is_canonical(head))
		fail(walk, CB_ERR_CBOR);
	else if (head->type == CB_CBOR_TAG)
		check_big_integer(walk);
	else if (head->type == CB_CBOR_MAP)
		check_keys(walk, head->value);
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
	walk.depth = 0;
	do
	{
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
