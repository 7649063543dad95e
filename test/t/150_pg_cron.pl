# Billing until nothing is due, by hand and by a real pg_cron, without the worker
# and beside it.
use strict;
use warnings;

use IPC::Run qw(start finish);
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::Shop;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $sharedir = `$pg_config --sharedir`);
plan skip_all => 'no pg_cron' unless -f "$sharedir/extension/pg_cron.control";

my $shop    = CharmBills::Shop->new(name => 'main', preload => 0);
my $cluster = $shop->cluster;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_cron,charmbills'
cron.database_name = 'shop'
cron.use_background_workers = on
max_worker_processes = 20
CONF
# The worker looks after "postgres" alone.
$shop->start;
my $other = $shop->database('postgres');
$_->sql('CREATE EXTENSION charmbills') foreach $shop, $other;
$shop->sql(q{SELECT charmbills.create_merchant(name => 'ada', address => charmbills.script_to_address('\x0014' || decode(repeat('a0', 20), 'hex')))});
$shop->sql('SELECT charmbills.setup_roles(); CREATE ROLE clerk IN ROLE charmbills_operator; CREATE ROLE visitor;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA charmbills TO visitor');

# Rows that are due: transactions that nobody has signed for two days.
sub make_due
{
	my ($rows) = @_;

	$shop->sql(<<"SQL");
INSERT INTO charmbills.transactions (type, status, merchant_id, created_at)
SELECT 'send', 'pending_signature', m.id, now() - interval '3 days' + n * interval '1 second'
  FROM charmbills.merchants m, generate_series(1, $rows) n
SQL
	return;
}

sub due { return $shop->sql(q{SELECT count(*) FROM charmbills.transactions WHERE status = 'pending_signature'}) }

sub events
{
	return $shop->sql(q{SELECT count(*), count(DISTINCT subject) FROM charmbills.events WHERE type = 'transaction.failed'});
}

sub forget { return $shop->sql('DELETE FROM charmbills.transactions; DELETE FROM charmbills.events') }

# What a statement says besides its result.
sub messages
{
	my ($sql, %arg) = @_;
	my ($status, $out, $err) = $cluster->psql('shop', $sql, %arg);

	return $err;
}

# The words of an error: detail and hint too.
sub complaint { return messages(@_, extra_params => [ '-v', 'VERBOSITY=verbose' ]) }

#
# run_billing_all()
#
is($shop->refusal('CALL charmbills.run_billing_all()'), '', 'nothing is due');
make_due(25);
my @said = messages('SET client_min_messages = error; CALL charmbills.run_billing_all(10)') =~ /INFO:  (.*)/g;
is_deeply(\@said, [ map { "billing: $_ rows so far" } 10, 20, 25 ], 'it says how far it is, after each batch');
is(due(), 0, 'everything is done');
is(messages('CALL charmbills.run_billing_all()'), '', 'a second time there is nothing to say');
is($shop->refusal('CALL charmbills.run_billing_all(NULL)'), '', 'the number of rows may be left to run_billing()');
is($shop->refusal('CALL charmbills.run_billing_all(0)'), 'CB011', 'but must be positive');

make_due(25);
is($shop->refusal('BEGIN; CALL charmbills.run_billing_all()'), '2D000', 'it refuses to run in a transaction block');
is($shop->refusal('DO $$ BEGIN BEGIN CALL charmbills.run_billing_all(); EXCEPTION WHEN division_by_zero THEN END; END $$'), '2D000',
	'and in a subtransaction');
like(complaint('BEGIN; CALL charmbills.run_billing_all()'), qr/HINT:.*outside of a transaction block/, 'with a hint');
is($shop->refusal('SET ROLE visitor; CALL charmbills.run_billing_all()'), '42501', 'it is for operators');
is(due(), 25, 'and nothing was done');
is($shop->refusal('DO $$ BEGIN CALL charmbills.run_billing_all(10); END $$'), '', 'another procedure may call it');
is(due(), 0, 'which does it all');
make_due(3);
is($shop->refusal('SET ROLE clerk; CALL charmbills.run_billing_all(1)'), '', 'an operator need not be superuser');
is(due(), 0, 'to do it all');
forget();

# Interrupted in the middle of the second batch.
make_due(25);
$shop->sql(<<'SQL');
CREATE FUNCTION public.tarry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END';
UPDATE charmbills.transactions SET created_at = date_trunc('second', created_at);
UPDATE charmbills.transactions SET created_at = created_at + interval '0.5 seconds'
 WHERE id = (SELECT id FROM charmbills.transactions ORDER BY created_at OFFSET 14 LIMIT 1);
CREATE TRIGGER tarry BEFORE UPDATE ON charmbills.transactions FOR EACH ROW
 WHEN (NEW.created_at - date_trunc('second', NEW.created_at) = interval '0.5 seconds') EXECUTE FUNCTION public.tarry();
