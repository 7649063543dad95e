# The same subscription for two years, on the sandbox's clock: it is paid month
# by month, missed, paid from credit, changed, paused and canceled, and a
# webhook tells of it.  Every row names what must be true.
package TwoYears;

use strict;
use warnings;

use parent 'Act';

use Hooks;
use Screen qw(coloured sats);

use constant EVENTS => '{invoice.paid,invoice.reminder,subscription.*}';

sub play
{
	my ($self) = @_;

	$self->_find_subscription;
	$self->{hooks} = Hooks->new(%$self);
	$self->{hooks}->listen($self->{merchant_id}, EVENTS);
	$self->{screen}->heading('Two years pass', 'sandbox_advance_clock()');
	$self->{screen}->table([ 'date', 10 ], [ 'what happens', 56 ], [ 'subscription', 12 ], [ 'paid through', 12 ]);
	$self->_show('alice has paid for the first month', 'active');
	$self->_months(5);
	$self->_miss;
	$self->_months(2);
	$self->_overpay;
	$self->_upgrade;
	$self->_months(5);
	$self->_pause;
	$self->_months(6);
	$self->_cancel;
	$self->_audit;
	$self->{hooks}->show_received(EVENTS);
	return;
}

sub _find_subscription
{
	my ($self) = @_;
	my $subscription = $self->{database}->row('SELECT id, merchant_id FROM charmbills.subscriptions');

	@$self{qw(id merchant_id)} = @$subscription{qw(id merchant_id)};
	return;
}

#
# What is seen
#

sub _look
{
	my ($self) = @_;

	return $self->{database}->row(<<"SQL");
SELECT to_char(charmbills.now(), 'YYYY-MM-DD') AS today, s.status, p.service_name AS plan,
       to_char(s.current_period_end, 'YYYY-MM-DD') AS paid_through, charmbills.customer_balance(s.customer_id) AS credit
  FROM charmbills.subscriptions s JOIN charmbills.plans p ON p.id = s.plan_id WHERE s.id = '$self->{id}'
SQL
}

# Prints a row when it is as expected.
sub _show
{
	my ($self, $what, $status) = @_;
	my $now = $self->_look;

	$self->expect($what, $status, $now->{status});
	$self->{screen}->line($now->{today}, $what, coloured($now->{status}), $now->{paid_through});
	return;
}

# The latest one.
sub _invoice
{
	my ($self) = @_;

	return $self->{database}->row(<<"SQL");
SELECT i.number, i.address, i.amount_sats, i.status,
       i.period_start = lag(i.period_end) OVER (ORDER BY i.number) AS follows
  FROM charmbills.invoices i WHERE i.subscription_id = '$self->{id}' ORDER BY i.number DESC LIMIT 1
SQL
}

#
# What happens
#

# A point in time, as SQL has it, relative to the end of what is paid for.
sub _go_to
{
	my ($self, $when) = @_;

	$self->{chain}->advance(
		"(SELECT s.current_period_end FROM charmbills.subscriptions s WHERE s.id = '$self->{id}') + interval '$when' - charmbills.now()");
	return;
}

# Pays the latest invoice, and waits for the blocks it needs.
sub _pay
{
	my ($self, $times) = @_;
	my $invoice = $self->_invoice;

	$self->{chain}->pay($invoice->{address}, $invoice->{amount_sats} * ($times || 1));
	$self->{chain}->mine(2);
	$self->expect("invoice $invoice->{number} is paid", 'paid', $self->_invoice->{status});
	return $invoice;
}

sub _months
{
	my ($self, $months) = @_;

	foreach (1 .. $months)
	{
		$self->_go_to('-1 day');
		my $invoice = $self->_pay;
		$self->_show("invoice $invoice->{number}, " . sats($invoice->{amount_sats}) . ': paid', 'active');
	}
	return;
}

