/*-------------------------------------------------------------------------
 *
 * cb_health.h
 *	  Building the answers of health(), health_db() and health_jobs().
 *
 * An answer is a jsonb object: status, the reasons why it is not ok, and
 * figures.  Whoever may execute the functions, such as a load balancer, gets
 * status and reasons; the figures are the operators'.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HEALTH_H
#define CB_HEALTH_H

#include "postgres.h"

#include "lib/stringinfo.h"

/* Ordered: the worst reason decides. */
typedef enum CbHealthStatus
{
	CB_HEALTH_OK,
	CB_HEALTH_DEGRADED,			/* somebody should look */
	CB_HEALTH_DOWN				/* what depends on it is wrong or stands still */
} CbHealthStatus;

typedef struct CbHealth
{
	CbHealthStatus status;
	StringInfoData reasons;		/* elements of a JSON array */
	Datum		figures;		/* jsonb object */
} CbHealth;

extern void cb_health_begin(CbHealth *health);
extern void cb_health_reason(CbHealth *health, CbHealthStatus status,
							 const char *format,...) pg_attribute_printf(3, 4);
/* Add the members of a jsonb object. */
extern void cb_health_figures(CbHealth *health, Datum jsonb);
/* The answer, jsonb. */
extern Datum cb_health_end(CbHealth *health);

/*
 * Degraded, and false, while the SQL objects are of another version: then
 * nothing is known of the tables.
 */
extern bool cb_health_judge_version(CbHealth *health);

/* Degraded in a copy of another database that no operator has adopted. */
extern void cb_health_judge_adoption(CbHealth *health);

/* Degraded while a transaction holds back what events_since() shows. */
extern void cb_health_judge_events(CbHealth *health);

/* Degraded while charms were spent in a way that is not understood. */
extern void cb_health_judge_charms(CbHealth *health);

#endif							/* CB_HEALTH_H */
