/*-------------------------------------------------------------------------
 *
 * cb_issue.c
 *	  Issuing invoices: from drafts to rows, many at once.
 *
 * Each kind of row is written by one statement for all drafts, whatever their
 * number: that is what makes a night of renewals quick.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_invoice.h"
#include "billing/cb_issue.h"
#include "billing/cb_issue_rows.h"
#include "billing/cb_settle.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_incarnation.h"

/* What each customer has, and owes. */
CB_KEYS_STATEMENT(read_balances, "uuid[] uuid[]",
				  "SELECT w.position, "
				  "       coalesce(sum(c.amount_sats) FILTER (WHERE c.kind <> 'carried'), 0)::int8, "
				  "       coalesce(-sum(c.amount_sats) FILTER (WHERE c.kind = 'carried'), 0)::int8 "
				  "FROM unnest($1, $2) WITH ORDINALITY w(merchant_id, customer_id, position) "
				  "JOIN charmbills.credits c "
				  "     ON c.merchant_id = w.merchant_id AND c.customer_id = w.customer_id "
				  "GROUP BY w.position");
CB_STATEMENT(read_fresh_rate, "text timestamptz",
			 "SELECT trunc(r.rate * 1000000)::int8 "
			 "FROM charmbills.exchange_rates r JOIN charmbills.currencies c ON c.code = r.currency "
			 "WHERE r.currency = $1 AND r.set_at <= $2 AND r.set_at > $2 - c.max_age "
			 "ORDER BY r.set_at DESC LIMIT 1");

/* A customer's account while invoices are being issued. */
typedef struct Account
{
	pg_uuid_t	customer_id;
	int64		balance;
	int64		carried;
} Account;

static int	compare_merchants(const void *a, const void *b);
static int	compare_customers(const void *a, const void *b);
static void open_sources(CbDraft **sorted, int n, CbAddressSource **sources, int *n_sources);
static Account *open_accounts(CbDraft **sorted, int n, int *n_accounts);
static void read_accounts(Account *accounts, int n, CbDraft **owners);
static Account *find_account(Account *accounts, int n, const pg_uuid_t *customer_id);
static void settle_draft(CbDraft *draft, const CbAddressSource *source, Account *account, TimestampTz now);
static int64 fresh_rate(const CbBill *bill, TimestampTz now);
static void refuse_dust(const CbDraft *draft, const CbAddressSource *source);
static void take_places(CbDraft **sorted, int n, CbAddressSource *source);
static void settle_issued(CbDraft *drafts, int n, TimestampTz now, CbEvents *events);
static void announce(const CbDraft *draft, TimestampTz now, CbEvents *events);

void
cb_issue(CbDraft *drafts, int n, TimestampTz now, CbEvents *events)
{
	CbDraft   **sorted = palloc(sizeof(CbDraft *) * Max(n, 1));
	CbAddressSource *sources;
	Account    *accounts;
	int			n_sources;
	int			n_accounts;
	int			first = 0;

	if (n == 0)
		return;
	cb_incarnation_check();
	for (int i = 0; i < n; i++)
		sorted[i] = &drafts[i];
	qsort(sorted, n, sizeof(CbDraft *), compare_merchants);
	/* Under the counters' lock nobody else spends these merchants' customers' credit. */
	open_sources(sorted, n, &sources, &n_sources);
	accounts = open_accounts(sorted, n, &n_accounts);
	for (int s = 0; s < n_sources; s++)
	{
		int			last = first;

		for (; last < n && cb_uuid_equal(&sorted[last]->merchant_id, &sources[s].merchant_id); last++)
			settle_draft(sorted[last], &sources[s],
						 find_account(accounts, n_accounts, &sorted[last]->customer_id), now);
		take_places(sorted + first, last - first, &sources[s]);
		first = last;
	}
	cb_issue_rows(drafts, n, now);
	for (int i = 0; i < n; i++)
		announce(&drafts[i], now, events);
	settle_issued(drafts, n, now, events);
}

