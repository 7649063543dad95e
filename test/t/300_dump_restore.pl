# A dump carries everything, and what comes out of it issues nothing until an
# operator says so: then no number and no address is used a second time.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::Shop;

my $jump     = 100;			# charmbills.index_jump
my $original = CharmBills::Shop->new(name => 'original');
$original->start->make_busy;

#
# The dump has to say something
#
is($original->sql(<<'SQL'), '', 'every table and sequence is marked for dump');
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'S', 'p')
   AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'charmbills')
SQL
my %statuses = (
	plans              => 'active failed inactive pending_confirmation pending_signature',
	invoices           => 'expired open paid processing uncollectible void',
	payments           => 'confirmed evicted replaced seen',
	transactions       => 'confirmed failed pending pending_signature replaced',
	subscription_facts => 'active canceled expired past_due paused pending trialing',
	jobs               => 'done failed queued running');
foreach my $table (sort keys %statuses)
{
	my $column = $table eq 'jobs' ? 'state' : 'status';
	is($original->sql("SELECT string_agg(DISTINCT $column, ' ' ORDER BY $column) FROM charmbills.$table"),
		$statuses{$table}, "$table are in every status");
}
my @tables = split /\n/, $original->sql(
	q{SELECT extconfig[i]::regclass FROM pg_extension, generate_subscripts(extconfig, 1) i WHERE extname = 'charmbills' ORDER BY 1});
foreach my $table (@tables)
{
	isnt($original->sql("SELECT count(*) FROM $table"), 0, "$table has rows");
}

# All rows of all tables, by table.
sub contents
{
	my ($shop) = @_;

	return { map {
			$_ => $shop->sql(/_seq$/ ? "SELECT last_value, is_called FROM $_" : "SELECT t FROM $_ t ORDER BY t::text COLLATE \"C\"")
		} @tables };
}

sub entitlements
{
	my ($shop) = @_;

	return $shop->sql(<<'SQL');
SELECT p.id, c.id, charmbills.is_entitled(p.id, external_id => c.external_id)
  FROM charmbills.plans p JOIN charmbills.customers c ON c.merchant_id = p.merchant_id ORDER BY 1, 2
SQL
}

sub is_copy_of
{
	my ($copy, $contents, $title) = @_;
	my $copied = contents($copy);

	is($copied->{$_}, $contents->{$_}, "$title: $_ row by row") foreach @tables;
	return;
}

sub reasons
{
	my ($shop) = @_;

	return $shop->sql(q{SELECT charmbills.health() ->> 'reasons'});
}

# What a database that nobody has adopted does, and does not.
sub is_held_back
{
	my ($copy, $title) = @_;
	my $open = $copy->sql(q{SELECT subscription_id FROM charmbills.invoices WHERE status = 'void'});

	is($copy->refusal(q{SELECT charmbills.subscribe(plan_id => id, external_id => 'new') FROM charmbills.plans WHERE service_name = 'ada'}),
		'CB013', "$title: nobody subscribes");
	is($copy->refusal("SELECT charmbills.issue_invoice('$open')"), 'CB013', "$title: no invoice is issued");
	is($copy->sql(q{SELECT count(*) FROM charmbills.claim_jobs('me', 10, '1 hour')}), 0, "$title: no job runs");
	is($copy->sql(q{SELECT count(*) FROM charmbills.claim_http_jobs('me', 10, '1 hour')}), 0, "$title: no webhook is sent");
	is($copy->sql('SELECT adopted FROM charmbills.worker_agenda()'), 'f', "$title: the worker is told");
	is($copy->sql('SELECT charmbills.run_billing()'), 0, "$title: billing does nothing");
	like(reasons($copy), qr/has not been adopted/, "$title: health() says why");
	return;
}

# Months later, renewals have come as they would have there: one for each period,
# the books in order, and who has not paid without access.
sub renews
{
	my ($copy, $title) = @_;
	my $before = $copy->sql('SELECT count(*) FROM charmbills.invoices');
	my $active = q{SELECT count(*) FROM charmbills.subscriptions WHERE status = 'active' AND current_period_end < 'infinity'};

	cmp_ok($copy->sql($active), '>', 0, "$title: there are active subscriptions");
	is($copy->refusal(q{SELECT charmbills.sandbox_advance_clock('2 months')}), '', "$title: months pass");
	cmp_ok($copy->sql('SELECT count(*) FROM charmbills.invoices'), '>', $before, "$title: renewals are invoiced");
	is($copy->sql(q{SELECT count(*) FROM (SELECT FROM charmbills.invoices WHERE kind = 'period' AND status <> 'void'
		GROUP BY subscription_id, period_start HAVING count(*) > 1) d}), 0, "$title: once for each period");
	is($copy->sql('SELECT count(*) FROM charmbills.subscription_facts WHERE billing_error IS NOT NULL'), 0, "$title: all of them");
	is($copy->sql('SELECT count(*) FROM charmbills.ledger_check()'), 0, "$title: the books are in order");
	is($copy->sql($active), 0, "$title: nobody who has not paid is active");
	return;
}

