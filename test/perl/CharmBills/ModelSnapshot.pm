# All that the model compares, read from the database in one go.
#
#	$session->run(CharmBills::ModelSnapshot->preparation);
#	my @lines = $session->run(CharmBills::ModelSnapshot->statements($from_height, $last_event, $since));
#	my $snapshot = CharmBills::ModelSnapshot->parse(@lines);
#
# $snapshot->{payments} and so on: rows as hashes, in order.  Times are in
# microseconds, absent values are empty.
package CharmBills::ModelSnapshot;

use strict;
use warnings;

# name => [ mark, columns, query ]
my @parts = (
	[ state => 'S', 'height hash followed clock', q{
		SELECT height, hash, us(followed_until), us(charmbills.now()) FROM charmbills.chain_state} ],
	[ blocks => 'B', 'height hash raw', q{
		SELECT height, hash, encode(raw, 'hex') FROM charmbills.sandbox_blocks WHERE height > $1 ORDER BY height} ],
	[ mempool => 'M', 'raw', q{
		SELECT encode(raw, 'hex') FROM charmbills.sandbox_mempool ORDER BY position} ],
	[ known => 'K', 'txid status height hash seen_at', q{
		SELECT txid, status, block_height, block_hash, us(first_seen_at) FROM charmbills.chain_transactions} ],
	[ payments => 'P', 'outpoint invoice merchant sats status height hash seen_at', q{
		SELECT outpoint, invoice_id, merchant_id, amount_sats, status, block_height, block_hash, us(first_seen_at)
		FROM charmbills.payments} ],
	[ invoices => 'I', 'id number kind merchant customer subscription plan quantity sats tolerance received script
		descriptor index confirmations status underpaid overpaid late marked due expires starts ends anchor paused_before
		worth credit_sats carried_sats void_reason paid_at step action created', q{
		SELECT id, number, kind, merchant_id, customer_id, subscription_id, plan_id, quantity, amount_sats, tolerance_sats,
		       received_sats, encode(script, 'hex'), descriptor_id, derivation_index, confirmations, status, is_underpaid,
		       is_overpaid, is_late, us(marked_paid_at), us(due_at), us(expires_at), us(period_start), us(period_end),
		       us(anchor), span(paused_before), period_worth, credit_sats, carried_sats, void_reason, us(paid_at),
		       dunning_step, us(next_action_at), us(created_at)
		FROM charmbills.invoices ORDER BY created_at, number, merchant_id} ],
	[ lines => 'L', 'invoice kind amount', q{
		SELECT l.invoice_id, l.kind, l.amount
		FROM charmbills.invoices i JOIN charmbills.invoice_lines l ON l.invoice_id = i.id
		WHERE us(i.created_at)::bigint >= $1 ORDER BY l.invoice_id, l.position} ],
	[ subscriptions => 'U', 'id plan customer external quantity announced status purchased starts through grace expired
		anchor next_at next_plan next_quantity next_plan_at boundary canceled_at ended_at paused_at paused_for entitled
		created trial_end', q{
		SELECT f.id, f.plan_id, f.customer_id, c.external_id, f.quantity, f.status, s.status, us(f.purchased_at),
		       us(f.period_start), us(f.paid_through), us(f.grace_until), us(f.first_expired_at), us(f.anchor),
		       us(f.next_invoice_at), f.next_plan_id, f.next_quantity, us(f.next_plan_at), us(f.next_boundary),
		       us(f.canceled_at), us(f.ended_at), us(f.paused_at), span(f.paused_for),
		       charmbills.is_entitled(f.plan_id, external_id => c.external_id), us(f.created_at), us(f.trial_end)
		FROM charmbills.subscription_facts f JOIN charmbills.subscriptions s USING (id)
		JOIN charmbills.customers c ON c.id = f.customer_id
		ORDER BY f.created_at, f.id} ],
	[ transactions => 'T', 'id commit spell status height hash confirmations', q{
		SELECT id, commit_txid, spell_txid, status, block_height, block_hash, confirmations
		FROM charmbills.transactions ORDER BY created_at, id} ],
	[ reservations => 'R', 'outpoint spent_by height confirmed holder', q{
		SELECT outpoint, spent_by, spent_height, confirmed, transaction_id FROM charmbills.used_utxos} ],
	[ credits => 'C', 'kind invoice outpoint merchant customer sats', q{
		SELECT kind, invoice_id, outpoint, merchant_id, customer_id, sum(amount_sats) FROM charmbills.credits
		GROUP BY kind, invoice_id, outpoint, merchant_id, customer_id} ],
	[ descriptors => 'D', 'id next_index', q{
		SELECT id, next_index FROM charmbills.descriptors} ],
	[ events => 'E', 'id subject seq type status previous step at', q{
		SELECT id, subject, subject_seq, type, payload ->> 'status', payload ->> 'previous_status', payload ->> 'step',
		       us(occurred_at)
		FROM charmbills.events WHERE id > $1 ORDER BY id} ]);

sub parts
{
	return @parts;
}

# What a session needs once.
sub preparation
{
	my ($class) = @_;
	my $sql = q{
		SET search_path = pg_catalog;
		CREATE FUNCTION pg_temp.us(timestamptz) RETURNS text LANGUAGE sql AS
		$$ SELECT CASE WHEN $1 = 'infinity' THEN 'infinity' ELSE (extract(epoch FROM $1) * 1000000)::bigint::text END $$;
		CREATE FUNCTION pg_temp.span(interval) RETURNS bigint LANGUAGE sql AS
		$$ SELECT (extract(epoch FROM $1) * 1000000)::bigint $$;
		};

	foreach ($class->parts)
	{
		my ($name, $mark, undef, $query) = @$_;
		my $type = $query =~ /\$1/ ? '(bigint)' : '';
		$query =~ s/\b(us|span)\(/pg_temp.$1(/g;
		$sql .= "PREPARE $name$type AS SELECT '$mark', q.* FROM ($query) q;\n";
	}
	return $sql;
}

# Blocks above from_height, events after last_event, lines of invoices issued
# since, and all the rest.
sub statements
{
	my ($class, $from_height, $last_event, $since) = @_;
	my %argument = (blocks => "($from_height)", events => "($last_event)", lines => "($since)");

	return join '', map { "EXECUTE $_->[0]" . ($argument{ $_->[0] } || '') . ";\n" } $class->parts;
}

sub parse
{
	my ($class, @lines) = @_;
	my %part_of = map { $_->[1] => { name => $_->[0], columns => [ split ' ', $_->[2] ] } } $class->parts;
	my %rows = map { $_->[0] => [] } $class->parts;

	foreach (@lines)
	{
		my ($mark, @values) = split /\|/, $_, -1;
		my $part = $part_of{$mark} or next;
		my %row;
		@row{ @{ $part->{columns} } } = @values;
		push @{ $rows{ $part->{name} } }, \%row;
	}
	return \%rows;
}

1;
