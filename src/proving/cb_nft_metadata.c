/*-------------------------------------------------------------------------
 *
 * cb_nft_metadata.c
 *	  The state of a plan's NFT, from what SQL says of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_sql.h"
#include "charms/cb_nft_state.h"
#include "charms/cb_spell_build.h"
#include "mb/pg_wchar.h"
#include "proving/cb_nft_metadata.h"

#define FIELDS "name, description, image, image_hash, url"

/* Whatever is not one of the fields, or no text, is named. */
CB_STATEMENT(read_metadata, "jsonb",
			 "SELECT pg_catalog.jsonb_typeof($1) = 'object', $1->>'name', $1->>'description', $1->>'image', "
			 "       $1->>'image_hash', $1->>'url', "
			 "       CASE WHEN pg_catalog.jsonb_typeof($1) = 'object' "
			 "            THEN (SELECT pg_catalog.left(min(e.key), 64) FROM pg_catalog.jsonb_each($1) e "
			 "                  WHERE e.key <> ALL ('{" FIELDS "}'::text[]) "
			 "                     OR pg_catalog.jsonb_typeof(e.value) <> 'string') END, "
			 "       $1->>'image_hash' ~ '^[0-9a-f]{64}$'");

static void check(void);
static CbSpan utf8(const char *str);

CbSpan
cb_nft_metadata_state(NullableDatum metadata, const char *ticker, const char *service_name, uint64 supply)
{
	CbNftState	state = {.ticker = utf8(ticker),.name = utf8(service_name),.remaining = supply};
	/* One byte more tells what is too long from what just fits. */
	CbWriter	out = cb_writer(palloc(CB_DRAFT_MAX_STATE + 1), CB_DRAFT_MAX_STATE + 1);
	CbCborWriter w = cb_cbor_writer(&out);

	if (!metadata.isnull)
	{
		cb_execute_one(&read_metadata, CB_ARGS(metadata));
		check();
		if (!cb_column_is_null(0, 2))
			state.name = utf8(cb_column_text(0, 2));
		state.description = utf8(cb_column_text(0, 3));
		state.image = utf8(cb_column_text(0, 4));
		state.image_hash = utf8(cb_column_text(0, 5));
		state.url = utf8(cb_column_text(0, 6));
	}
	cb_nft_state_write(&state, &w);
	if (out.error != CB_OK || out.len > CB_DRAFT_MAX_STATE)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("what the NFT is to say is too long"),
				 errdetail("All its fields together may have %d bytes.", CB_DRAFT_MAX_STATE)));
	return (CbSpan) {out.data, out.len};
}

/* Judges the row just read. */
static void
check(void)
{
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("an NFT's metadata must be a JSON object")));
	if (!cb_column_is_null(0, 7))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("an NFT's metadata has no field \"%s\", or it is no text", cb_column_text(0, 7)),
				 errdetail("The fields are " FIELDS ".")));
	if (!cb_column_is_null(0, 8) && !cb_column_bool(0, 8))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("image_hash must be 64 hex digits in lower case")));
}

/* Empty of NULL. */
static CbSpan
utf8(const char *str)
{
	CbSpan		span = {NULL, 0};

	if (str == NULL)
		return span;
	span.data = (const uint8 *) pg_server_to_any(str, strlen(str), PG_UTF8);
	span.len = strlen((const char *) span.data);
	return span;
}
