# An upgraded extension is the same as a fresh one, its rows work, and until it
# is upgraded the library reads but does not write.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::Catalog;
use CharmBills::Shop;

my $oldest  = '1.0.0';
my $mine    = 'SELECT charmbills.sandbox_mine()';
my $shop    = CharmBills::Shop->new(name => 'main');
my $cluster = $shop->cluster;
$shop->start;

my $default  = $shop->sql(q{SELECT default_version FROM pg_available_extensions WHERE name = 'charmbills'});
my @versions = split /\n/, $shop->sql(q{SELECT version FROM pg_available_extension_versions WHERE name = 'charmbills'});
my %is_version = map { $_ => 1 } @versions;

# Another database, with a version of the extension.
sub database_at
{
	my ($name, $version) = @_;
	my $database = $shop->database($name);

	$cluster->safe_psql('postgres', "CREATE DATABASE $name");
	$database->sql("CREATE EXTENSION charmbills VERSION '$version'");
	return $database;
}

sub update_to
{
	my ($database, $version) = @_;

	return $database->refusal("ALTER EXTENSION charmbills UPDATE TO '$version'");
}

#
# The comparison sees what there is to see
#
my $fresh = database_at('fresh', $default);
my $plain = CharmBills::Catalog::describe($cluster, 'fresh');
cmp_ok(scalar(@$plain), '>', 3000, 'the catalog says much of the extension');
is(CharmBills::Catalog::difference($plain, CharmBills::Catalog::describe($cluster, 'fresh')), '', 'and the same twice');
my %changes = (
	'a column'                 => 'ALTER TABLE charmbills.plans ADD extra text',
	"a column's type"          => 'ALTER TABLE charmbills.api_keys ALTER prefix TYPE varchar',
	"a column's default"       => 'ALTER TABLE charmbills.customers ALTER metadata DROP DEFAULT, ALTER address SET DEFAULT 1',
	'NOT NULL'                 => 'ALTER TABLE charmbills.merchants ALTER timezone DROP NOT NULL',
	"a column's comment"       => q{COMMENT ON COLUMN charmbills.plans.trial IS 'other'},
	"a table's comment"        => 'COMMENT ON TABLE charmbills.plans IS NULL',
	"a column's statistics"    => 'ALTER TABLE charmbills.plans ALTER price_sats SET (n_distinct = 5)',
	"a column's storage"       => 'ALTER TABLE charmbills.blocks ALTER header SET STORAGE PLAIN',
	"a constraint's name"      => 'ALTER TABLE charmbills.blocks RENAME CONSTRAINT blocks_pkey TO other',
	'a constraint'             => 'ALTER TABLE charmbills.blocks ADD CONSTRAINT other CHECK (height < 5) NOT VALID',
	'an index'                 => 'CREATE INDEX other ON charmbills.blocks (hash, height)',
	'a storage parameter'      => 'ALTER TABLE charmbills.blocks SET (fillfactor = 50)',
	'row security'             => 'ALTER TABLE charmbills.blocks DISABLE ROW LEVEL SECURITY',
	'a policy'                 => 'ALTER POLICY visible ON charmbills.plans USING (true)',
	'a trigger'                => 'ALTER TABLE charmbills.plans DISABLE TRIGGER USER',
	"a function's cost"        => 'ALTER FUNCTION charmbills.may_see(uuid) COST 7',
	"a function's volatility"  => 'ALTER FUNCTION charmbills.may_see(uuid) VOLATILE',
	"a function's parallelism" => 'ALTER FUNCTION charmbills.may_see(uuid) PARALLEL UNSAFE',
	"a function's settings"    => 'ALTER FUNCTION charmbills.may_see(uuid) SET jit = off',
	"a function's rights"      => 'ALTER FUNCTION charmbills.may_see(uuid) SECURITY DEFINER',
	"a function's comment"     => q{COMMENT ON FUNCTION charmbills.may_see(uuid) IS 'other'},
	'a default argument'       => q{CREATE OR REPLACE FUNCTION charmbills.run_billing(as_of timestamptz DEFAULT '-infinity', max_rows integer DEFAULT NULL)
		RETURNS integer LANGUAGE C SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp AS '$libdir/charmbills', 'charmbills_run_billing'},
	"a function's symbol"      => q{CREATE OR REPLACE FUNCTION charmbills.may_see(merchant_id uuid)
		RETURNS boolean LANGUAGE C STABLE PARALLEL SAFE AS '$libdir/charmbills', 'charmbills_is_entitled'},
	'a privilege'              => 'GRANT SELECT ON charmbills.plans TO PUBLIC',
	"a function's privilege"   => 'REVOKE EXECUTE ON FUNCTION charmbills.may_see(uuid) FROM PUBLIC',
	"a column's privilege"     => 'GRANT SELECT (name) ON charmbills.merchants TO PUBLIC',
	"a view's option"          => 'ALTER VIEW charmbills.subscriptions SET (security_invoker = off)',
	"a domain's check"         => 'ALTER DOMAIN charmbills.sats ADD CONSTRAINT other CHECK (value <> 7)',
	'membership'               => 'ALTER EXTENSION charmbills DROP FUNCTION charmbills.may_see(uuid)',
	'what is dumped'           => q{UPDATE pg_extension SET extcondition[2] = 'WHERE true' WHERE extname = 'charmbills'},
	'a sequence'               => 'ALTER SEQUENCE charmbills.events_id_seq CACHE 5');
