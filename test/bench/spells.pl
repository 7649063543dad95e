#!/usr/bin/env perl
# Reading and verifying spells of real transactions, beside snarkjs and arkworks:
#	spells.pl PROGRAM SPELLS
#
# NODE_PATH leads to snarkjs, ARKWORKS to the program that arkworks/ makes; where
# there is none, NO_SNARKJS and NO_ARKWORKS say why.
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
	my $statement = write_file("$folder/statement", run($program, $tx, 'statement'));
	bench_beside("verify $name", $ms{verify}, 'snarkjs', '>= 20 times faster',
		$ENV{NO_SNARKJS} || ($ENV{NODE_PATH} ? '' : 'there is no snarkjs'),
		'node', "$FindBin::Bin/bench_spell.js", $statement, REPEAT);
	bench_beside("verify $name", $ms{verify}, 'arkworks', 'within 3 times',
		$ENV{NO_ARKWORKS} || ($ENV{ARKWORKS} ? '' : 'there is no arkworks'),
		$ENV{ARKWORKS}, $statement, REPEAT);
	return;
}

sub bench_beside
{
	my ($what, $ours, $other, $target, $missing, @command) = @_;

	if ($missing)
	{
		bench_row($what, milliseconds($ours), '', '', 'milliseconds');
		bench_skip("$what beside $other", $missing);
		return;
	}
	my %theirs = figures(@command);
	bench_row($what, milliseconds($ours), "$other: " . milliseconds($theirs{$other}),
		sprintf('%.1f times faster', $theirs{$other} / $ours), $target);
	return;
}

# In a witness with a proof of two inputs, in an output with one of five.
foreach my $version (8, 12)
{
	my ($vector) = grep { $_->{spell_version} == $version } @{ decode_json(read_file($spells))->{vectors} };
	bench_spell($vector);
}