SQL
my $out = '';
my $err = '';
my $run = start([ 'psql', '-Xq', '-d', $cluster->connstr('shop'), '-c', 'CALL charmbills.run_billing_all(10)' ], '>', \$out, '2>', \$err);
ok($cluster->poll_query_until('shop', q{SELECT count(*) FROM pg_stat_activity
	WHERE query = 'CALL charmbills.run_billing_all() /* 10 rows so far */' AND state = 'active'}, '1'),
	'pg_stat_activity shows how far it is');
$shop->sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL charmbills.run_billing_all()%'});
finish($run);
like($err, qr/canceling statement due to user request/, 'it can be interrupted');
is(due(), 15, 'what was committed stays');
is(events(), '10|10', 'with its events');
$shop->sql('DROP FUNCTION public.tarry() CASCADE');

# What others hold is left, and waited for by nobody.
my $holder = $cluster->background_psql('shop');
$holder->query_safe(q{BEGIN; SELECT FROM charmbills.transactions WHERE status = 'pending_signature' ORDER BY created_at LIMIT 5 FOR UPDATE});
is($shop->refusal('SET statement_timeout = 30000; CALL charmbills.run_billing_all(4)'), '', 'it ends where rows are locked');
is(due(), 5, 'all but those are done');
$holder->quit;
$shop->sql('CALL charmbills.run_billing_all(4)');
is(events(), '25|25', 'each row once');
forget();

