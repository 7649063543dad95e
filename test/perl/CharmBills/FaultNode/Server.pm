# A FaultNode's process: one loop over its port, its clients, and the line on
# which the test commands it.
package CharmBills::FaultNode::Server;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use List::Util qw(min);
use MIME::Base64 qw(decode_base64);
use POSIX qw(:errno_h);
use Time::HiRes qw(time);

use constant CHUNK => 65536;

my %status_text = (
	200 => 'OK',
	401 => 'Unauthorized',
	403 => 'Forbidden',
	500 => 'Internal Server Error',
	503 => 'Service Unavailable');
my $json = JSON::PP->new->canonical->allow_nonref;

sub listen_on
{
	my ($port) = @_;

	return IO::Socket::INET->new(
		LocalAddr => '127.0.0.1',
		LocalPort => $port,
		Proto     => 'tcp',
		Listen    => 64,
		ReuseAddr => 1,
		Blocking  => 0) || die "cannot listen: $@\n";
}

sub new
{
	my ($class, $listener, $control, $chain, $credentials) = @_;

	return bless {
		listener    => $listener,
		port        => $listener->sockport,
		control     => $control,
		chain       => $chain,
		credentials => $credentials,
		clients     => {},
		faults      => [],
		calls       => {}
	}, $class;
}

# Until the test is gone.
sub run
{
	my ($self) = @_;

	local $SIG{PIPE} = 'IGNORE';
	while (1)
	{
		my @clients = values %{ $self->{clients} };
		my $readers = IO::Select->new($self->{control}, grep { defined } $self->{listener}, map { $_->{socket} } @clients);
		my $writers = IO::Select->new(map { $_->{socket} } grep { length $_->{out} || $_->{filler} } @clients);
		my ($ready, $free) = IO::Select->select($readers, $writers, undef, $self->_patience);

		$self->_answer_waiting;
		foreach my $socket (@{ $free || [] })
		{
			my $client = $self->{clients}{ fileno $socket };
			$self->_write($client) if $client;
		}
		foreach my $socket (@{ $ready || [] })
		{
			if ($socket == $self->{control})
			{
				return unless $self->_obey;
			}
			elsif ($self->{listener} && $socket == $self->{listener})
			{
				$self->_accept;
			}
			elsif (defined fileno $socket && $self->{clients}{ fileno $socket })
			{
				$self->_read($self->{clients}{ fileno $socket });
			}
		}
	}
	return;
}

sub _patience
{
	my ($self) = @_;
	my @due = map { $_->{due} } grep { defined $_->{due} } values %{ $self->{clients} };
	my $wait = @due ? min(@due) - time : 10;

	return $wait > 0 ? $wait : 0;
}

#
# The test's commands
#

sub _obey
{
	my ($self) = @_;
	my $line = $self->{control}->getline;

	return 0 unless defined $line;
	my ($command, @arguments) = @{ $json->decode($line) };
	my $result = eval {
		my $method = $self->can("_command_$command");
		$method ? $method->($self, @arguments) : $self->{chain}->$command(@arguments);
	};
	$self->{control}->print($json->encode($@ ? { error => "$@" } : { ok => $result }), "\n");
	$self->_answer_waiting;
	return 1;
}

sub _command_fault
{
	my ($self, $fault) = @_;

	push @{ $self->{faults} }, $fault;
	return;
}

sub _command_heal
{
	my ($self) = @_;

	$self->{faults} = [];
	return;
}

sub _command_refuse
{
	my ($self) = @_;

	close delete $self->{listener} if $self->{listener};
	$self->_close($_) foreach values %{ $self->{clients} };
	return;
}

sub _command_listen
{
	my ($self) = @_;

	$self->{listener} ||= listen_on($self->{port});
	return;
}

sub _command_set_credentials
{
	my ($self, $credentials) = @_;

	$self->{credentials} = $credentials;
	return;
}

sub _command_calls { return $_[0]->{calls} }
sub _command_sent  { return $_[0]->{chain}{sent} }

sub _command_in_flight
{
	return scalar grep { $_->{busy} } values %{ $_[0]->{clients} };
}

sub _command_forget
{
	my ($self) = @_;

	$self->{calls} = {};
	$self->{chain}{sent} = [];
	return;
}

