// subscribe() as a service on Node.js would do it: a transaction of statements
// that are sent from here and prepared once by each session.  It writes the
// same rows into the same tables, each in as few round trips as there are rows
// to look at before the next can be written:
//   NODE_PATH=node_modules node subscribe_node.js SESSIONS SECONDS WARM_UP_SECONDS
'use strict';

const { randomUUID, randomInt } = require('crypto');
const { BIP32Factory } = require('bip32');
const bitcoin = require('bitcoinjs-lib');
const curve = require('tiny-secp256k1');
const { Client } = require('pg');

const network = bitcoin.networks.regtest;
const bip32 = BIP32Factory(curve);
const LOOKAHEAD = 20;
const [sessions, seconds, warmUpSeconds] = process.argv.slice(2).map(Number);

// A statement is parsed when a session first sends it, by its name.
const statements = {
  readPlan: `
    SELECT p.id, p.merchant_id, p.service_name, p.status, p.billing_cycle, p.grace::text, p.trial::text, p.allow_multiple,
           p.restart, coalesce(p.lead_time::text, '3 days') AS lead_time, p.tolerance_sats::text, p.tax_rate::text,
           coalesce(p.confirmations, 1) AS confirmations, p.uncollectible_after::text, (p.dunning)[1]::text AS first_reminder,
           m.is_active, m.timezone, m.descriptor,
           (SELECT coalesce(v.price_sats, p.price_sats)::text FROM charmbills.plan_prices v
            WHERE v.plan_id = p.id AND v.valid_from <= now() ORDER BY v.version DESC LIMIT 1) AS price_sats
    FROM charmbills.plans p JOIN charmbills.merchants m ON m.id = p.merchant_id
    WHERE p.id = $1`,
  takeCustomer: `
    INSERT INTO charmbills.customers (merchant_id, external_id) VALUES ($1, $2)
    ON CONFLICT (merchant_id, external_id) DO UPDATE SET metadata = customers.metadata || excluded.metadata
    RETURNING id`,
  findLive: `
    SELECT id FROM charmbills.subscription_facts
    WHERE customer_id = $1 AND plan_id = $2
          AND status IN ('pending', 'trialing', 'active', 'past_due', 'paused') LIMIT 1`,
  insertSubscription: `
    INSERT INTO charmbills.subscription_facts (plan_id, merchant_id, customer_id, status, cycle, timezone, grace,
        anchor, lead_time, restart)
    VALUES ($1, $2, $3, 'pending', $4, $5, $6, now(), $7, $8)
    RETURNING *, now() AS at`,
  lockCounters: `
    SELECT series, next_invoice_number::text FROM charmbills.merchant_counters
    WHERE merchant_id = $1 FOR NO KEY UPDATE`,
  readBalance: `
    SELECT coalesce(sum(amount_sats) FILTER (WHERE kind <> 'carried'), 0)::text AS balance,
           coalesce(-sum(amount_sats) FILTER (WHERE kind = 'carried'), 0)::text AS carried
    FROM charmbills.credits WHERE merchant_id = $1 AND customer_id = $2`,
  // The script at the next index is watched, so it has been derived before.
  readNextScript: `
    SELECT d.id, d.next_index, w.script
    FROM charmbills.descriptors d
    JOIN charmbills.watched_scripts w ON w.descriptor_id = d.id AND w.derivation_index = d.next_index
    WHERE d.merchant_id = $1`,
  insertInvoice: `
    INSERT INTO charmbills.invoices (series, number, merchant_id, subscription_id, customer_id, kind, amount_sats,
        tolerance_sats, address, script, descriptor_id, derivation_index, confirmations, status, due_at, expires_at,
        period_start, period_end, plan_id, quantity, anchor, period_worth, worth_start, worth_end, next_action_at, tax_rate)
    VALUES ($1, $2, $3, $4, $5, 'period', $6::bigint, $7, $8, $9, $10, $11, $12, 'open', now(), now() + interval '1 day',
        now(), now() + interval '1 month', $13, 1, now(), $6::bigint, now(), now() + interval '1 month', now() + $14::interval, $15)
    RETURNING id, due_at, expires_at`,
  insertLine: `
    INSERT INTO charmbills.invoice_lines (invoice_id, position, merchant_id, kind, description, unit_amount, amount,
        period_start, period_end)
    VALUES ($1, 1, $2, 'period', $3, $4, $4, now(), now() + interval '1 month')`,
  watchScript: `
    INSERT INTO charmbills.watched_scripts (script, merchant_id, descriptor_id, derivation_index, offered_height)
    SELECT $1, $2, $3, $4, coalesce((SELECT height FROM charmbills.chain_state), -1)
    ON CONFLICT (script) DO NOTHING`,
  // Both subjects are new, so these are their first events.
  insertEvents: `
    INSERT INTO charmbills.events (type, merchant_id, subject, subject_seq, payload)
    VALUES ('subscription.created', $1, $2, 1, $3), ('invoice.issued', $1, $4, 1, $5)`,
  takeNumber: `
    UPDATE charmbills.merchant_counters SET next_invoice_number = next_invoice_number + 1 WHERE merchant_id = $1`,
  takeIndex: `
    UPDATE charmbills.descriptors SET next_index = next_index + 1 WHERE id = $1`,
};

