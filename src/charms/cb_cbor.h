/*-------------------------------------------------------------------------
 *
 * cb_cbor.h
 *	  CBOR (RFC 8949): a bounded reader and a canonical writer.
 *
 * Reading goes through the readers of cb_bytes.h: the first failure stays,
 * and what follows reads nothing.
 *
 * Canonical here means as ciborium, the Rust library of Charms, writes:
 * definite lengths, every number in its shortest form, floats as the shortest
 * that keep their value, no simple values but false, true and null, no tags
 * but those of integers beyond 64 bits.  Beyond what ciborium asks, no key
 * comes twice in a map.  Maps keep the order in which they were written.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CBOR_H
#define CB_CBOR_H

#include "bitcoin/cb_bytes.h"

/* Arrays, maps and tags within each other. */
#define CB_CBOR_MAX_DEPTH 64
/* Keys of a map and of those around it, where the canonical rules hold. */
#define CB_CBOR_MAX_KEYS 512

/* The first eight as RFC 8949 numbers its major types. */
typedef enum CbCborType
{
	CB_CBOR_UNSIGNED,
	CB_CBOR_NEGATIVE,
	CB_CBOR_BYTES,
	CB_CBOR_TEXT,
	CB_CBOR_ARRAY,
	CB_CBOR_MAP,
	CB_CBOR_TAG,
	CB_CBOR_SIMPLE,
	CB_CBOR_FLOAT,
	CB_CBOR_BREAK				/* ends what has an indefinite length */
} CbCborType;

/* Values of CB_CBOR_SIMPLE. */
#define CB_CBOR_FALSE 20
#define CB_CBOR_TRUE 21
#define CB_CBOR_NULL 22

/* What an item begins with; of a number it is the whole. */
typedef struct CbCborHead
{
	CbCborType	type;
	bool		indefinite;		/* bytes, text, array or map without a length */
	uint8_t		size;			/* bytes that hold the value, 0 where it is part
								 * of the first byte */
	uint64_t	value;			/* the integer; of a negative one, -1 minus it;
								 * length in bytes, items or entries; number of
								 * a tag or simple value; bits of a float */
} CbCborHead;

typedef enum CbCborRules
{
	CB_CBOR_WELL_FORMED,		/* whatever RFC 8949 allows */
	CB_CBOR_CANONICAL
} CbCborRules;

/* The next head, well formed by itself; what it announces is yet to be read. */
extern bool cb_cbor_read_head(CbReader *r, CbCborHead *head);
/* Whether the next item is of this type; nothing is read. */
extern bool cb_cbor_next_is(const CbReader *r, CbCborType type);
/* One whole item, however deep, and its span. */
extern CbSpan cb_cbor_read_item(CbReader *r, CbCborRules rules);

/* What a float's head stands for, exactly. */
extern double cb_cbor_float(const CbCborHead *head);

/*
 * One value of one type, with a head as the canonical rules have it; else
 * CB_ERR_CBOR_TYPE or CB_ERR_CBOR.  An array's items or a map's entries remain
 * to be read, and are no more than the bytes that follow can hold.
 */
extern uint64_t cb_cbor_read_uint(CbReader *r);
extern CbSpan cb_cbor_read_bytes(CbReader *r);
extern CbSpan cb_cbor_read_text(CbReader *r);	/* UTF-8 */
extern uint64_t cb_cbor_read_array(CbReader *r);
extern uint64_t cb_cbor_read_map(CbReader *r);
extern bool cb_cbor_read_bool(CbReader *r);
/* An array of len numbers up to 255, the form that serde gives to byte arrays. */
extern void cb_cbor_read_byte_array(CbReader *r, uint8_t *out, size_t len);

/* The value of a text key in a whole canonical map; false where it is none or has none. */
extern bool cb_cbor_find(CbSpan map, const char *key, CbSpan *value);

/* Where CBOR is written to: a buffer, a hash. */
typedef struct CbCborWriter
{
	void		(*put) (void *to, const void *data, size_t len);
	void	   *to;
} CbCborWriter;

extern CbCborWriter cb_cbor_writer(CbWriter *to);
extern void cb_cbor_write_uint(const CbCborWriter *w, uint64_t v);
extern void cb_cbor_write_int(const CbCborWriter *w, int64_t v);
extern void cb_cbor_write_bytes(const CbCborWriter *w, CbSpan bytes);
extern void cb_cbor_write_text(const CbCborWriter *w, CbSpan text);
extern void cb_cbor_write_key(const CbCborWriter *w, const char *key);
extern void cb_cbor_write_array(const CbCborWriter *w, uint64_t n);
extern void cb_cbor_write_map(const CbCborWriter *w, uint64_t n);
extern void cb_cbor_write_bool(const CbCborWriter *w, bool v);
extern void cb_cbor_write_null(const CbCborWriter *w);
extern void cb_cbor_write_byte_array(const CbCborWriter *w, CbSpan bytes);
/* An item that is written already. */
extern void cb_cbor_write_item(const CbCborWriter *w, CbSpan item);

#endif							/* CB_CBOR_H */
