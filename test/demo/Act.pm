# What acts have in common: where they play, and the patience to see each step
# come true.
package Act;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

# How long to wait for a step to come true.
use constant PATIENCE => 90;

sub new
{
	my ($class, %arg) = @_;

	return bless { %arg, database => $arg{chain}->database }, $class;
}

# Until what look() gives is as expected; the last look.
sub wait_for
{
	my ($self, $step, $expected, $look) = @_;
	my $deadline = time + PATIENCE;

	while (1)
	{
		my $seen = $look->();
		$seen = 'nothing' unless defined $seen;
		return $seen if $seen eq $expected;
		$self->fail($step, $expected, $seen) if time > $deadline;
		sleep 0.1;
	}
}

# What needs no waiting: the sandbox does all at once.
sub expect
{
	my ($self, $step, $expected, $seen) = @_;

	$self->fail($step, $expected, $seen) if $seen ne $expected;
	return $seen;
}

sub fail
{
	my ($self, $step, $expected, $seen) = @_;

	die "The story did not come true.\n  step      $step\n  expected  $expected\n  seen      $seen\n";
}

1;