#
# HTTP
#

sub _accept
{
	my ($self) = @_;
	my $socket = $self->{listener}->accept or return;

	$socket->blocking(0);
	$self->{clients}{ fileno $socket } = { socket => $socket, in => '', out => '', filler => 0 };
	return;
}

sub _close
{
	my ($self, $client) = @_;

	delete $self->{clients}{ fileno $client->{socket} };
	close $client->{socket};
	return;
}

sub _read
{
	my ($self, $client) = @_;
	my $count = sysread $client->{socket}, $client->{in}, CHUNK, length $client->{in};

	return if !defined $count && ($! == EAGAIN || $! == EINTR);
	return $self->_close($client) unless $count;
	return $self->_next_request($client);
}

# One request at a time, and the next when its answer is out.
sub _next_request
{
	my ($self, $client) = @_;

	return if $client->{busy};
	return unless $client->{in} =~ /\r\n\r\n/;
	my ($head, $body) = ($`, $');
	my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
	$length = 0 unless defined $length;
	if (length $body < $length)
	{
		if ($head =~ /^Expect: *100-continue/mi && !$client->{continued}++)
		{
			$client->{out} .= "HTTP/1.1 100 Continue\r\n\r\n";
		}
		return;
	}
	$client->{in} = substr $body, $length;
	$client->{continued} = 0;
	$client->{busy}      = 1;
	return $self->_serve($client, $head, substr $body, 0, $length);
}

sub _respond
{
	my ($self, $client, $status, $body, %arg) = @_;
	my $announced = defined $arg{announce} ? $arg{announce} : length $body;

	$client->{out} .= "HTTP/1.1 $status $status_text{$status}\r\nContent-Type: application/json\r\n"
	  . ($announced ? "Content-Length: $announced\r\n" : "Connection: close\r\n")
	  . ($status == 401 ? "WWW-Authenticate: Basic realm=\"jsonrpc\"\r\n" : '')
	  . "\r\n$body";
	$client->{filler} = $arg{filler} || 0;
	$client->{close}  = $arg{close} || !$announced;
	return;
}

sub _write
{
	my ($self, $client) = @_;

	if (!length $client->{out} && $client->{filler})
	{
		my $count = min($client->{filler}, CHUNK);
		$client->{out} = 'a' x $count;
		$client->{filler} -= $count;
	}
	my $count = syswrite $client->{socket}, $client->{out};
	if (!defined $count)
	{
		return if $! == EAGAIN || $! == EINTR;
		return $self->_close($client);
	}
	substr $client->{out}, 0, $count, '';
	return if length $client->{out} || $client->{filler} || $client->{waiting} || !$client->{busy};
	return $self->_close($client) if $client->{close};
	$client->{busy} = 0;
	return $self->_next_request($client);
}

#
# JSON-RPC
#

sub _serve
{
	my ($self, $client, $head, $body) = @_;
	my ($credentials) = $head =~ /^Authorization: *Basic *(\S+)/mi;

	if (!defined $credentials || decode_base64($credentials) ne $self->{credentials})
	{
		return $self->_respond($client, 401, '', close => 1);
	}
	my $request = eval { $json->decode($body) };
	return $self->_respond($client, 500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}')
	  unless ref $request;
	my @calls = ref $request eq 'ARRAY' ? @$request : ($request);
	$self->{calls}{ $_->{method} }++ foreach @calls;
	$client->{request} = $request;
	my $fault = $self->_fault_for(map { $_->{method} } @calls);
	return $self->_go_wrong($client, $fault) if $fault;
	return $self->_wait($client) if @calls == 1 && $self->_must_wait($client, $calls[0]);
	return $self->_answer($client);
}

sub _answer
{
	my ($self, $client) = @_;
	my $request = delete $client->{request};
	my ($status, $answer);

	delete @$client{qw(waiting due)};
	if (ref $request eq 'ARRAY')
	{
		($status, $answer) = (200, [ map { $self->_call($_) } @$request ]);
	}
	else
	{
		$answer = $self->_call($request);
		$status = $answer->{error} ? 500 : 200;
	}
	return $self->_respond($client, $status, $json->encode($answer) . "\n");
}

sub _call
{
	my ($self, $call) = @_;
	my $params = $call->{params} || [];
	my $result = eval {
		  $call->{method} =~ /^waitfor/ && $self->{chain}->has_method($call->{method})
		? $self->{chain}->tip_as_result
		: $self->{chain}->answer($call->{method}, @$params);
	};

	return { result => $result, error => undef, id => $call->{id} } unless $@;
	my $error = ref $@ eq 'HASH' ? $@ : { code => -1, message => "$@" };
	return { result => undef, error => $error, id => $call->{id} };
}

# waitfornewblock [timeout in ms [, known tip]], waitforblockheight height [, timeout].
sub _must_wait
{
	my ($self, $client, $call) = @_;
	my @params = @{ $call->{params} || [] };

	return 0 unless $call->{method} =~ /^waitfor/ && $self->{chain}->has_method($call->{method});
	my $height  = $call->{method} eq 'waitforblockheight' ? shift @params : undef;
	my $timeout = shift @params;
	$client->{known_tip}     = defined $params[0] ? $params[0] : $self->{chain}->tip;
	$client->{wanted_height} = $height;
	$client->{due}           = time + ($timeout ? $timeout / 1000 : 3600);
	return !$self->_has_come($client);
}

sub _has_come
{
	my ($self, $client) = @_;

	return $self->{chain}->height >= $client->{wanted_height} if defined $client->{wanted_height};
	return $self->{chain}->tip ne $client->{known_tip};
}

sub _wait
{
	my ($self, $client) = @_;

	$client->{waiting} = 'block';
	return;
}

sub _answer_waiting
{
	my ($self) = @_;
	my $now = time;

	foreach my $client (grep { $_->{waiting} } values %{ $self->{clients} })
	{
		my $is_due = defined $client->{due} && $client->{due} <= $now;
		$self->_answer($client) if $is_due || ($client->{waiting} eq 'block' && $self->_has_come($client));
	}
	return;
}

#
# Faults
#

sub _fault_for
{
	my ($self, @methods) = @_;

	foreach my $fault (@{ $self->{faults} })
	{
		next if defined $fault->{method} && !grep { $_ eq $fault->{method} } @methods;
		next if defined $fault->{times} && $fault->{times}-- <= 0;
		return $fault;
	}
	return;
}

sub _go_wrong
{
	my ($self, $client, $fault) = @_;
	my $kind = $fault->{kind};

	return $self->_respond($client, $kind, $fault->{body} || '', close => 1) if $kind =~ /^\d+$/;
	my $way = $self->can("_fault_$kind") or die "no such fault: $kind\n";
	return $way->($self, $client, $fault);
}

sub _fault_hang
{
	my ($self, $client) = @_;

	$client->{waiting} = 'for ever';
	delete $client->{due};
	return;
}

sub _fault_slow
{
	my ($self, $client, $fault) = @_;

	$client->{waiting} = 'slowly';
	$client->{due}     = time + $fault->{seconds};
	return;
}

sub _fault_drop
{
	my ($self, $client) = @_;

	return $self->_close($client);
}

sub _fault_garbage
{
	my ($self, $client) = @_;

	return $self->_respond($client, 200, '<html>this is no node</html>');
}

sub _fault_truncated
{
	my ($self, $client) = @_;

	$self->_answer($client);
	$client->{out}   = substr $client->{out}, 0, length($client->{out}) - 10;
	$client->{close} = 1;
	return;
}

sub _fault_oversized
{
	my ($self, $client, $fault) = @_;
	my $bytes = $fault->{bytes} || 256 * 1024 * 1024;
	my $start = '{"error":null,"id":1,"result":"';
	my $announce = defined $fault->{announce} && !$fault->{announce} ? 0 : length($start) + $bytes;

	return $self->_respond($client, 200, $start, announce => $announce, filler => $bytes, close => 1);
}

sub _fault_error
{
	my ($self, $client, $fault) = @_;
	my $request = $client->{request};
	my $id      = ref $request eq 'HASH' ? $request->{id} : undef;

	return $self->_respond($client, 500, $json->encode(
			{ result => undef, error => { code => $fault->{code}, message => $fault->{message} }, id => $id }));
}

1;
