# A merchant, a customer, a payment, a reorganisation, and what an operator
# sees.  Every step names what must be true after it and waits for that.
package Story;

use strict;
use warnings;

use parent 'Act';

use Screen qw(coloured sats shortened);

# A public key that nobody holds the private one of.
use constant DESCRIPTOR =>
  'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';

use constant DEPTH => 2;		# confirmations that the plan asks for

sub play
{
	my ($self) = @_;

	$self->_arrive;
	$self->_sell;
	$self->_bill;
	$self->_watch;
	$self->_send;
	$self->_operate;
	return;
}

#
# Where the story takes place
#

sub _arrive
{
	my ($self) = @_;
	my ($chain, $database) = @$self{qw(chain database)};
	my $height = $chain->height;

	$self->wait_for('the chain is followed', $height,
		sub { $database->value('SELECT height FROM charmbills.chain_tip()') });
	$self->{screen}->heading('A chain', 'chain_tip()');
	$self->{screen}->facts(height => $height, followed => $chain->follower);
	return;
}

#
# What is sold, and to whom
#

sub _sell
{
	my ($self) = @_;
	my ($screen, $database) = @$self{qw(screen database)};
	my $merchant = $database->row(sprintf q{SELECT * FROM charmbills.create_merchant(
		name => 'Coffee Club', descriptor => '%s', timezone => 'Europe/Berlin')}, DESCRIPTOR);

	$screen->heading('A merchant', 'create_merchant()');
	$screen->facts(
		name       => $merchant->{name},
		descriptor => shortened(DESCRIPTOR) . '   public: every invoice gets an address of its own');

	$self->{plan} = $database->row(sprintf q{SELECT * FROM charmbills.create_plan(merchant_id => '%s',
		service_name => 'An espresso a day', price_sats => 50000, billing_cycle => 'monthly', confirmations => %d)},
		$merchant->{id}, DEPTH);
	$screen->heading('A plan', 'create_plan()');
	$screen->facts(
		service       => $self->{plan}{service_name},
		price         => sats($self->{plan}{price_sats}) . ' ' . $self->{plan}{billing_cycle},
		confirmations => DEPTH . ' until a payment counts');
	return;
}

sub _bill
{
	my ($self) = @_;
	my ($screen, $database) = @$self{qw(screen database)};
	my $subscription = $database->row(
		"SELECT * FROM charmbills.subscribe(plan_id => '$self->{plan}{id}', external_id => 'alice')");

	$screen->heading('A subscription', 'subscribe()');
	$screen->facts(customer => 'alice', status => $subscription->{status});

	my $invoice = $self->{invoice} = $database->row(<<"SQL");
SELECT i.*, to_char(i.expires_at, 'YYYY-MM-DD HH24:MI TZ') AS pay_before, charmbills.payment_uri(i.id) AS uri
  FROM charmbills.invoices i WHERE i.subscription_id = '$subscription->{id}'
SQL
	$screen->heading('Its invoice', 'payment_uri()');
	$screen->facts(
		number     => $invoice->{number},
		amount     => sats($invoice->{amount_sats}),
		address    => $invoice->{address},
		'pay before' => $invoice->{pay_before});
	$screen->say("  $invoice->{uri}");
	return;
}

#
# What happens on the chain, and what the database makes of it
#

sub _watch
{
	my ($self) = @_;
	my ($screen, $chain) = @$self{qw(screen chain)};

	$screen->heading('What happens', 'is_entitled() is what an application asks');
	$screen->table([ 'step', 36 ], [ 'height', 6 ], [ 'payment', 10 ], [ 'invoice', 10 ], [ 'subscription', 12 ], [ 'is_entitled', 11 ]);
	$self->_show('alice has subscribed', 'none', 'open', 'pending', 'no');
	$chain->pay($self->{invoice}{address}, $self->{invoice}{amount_sats});
	$self->_show('she pays: ' . $chain->how_to_pay, 'in mempool', 'processing', 'pending', 'no');
	$self->_confirm;
	$chain->reorganise(DEPTH);
	$self->_show(sprintf('a reorganisation: %d blocks out, %d in', DEPTH, DEPTH + 1), 'in mempool', 'processing', 'pending', 'no');
	$self->_confirm;
	return;
}

sub _confirm
{
	my ($self) = @_;
	my $step = 'a block: ' . $self->{chain}->how_to_mine;

	foreach my $depth (1 .. DEPTH)
	{
		$self->{chain}->mine(1);
		$self->_show($step, "$depth of " . DEPTH, $depth < DEPTH ? qw(processing pending no) : qw(paid active yes));
	}
	return;
}

# Waits until the step has come true, and prints it.
sub _show
{
	my ($self, $step, @expected) = @_;
	my ($height, @seen);

	$self->wait_for($step, join(', ', @expected), sub {
		($height, @seen) = $self->_state;
		return join ', ', @seen;
	});
	$self->{screen}->line($step, $height, map { coloured($_) } @seen);
	return;
}

