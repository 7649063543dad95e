# All that the model of charms compares, read from the database in one go, as
# CharmBills::ModelSnapshot does for billing.
package CharmBills::CharmSnapshot;

use strict;
use warnings;

use parent qw(CharmBills::ModelSnapshot);

my %wanted = map { $_ => 1 } qw(state blocks mempool);

my @parts = (
	(grep { $wanted{ $_->[0] } } __PACKAGE__->SUPER::parts),
	[ plans => 'P', 'id app_id app_vk status nft_utxo remaining nft_state deactivated_by', q{
		SELECT id, app_id, app_vk, status, nft_utxo, remaining_supply, nft_state, deactivated_by
		FROM charmbills.plans ORDER BY created_at, id} ],
	[ charms => 'C', 'plan outpoint script has_nft remaining amount beamed_to height minted_at spent_by spent_at is_unknown', q{
		SELECT plan_id, outpoint, encode(script, 'hex'), has_nft, remaining, amount, encode(beamed_to, 'hex'),
		       block_height, us(minted_at), spent_by, us(spent_at), is_unknown
		FROM charmbills.charms} ],
	[ deeds => 'D', 'plan txid height accepted nft minted destroyed counterfeit', q{
		SELECT plan_id, txid, block_height, is_accepted, nft, minted, destroyed, counterfeit
		FROM charmbills.charm_transactions ORDER BY plan_id, block_height, block_index} ],
	[ subscriptions => 'U', 'id plan script status token_utxo token_amount', q{
		SELECT f.id, f.plan_id, encode(charmbills.address_to_script(f.subscriber_address), 'hex'), s.status, f.token_utxo,
		       f.token_amount
		FROM charmbills.subscription_facts f JOIN charmbills.subscriptions s USING (id)} ],
	[ entitled => 'I', 'plan script is_entitled', q{
		SELECT p.id, h.script, charmbills.is_entitled(p.id, h.address)
		FROM charmbills.plans p CROSS JOIN pg_temp.holders h} ],
	[ payments => 'Y', 'outpoint', q{
		SELECT outpoint FROM charmbills.payments WHERE status = 'confirmed'} ],
	[ events => 'E', 'id subject seq type txid status from_utxo to_utxo from_amount to_amount said', q{
		SELECT id, subject, subject_seq, type, payload ->> 'txid', payload ->> 'status',
		       payload ->> 'previous_token_utxo', payload ->> 'token_utxo', payload ->> 'previous_token_amount',
		       payload ->> 'token_amount', md5(payload::text)
		FROM charmbills.events WHERE id > $1 ORDER BY id} ]);

sub parts
{
	return @parts;
}

1;