foreach my $what (sort keys %changes)
{
	isnt(CharmBills::Catalog::difference(CharmBills::Catalog::describe($cluster, 'fresh', $changes{$what}), $plain),
		'', "a change of $what would be seen");
}

#
# Every path between versions that can be installed
#
my @paths = map { [ split /\|/ ] } split /\n/, $shop->sql(<<'SQL');
SELECT source, target FROM pg_extension_update_paths('charmbills') WHERE path IS NOT NULL ORDER BY 1, 2
SQL
ok($is_version{$oldest}, "version $oldest can be installed");
foreach my $version (sort grep { $_ ne $default } @versions)
{
	ok(scalar(grep { $_->[0] eq $version && $_->[1] eq $default } @paths), "there is a way from $version to $default");
}
foreach my $path (grep { $is_version{ $_->[1] } } @paths)
{
	my ($source, $target) = @$path;
	my $name = "from_${source}_to_$target" =~ tr/./_/r;
	my $upgraded = database_at($name, $source);
	my $wanted = $plain;

	is(update_to($upgraded, $target), '', "$source is updated to $target");
	if ($target ne $default)
	{
		my $made = database_at("fresh_$target" =~ tr/./_/r, $target);
		$wanted = CharmBills::Catalog::describe($cluster, $made->name);
	}
	is(CharmBills::Catalog::difference(CharmBills::Catalog::describe($cluster, $name), $wanted), '',
		"$source updated to $target (<) is as $target made afresh (>)");
}

foreach my $version (sort grep { $_ ne $default } @versions)
{
	subtest "rows of version $version" => sub { test_rows($version) };
}
subtest 'the worker waits' => \&test_worker;
subtest 'what was said of charms that are followed' => \&test_claims;

$cluster->stop;
done_testing();

# What an old version wrote, before the upgrade and after it.
sub test_rows
{
	my ($version) = @_;
	my $old = database_with_rows($version);
	my $columns = columns_of_tables($old);
	my %before = (contents => contents($old, $columns), answers => answers($old));

	isnt($before{contents}{$_}, '', "there are rows in $_") foreach sort keys %$columns;
	like($before{answers}, qr/\|t$/m, 'somebody is entitled before the upgrade');
	like($before{answers}, qr/\|f$/m, 'somebody is not');
	like($before{answers}, qr/\|$_\|/, "a subscription is $_") foreach qw(pending trialing active expired paused canceled);

	test_refusals($old, $version);
	is_deeply(contents($old, $columns), $before{contents}, 'nothing has changed');

	test_upgrade($old);
	my $after = contents($old, $columns);
	is($after->{$_}, $before{contents}{$_}, "what the old version wrote into $_ is there") foreach sort keys %$columns;
	is(answers($old), $before{answers}, 'and the same are entitled');

	test_chain($old);
	test_charms($old) if $version ne $oldest;
	test_billing($old);
	return;
}

sub database_with_rows
{
	my ($version) = @_;
	my $name = "rows_of_$version" =~ tr/./_/r;
	my $old = database_at($name, $version);

	$cluster->psql($name, undef, on_error_die => 1, on_error_stop => 1,
		extra_params => [ '-q', '-f', "$FindBin::Bin/../upgrade/$version.sql" ]);
	return $old;
}

# Of each table that is dumped.
sub columns_of_tables
{
	my ($old) = @_;
	my @tables = split /\n/, $old->sql(
		q{SELECT extconfig[i]::regclass FROM pg_extension, generate_subscripts(extconfig, 1) i WHERE extname = 'charmbills' ORDER BY 1});

	return { map { $_ => $old->sql("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = '$_'::regclass AND attnum > 0") } grep { !/_seq$/ } @tables };
}

sub contents
{
	my ($old, $columns) = @_;

	return { map { $_ => $old->sql("SELECT $columns->{$_} FROM $_ t ORDER BY ($columns->{$_})::text COLLATE \"C\"") } keys %$columns };
}

