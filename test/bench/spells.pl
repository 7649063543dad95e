#!/usr/bin/env perl
# Reading and verifying spells of real transactions, beside snarkjs:
#	spells.pl PROGRAM SPELLS
#
# NODE_PATH leads to snarkjs; where there is none, NO_SNARKJS says why.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use JSON::PP qw(decode_json);

use CharmBills::Bench qw(bench_row bench_skip figures milliseconds);

use constant REPEAT => 50;

my ($program, $spells) = @ARGV;
my $folder = tempdir(CLEANUP => 1);

sub write_file
{
	my ($path, $content) = @_;

	open my $file, '>', $path or die "cannot write $path: $!";
	print $file $content;
	close $file or die "cannot write $path: $!";
	return $path;
}

sub read_file
{
	my ($path) = @_;

	open my $file, '<', $path or die "cannot read $path: $!";
	local $/ = undef;
	return <$file>;
}

sub run
{
	my (@command) = @_;

	open my $pipe, '-|', @command or die "cannot run $command[0]: $!";
	local $/ = undef;
	my $output = <$pipe>;
	close $pipe or die "$command[0] failed";
	return $output;
}

sub bench_spell
{
	my ($vector) = @_;
	my $name = "a spell of version $vector->{spell_version}";
	my $tx   = write_file("$folder/tx", $vector->{raw_hex});
	my %ms   = figures($program, $tx, REPEAT);

	bench_row("read $name", sprintf('%.1f us', $ms{'read 1000'}), '', '', 'microseconds');
	if ($ENV{NO_SNARKJS} || !$ENV{NODE_PATH})
	{
		bench_row("verify $name", milliseconds($ms{verify}), '', '', 'milliseconds');
		bench_skip("verify $name beside snarkjs", $ENV{NO_SNARKJS} || 'there is no snarkjs');
		return;
	}
	my $statement = write_file("$folder/statement", run($program, $tx, 'statement'));
	my %theirs    = figures('node', "$FindBin::Bin/bench_spell.js", $statement, REPEAT);
	bench_row("verify $name", milliseconds($ms{verify}), 'snarkjs: ' . milliseconds($theirs{snarkjs}),
		sprintf('%.1f times faster', $theirs{snarkjs} / $ms{verify}), '>= 20 times faster');
	return;
}

# In a witness with a proof of two inputs, in an output with one of five.
foreach my $version (8, 12)
{
	my ($vector) = grep { $_->{spell_version} == $version } @{ decode_json(read_file($spells))->{vectors} };
	bench_spell($vector);
}
