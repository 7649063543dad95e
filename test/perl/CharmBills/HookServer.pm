# An HTTP server that receives webhooks, and misbehaves in whatever way a path
# is told to.  Plain sockets, a process for itself and one for each connection,
# so that nothing it does to one client touches another.
#
#	my $hooks = CharmBills::HookServer->new;
#	$hooks->behave('/slow', 'drip');
#	... have something sent to $hooks->url('/slow') ...
#	is($hooks->asked('/slow'), 1);
#
# What a path may do, 204 when not told:
#
#	answer (status, headers => [ 'Name: value', ... ], body, after: seconds)
#	hang            takes the request and never answers
#	hang_in_body    sends headers, then nothing more
#	drip            a byte of the answer every tenth of a second
#	endless         a body that never ends
#	endless_headers
#	garbage         is not HTTP
#	close           ends the connection without an answer
#
# A server over TLS (certificate => PEM file, key => PEM file) is openssl's
# s_server in front of the same; it serves one client at a time.
package CharmBills::HookServer;

use strict;
use warnings;

use Carp qw(croak);
use File::Temp ();
use IO::Handle;
use IO::Socket::INET;
use IPC::Open2;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical->utf8;
my @running;

sub new
{
	my ($class, %arg) = @_;
	my $self = bless {
		dir   => File::Temp::tempdir('cb_hooks_XXXXXX', TMPDIR => 1, CLEANUP => 1),
		ways  => {},
		tls   => defined $arg{certificate},
		owner => $$
	}, $class;
	my $listener = _listen(0);

	$self->{port} = $listener->sockport;
	$self->behave;
	$self->forget;
	if ($self->{tls})
	{
		close $listener;
		$self->_start(sub { $self->_serve_tls($arg{certificate}, $arg{key}) });
		$self->_wait_until_open;
	}
	else
	{
		$self->_start(sub { $self->_accept($listener) });
		close $listener;
	}
	return $self;
}

sub _listen
{
	my ($port) = @_;

	return IO::Socket::INET->new(
		LocalAddr => '127.0.0.1',
		LocalPort => $port,
		Proto     => 'tcp',
		Listen    => 128,
		ReuseAddr => 1) || croak "cannot listen: $@";
}

# A process group, so that its children end with it.
sub _start
{
	my ($self, $serve) = @_;
	my $pid = fork;

	croak "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		$SIG{$_} = 'DEFAULT' foreach qw(INT TERM HUP __DIE__);
		POSIX::setpgid(0, 0);
		eval { $serve->(); 1 } or print STDERR "HookServer: $@";
		# Not the test's END blocks.
		POSIX::_exit(0);
	}
	POSIX::setpgid($pid, $pid);
	$self->{pid} = $pid;
	push @running, $self;
	return;
}

# Its failed handshake is no harm to what comes after.
sub _wait_until_open
{
	my ($self) = @_;
	my $deadline = time + 20;

	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}))
	{
		croak 'openssl does not listen' if time > $deadline;
		sleep 0.05;
	}
	return;
}

sub port { return $_[0]->{port} }

sub url
{
	my ($self, $path, %arg) = @_;

	return sprintf '%s://%s:%d%s', $self->{tls} ? 'https' : 'http', $arg{host} || '127.0.0.1', $self->{port}, $path;
}

# From now on, for requests that are yet to come.
sub behave
{
	my ($self, $path, $way, %arg) = @_;

	$self->{ways}{$path} = { %arg, way => $way } if defined $path;
	_write("$self->{dir}/ways.new", $json->encode($self->{ways}));
	rename "$self->{dir}/ways.new", "$self->{dir}/ways" or croak "cannot rename: $!";
	return;
}

sub _write
{
	my ($name, $text) = @_;

	open my $file, '>:raw', $name or croak "cannot write $name: $!";
	print $file $text;
	close $file or croak "cannot write $name: $!";
	return;
}

# What has come, in order: path, method, headers (by lower-case name), body,
# and the time at which it was complete.  Only those of a path, when given.
sub requests
{
	my ($self, $path) = @_;

	return map { { %$_, body => _read($_->{body}) } } $self->_requests($path);
}

# Without their bodies, of which only the files are named.
sub _requests
{
	my ($self, $path) = @_;

	return grep { exists $_->{path} && (!defined $path || $_->{path} eq $path) } $self->_log;
}

sub _read
{
	my ($name) = @_;

	open my $file, '<:raw', $name or croak "cannot read $name: $!";
	local $/ = undef;
	return scalar <$file>;
}

# How many of them.
sub asked
{
	my ($self, $path) = @_;

	return scalar(() = $self->_requests($path));
}

# Not known over TLS.
sub connections
{
	my ($self) = @_;

	return scalar grep { $_->{connection} } $self->_log;
}

sub _log
{
	my ($self) = @_;

	open my $file, '<', "$self->{dir}/log" or croak "cannot read the log: $!";
	my @lines = <$file>;
	close $file;
	return map { $json->decode($_) } grep { /\n\z/ } @lines;
}

