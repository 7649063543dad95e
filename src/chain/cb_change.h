/*-------------------------------------------------------------------------
 *
 * cb_change.h
 *	  One change of what we know of the chain, and its consequences.
 *
 * A block, a reorganisation of many, or a batch of mempool transactions is
 * first recorded as facts: headers, known transactions.  Then cb_change_finish()
 * draws the consequences once, from where the facts have come to rest, so that
 * what is the same before and after does not change in between.
 *
 * The chain layer does not know invoices: billing registers a listener.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHANGE_H
#define CB_CHANGE_H

#include "postgres.h"

#include "cb_event.h"
#include "chain/cb_known_tx.h"
#include "chain/cb_match.h"

/* Who holds, or held, charms of a plan. */
typedef struct CbCharmHolder
{
	pg_uuid_t	plan_id;
	CbSpan		script;
} CbCharmHolder;

typedef struct CbCharmNews CbCharmNews; /* cb_charm_news.h */

typedef struct CbChange
{
	TimestampTz now;
	int32		lowest_tip;		/* what matures above this height and up to ... */
	int32		highest_tip;	/* ... this one is to be judged again */
	int32		tip;			/* height in the end; -1 without a chain */
	CbTxidSet	moved;			/* known transactions that changed */
	CbHit	   *hits;			/* outputs to watched scripts */
	int			n_hits;
	CbCharmNews *charm_news;	/* NULL for none; settled before the listener hears: */
	pg_uuid_t  *charm_plans;	/* whose charms have changed, in order, each once */
	int			n_charm_plans;
	CbCharmHolder *charm_holders;	/* whose charms came, went, or became known or
									 * unknown: by plan and script, each once */
	int			n_charm_holders;
} CbChange;

/* What became of a transaction of ours (a row of transactions). */
typedef enum CbOwnTxNews
{
	CB_OWN_TX_PENDING,			/* sent, and waiting for its depth */
	CB_OWN_TX_CONFIRMED,		/* at its depth */
	CB_OWN_TX_UNCONFIRMED,		/* no longer; what else it is comes next */
	CB_OWN_TX_LOST				/* replaced or failed */
} CbOwnTxNews;

typedef struct CbOwnTx
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	bool		has_plan;
	pg_uuid_t	plan_id;
	CbHash256	txid;			/* of the spell, or of the only transaction */
} CbOwnTx;

/* Called in this order; all locks on rows of billing's are taken in lock(). */
typedef struct CbChainListener
{
	void		(*lock) (const CbChange *change);
	void		(*payments) (const CbChange *change, CbEvents *events);
	void		(*own_transaction) (const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events);
	void		(*charms) (const CbChange *change, CbEvents *events);
	void		(*settle) (const CbChange *change, CbEvents *events);
} CbChainListener;

/* The listener lives as long as the backend. */
extern void cb_chain_listen(const CbChainListener *listener);
extern const CbChainListener *cb_chain_listener(void);

/* Begin a change while the cursor stands at tip. */
extern void cb_change_begin(CbChange *change, int32 tip);
/* The cursor has moved. */
extern void cb_change_tip(CbChange *change, int32 tip);
extern void cb_change_add_hits(CbChange *change, const CbHit *hits, int n);
extern void cb_change_finish(CbChange *change);

#endif							/* CB_CHANGE_H */
