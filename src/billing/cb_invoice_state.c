/*-------------------------------------------------------------------------
 *
 * cb_invoice_state.c
 *	  An invoice's state: a pure function of its payments and the chain.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_invoice_state.h"

/* Sums over an invoice's payments. */
typedef struct Sums
{
	int64		received;		/* sats */
	int64		live;			/* units */
	int64		live_excess_sats;	/* beyond the amount */
	int64		settled;		/* units */
	int64		settled_sats;
	int64		excess_sats;	/* settled beyond the amount */
	bool		any_on_time;	/* a live payment made before it expired */
	bool		all_on_time;	/* such payments reach what is needed */
	bool		is_covered;		/* settled payments reach what is needed ... */
	TimestampTz covered_at;		/* ... with the one made then */
} Sums;

static int64 amount_needed(const CbInvoiceFacts *facts);
static void add_up(const CbInvoiceFacts *facts, const CbInvoicePayment *payments, int n, Sums *sums);
static int64 beyond(const CbInvoicePayment *payment, int64 missing);
static int64 capped_sum(int64 a, int64 b);
static bool is_kept_open(const CbInvoiceFacts *facts, const Sums *sums);
static bool is_paid(const CbInvoiceFacts *facts, const Sums *sums, CbInvoiceState *state);
static const char *unpaid_status(const CbInvoiceFacts *facts, const Sums *sums, TimestampTz followed_until);
static int64 credit_due(const CbInvoiceFacts *facts, const Sums *sums, const char *status);

void
cb_invoice_state(const CbInvoiceFacts *facts, const CbInvoicePayment *payments, int n,
				 TimestampTz followed_until, CbInvoiceState *state)
{
	Sums		sums;

	memset(state, 0, sizeof(*state));
	add_up(facts, payments, n, &sums);
	if (facts->is_void)
		state->status = "void";
	else if (is_paid(facts, &sums, state))
		state->status = "paid";
	else
		state->status = unpaid_status(facts, &sums, followed_until);
	state->received = sums.received;
	state->credit = credit_due(facts, &sums, state->status);
	state->is_lost = strcmp(state->status, "void") == 0 || strcmp(state->status, "uncollectible") == 0 ||
		(facts->expires_for_good && strcmp(state->status, "expired") == 0);
	state->is_overpaid = sums.live_excess_sats > 0;
	state->is_underpaid = sums.live > 0 && sums.live < amount_needed(facts);
}

/* Something is always needed unless the invoice is for nothing. */
static int64
amount_needed(const CbInvoiceFacts *facts)
{
	return Max(facts->amount - facts->tolerance, facts->amount > 0 ? 1 : 0);
}

static void
add_up(const CbInvoiceFacts *facts, const CbInvoicePayment *payments, int n, Sums *sums)
{
	int64		needed = amount_needed(facts);

	memset(sums, 0, sizeof(*sums));
	for (int i = 0; i < n; i++)
	{
		sums->received += payments[i].amount;
		sums->live_excess_sats += beyond(&payments[i], Max(facts->amount - sums->live, 0));
		sums->live = capped_sum(sums->live, payments[i].worth);
		if (payments[i].paid_at < facts->expires_at)
		{
			sums->any_on_time = true;
			sums->all_on_time = sums->live >= needed;
		}
		if (!payments[i].is_settled)
			continue;
		sums->excess_sats += beyond(&payments[i], Max(facts->amount - sums->settled, 0));
		sums->settled = capped_sum(sums->settled, payments[i].worth);
		sums->settled_sats += payments[i].amount;
		if (!sums->is_covered && sums->settled >= needed)
		{
			sums->is_covered = true;
			sums->covered_at = payments[i].paid_at;
		}
	}
}

/*
 * Sats of a payment that is worth more than is still missing; rounded down, so
 * that a quote, which is rounded up, is never too much.
 */
static int64
beyond(const CbInvoicePayment *payment, int64 missing)
{
	int128		excess = (int128) payment->worth - missing;

	if (excess <= 0)
		return 0;
	return (int64) (payment->amount * excess / payment->worth);
}

/* A few large payments in a currency of small worth may be beyond 64 bits; no amount is. */
static int64
capped_sum(int64 a, int64 b)
{
	return a > PG_INT64_MAX - b ? PG_INT64_MAX : a + b;
}

/* By what came in time, however long the rest of it takes. */
static bool
is_kept_open(const CbInvoiceFacts *facts, const Sums *sums)
{
	return facts->needs_all_in_time ? sums->all_on_time : sums->any_on_time;
}

static bool
is_paid(const CbInvoiceFacts *facts, const Sums *sums, CbInvoiceState *state)
{
	if (facts->amount == 0)
	{
		state->paid_at = facts->created_at;
		return true;
	}
	if (facts->is_marked)
	{
		state->paid_at = facts->marked_at;
		state->is_late = facts->marked_at >= facts->expires_at && facts->marked_at <= facts->superseded_at;
		return true;
	}
	if (!sums->is_covered)
		return false;
	state->paid_at = sums->covered_at;
	state->is_late = sums->covered_at >= facts->expires_at;
	if (state->is_late && (sums->covered_at > facts->superseded_at ||
						   (facts->expires_for_good && !is_kept_open(facts, sums))))
	{
		state->is_late = false;
		return false;
	}
	return true;
}

/*
 * What came in time keeps an invoice open, whatever its confirmation takes.
 * What comes late leaves it expired until it is paid; what came too late to pay
 * it makes it so.
 */
static const char *
unpaid_status(const CbInvoiceFacts *facts, const Sums *sums, TimestampTz followed_until)
{
	if (facts->is_uncollectible)
		return "uncollectible";
	if (!is_kept_open(facts, sums) && followed_until >= facts->expires_at)
		return "expired";
	if (sums->is_covered && !sums->all_on_time)
		return "expired";
	return sums->live >= amount_needed(facts) ? "processing" : "open";
}

static int64
credit_due(const CbInvoiceFacts *facts, const Sums *sums, const char *status)
{
	if (strcmp(status, "paid") == 0)
		return sums->excess_sats;
	if (strcmp(status, "open") == 0 || strcmp(status, "processing") == 0)
		return 0;
	return sums->settled_sats;
}
