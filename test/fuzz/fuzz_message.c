/*-------------------------------------------------------------------------
 *
 * fuzz_message.c
 *	  Any text is a signature or is not, and no random one is valid.
 *
 * The input is the kind of address, a length and a message, and the signature
 * as text or as the bytes that base64 would decode to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_base64.h"
#include "cb_message_internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static void check_verdict(const char *address, CbSpan message, const char *signature, size_t len);
static void check_base64(const char *text, size_t len);

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One of each kind that is supported; their keys are not in the corpus. */
static const char *const addresses[] = {
	"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	"37qyp7jQAzqb2rCBpMvVtLDuuzKAUCVnJb",
	"bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l",
	"bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *address;
	CbSpan		message;
	char		encoded[1024];

	if (len < 2)
		return 0;
	address = addresses[data[0] % (sizeof(addresses) / sizeof(addresses[0]))];
	message.data = data + 2;
	message.len = data[1] < len - 2 ? data[1] : len - 2;
	data += 2 + message.len;
	len -= 2 + message.len;

	check_verdict(address, message, (const char *) data, len);
	check_base64((const char *) data, len);
	if (len <= 512)
	{
		EVP_EncodeBlock((unsigned char *) encoded, data, (int) len);
		check_verdict(address, message, encoded, strlen(encoded));
	}
	return 0;
}

static void
check_verdict(const char *address, CbSpan message, const char *signature, size_t len)
{
	bool		valid = true;
	CbResult	result = cb_message_verify(address, message.data, message.len, signature, len, cb_network(CB_MAINNET), &valid);

	if (valid || (result != CB_OK && result != CB_ERR_SIGNATURE && result != CB_ERR_UNSUPPORTED))
		abort();
}

/* What is decoded has this spelling and no other. */
static void
check_base64(const char *text, size_t len)
{
	uint8_t		decoded[512];
	char		encoded[1024];
	size_t		decoded_len;

	if (cb_base64_decode(text, len, decoded, sizeof(decoded), &decoded_len) != CB_OK)
		return;
	EVP_EncodeBlock((unsigned char *) encoded, decoded, (int) decoded_len);
	if (strlen(encoded) != len || memcmp(encoded, text, len) != 0)
		abort();
}