#
# Where schedule_jobs() cannot do it
#
my $schedule = 'SELECT * FROM charmbills.schedule_jobs()';
is($shop->refusal($schedule), '55000', 'no pg_cron in the database');
like(complaint($schedule), qr/HINT:  Use CREATE EXTENSION pg_cron\./, 'with a hint');
is($shop->refusal("CREATE SCHEMA cron; CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE sql AS 'SELECT 1/0';
	$schedule"), '55000', 'somebody else\'s function of that name is not called');
$shop->sql('DROP SCHEMA cron CASCADE');
is($shop->sql('SELECT charmbills.unschedule_jobs()'), 0, 'then there is nothing to take back');
is($other->refusal($schedule), '55000', 'pg_cron is in another database');
my (undef, undef, $advice) = $cluster->psql('postgres', $schedule);
like($advice, qr/DETAIL:  cron\.database_name is "shop"/, 'which is named');
my ($commands) = $advice =~ /HINT:  In that database run: (.*)/;
is(() = $commands =~ /cron\.schedule_in_database/g, 2, 'and what is to be run there');

$shop->sql(q{CREATE EXTENSION pg_cron VERSION '1.3'});
is($shop->refusal($schedule), '55000', 'a pg_cron that is too old');
like(complaint($schedule), qr/HINT:  Use ALTER EXTENSION pg_cron UPDATE\./, 'with a hint');
$shop->sql('ALTER EXTENSION pg_cron UPDATE');

#
# Scheduled
#
my @jobs = ('charmbills billing', 'charmbills clean-up');
my $listed = 'SELECT jobid, jobname, schedule, database, username, active, xmin FROM cron.job ORDER BY jobid';
is($shop->refusal("SET ROLE visitor; $schedule"), '42501', 'scheduling is for operators');
is($shop->refusal('SET ROLE visitor; SELECT charmbills.unschedule_jobs()'), '42501', 'and so is the contrary');
is($shop->sql("SET ROLE clerk; SELECT name, schedule FROM charmbills.schedule_jobs()"), "$jobs[0]|* * * * *\n$jobs[1]|17 * * * *",
	'an operator who may not use pg_cron schedules');
is($shop->sql('SELECT DISTINCT database, username = (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $$charmbills$$) FROM cron.job'),
	'shop|t', 'jobs of the owner, in this database');
my $before = $shop->sql($listed);
is($shop->sql('SELECT count(*) FROM charmbills.schedule_jobs()'), 2, 'again');
is($shop->sql($listed), $before, 'changes nothing');
is($shop->sql(q{SELECT schedule FROM charmbills.schedule_jobs('*/5 * * * *')}), "*/5 * * * *\n17 * * * *", 'a schedule can be changed');
is($shop->sql(q{SELECT schedule FROM charmbills.schedule_jobs(clean_up => '0 4 * * *')}), "*/5 * * * *\n0 4 * * *", 'and the other');
is($shop->sql('SELECT schedule FROM charmbills.schedule_jobs()'), "*/5 * * * *\n0 4 * * *", 'and stays then');
is($shop->sql('SELECT string_agg(jobid::text, $$ $$ ORDER BY jobid) FROM cron.job'),
	join(' ', $before =~ /^(\d+)/mg), 'they are the same jobs');
isnt($shop->refusal(q{SELECT * FROM charmbills.schedule_jobs('whenever')}), '', 'nonsense is refused');
$shop->sql("SELECT cron.alter_job(jobid, active => false) FROM cron.job WHERE jobname = '$jobs[1]'; $schedule");
is($shop->sql("SELECT active FROM cron.job WHERE jobname = '$jobs[1]'"), 'f', 'a job switched off stays off');
# As after a dump of another database.
$shop->sql("UPDATE cron.job SET database = 'elsewhere', command = 'SELECT 1'; $schedule");
is($shop->sql('SELECT DISTINCT database FROM cron.job'), 'shop', 'a job of another database is made one of this');
is($shop->sql(q{SELECT count(*) FROM cron.job WHERE command LIKE '%charmbills.%'}), 2, 'with the right command');

$shop->sql('SELECT cron.schedule($$mine$$, $$0 0 1 1 *$$, $$SELECT 1$$)');
is($shop->sql('SET ROLE clerk; SELECT charmbills.unschedule_jobs()'), 2, 'both are taken back');
is($shop->sql('SELECT charmbills.unschedule_jobs()'), 0, 'once');
is($shop->sql('SELECT jobname FROM cron.job'), 'mine', 'nobody else\'s');
is($shop->sql("SELECT schedule FROM charmbills.schedule_jobs(clean_up => '* * * * *')"), "* * * * *\n* * * * *", 'they can be scheduled anew');
$shop->sql($commands);

#
# For real: the next full minute
#
is($shop->sql(q{SELECT count(*) FROM charmbills.worker_status() WHERE database = 'shop'}), 0, 'no worker looks after the database');
$shop->sql(q{INSERT INTO cron.job_run_details (jobid, runid, status, start_time, end_time)
	SELECT jobid, -n, 'succeeded', '2020-01-01', '2020-01-01' FROM cron.job, generate_series(1, 10100) n WHERE jobname = 'charmbills billing'});
$shop->sql(q{SELECT charmbills.mark_utxo_used((repeat('01', 32) || ':0')::charmbills.outpoint, 'test')});
$shop->sql(q{UPDATE charmbills.used_utxos SET used_at = used_at - interval '3 days'});
make_due(1500);
my $since = $shop->sql('SELECT now()');
{
	# After the minute the usual patience.
	local $PostgreSQL::Test::Utils::timeout_default = $PostgreSQL::Test::Utils::timeout_default + 60;
	ok($cluster->poll_query_until('shop', "SELECT count(DISTINCT jobname) FROM cron.job JOIN cron.job_run_details USING (jobid)
		WHERE end_time IS NOT NULL AND start_time >= '$since'", 3), 'pg_cron runs the jobs, here and of the other database');
}
is($shop->sql("SELECT count(*) FROM cron.job_run_details WHERE start_time >= '$since' AND status <> 'succeeded'"), 0, 'they succeed')
  or diag($shop->sql("SELECT * FROM cron.job_run_details WHERE start_time >= '$since'"));
is(due(), 0, 'what was due is done, in more than one batch');
is(events(), '1500|1500', 'once');
is($shop->sql('SELECT count(*) FROM charmbills.used_utxos'), 0, 'old reservations are released');
cmp_ok($shop->sql(q{SELECT count(*) FROM cron.job_run_details JOIN cron.job USING (jobid) WHERE jobname = 'charmbills billing'}),
	'<=', 10081, 'old runs are forgotten');
forget();

#
# Beside the worker, and beside callers, who do what pg_cron does
#
$cluster->append_conf('postgresql.conf', "charmbills.databases = 'postgres,shop'");
$cluster->restart;
ok($cluster->poll_query_until('shop', q{SELECT state FROM charmbills.worker_status() WHERE database = 'shop'}, 'sandbox'),
	'now a worker looks after the database too');
$since = $shop->sql('SELECT now()');
my @callers = map {
	start([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $cluster->connstr('shop') ],
		'<', \('CALL charmbills.run_billing_all(1);' x 100), '>', '/dev/null', '2>', '/dev/null')
} 1 .. 3;
my $rounds = 40;
foreach (1 .. $rounds)
{
	make_due(20);
	$shop->sql('SELECT charmbills.wake_worker()');
}
ok(finish($_), 'a caller meets no error') foreach @callers;
ok($cluster->poll_query_until('shop', q{SELECT charmbills.wake_worker() AND EXISTS
	(SELECT FROM charmbills.transactions WHERE status = 'pending_signature')}, 'f'), 'all is done in the end');
is(events(), join('|', (20 * $rounds) x 2), 'each row once, whoever did it');
is($shop->sql("SELECT count(*) FROM cron.job_run_details WHERE start_time >= '$since' AND status NOT IN ('succeeded', 'running', 'starting')"), 0,
	'no job has failed');
unlike(slurp_file($cluster->logfile), qr/(?:PANIC|TRAP|deadlock detected|terminated by signal)/, 'nothing went wrong');

$shop->sql('SELECT charmbills.unschedule_jobs()');
is($shop->refusal('DROP EXTENSION charmbills'), '', 'the extension goes');
$cluster->stop;
done_testing();
