# The README's SQL does what the README shows: all of it, in order, in one
# session of psql.  Left out are what needs a network or pg_cron, and what has
# a '…' in place of a value.
use strict;
use warnings;

use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Cluster;
use Test::More;

my $tree = "$FindBin::RealBin/../..";
my %is_left_out = map { $_ => 1 } 'Install', 'Scheduling with pg_cron';
my @blocks = blocks_of("$tree/README.md");
cmp_ok(scalar(grep { $_->{language} eq 'sql' } @blocks), '>=', 12, 'blocks of SQL');

my $cluster = PostgreSQL::Test::Cluster->new('main');
$cluster->init;
$cluster->append_conf('postgresql.conf', "shared_preload_libraries = 'charmbills'\nmax_worker_processes = 20\n");
$cluster->start;
# Nobody listens there, whoever does at the README's port.
my $port = PostgreSQL::Test::Cluster::get_free_port();

# What is shown after a block is what that block printed, among other things.
my @printed = print_all(map { $_->{code} =~ s/127\.0\.0\.1:8000/127.0.0.1:$port/r } grep { $_->{language} eq 'sql' } @blocks);
my $sql = -1;
foreach my $block (@blocks)
{
	$sql++ if $block->{language} eq 'sql';
	contains($printed[$sql], $block->{code}, $block->{section}) if $block->{language} eq '';
}
$cluster->stop;
done_testing();

# The fenced blocks that are to be looked at, with the section that each is in.
sub blocks_of
{
	my ($file) = @_;
	my ($section, @found) = ('');

	open my $in, '<:encoding(UTF-8)', $file or die "$file: $!";
	my $text = do { local $/; <$in> };
	while ($text =~ /^(?:## ([^\n]+)|```(\w*)\n(.*?)^```)$/msg)
	{
		my ($title, $language, $code) = ($1, $2, $3);

		$section = $title if defined $title;
		next if defined $title || $is_left_out{$section} || ($language eq 'sql' && $code =~ /'[^'\n]*\x{2026}/);
		push @found, { section => $section, language => $language, code => $code };
	}
	return @found;
}

# Runs these in one session; what each printed.
sub print_all
{
	my (@codes) = @_;
	my $script = join '', map { "$_\\echo ==end of block==\n" } @codes;

	utf8::encode($script);
	my $is_done = run [ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-P', 'pager=off', '-d', $cluster->connstr('postgres') ],
	  '<', \$script, '>', \my $out, '2>', \my $err, init => sub { chdir $tree };
	ok($is_done, 'every statement succeeds') or diag($err);
	return split /^==end of block==\n/m, $out;
}

# Whether the lines of a table are among those printed, in that order,
# whatever the widths of columns are.
sub contains
{
	my ($printed, $shown, $name) = @_;
	my @printed = rows_of(defined $printed ? $printed : '');

	foreach my $row (rows_of($shown))
	{
		while (@printed && $printed[0] ne $row)
		{
			shift @printed;
		}
		next if @printed;
		fail("$name: what is shown");
		diag("not printed: $row");
		return;
	}
	pass("$name: what is shown");
	return;
}

# The dashes below a heading are left out.
sub rows_of
{
	my ($text) = @_;

	return map { s/^ +| +$//gr =~ s/ *\| */|/gr } grep { !/^-[-+]*$/ } split /\n/, $text;
}