/* Those of one merchant stay in the order in which they were given. */
static int
compare_merchants(const void *a, const void *b)
{
	const CbDraft *x = *(CbDraft *const *) a;
	const CbDraft *y = *(CbDraft *const *) b;
	int			order = memcmp(&x->merchant_id, &y->merchant_id, sizeof(pg_uuid_t));

	return order != 0 ? order : (x > y) - (x < y);
}

static void
open_sources(CbDraft **sorted, int n, CbAddressSource **sources, int *n_sources)
{
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * n);

	*n_sources = 0;
	for (int i = 0; i < n; i++)
		if (i == 0 || !cb_uuid_equal(&sorted[i]->merchant_id, &sorted[i - 1]->merchant_id))
			merchants[(*n_sources)++] = sorted[i]->merchant_id;
	*sources = palloc0(sizeof(CbAddressSource) * *n_sources);
	cb_address_pool_open(merchants, *n_sources, *sources);
}

static int
compare_customers(const void *a, const void *b)
{
	const CbDraft *x = *(CbDraft *const *) a;
	const CbDraft *y = *(CbDraft *const *) b;

	return memcmp(&x->customer_id, &y->customer_id, sizeof(pg_uuid_t));
}

/* One for each customer, sorted. */
static Account *
open_accounts(CbDraft **sorted, int n, int *n_accounts)
{
	Account    *accounts = palloc0(sizeof(Account) * n);
	CbDraft   **owners = palloc(sizeof(CbDraft *) * n);
	int			kept = 0;

	memcpy(owners, sorted, sizeof(CbDraft *) * n);
	qsort(owners, n, sizeof(CbDraft *), compare_customers);
	for (int i = 0; i < n; i++)
	{
		if (kept > 0 && cb_uuid_equal(&owners[kept - 1]->customer_id, &owners[i]->customer_id))
			continue;
		accounts[kept].customer_id = owners[i]->customer_id;
		owners[kept++] = owners[i];
	}
	*n_accounts = kept;
	read_accounts(accounts, kept, owners);
	return accounts;
}

static void
read_accounts(Account *accounts, int n, CbDraft **owners)
{
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * n);
	pg_uuid_t  *customers = palloc(sizeof(pg_uuid_t) * n);
	uint64		rows;

	for (int i = 0; i < n; i++)
	{
		merchants[i] = owners[i]->merchant_id;
		customers[i] = owners[i]->customer_id;
	}
	rows = cb_execute(&read_balances, CB_ARGS(cb_uuid_array(merchants, n), cb_uuid_array(customers, n)));
	for (uint64 row = 0; row < rows; row++)
	{
		Account    *account = &accounts[cb_column_int8(row, 1) - 1];

		account->balance = cb_column_int8(row, 2);
		account->carried = cb_column_int8(row, 3);
	}
}

static Account *
find_account(Account *accounts, int n, const pg_uuid_t *customer_id)
{
	int			low = 0;
	int			high = n - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (memcmp(&accounts[middle].customer_id, customer_id, sizeof(pg_uuid_t)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &accounts[low];
}

/* What is taken here is not there for the next of the same customer. */
static void
settle_draft(CbDraft *draft, const CbAddressSource *source, Account *account, TimestampTz now)
{
	bool		may_carry = draft->kind != CB_INVOICE_ONE_OFF;
	CbBillTerms terms = {
		.balance = draft->keeps_credit ? 0 : account->balance,
		.carried = may_carry ? account->carried : 0,
		.least = may_carry ? Max(draft->least_sats, source->dust_limit) : 0,
		.payable = may_carry ? 0 : source->dust_limit,
		.rate = fresh_rate(&draft->bill, now)
	};

	if (draft->bill.currency != NULL && source->descriptor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("an invoice in %s needs an address of its own", draft->bill.currency),
				 errhint("Give the merchant a descriptor with charmbills.update_merchant().")));
	cb_bill_settle(&draft->bill, &terms);
	account->balance -= draft->bill.credit_sats;
	account->carried += draft->bill.carried_sats;
	if (draft->bill.currency == NULL && draft->bill.amount > 0 && draft->bill.amount < source->dust_limit)
		refuse_dust(draft, source);
	draft->place.needs_address = draft->bill.amount > 0;
	draft->place.amount = draft->bill.currency == NULL ? draft->bill.amount : 0;
}

static int64
fresh_rate(const CbBill *bill, TimestampTz now)
{
	if (bill->currency == NULL ||
		cb_execute(&read_fresh_rate, CB_ARGS(cb_text(bill->currency), cb_timestamptz(now))) == 0)
		return 0;
	return cb_column_int8(0, 1);
}

static void
refuse_dust(const CbDraft *draft, const CbAddressSource *source)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_AMOUNT),
			 errmsg("an invoice for %lld sats could not be paid", (long long) draft->bill.amount),
			 errdetail("Nodes do not relay a payment of less than %lld sats to this kind of address.",
					   (long long) source->dust_limit)));
}

