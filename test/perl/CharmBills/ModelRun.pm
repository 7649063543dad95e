# Runs of a model: one operation after the other, as long as all is well.
#
#	my $run = CharmBills::ModelRun->new(
#		session => $session, model => $model, snapshot => 'CharmBills::ModelSnapshot');
#	my ($done, @problems) = $run->play($actor, $steps, $opening);
#
#	my $total = run_all(sub { my ($seed, $steps) = @_; ...; return ($done, @problems) },
#		steps => 200, seconds => 90);
#	check_witnessed(\%witnessed, $total, 3000, 'invoice paid', ...);
package CharmBills::ModelRun;

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(check_witnessed run_all);

use constant LAST_SHOWN => 12;

sub new
{
	my ($class, %arg) = @_;

	return bless {%arg}, $class;
}

# Gives how many steps went well, and what went wrong.
sub play
{
	my ($self, $actor, $steps, $opening) = @_;
	my @history;

	foreach my $step (0 .. $steps)
	{
		my $operation = $step ? $actor->next_operation : { note => 'open the market', sql => $opening };
		push @history, "$step: $operation->{note}";
		my @problems = $self->perform($operation);
		next unless @problems;
		splice @history, 0, -LAST_SHOWN;
		return ($step, @problems, 'after', @history);
	}
	return ($steps);
}

# Of an operation: sql, and undone, refused and tolerated as far as it has them.
sub perform
{
	my ($self, $operation) = @_;
	my ($session, $model, $snapshot) = @$self{qw(session model snapshot)};
	my $from = $model->chain->top - ($operation->{undone} || 0);
	my @lines = $session->run($operation->{sql} . "\\echo the snapshot\n"
		. $snapshot->statements($from, $model->last_event, $model->clock));
	my @answer;

	push @answer, shift @lines until !@lines || $lines[0] eq 'the snapshot';
	my @problems = (_problems($operation, @answer), grep { /^ERROR/ } @lines);
	return @problems if grep { /^(?:FATAL|PANIC)/ } @problems;
	return (@problems, $model->observe($operation, $snapshot->parse(@lines)));
}

sub _problems
{
	my ($operation, @answer) = @_;
	my @errors = grep { /^ERROR/ } @answer;
	my ($refused, $tolerated) = @$operation{qw(refused tolerated)};

	$operation->{failed} = @errors;
	return @errors ? grep { !/$refused/ } @errors : 'was not refused' if $refused;
	return if $tolerated && @errors && !grep { !/$tolerated/ } @errors;
	return grep { /^(?:ERROR|FATAL|PANIC|LOCATION|DETAIL|WARNING)/ } @answer;
}

# One run after the other, until one fails, or MODEL_STEPS have been done in all
# or, without it, MODEL_SECONDS have passed.  MODEL_SEED is the first one's seed.
# Gives how many operations there were.
sub run_all
{
	my ($run, %usual) = @_;
	my $seed   = defined $ENV{MODEL_SEED} ? $ENV{MODEL_SEED} : int(time * 1000) % 1_000_000_000;
	my $budget = $ENV{MODEL_SECONDS} || $usual{seconds};
	my $total  = 0;
	my $began  = time;

	note "MODEL_SEED=$seed";
	for (;; $seed++)
	{
		my $steps = $usual{steps};
		$steps = $ENV{MODEL_STEPS} - $total if $ENV{MODEL_STEPS} && $ENV{MODEL_STEPS} - $total < $steps;
		my ($done, @problems) = $run->($seed, $steps);
		$total += $done;
		ok(!@problems, "run $seed: $done operations")
		  or diag(join "\n", "MODEL_SEED=$seed, operation $done:", @problems);
		last if @problems;
		last if $ENV{MODEL_STEPS} ? $total >= $ENV{MODEL_STEPS} : time - $began > $budget;
	}
	note "$total operations in " . int(time - $began) . ' seconds';
	return $total;
}

# Everything interesting was met, unless too little was done for it: a run in
# which nothing happens would pass too.
sub check_witnessed
{
	my ($witnessed, $total, $enough, @interesting) = @_;

	note "$witnessed->{$_} times $_" foreach sort keys %$witnessed;
  SKIP:
	{
		skip 'too few operations to meet everything', scalar @interesting if $total < $enough;
		ok($witnessed->{$_}, "met: $_") foreach @interesting;
	}
	return;
}

1;