# An invoice of each merchant.
sub issue_all
{
	my ($shop) = @_;

	return map { $shop->issue($_) } qw(ada bob cy);
}

sub number { return join ' ', @{ $_[0] }{qw(merchant series number)} }
sub place  { return join ' ', @{ $_[0] }{qw(address amount_sats)} }

# Bob has one address; there, the amount tells invoices apart.
sub are_all_different
{
	my ($title, @invoices) = @_;

	foreach my $what (\&number, \&place)
	{
		my %seen;
		is(scalar(grep { $seen{ $what->($_) }++ } grep { $what == \&number || $_->{merchant} ne 'bob' } @invoices),
			0, $title);
	}
	return;
}

# The key file is not in the dump.  Another cluster has none, or another; in a
# database beside the original it is the same.
sub are_not_signed
{
	my ($copy, $title) = @_;
	my $key_file = $copy->cluster->data_dir . '/charmbills.key';

	if ($copy->cluster == $original->cluster)
	{
		is(sign($copy), 't|running|', "$title: with the same key a webhook is signed");
		return;
	}
	unlink $key_file;
	like(sign($copy), qr/^f\|queued\|.*could not be opened/, "$title: without the key it is not, and says why");
	$copy->sql(q{SELECT id FROM charmbills.create_webhook_endpoint(NULL, 'https://operator.example/', '{none.such}')});
	ok(-f $key_file, "$title: a new key is made at need");
	like(sign($copy), qr/^f\|queued\|.*not the one/, "$title: and signs nothing of the original's");
	return;
}

# Whether a webhook that waits can be sent, and what then becomes of its job.
sub sign
{
	my ($copy) = @_;
	my $job = $copy->sql(<<'SQL');
UPDATE charmbills.webhook_endpoints SET not_before = NULL;
UPDATE charmbills.jobs SET run_after = '2020-01-01' WHERE kind = 'webhook' AND state = 'queued';
SELECT id FROM charmbills.claim_http_jobs('me', 1, '1 hour');
SQL

	return $copy->sql("SELECT charmbills.http_request('$job') IS NOT NULL AS signed \\gset
		SELECT :'signed', state, last_error FROM charmbills.jobs WHERE id = '$job'");
}

sub adopt
{
	my ($copy, $title, @before) = @_;
	my $next = $copy->sql('SELECT next_index FROM charmbills.descriptors ORDER BY first_index LIMIT 1');
	my $last_event = $copy->sql('SELECT max(id) FROM charmbills.events');
	my $due = $copy->sql(q{SELECT count(*) FROM charmbills.jobs WHERE state IN ('queued', 'running') AND lane IS NULL});

	is($copy->sql('SELECT charmbills.adopt_database()'), 't', "$title: it is adopted");
	is($copy->sql('SELECT charmbills.adopt_database()'), 'f', "$title: once");
	is($copy->sql(q{SELECT count(*) FROM charmbills.events WHERE type = 'database.adopted' AND id > } . $last_event),
		1, "$title: which is an event");
	unlike(reasons($copy), qr/adopted/, "$title: health() is content");
	isnt($due, 0, "$title: jobs wait");
	is($copy->sql(q{SELECT count(*) FROM charmbills.claim_jobs('me', 10, '1 hour')}), $due, "$title: and run now");
	are_not_signed($copy, $title);

	my @invoices = issue_all($copy);
	is(scalar(grep { $_->{series} eq '' } @invoices), 0, "$title: invoices have a new series");
	is(join(' ', map { $_->{number} } @invoices), '1 1 1', "$title: with numbers from 1");
	is($invoices[0]{derivation_index}, $next + $jump, "$title: the index has jumped");
	are_all_different("$title: nothing is issued twice", @before, @invoices);
	is($copy->sql(q{SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY subject ORDER BY id) n, subject_seq
		FROM charmbills.events) e WHERE n <> subject_seq}), 0, "$title: events go on where they were");
	return @invoices;
}

#
# The moment of the dump, and what the original does after it
#
my $dumps    = PostgreSQL::Test::Utils::tempdir();
my $contents = contents($original);
my $entitled = entitlements($original);
my $statuses = $original->sql('SELECT id, status FROM charmbills.subscriptions ORDER BY id');
command_ok([ 'pg_dump', '-d', $original->cluster->connstr($original->name), '-f', "$dumps/plain" ], 'pg_dump, plain');
command_ok([ 'pg_dump', '-Fc', '-d', $original->cluster->connstr($original->name), '-f', "$dumps/custom" ], 'pg_dump, custom');
like($entitled, qr/\|t$/m, 'somebody is entitled');
like($entitled, qr/\|f$/m, 'somebody is not');
my @meanwhile = map { issue_all($original) } 1 .. 30;
are_all_different('the original issues nothing twice', @meanwhile);

