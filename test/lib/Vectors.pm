# Conformance vectors: public data that lies beside the repository, or where
# CHARMBILLS_VECTORS says.
package Vectors;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename qw(dirname);
use JSON::PP ();

our @EXPORT_OK = qw(vector_file read_vectors);

# Path of a vector file, or undef where it is missing.
sub vector_file
{
	my ($name) = @_;
	my $folder = $ENV{CHARMBILLS_VECTORS} // dirname(__FILE__) . '/../../../shared/vectors';
	my $path = "$folder/$name";

	return -r $path ? $path : undef;
}

# The content of a JSON file, or undef where it is missing.
sub read_vectors
{
	my ($name) = @_;
	my $path = vector_file($name) or return undef;

	open(my $file, '<:raw', $path) or die "$path: $!";
	local $/;
	return JSON::PP->new->utf8->decode(<$file>);
}

1;