sub answers
{
	my ($old) = @_;

	return $old->sql(<<'SQL');
SELECT s.id, s.status, s.expires_at FROM charmbills.subscriptions s ORDER BY 1;
SELECT p.id, c.id, charmbills.is_entitled(p.id, c.address, c.external_id)
  FROM charmbills.plans p JOIN charmbills.customers c ON c.merchant_id = p.merchant_id ORDER BY 1, 2
SQL
}

sub plan_called
{
	my ($old, $name) = @_;

	return $old->sql("SELECT id FROM charmbills.plans WHERE service_name = '$name'");
}

sub subscription_of_new
{
	my ($old) = @_;
	my $plan = plan_called($old, 'ada');

	return "SELECT charmbills.subscribe('$plan', external_id => 'new')";
}

# The library reads, and does not write.
sub test_refusals
{
	my ($old, $version) = @_;
	my $subscribe = subscription_of_new($old);

	foreach my $call ($subscribe, $mine, 'SELECT charmbills.run_billing()', 'SELECT charmbills.adopt_database()',
		q{SELECT charmbills.claim_jobs('me', 1, '1 hour')})
	{
		is($old->refusal($call), 'CB017', "refused before the upgrade: $call");
	}
	my (undef, undef, $complaint) = $cluster->psql($old->name, $subscribe);
	like($complaint, qr/DETAIL:.* $version,.* $default\b/, 'with both versions');
	like($complaint, qr/HINT:.*ALTER EXTENSION charmbills UPDATE/, 'and what to do');
	is($old->sql(q{SELECT charmbills.is_valid_address('x')}), 'f', 'primitives answer');
	foreach my $health (qw(health health_db health_jobs))
	{
		like($old->sql("SELECT charmbills.$health()"), qr/"degraded".*ALTER EXTENSION charmbills UPDATE/, "$health() says so");
	}

	# Not even once in a session, nor by what is taken back.
	is($old->refusal("BEGIN; ALTER EXTENSION charmbills UPDATE; SELECT charmbills.run_billing(); ROLLBACK; $mine"),
		'CB017', 'an upgrade that is taken back is none');
	is($fresh->refusal("$mine; DROP EXTENSION charmbills; CREATE EXTENSION charmbills VERSION '$version'; $mine"),
		'CB017', 'nor does a session trust the version that was dropped');
	return;
}

# In a session that has used the old version.
sub test_upgrade
{
	my ($old) = @_;
	my $plan = plan_called($old, 'ada');
	my $read = "SELECT count(charmbills.is_entitled('$plan', external_id => 'paid')), count(*) FROM charmbills.subscriptions";

	is($old->refusal("$read; ALTER EXTENSION charmbills UPDATE; $read; SELECT charmbills.run_billing()"),
		'', 'the upgrade, between calls of one session');
	is($old->sql(q{SELECT extversion FROM pg_extension WHERE extname = 'charmbills'}), $default, "it is at $default");
	is(CharmBills::Catalog::difference(CharmBills::Catalog::describe($cluster, $old->name), $plain), '',
		'with rows (<) it is as without (>)');
	return;
}

# It is a copy, so it has to be adopted first.
sub test_chain
{
	my ($old) = @_;

	$cluster->safe_psql('postgres', 'ALTER DATABASE ' . $old->name . ' SET charmbills.accept_mock_spells = on');
	is($old->sql('SELECT charmbills.adopt_database()'), 't', 'it is adopted');
	is($old->refusal('SELECT charmbills.run_billing()'), '', 'billing runs');
	my $height = $old->sql('SELECT height FROM charmbills.chain_tip()');
	is($old->sql($mine), $height + 1, 'the chain is followed');
	is($old->sql(q{SELECT string_agg(DISTINCT status, ' ') FROM charmbills.payments WHERE status = 'seen'}), '', 'payments confirm');
	return;
}

