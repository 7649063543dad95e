# Results of tests, gathered over all stages in one file: a line for each
# fact, its fields parted by tabs.
#
#	pass	count	stage
#	fail	count	name	reason
#	skip	count	name	reason
package Results;

use strict;
use warnings;

sub new
{
	my ($class, $path) = @_;

	return bless { path => $path }, $class;
}

sub add
{
	my ($self, $verdict, $count, $name, $reason) = @_;

	return if $count == 0;
	$reason = defined $reason ? $reason : '';
	s/[\t\n]+/ /g foreach $name, $reason;
	open my $file, '>>', $self->{path} or die "cannot write $self->{path}: $!\n";
	print $file join("\t", $verdict, $count, $name, $reason), "\n";
	close $file or die "cannot write $self->{path}: $!\n";
	return;
}

# Names the failures and the skips, then the one line that counts.  False when
# anything failed, or nothing was tested at all.
sub report
{
	my ($self) = @_;
	my %count = (pass => 0, fail => 0, skip => 0);
	my %lines = (fail => [], skip => []);

	open my $file, '<', $self->{path} or die "cannot read $self->{path}: $!\n";
	while (my $line = <$file>)
	{
		chomp $line;
		my ($verdict, $count, $name, $reason) = split /\t/, $line, -1;
		$count{$verdict} += $count;
		next if $verdict eq 'pass';
		my $times = $count > 1 ? " ($count)" : '';
		push @{ $lines{$verdict} }, $name . $times . (length $reason ? ": $reason" : '');
	}
	close $file;
	print "failed: $_\n" foreach @{ $lines{fail} };
	print "skipped: $_\n" foreach @{ $lines{skip} };
	print "$count{pass} passed, $count{fail} failed, $count{skip} skipped\n";
	return $count{fail} == 0 && $count{pass} > 0;
}

1;
