#!/usr/bin/env perl
#
# Plays the story, two years of it, and what tokens do on the sandbox, then the
# story on a real node when there is one.  The server is found by PGHOST and its
# kin.
use strict;
use warnings;

use CharmBills::Node;

use Database;
use RealNode;
use Sandbox;
use Screen;
use Story;
use Tokens;
use TwoYears;

# A signal ends the story as an error does: the node goes down with it.
$SIG{$_} = sub { exit 1 } foreach qw(INT TERM HUP);

my $screen = Screen->new;
my $admin  = Database->new('postgres');

$screen->title('Part 1: the sandbox',
	'The chain is inside the database: no node, no worker, no network.');
my $sandbox = Sandbox->new($admin);
Story->new(screen => $screen, chain => $sandbox)->play;

$screen->title('Part 2: two years pass',
	'The same shop and the same customer, on a clock that is moved forward.');
TwoYears->new(screen => $screen, chain => $sandbox)->play;

$screen->title('Part 3: tokens',
	'The same shop again. Now a subscription is a token, and whoever holds it is subscribed.');
Tokens->new(screen => $screen, chain => $sandbox)->play;

if (CharmBills::Node->find)
{
	my $chain = RealNode->new($admin);

	$screen->title('Part 4: ' . $chain->name . ', a real node on regtest',
		'The same story. Now the background worker follows the node and tells the database.');
	Story->new(screen => $screen, chain => $chain)->play;
	$chain->stop;
}
else
{
	$screen->title('Part 4: a real node');
	$screen->say('No node was found, so this part is left out.');
	$screen->say('Name one with BITCOIND=/path/to/bitcoind, or put it on the PATH.');
}
$screen->title('That was it');
$screen->say('Everything happened as told. Nothing is left running, and no data stays behind.');
