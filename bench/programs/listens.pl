# Listens on PORT of the loopback, and takes whoever comes: a service with a port that weighs 5 MB and starts in 10 ms, where node takes 40 MB.
use strict;
use Socket;
socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, pack('l', 1));
bind($server, sockaddr_in($ENV{PORT}, INADDR_LOOPBACK)) or die "bind: $!";
listen($server, 16) or die "listen: $!";
while (1) { close($_) if accept($_, $server); }
