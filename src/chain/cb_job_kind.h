/*-------------------------------------------------------------------------
 *
 * cb_job_kind.h
 *	  The kinds of jobs, and what those who know them do about them.
 *
 * A layer above registers its kinds when the library is loaded.  A kind that
 * sends HTTP requests has its jobs inserted with a lane (see jobs.lane), or the
 * worker takes them for work of the Bitcoin node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JOB_KIND_H
#define CB_JOB_KIND_H

#include "postgres.h"

#include "cb_compat.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* A job, as it is handed to its kind. */
typedef struct CbJob
{
	pg_uuid_t	id;
	char	   *kind;
	NullableDatum payload;		/* jsonb */
	int32		attempts;		/* tries charged so far */
	TimestampTz now;
} CbJob;

typedef struct CbJobKind
{
	const char *name;
	/*
	 * For kinds that send HTTP: what to send now, as jsonb, or NULL when there
	 * is nothing to send any more.  NULL for what the node does.
	 */
	NullableDatum (*request) (const CbJob *job);
	/*
	 * Lock what is locked before jobs (NULL: nothing is).  What it gives is
	 * handed to report().
	 */
	void	   *(*lock) (const CbJob *job);
	/*
	 * Judge what the worker says of its try.  The job is locked, running, and
	 * the worker's.  Ends with one of the functions below and gives its answer,
	 * the state the job is in.
	 */
	const char *(*report) (const CbJob *job, void *locked, NullableDatum outcome);
} CbJobKind;

/* The kind lives as long as the backend. */
extern void cb_job_kind_register(const CbJobKind *kind);
/* Error CB011 for a kind that nobody has registered. */
extern const CbJobKind *cb_job_kind(const char *name);

/* It is done, or it has failed for good; this try is charged. */
extern const char *cb_job_done(const CbJob *job);
extern const char *cb_job_failed(const CbJob *job, const char *reason);
/* Try again at a time; this try is charged, or not. */
extern const char *cb_job_retry(const CbJob *job, TimestampTz at, bool charge, const char *reason);

/* So many seconds from now, a quarter more or less: what failed together returns apart. */
extern TimestampTz cb_job_after(const CbJob *job, double seconds);

/* An outcome that has none of the keys its kind knows; they are named in the detail. */
cb_noreturn extern void cb_job_outcome_unknown(const char *keys);

/* The kinds of this layer: broadcast and rescan. */
extern void cb_node_jobs_register(void);

#endif							/* CB_JOB_KIND_H */
