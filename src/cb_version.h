/*-------------------------------------------------------------------------
 *
 * cb_version.h
 *	  Whether the SQL objects are those that this library was made for.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_VERSION_H
#define CB_VERSION_H

/*
 * CB017 unless the installed extension has the library's version.  Costs a
 * look into the catalog until it has; after that one into a cache.
 */
extern void cb_require_version(void);
/* The same as a question, which always looks into the catalog. */
extern bool cb_version_is_ours(char **installed);

#endif							/* CB_VERSION_H */