async function run(client, name, values) {
  const { rows } = await client.query({ name, text: statements[name], values });
  return rows[0];
}

// The branch of keys that a descriptor wpkh(KEY/PATH/*) names, parsed once.
const branches = new Map();
function branchOf(descriptor) {
  let branch = branches.get(descriptor);
  if (!branch) {
    const [, key, path] = /^wpkh\((\w+)\/([\d/]+)\/\*\)/.exec(descriptor);
    branch = path.split('/').reduce((node, index) => node.derive(Number(index)), bip32.fromBase58(key, network));
    branches.set(descriptor, branch);
  }
  return branch;
}

function scriptAt(descriptor, index) {
  return bitcoin.payments.p2wpkh({ pubkey: branchOf(descriptor).derive(index).publicKey, network }).output;
}

async function subscribe(client, planId, externalId) {
  const plan = await run(client, 'readPlan', [planId]);
  if (!plan || plan.status !== 'active' || !plan.is_active) throw new Error('the plan cannot be subscribed to');
  if (plan.trial !== '00:00:00' || plan.billing_cycle !== 'monthly') throw new Error('a plan of another kind');
  const customer = await run(client, 'takeCustomer', [plan.merchant_id, externalId]);
  if (!plan.allow_multiple && await run(client, 'findLive', [customer.id, plan.id])) throw new Error('subscribed already');
  const subscription = await run(client, 'insertSubscription', [plan.id, plan.merchant_id, customer.id,
    plan.billing_cycle, plan.timezone, plan.grace, plan.lead_time, plan.restart]);
  const invoice = await issue(client, plan, subscription);
  await run(client, 'insertEvents', [plan.merchant_id,
    `subscription:${subscription.id}`, JSON.stringify({
      subscription_id: subscription.id, plan_id: plan.id, customer_id: customer.id, external_id: externalId,
      subscriber_address: null, status: subscription.status, quantity: 1,
    }),
    `invoice:${invoice.invoice_id}`, JSON.stringify(invoice)]);
  return subscription;
}

async function issue(client, plan, subscription) {
  const counters = await run(client, 'lockCounters', [plan.merchant_id]);
  const { balance, carried } = await run(client, 'readBalance', [plan.merchant_id, subscription.customer_id]);
  if (balance !== '0' || carried !== '0') throw new Error('a customer with credit');
  const next = await run(client, 'readNextScript', [plan.merchant_id]);
  const address = bitcoin.address.fromOutputScript(next.script, network);
  const invoice = await run(client, 'insertInvoice', [counters.series, counters.next_invoice_number, plan.merchant_id,
    subscription.id, subscription.customer_id, plan.price_sats, plan.tolerance_sats, address, next.script, next.id,
    next.next_index, plan.confirmations, plan.id, plan.first_reminder ?? plan.uncollectible_after, plan.tax_rate]);
  await run(client, 'insertLine', [invoice.id, plan.merchant_id, plan.service_name, plan.price_sats]);
  const ahead = next.next_index + LOOKAHEAD;
  await run(client, 'watchScript', [scriptAt(plan.descriptor, ahead), plan.merchant_id, next.id, ahead]);
  await run(client, 'takeNumber', [plan.merchant_id]);
  await run(client, 'takeIndex', [next.id]);
  return {
    invoice_id: invoice.id, number: counters.next_invoice_number, kind: 'period', subscription_id: subscription.id,
    amount_sats: Number(plan.price_sats), address, due_at: invoice.due_at, expires_at: invoice.expires_at,
  };
}

// One session after the other's end: subscribes until the time has come.
async function work(client, plans, until) {
  let count = 0;
  while (Date.now() < until) {
    await client.query('BEGIN');
    await subscribe(client, plans[randomInt(plans.length)], randomUUID());
    await client.query('COMMIT');
    count++;
  }
  return count;
}

async function perSecond(clients, plans, duration) {
  const start = Date.now();
  const counts = await Promise.all(clients.map((client) => work(client, plans, start + 1000 * duration)));
  return counts.reduce((sum, count) => sum + count, 0) / ((Date.now() - start) / 1000);
}

async function main() {
  const clients = Array.from({ length: sessions }, () => new Client());
  await Promise.all(clients.map((client) => client.connect()));
  const plans = (await clients[0].query('SELECT id FROM bench_plan ORDER BY k')).rows.map((row) => row.id);
  await perSecond(clients, plans, warmUpSeconds);
  console.log(`subscriptions a second\t${(await perSecond(clients, plans, seconds)).toFixed(1)}`);
  await Promise.all(clients.map((client) => client.end()));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
