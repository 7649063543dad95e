#!/usr/bin/env perl
#
# Runs tests, shows what failed, and gathers the results.
#
#	harness.pl RESULTS tap STAGE [--exec 'COMMAND'] FILE...
#		each file is a TAP program, run by COMMAND; %n in it is the file's
#		name without folder and ending
#	harness.pl RESULTS regress STAGE COMMAND...
#		COMMAND is pg_regress or pg_isolation_regress
#	harness.pl RESULTS pass|fail|skip NAME [REASON]
#		a result that needs no running
#	harness.pl RESULTS report
#		the summary; the exit status tells
use strict;
use warnings;

use File::Basename qw(basename);
use FindBin;
use TAP::Parser;
use Time::HiRes qw(time);

use lib $FindBin::Bin;
use Results;

# A test that hangs must not hang the whole check.
my @limit = ('timeout', '--foreground', '-k', '10', $ENV{TEST_TIMEOUT} || 600);

$| = 1;
my $results = Results->new(shift @ARGV);
my $mode    = shift @ARGV;
my %modes   = (
	tap     => \&run_tap_files,
	regress => \&run_regress,
	pass    => sub { $results->add('pass', 1, @_) },
	fail    => sub { $results->add('fail', 1, @_) },
	skip    => sub { $results->add('skip', 1, @_) },
	report  => sub { exit($results->report ? 0 : 1) });
die "harness.pl: no such mode: $mode\n" unless exists $modes{$mode};
$modes{$mode}->(@ARGV);
exit 0;

sub run_tap_files
{
	my ($stage, @files) = @_;
	my @exec;

	if (@files && $files[0] eq '--exec')
	{
		@exec = split ' ', $files[1];
		splice @files, 0, 2;
	}
	foreach my $file (@files)
	{
		(my $name = basename($file)) =~ s/\.[^.]+$//;
		run_tap_file("$stage/$name", map { s/%n/$name/gr } @exec, $file);
	}
	return;
}

# Failed assertions, a plan not kept, and an exit status each count.
sub run_tap_file
{
	my ($name, @command) = @_;
	my $start  = time;
	my $parser = TAP::Parser->new({ exec => [ @limit, @command ] });
	my ($passed, @failed, @output) = (0);

	while (my $result = $parser->next)
	{
		push @output, $result->as_string;
		next unless $result->is_test;
		my $title = join ' ', $name, grep { length } $result->number, $result->description;
		if ($result->has_skip)
		{
			$results->add('skip', 1, $title, $result->explanation);
		}
		elsif ($result->is_ok)
		{
			$passed++;
		}
		else
		{
			push @failed, $title;
		}
	}
	push @failed, "$name: " . problem($parser) if !@failed && problem($parser);
	if (defined $parser->skip_all && !@failed)
	{
		$results->add('skip', 1, $name, $parser->skip_all);
	}
	elsif ($passed == 0 && !@failed && !$parser->skipped)
	{
		push @failed, "$name: no tests were run";
	}
	$results->add('pass', $passed, $name);
	$results->add('fail', 1, $_) foreach @failed;
	show($name, $passed, \@failed, \@output, time - $start, $parser->skip_all);
	return;
}

# What is wrong besides failed assertions; empty when nothing is.
sub problem
{
	my ($parser) = @_;
	my @errors = $parser->parse_errors;

	return "ended by signal " . ($parser->wait & 127) if $parser->wait & 127;
	return 'took longer than allowed' if $parser->exit == 124;
	return 'exit status ' . $parser->exit if $parser->exit != 0;
	return @errors ? $errors[0] : '';
}

sub show
{
	my ($name, $passed, $failed, $output, $seconds, $skip_all) = @_;
	my $tail = @$output > 60 ? 60 : scalar @$output;

	printf "%-44s %s\n", $name,
	  @$failed
	  ? 'FAILED'
	  : defined $skip_all ? "skipped: $skip_all"
	  :                     sprintf('ok %5d  %6.1f s', $passed, $seconds);
	return unless @$failed;
	# Diagnostics follow the line that they explain.
	my @shown = grep { !/^ok / } @$output;
	print map { "    $_\n" } @shown[ (@shown > $tail ? @shown - $tail : 0) .. $#shown ];
	return;
}

# Understands the output of PostgreSQL 15 and the TAP of later versions.
sub run_regress
{
	my ($stage, @command) = @_;
	my ($passed, $failed) = (0, 0);

	open my $output, '-|', @command or die "cannot run $command[0]: $!\n";
	while (my $line = <$output>)
	{
		# Not what it says of making its database.
		print $line unless $line =~ /^(?:# )?\(?using postmaster|^=+ |^[A-Z ]+$/;
		my ($name, $is_ok);
		if ($line =~ /^(not )?ok \d+\s+[-+]\s+(\S+)/)
		{
			($name, $is_ok) = ($2, !defined $1);
		}
		elsif ($line =~ /^(?:test)?\s+(\S+)\s+\.\.\. (ok|FAILED)/)
		{
			($name, $is_ok) = ($1, $2 eq 'ok');
		}
		next unless defined $name;
		$is_ok ? $passed++ : $failed++;
		$results->add('fail', 1, "$stage/$name") unless $is_ok;
	}
	close $output;
	$results->add('pass', $passed, $stage);
	if ($? != 0 && $failed == 0)
	{
		$results->add('fail', 1, $stage, 'ended with status ' . ($? >> 8) . ' before its tests did');
	}
	elsif ($passed + $failed == 0)
	{
		$results->add('fail', 1, $stage, 'no tests were run');
	}
	return;
}
