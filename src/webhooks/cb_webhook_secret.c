/*-------------------------------------------------------------------------
 *
 * cb_webhook_secret.c
 *	  The secret of an endpoint, and what it signs.
 *
 * Standard Webhooks: the secret is whsec_ and base64, the signature v1, and the
 * base64 of an HMAC-SHA256 over id, time and body.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_uuid.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"
#include "webhooks/cb_webhook_internal.h"

static char *base64(const uint8 *bytes);

/* What the key file derives the secret from. */
char *
cb_webhook_purpose(const pg_uuid_t *endpoint_id, int32 generation)
{
	return psprintf("webhook:%s:%d", cb_uuid_cstring(endpoint_id), generation);
}

CbWebhookFingerprint
cb_webhook_fingerprint(const CbSecret *secret)
{
	CbWebhookFingerprint fingerprint;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, secret->bytes, CB_SECRET_SIZE) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(ctx));
	pg_cryptohash_free(ctx);
	memcpy(fingerprint.bytes, digest, sizeof(fingerprint.bytes));
	return fingerprint;
}

char *
cb_webhook_secret_text(const CbSecret *secret)
{
	return psprintf("whsec_%s", base64(secret->bytes));
}

char *
cb_webhook_signature(const CbSecret *secret, const char *id, int64 timestamp, const char *body)
{
	char	   *content = psprintf("%s." INT64_FORMAT ".%s", id, timestamp, body);
	uint8		signature[CB_SECRET_SIZE];

	cb_secret_sign(secret, content, strlen(content), signature);
	return psprintf("v1,%s", base64(signature));
}

/* Of 32 bytes: short enough that encode() breaks no line. */
static char *
base64(const uint8 *bytes)
{
	bytea	   *value = palloc(VARHDRSZ + CB_SECRET_SIZE);

	SET_VARSIZE(value, VARHDRSZ + CB_SECRET_SIZE);
	memcpy(VARDATA(value), bytes, CB_SECRET_SIZE);
	return TextDatumGetCString(DirectFunctionCall2(binary_encode, PointerGetDatum(value),
												   CStringGetTextDatum("base64")));
}
