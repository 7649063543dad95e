/*-------------------------------------------------------------------------
 *
 * cb_credentials.h
 *	  User and password for the node: settings, a password file, or its cookie.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CREDENTIALS_H
#define CB_CREDENTIALS_H

#include "postgres.h"

#include "../src/cb_shared.h"

#define CB_CREDENTIALS_SIZE 1024

/*
 * user:password, or NULL where none are set.  Kept until the settings change;
 * fresh reads the files again, as after a refusal.  Raises an error, which never
 * quotes a file's content, when a file cannot be used.
 */
extern const char *cb_credentials(const CbWorkerSettings *settings, bool fresh);

#endif							/* CB_CREDENTIALS_H */
