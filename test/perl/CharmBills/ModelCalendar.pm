# Months, days and hours added to an instant, as a merchant's calendar has it,
# by code that has nothing in common with the code under test.
#
#	use CharmBills::ModelCalendar qw(add period_start negative);
#	my $later = add($instant, [ 1, 0, 0 ], 'Europe/Berlin');
#
# Instants are microseconds since 1970, spans [ months, days, microseconds ].
package CharmBills::ModelCalendar;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(max);
use POSIX ();
use Time::Local qw(timegm_modern);

our @EXPORT_OK = qw(add default_lead negative period_at period_start);

use constant MICRO => 1_000_000;
use constant DAY   => 86_400 * MICRO;

my $zone = '';

# What clocks in a zone show, as if it were UTC; in seconds.
sub _shown
{
	my ($seconds, $timezone) = @_;

	if ($timezone ne $zone)
	{
		$ENV{TZ} = $zone = $timezone;
		POSIX::tzset();
	}
	my ($s, $m, $h, $day, $month, $year) = localtime $seconds;
	return timegm_modern($s, $m, $h, $day, $month, $year + 1900);
}

# The instant at which they show it: the later of two, or, where they skip it,
# what it would be if they had not been put forward yet.
sub _instant
{
	my ($shown, $timezone) = @_;
	my ($before, $after) = map { $shown - (_shown($_, $timezone) - $_) } $shown - 86_400, $shown + 86_400;

	return _shown($after, $timezone) == $shown ? $after : $before;
}

sub _days_in
{
	my ($year, $month) = @_;
	my ($next_year, $next) = $month == 11 ? ($year + 1, 0) : ($year, $month + 1);

	return (gmtime(timegm_modern(0, 0, 0, 1, $next, $next_year) - 1))[3];
}

sub add
{
	my ($instant, $span, $timezone) = @_;
	my ($months, $days, $micros) = @$span;

	return $instant + $micros unless $months || $days;
	my $fraction = $instant % MICRO;
	my ($s, $m, $h, $day, $month, $year) = gmtime _shown(($instant - $fraction) / MICRO, $timezone);
	my $count = ($year + 1900) * 12 + $month + $months;
	($year, $month) = (POSIX::floor($count / 12), $count % 12);
	my $last = _days_in($year, $month);
	$day = $last if $day > $last;
	my $shown = timegm_modern($s, $m, $h, $day, $month, $year) + $days * 86_400;
	return _instant($shown, $timezone) * MICRO + $fraction + $micros;
}

sub negative
{
	return [ map { -$_ } @{ $_[0] } ];
}

# Start of period k; a cycle without span has but one period.
sub period_start
{
	my ($anchor, $cycle, $k, $timezone) = @_;

	return $anchor if $k == 0;
	return 'infinity' unless defined $cycle;
	return add($anchor, [ map { $_ * $k } @$cycle ], $timezone);
}

# Number of the period that an instant is in.
sub period_at
{
	my ($anchor, $cycle, $instant, $timezone) = @_;
	my $k = 0;

	return 0 unless defined $cycle;
	my $longest = ($cycle->[0] * 31 + $cycle->[1]) * DAY + $cycle->[2];
	$k = max(0, int(($instant - $anchor) / $longest) - 1) if $instant > $anchor;
	$k++ while period_start($anchor, $cycle, $k + 1, $timezone) <= $instant;
	return $k;
}

# Three days, or a tenth of the cycle.
sub default_lead
{
	my ($cycle) = @_;

	return [ 0, 3, 0 ] unless defined $cycle;
	my $tenth = int((($cycle->[0] * 30 + $cycle->[1]) * DAY + $cycle->[2]) / 10);
	return $tenth < 3 * DAY ? [ 0, 0, $tenth ] : [ 0, 3, 0 ];
}

1;