# Height, payment, invoice, subscription, entitlement.
sub _state
{
	my ($self) = @_;
	my $state = $self->{database}->row(<<"SQL");
SELECT t.height, p.status AS payment, t.height - p.block_height + 1 AS depth, i.status AS invoice,
       s.status AS subscription, charmbills.is_entitled('$self->{plan}{id}', external_id => 'alice') AS is_entitled
  FROM charmbills.invoices i
  JOIN charmbills.subscriptions s ON s.id = i.subscription_id
  LEFT JOIN charmbills.payments p ON p.invoice_id = i.id
  LEFT JOIN charmbills.chain_tip() t ON true
 WHERE i.id = '$self->{invoice}{id}'
SQL
	my $payment =
	    !defined $state->{payment}       ? 'none'
	  : $state->{payment} eq 'seen'      ? 'in mempool'
	  : $state->{payment} eq 'confirmed' ? "$state->{depth} of " . DEPTH
	  :                                    $state->{payment};

	return (defined $state->{height} ? $state->{height} : '-',
		$payment, @$state{qw(invoice subscription)}, $state->{is_entitled} ? 'yes' : 'no');
}

#
# A transaction of the merchant's own, which the database brings to the chain
#

sub _send
{
	my ($self) = @_;
	my ($screen, $chain, $database) = @$self{qw(screen chain database)};
	my $tx   = $chain->signed_transaction;
	my $sent = $database->row(
		"SELECT * FROM charmbills.broadcast_package(spell_tx => '$tx', merchant_id => '$self->{plan}{merchant_id}', type => 'send')");
	my $look = sub {
		$database->value("SELECT t.status || ', ' || k.status FROM charmbills.transactions t
			JOIN charmbills.chain_transactions k ON k.txid = t.spell_txid WHERE t.id = '$sent->{id}'");
	};

	$screen->heading('A transaction of the merchant\'s own', 'broadcast_package()');
	$screen->facts(txid => $sent->{spell_txid});
	$screen->table([ 'step', 36 ], [ 'height', 6 ], [ 'transaction', 11 ]);
	$self->wait_for('the transaction is broadcast', 'pending, seen', $look);
	$screen->line($chain->broadcaster, $chain->height, 'pending');
	$chain->mine(1);
	$self->wait_for('the transaction is confirmed', 'confirmed, confirmed', $look);
	$screen->line('a block: ' . $chain->how_to_mine, $chain->height, coloured('confirmed'));
	return;
}

#
# What an operator sees
#

sub _operate
{
	my ($self) = @_;

	$self->_events;
	$self->{screen}->heading('What an operator sees');
	$self->{screen}->facts($self->_answers, $self->_health);
	return;
}

sub _events
{
	my ($self) = @_;
	my $screen = $self->{screen};

	$screen->heading('The story in events', 'charmbills.events');
	$screen->table([ 'time', 12 ], [ 'event', 26 ], [ 'what', 40 ]);
	foreach my $event ($self->{database}->rows(<<'SQL'))
SELECT to_char(occurred_at, 'HH24:MI:SS.MS') AS at, type, payload
  FROM charmbills.events WHERE type ~ '^(subscription|invoice|payment|transaction|chain\.reorganised)' ORDER BY id
SQL
	{
		$screen->line($event->{at}, $event->{type}, _what_happened($event->{type}, $event->{payload}));
	}
	return;
}

sub _what_happened
{
	my ($type, $payload) = @_;

	return "the chain changes above height $payload->{fork_height}" if $type =~ /^chain/;
	return sats($payload->{amount_sats}) . (defined $payload->{block_height} ? " in block $payload->{block_height}" : '')
	  if $type =~ /^payment/;
	return "number $payload->{number}, " . _was($payload) if $type =~ /^invoice/;
	return defined $payload->{height} ? "in block $payload->{height}" : $payload->{type} if $type =~ /^transaction/;
	return defined $payload->{external_id} ? "$payload->{external_id} subscribes" : _was($payload);
}

sub _was
{
	my ($payload) = @_;

	return sats($payload->{amount_sats}) unless defined $payload->{previous_status};
	return "$payload->{previous_status} -> $payload->{status}";
}

# The operators' six questions.
sub _answers
{
	my ($self) = @_;
	my $database = $self->{database};
	my $today   = $database->row('SELECT * FROM charmbills.subscriptions_today()');
	my $average = $database->value('SELECT charmbills.average_confirmation_minutes()');

	return (
		'plans_by_status()' => join(', ', map { "$_->{plans} $_->{status}" }
			grep { $_->{plans} > 0 } $database->rows('SELECT * FROM charmbills.plans_by_status()')),
		'subscriptions_today()' => join(', ', map { "$today->{$_} $_" } qw(new activated canceled ended)),
		'pending_transactions()' => _count($database->rows('SELECT * FROM charmbills.pending_transactions()')),
		'failed_transactions()' => _count($database->rows('SELECT * FROM charmbills.failed_transactions()')),
		'top_merchants()' => join('; ', map {
				"$_->{name}: $_->{active_subscriptions} active subscription, received " . sats($_->{received_sats})
			} $database->rows('SELECT * FROM charmbills.top_merchants()')),
		'average_confirmation_minutes()' => $average);
}

sub _health
{
	my ($self) = @_;
	my @answers;

	foreach my $function (qw(health health_db health_jobs))
	{
		my $health = $self->{database}->value("SELECT charmbills.$function()");
		die "The story did not come true: $function() is $health->{status}: @{ $health->{reasons} }\n"
		  if $health->{status} ne 'ok';
		push @answers, "$function()" => coloured($health->{status});
	}
	return @answers;
}

sub _count
{
	return @_ ? scalar @_ : 'none';
}

1;