sub restore
{
	my ($copy, $format) = @_;
	my $connection = $copy->cluster->connstr($copy->name);

	if ($format eq 'plain')
	{
		command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $connection, '-f', "$dumps/plain" ], 'restored by psql');
	}
	else
	{
		command_ok([ 'pg_restore', '--exit-on-error', '-d', $connection, "$dumps/custom" ], 'restored by pg_restore');
	}
	return;
}

#
# Into another cluster
#
my $other = CharmBills::Shop->new(name => 'other');
$other->start;
foreach my $format (qw(plain custom))
{
	my $copy = $other->database($format);
	my $title = "$format dump in another cluster";

	$other->sql("CREATE DATABASE $format TEMPLATE template0");
	restore($copy, $format);
	is_copy_of($copy, $contents, $title);
	is(entitlements($copy), $entitled, "$title: the same are entitled");
	is($copy->sql('SELECT id, status FROM charmbills.subscriptions ORDER BY id'), $statuses, "$title: statuses are the same");
	is_held_back($copy, $title);

	my $height = $copy->sql('SELECT height FROM charmbills.chain_tip()');
	my $seen = $copy->sql(q{SELECT outpoint FROM charmbills.payments WHERE status = 'seen'});
	# The 30th is beyond what is watched ahead.
	my ($near, $far) = @meanwhile[ 3, 27 * 3 ];
	$copy->sql("SELECT charmbills.sandbox_pay('$_->{address}', 50000)") foreach $near, $far;
	is($copy->sql('SELECT charmbills.sandbox_mine()'), $height + 1, "$title: the chain is followed");
	is($copy->sql("SELECT status FROM charmbills.payments WHERE outpoint = '$seen'"), 'confirmed', "$title: payments confirm");
	my @issued = adopt($copy, $title, @meanwhile);
	$copy->sql('SELECT charmbills.run_billing(), charmbills.sandbox_mine()');
	foreach my $lost ($near, $far)
	{
		is($copy->sql("SELECT status, invoice_id FROM charmbills.payments
			WHERE script = charmbills.address_to_script('$lost->{address}')"), 'confirmed|',
			"$title: a payment to index $lost->{derivation_index}, which only the original issued, is known");
		is($copy->sql("SELECT c.kind, c.amount_sats FROM charmbills.credits c JOIN charmbills.payments p USING (outpoint)
			WHERE p.script = charmbills.address_to_script('$lost->{address}')"), 'unassigned|50000', "$title: as a credit");
	}
	$copy->sql("SELECT charmbills.sandbox_pay('$issued[0]{address}', $issued[0]{amount_sats}); SELECT charmbills.sandbox_mine()");
	is($copy->sql("SELECT status FROM charmbills.invoices WHERE id = '$issued[0]{id}'"), 'paid', "$title: business goes on");
	renews($copy, $title);
}

#
# Into the same cluster: beside the original, and as a template's copy
#
$original->sql('CREATE DATABASE beside TEMPLATE template0');
my $beside = $original->database('beside');
restore($beside, 'custom');
is_copy_of($beside, $contents, 'beside the original');
is_held_back($beside, 'beside the original');
adopt($beside, 'beside the original', @meanwhile);
is($original->issue('ada')->{series}, '', 'the original is not disturbed');

$original->cluster->safe_psql('postgres', 'CREATE DATABASE twin TEMPLATE shop');
my $twin = $original->database('twin');
is_held_back($twin, "template's copy");
# Not even the copy of a copy that was adopted.
adopt($twin, "template's copy", @meanwhile);
$original->cluster->safe_psql('postgres', 'CREATE DATABASE triplet TEMPLATE twin');
my $triplet = $original->database('triplet');
is_held_back($triplet, "copy of a copy");

#
# An old dump in the very database it was made from
#
$original->sql('DROP EXTENSION charmbills');
restore($original, 'plain');
is_copy_of($original, $contents, 'in place of the original');
is_held_back($original, 'in place of the original');
my @again = adopt($original, 'in place of the original', @meanwhile);

# A dump of an adopted one has its incarnation in it, too; and leases that ran out.
$original->sql(q{UPDATE charmbills.jobs SET lease_until = '2020-01-01' WHERE state = 'running'});
command_ok([ 'pg_dump', '-d', $original->cluster->connstr($original->name), '-f', "$dumps/plain" ], 'dumped again');
push @again, issue_all($original);
$original->sql('DROP EXTENSION charmbills');
restore($original, 'plain');
is_held_back($original, 'restored a second time');
adopt($original, 'restored a second time', @meanwhile, @again);

$original->cluster->stop;
$other->cluster->stop;
done_testing();