static void
take_places(CbDraft **sorted, int n, CbAddressSource *source)
{
	static const pg_uuid_t no_id = {{0}};
	CbInvoicePlace **places = palloc(sizeof(CbInvoicePlace *) * Max(n, 1));

	for (int i = 0; i < n; i++)
		places[i] = &sorted[i]->place;
	cb_address_pool_take(source, places, n);
	for (int i = 0; i < n; i++)
	{
		CbBill	   *bill = &sorted[i]->bill;

		if (bill->currency == NULL)
			cb_bill_add_suffix(bill, places[i]->amount - bill->amount);
		if (cb_uuid_equal(&sorted[i]->id, &no_id))
			sorted[i]->id = cb_uuid_v7();
	}
}

/* Most wait to be paid, and are what they are. */
static void
settle_issued(CbDraft *drafts, int n, TimestampTz now, CbEvents *events)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * n);
	int			n_ids = 0;

	for (int i = 0; i < n; i++)
	{
		const CbBill *bill = &drafts[i].bill;

		if (bill->amount == 0 || bill->credit_sats != 0 || bill->carried_sats != 0)
			ids[n_ids++] = drafts[i].id;
		if (drafts[i].place.needs_address)
			cb_wake_on_commit();	/* to look out for a payment */
	}
	cb_settle_invoices(ids, n_ids, now, events);
}

static void
announce(const CbDraft *draft, TimestampTz now, CbEvents *events)
{
	const CbBill *bill = &draft->bill;
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", &draft->id);
	cb_json_text(&payload, "number", cb_invoice_number(draft->place.series, draft->place.number));
	cb_json_text(&payload, "kind", cb_invoice_kind_name(draft->kind));
	cb_json_uuid(&payload, "subscription_id", draft->has_subscription ? &draft->subscription_id : NULL);
	cb_json_uuid(&payload, "customer_id", &draft->customer_id);
	if (bill->currency == NULL)
		cb_json_int(&payload, "amount_sats", bill->amount);
	else
	{
		cb_json_text(&payload, "currency", bill->currency);
		cb_json_text(&payload, "amount", cb_minor_cstring(bill->amount, bill->decimals));
	}
	cb_json_text(&payload, "address", draft->place.needs_address ? draft->place.address : NULL);
	cb_json_time(&payload, "due_at", draft->due_at);
	cb_json_time(&payload, "expires_at", draft->expires_at);
	cb_event_uuid(events, "invoice.issued", &draft->merchant_id, "invoice", &draft->id,
				  cb_json_end(&payload), now);
}

void
cb_issue_preview(CbDraft *draft, int64 freed, int64 freed_carried, TimestampTz now)
{
	CbAddressSource source;
	CbDraft    *drafts[1] = {draft};
	Account    *account;
	int			n;

	cb_address_pool_peek(&draft->merchant_id, &source);
	account = open_accounts(drafts, 1, &n);
	account->balance += freed;
	account->carried -= freed_carried;
	settle_draft(draft, &source, account, now);
	if (draft->place.needs_address && source.descriptor == NULL)
		cb_bill_add_suffix(&draft->bill, cb_address_pool_unique_amount(&source, draft->bill.amount) -
						   draft->bill.amount);
}