# Charms of which the old version knew nothing are found in its blocks: the club
# and the closed one have sold seven tokens each, to the same customer.
sub test_charms
{
	my ($old) = @_;
	my $plan = plan_called($old, 'club');
	my $customer = q{charmbills.script_to_address('\x0014' || decode(repeat('c0', 20), 'hex'))};
	my $is_entitled = "SELECT charmbills.is_entitled('$plan', $customer)";

	is($old->sql(q{SELECT service_name, status, deactivated_by, nft_state, remaining_supply FROM charmbills.plans
		WHERE app_vk IS NOT NULL ORDER BY 1}), <<'ROWS' =~ s/\n\z//r, 'NFTs are found, and what is off sale stays off');
closed club|inactive|merchant|held|93
club|active||held|93
late club|active||held|100
ROWS
	is($old->sql(q{SELECT p.service_name, s.token_amount, s.token_utxo = c.outpoint, c.remaining IS NULL FROM charmbills.plans p
		JOIN charmbills.subscriptions s ON s.plan_id = p.id JOIN charmbills.charms c ON c.plan_id = p.id AND c.amount > 0 ORDER BY 1}),
		"closed club|7|t|t\nclub|7|t|t", 'and tokens');
	is($old->sql($is_entitled), 'f', 'where a plan asks for payment, they count for nothing');
	$old->sql("SELECT charmbills.update_plan('$plan', entitlement => 'token', token_units => 7)");
	is($old->sql($is_entitled), 't', 'where it asks for them, their holder is entitled');
	$old->sql("SELECT charmbills.update_plan('$plan', token_units => 8)");
	is($old->sql($is_entitled), 'f', 'but not to more than they are good for');
	is($old->sql('SELECT DISTINCT v.verdict FROM charmbills.subscriptions s, charmbills.verify_token(s.id) v WHERE s.token_utxo IS NOT NULL'),
		'mock', 'they are verified on demand');
	is($old->sql(q{SELECT count(*) FROM charmbills.watched_apps WHERE NOT is_armed OR rescan_since IS NOT NULL}), 0, 'the search is over');
	return;
}

sub test_billing
{
	my ($old) = @_;
	my $plan = plan_called($old, 'ada');
	my $subscribe = subscription_of_new($old);
	my $entitled = sub { return $old->sql("SELECT charmbills.is_entitled('$plan', external_id => '$_[0]')") };

	is($old->refusal($subscribe), '', 'somebody subscribes');
	is($entitled->('open'), 'f', 'an old customer has not paid');
	foreach my $customer (qw(new open))
	{
		is(pay_open_invoice($old, $customer), 't', "$customer pays");
		$old->sql($mine);
		is($entitled->($customer), 't', "$customer is entitled");
	}
	isnt($old->refusal($subscribe =~ s/\)$/, idempotency_key => 'k''1')/r), '', 'old idempotency keys are remembered');
	is($old->refusal(q{SELECT charmbills.sandbox_advance_clock('3 months')}), '', 'months pass');
	is($entitled->($_), 'f', "$_ has not renewed") foreach qw(new open);
	is($old->sql(q{SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY subject ORDER BY id) n, subject_seq
		FROM charmbills.events) e WHERE n <> subject_seq}), 0, 'events go on where they were');
	return;
}

sub pay_open_invoice
{
	my ($old, $customer) = @_;

	return $old->sql(<<"SQL");
SELECT charmbills.sandbox_pay(i.address, i.amount_sats) IS NOT NULL
  FROM charmbills.invoices i JOIN charmbills.customers c ON c.id = i.customer_id
 WHERE c.external_id = '$customer' AND i.status = 'open'
SQL
}

sub test_worker
{
	my $state = q{SELECT state FROM charmbills.worker_status() WHERE database = 'postgres'};

	$cluster->safe_psql('postgres', "CREATE EXTENSION charmbills VERSION '$oldest'");
	ok($cluster->poll_query_until('postgres', $state, 'unknown version'), 'it waits for the upgrade');
	like(slurp_file($cluster->logfile), qr/waits for another version.*HINT:.*ALTER EXTENSION charmbills UPDATE/s, 'and says how it ends');
	$cluster->safe_psql('postgres', 'ALTER EXTENSION charmbills UPDATE');
	ok($cluster->poll_query_until('postgres', $state, 'sandbox'), 'it goes on after the upgrade');
	return;
}

# Once they are followed, nobody but the chain says where an NFT is.
sub test_claims
{
	my $old = database_at('claims', '1.1.0');
	my $claim = q{jsonb '{"mine": 1}', charmbills.outpoint(repeat('0c', 32)::charmbills.txid, 1), 21};
	my $id = q{repeat('ab', 32)};

	$old->sql(<<"SQL");
INSERT INTO charmbills.merchants (id, address, name) VALUES (gen_random_uuid(), 'bcrt1qkzctpv9skzctpv9skzctpv9skzctpv9s0ergw2', 'bob');
INSERT INTO charmbills.plans (merchant_id, service_name, price_sats, billing_cycle, status, app_id, app_vk, metadata, nft_utxo, remaining_supply)
SELECT m.id, v.* FROM charmbills.merchants m, (VALUES
    ('followed', 1, 'monthly', 'active', $id, $id, $claim), ('not followed', 1, 'monthly', 'active', $id, NULL, $claim)) v;
SQL
	is(update_to($old, $default), '', 'the upgrade');
	is($old->sql('SELECT service_name, metadata, nft_utxo, remaining_supply FROM charmbills.plans ORDER BY 1'),
		"followed|{\"mine\": 1, \"nftUtxoId\": \"${\('0c' x 32)}:1\", \"remaining\": 21}||\n"
		  . "not followed|{\"mine\": 1}|${\('0c' x 32)}:1|21",
		'what was said is kept, but not as if it were known');
	return;
}