sub forget
{
	my ($self) = @_;

	return _write("$self->{dir}/log", '');
}

sub stop
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	kill 'KILL', -$self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	@running = grep { $_ != $self } @running;
	return;
}

END
{
	my $status = $?;

	$_->stop foreach @running;
	$? = $status;
}

#
# In its processes
#

sub _accept
{
	my ($self, $listener) = @_;

	$SIG{CHLD} = 'IGNORE';
	$SIG{PIPE} = 'IGNORE';
	while (1)
	{
		my $socket = $listener->accept or next;
		$self->_note({ connection => 1 });
		my $pid = fork;
		next unless defined $pid && $pid == 0;
		close $listener;
		eval { $self->_serve($socket, $socket); 1 } or print STDERR "HookServer: $@";
		POSIX::_exit(0);
	}
	return;
}

sub _serve_tls
{
	my ($self, $certificate, $key) = @_;

	$SIG{PIPE} = 'IGNORE';
	open STDERR, '>', "$self->{dir}/openssl";
	my $pid = open2(my $out, my $in, 'openssl', 's_server', '-quiet', '-accept', "127.0.0.1:$self->{port}",
		'-cert', $certificate, '-key', $key);
	$in->autoflush(1);
	$self->_serve($out, $in);
	kill 'KILL', $pid;
	return;
}

# One client's requests, one after the other.
sub _serve
{
	my ($self, $in, $out) = @_;

	$out->autoflush(1);
	while (my $request = _read_request($in))
	{
		$self->_note({ %$request, body => $self->_keep($request->{body}), time => time });
		my $way  = $self->_way_of($request->{path});
		my $name = $way->{way};
		my $code = $self->can("_way_$name") or die "no such way: $name\n";
		last unless $code->($self, $out, $way, $request);
	}
	return;
}

sub _read_request
{
	my ($in) = @_;
	my $line = <$in>;
	my %headers;

	return unless defined $line && $line =~ /^(\w+) (\S+) HTTP\/1\.[01]\r\n/;
	my $request = { method => $1, path => $2, headers => \%headers, body => '' };
	while (defined($line = <$in>) && $line =~ /^([^:]+): *(.*?) *\r\n/)
	{
		$headers{ lc $1 } = $2;
	}
	if ($headers{'content-length'})
	{
		my $got = read $in, $request->{body}, $headers{'content-length'};
		return unless defined $got && $got == $headers{'content-length'};
	}
	return $request;
}

# In a file of its own, whose name it gives.
sub _keep
{
	my ($self, $body) = @_;
	my $name = join '.', "$self->{dir}/body", $$, ++$self->{kept};

	_write($name, $body);
	return $name;
}

sub _way_of
{
	my ($self, $path) = @_;

	open my $file, '<', "$self->{dir}/ways" or die "cannot read the ways: $!\n";
	my $ways = $json->decode(join '', <$file>);
	close $file;
	return $ways->{$path} || { way => 'answer' };
}

# One write each, so that lines of several processes do not mix.
sub _note
{
	my ($self, $entry) = @_;

	open my $file, '>>', "$self->{dir}/log" or die "cannot write the log: $!\n";
	syswrite $file, $json->encode($entry) . "\n";
	close $file;
	return;
}

# Each way says whether the connection lives on.
sub _way_answer
{
	my ($self, $out, $way) = @_;
	my $status = $way->{status} || 204;
	my $body   = defined $way->{body} ? $way->{body} : '';

	sleep $way->{after} if $way->{after};
	my @headers = @{ $way->{headers} || [] };
	push @headers, 'Content-Length: ' . length $body unless $status == 204;
	# The next client's turn.
	push @headers, 'Connection: close' if $self->{tls};
	print $out join("\r\n", "HTTP/1.1 $status Whatever", @headers, '', ''), $status == 204 ? '' : $body;
	return 1;
}

sub _way_hang
{
	sleep 1000;
	return 0;
}

sub _way_hang_in_body
{
	my ($self, $out) = @_;

	print $out "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
	return _way_hang();
}

sub _way_drip
{
	my ($self, $out) = @_;

	print $out "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
	while (print $out '.')
	{
		sleep 0.1;
	}
	return 0;
}

sub _way_endless
{
	my ($self, $out, $way) = @_;

	printf $out "HTTP/1.1 %d Whatever\r\n\r\n", $way->{status} || 200;
	1 while print $out 'endless ' x 1024;
	return 0;
}

sub _way_endless_headers
{
	my ($self, $out) = @_;

	print $out "HTTP/1.1 200 OK\r\n";
	1 while print $out 'X-Endless: ' . 'x' x 1000 . "\r\n";
	return 0;
}

sub _way_garbage
{
	my ($self, $out) = @_;

	print $out "\x16\x03\x01 this is not HTTP\r\n\r\n";
	return 0;
}

sub _way_close
{
	return 0;
}

1;
