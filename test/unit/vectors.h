/*-------------------------------------------------------------------------
 *
 * vectors.h
 *	  Reading test vectors, which are JSON files outside the repository.
 *
 * They are looked for in $CHARMBILLS_VECTORS, else in ../shared/vectors
 * beside the repository.  Where a file is missing its test is skipped by name.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "cb_bytes.h"
#include "tap.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The repository's root, from where this is compiled and run. */
#ifndef CB_TEST_ROOT
#define CB_TEST_ROOT "../.."
#endif

static inline FILE *
open_vectors(const char *name)
{
	const char *folder = getenv("CHARMBILLS_VECTORS");
	char		path[1024];

	if (folder == NULL)
		folder = CB_TEST_ROOT "/../shared/vectors";
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, "rb");
}

/*
 * A whole file in a buffer of exactly its size, for the caller to free; NULL,
 * after a skip, where it is missing.
 */
static inline uint8_t *
load_vector_bytes(const char *name, size_t *len)
{
	FILE	   *file = open_vectors(name);
	uint8_t    *data;

	if (file == NULL)
	{
		skip("%s is missing", name);
		return NULL;
	}
	fseek(file, 0, SEEK_END);
	*len = (size_t) ftell(file);
	rewind(file);
	data = malloc(*len);
	if (fread(data, 1, *len, file) != *len)
		abort();
	fclose(file);
	return data;
}

/*
 * The bytes of a hexadecimal text in a buffer of exactly their size, for the
 * caller to free: the sanitizer sees whoever reads past it.
 */
static inline uint8_t *
hex_bytes(const char *hex, size_t *len)
{
	size_t		capacity = strlen(hex) / 2;
	uint8_t    *data = malloc(capacity > 0 ? capacity : 1);

	if (cb_hex_decode(hex, strlen(hex), data, capacity, len) != CB_OK)
		abort();
	return data;
}

/* NULL, after a skip, where the file is missing; the JSON functions take it. */
static inline json_t *
load_vectors(const char *name)
{
	FILE	   *file = open_vectors(name);
	json_error_t error;
	json_t	   *vectors;

	if (file == NULL)
	{
		skip("%s is missing", name);
		return NULL;
	}
	vectors = json_loadf(file, 0, &error);
	fclose(file);
	if (vectors == NULL)
		skip("%s: %s", name, error.text);
	return vectors;
}

/* The text at an index of an array; "" where there is none. */
static inline const char *
vector_string(const json_t *vector, size_t index)
{
	const char *text = json_string_value(json_array_get(vector, index));

	return text == NULL ? "" : text;
}

/* The bytes that a hexadecimal text at an index of an array stands for. */
static inline size_t
vector_hex(const json_t *vector, size_t index, uint8_t *out, size_t capacity)
{
	const char *text = vector_string(vector, index);
	size_t		len = 0;

	if (cb_hex_decode(text, strlen(text), out, capacity, &len) != CB_OK)
		ok(false, "vector \"%.40s\" is hexadecimal", text);
	return len;
}

#endif							/* VECTORS_H */