# Grace is no gift: the period begins when the one before it ended.
sub _miss
{
	my ($self) = @_;
	my $reminders = "SELECT count(*) FROM charmbills.events WHERE type = 'invoice.reminder'";

	$self->_go_to('0');
	$self->_show('invoice ' . $self->_invoice->{number} . ' is due, and she has forgotten it', 'past_due');
	$self->_go_to('1 day');
	$self->expect('a reminder', 1, $self->{database}->value($reminders));
	$self->_show('event invoice.reminder; she still has access', 'past_due');
	$self->_go_to('4 days');
	my $invoice = $self->_pay;
	$self->expect('no days are given away', 1, $self->_invoice->{follows});
	$self->_show("invoice $invoice->{number}: paid within the grace, for the same month", 'active');
	return;
}

sub _overpay
{
	my ($self) = @_;

	$self->_go_to('-1 day');
	my $invoice = $self->_pay(2);
	$self->_show("invoice $invoice->{number}: she pays twice as much; credit "
		. sats($self->expect('credit', $invoice->{amount_sats}, $self->_look->{credit})), 'active');
	$self->_go_to('-1 day');
	$invoice = $self->_invoice;
	$self->expect('paid from credit', 'paid, 0', "$invoice->{status}, $invoice->{amount_sats}");
	$self->_show("invoice $invoice->{number}: paid from credit as it is issued", 'active');
	return;
}

# The preview and the invoice are the same, to the sat.
sub _upgrade
{
	my ($self) = @_;
	my $database = $self->{database};
	my $plan     = $database->value("SELECT id FROM charmbills.create_plan(merchant_id => '$self->{merchant_id}',
		service_name => 'Two espressos a day', price_sats => 90000, confirmations => 2)");

	$self->_go_to('-20 days');
	my $cost = $database->value("SELECT amount_sats FROM charmbills.preview_change('$self->{id}', '$plan')");
	$self->_show('preview_change() to two espressos a day: ' . sats($cost) . ' now', 'active');
	$database->run("SELECT charmbills.change_plan('$self->{id}', '$plan')");
	my $invoice = $self->_pay;
	$self->expect('the invoice is as previewed', $cost, $invoice->{amount_sats});
	$self->expect('the plan', 'Two espressos a day', $self->_look->{plan});
	$self->_show("change_plan(): invoice $invoice->{number}, " . sats($invoice->{amount_sats}) . ', paid', 'active');
	return;
}

# What was paid for is kept.
sub _pause
{
	my ($self) = @_;
	my $left = "SELECT current_period_end - charmbills.now() FROM charmbills.subscriptions WHERE id = '$self->{id}'";

	$self->_go_to('-10 days');
	my $before = $self->{database}->value($left);
	$self->{database}->run("SELECT charmbills.pause_subscription('$self->{id}', reason => 'travelling')");
	$self->_show('pause_subscription(): she travels', 'paused');
	$self->{chain}->advance("interval '61 days'");
	$self->{database}->run("SELECT charmbills.resume_subscription('$self->{id}')");
	$self->expect('the time that is left', $before, $self->{database}->value($left));
	$self->_show('resume_subscription(): the ten days left are left', 'active');
	return;
}

sub _cancel
{
	my ($self) = @_;

	$self->{database}->run("SELECT charmbills.cancel_subscription('$self->{id}')");
	$self->_show('cancel_subscription(): at the end of what is paid for', 'active');
	$self->_go_to('0');
	$self->expect('is_entitled()', 'f', $self->{database}->run(
		"SELECT charmbills.is_entitled(s.plan_id, external_id => 'alice') FROM charmbills.subscriptions s") =~ s/\s//r);
	$self->_show('it has ended: nobody is invoiced, is_entitled() is false', 'canceled');
	return;
}

# What came in is what was applied, and what is left.
sub _audit
{
	my ($self) = @_;
	my $sums = $self->{database}->row(<<"SQL");
SELECT count(*) AS invoices, sum(received_sats) AS received,
       (SELECT count(*) FROM charmbills.ledger_check()) AS differences
  FROM charmbills.invoices WHERE subscription_id = '$self->{id}' AND status = 'paid'
SQL

	$self->expect('the books are right', 0, $sums->{differences});
	$self->{screen}->heading('The books', 'ledger_check()');
	$self->{screen}->facts(
		'invoices'    => "$sums->{invoices}, all paid",
		'received'    => sats($sums->{received}),
		'differences' => 'none');
	return;
}

1;
