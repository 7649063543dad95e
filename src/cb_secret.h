/*-------------------------------------------------------------------------
 *
 * cb_secret.h
 *	  Secrets that no table holds: derived from a key in a file.
 *
 * The file (charmbills.secret_file) is private to the server's account, so
 * that no dump, no query and no log has what it takes to sign as us.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SECRET_H
#define CB_SECRET_H

#include "postgres.h"

#define CB_SECRET_SIZE 32

typedef struct CbSecret
{
	uint8		bytes[CB_SECRET_SIZE];
} CbSecret;

/* Why there is no secret; both are NULL when there is one. */
typedef struct CbSecretProblem
{
	const char *reason;
	const char *hint;
} CbSecretProblem;

/*
 * The secret for a purpose: the same text always gives the same secret.  False
 * when the key file cannot be used; problem then says why.
 */
extern bool cb_secret_derive(const char *purpose, CbSecret *secret, CbSecretProblem *problem);

/* The same, but a key file that is not there is made, and all else is an error (F0000). */
extern void cb_secret_make(const char *purpose, CbSecret *secret);

/* HMAC-SHA256. */
extern void cb_secret_sign(const CbSecret *secret, const char *data, size_t len,
						   uint8 out[CB_SECRET_SIZE]);

/* To be called when a secret is no longer needed. */
extern void cb_secret_forget(CbSecret *secret);

#endif							/* CB_SECRET_H */
