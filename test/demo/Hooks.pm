# An endpoint for webhooks: a small HTTP server that the worker sends to, and
# what a receiver does with what comes.
package Hooks;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(decode_base64 encode_base64);

use parent 'Act';

use CharmBills::HookServer;
use Screen qw(coloured shortened);

use constant PATH => '/hook';
use constant WIDTH => 96;

sub listen
{
	my ($self, $merchant_id, $events) = @_;

	$self->{server} = CharmBills::HookServer->new;
	$self->{chain}->start_worker;
	my $url      = $self->{server}->url(PATH);
	my $endpoint = $self->{database}->row(
		"SELECT * FROM charmbills.create_webhook_endpoint('$merchant_id', '$url', events => '$events')");
	$self->{secret} = $endpoint->{secret};
	$self->{screen}->heading('An endpoint for webhooks', 'create_webhook_endpoint()');
	$self->{screen}->facts(
		url    => "$url   a server of this demo's, on the loopback",
		events => $events,
		secret => shortened($self->{secret}) . '   shown this once, and kept in no table');
	return;
}

sub show_received
{
	my ($self) = @_;
	my @requests = $self->_wait_until_delivered;

	$self->{screen}->heading('What the endpoint has received', 'from the worker, by HTTP');
	$self->_show_types(@requests);
	$self->_show_request($requests[-1]);
	$self->_show_signatures(@requests);
	$self->{server}->stop;
	return;
}

sub _wait_until_delivered
{
	my ($self) = @_;

	$self->wait_for('all webhooks are delivered', 0, sub {
		$self->{database}->value("SELECT count(*) FROM charmbills.webhook_deliveries WHERE state <> 'delivered'");
	});
	# They come in any order, and one may come twice.
	my %is_known;
	return sort { _event_id($a) <=> _event_id($b) }
	  grep { !$is_known{ $_->{headers}{'webhook-id'} }++ } $self->{server}->requests(PATH);
}

sub _event_id
{
	my ($request) = @_;

	return decode_json($request->{body})->{data}{event_id};
}

sub _show_types
{
	my ($self, @requests) = @_;
	my %count;

	$count{ decode_json($_->{body})->{type} }++ foreach @requests;
	$self->{screen}->facts(map { $_ => $count{$_} } sort keys %count);
	return;
}

sub _show_request
{
	my ($self, $request) = @_;
	my $body = $request->{body};

	$self->{screen}->heading('One of them, as it came');
	$self->{screen}->say("  $request->{method} $request->{path}");
	$self->{screen}->say("  $_: $request->{headers}{$_}") foreach qw(webhook-id webhook-timestamp webhook-signature);
	$self->{screen}->say('');
	$self->{screen}->say("  $1") while $body =~ /\G(.{1,${\WIDTH}})/gc;
	return;
}

sub _show_signatures
{
	my ($self, @requests) = @_;
	my $last     = $requests[-1];
	my $verified = grep { $self->_verifies($_) } @requests;
	my $forged   = { %$last, body => $last->{body} =~ s/\d/x/r };

	$self->expect('every signature verifies', scalar @requests, $verified);
	$self->expect('a forgery does not', 0, $self->_verifies($forged));
	$self->{screen}->heading('What a receiver checks', 'HMAC-SHA256 of id.timestamp.body');
	$self->{screen}->facts(
		'computed here'           => $self->_signature($last),
		'the same as was sent'    => coloured('yes'),
		'all that came'           => [ green => "$verified of " . @requests . ' verified' ],
		'one with a byte changed' => coloured('refused'));
	return;
}

sub _verifies
{
	my ($self, $request) = @_;
	my $expected = $self->_signature($request);

	return 0 + grep { $_ eq $expected } split / /, $request->{headers}{'webhook-signature'};
}

sub _signature
{
	my ($self, $request) = @_;
	my $signed = join '.', @{ $request->{headers} }{qw(webhook-id webhook-timestamp)}, $request->{body};
	my ($key)  = $self->{secret} =~ /^whsec_(.*)/;

	return 'v1,' . encode_base64(hmac_sha256($signed, decode_base64($key)), '');
}

1;
