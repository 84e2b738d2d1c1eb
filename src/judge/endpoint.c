/* SPDX-License-Identifier: MIT */
/*
 * Sockets on loopback, or of this machine (AF_UNIX). SO_RCVBUF is set before listen() and connect(): the window's scale is fixed by the SYN, and
 * an accepted socket takes its buffer from the listening one.
 */
#include "judge/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "judge/clock.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static socklen_t loopback(const struct script *script, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (script->unix_path) {
		a->un.sun_family = AF_UNIX;
		strncpy(a->un.sun_path, script->unix_path, sizeof(a->un.sun_path) - 1);
		return sizeof(a->un);
	}
	if (script->ipv6) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_addr = in6addr_loopback;
		a->v6.sin6_port = htons((uint16_t)script->port);
		return sizeof(a->v6);
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a->v4.sin_port = htons((uint16_t)script->port);
	return sizeof(a->v4);
}

static int new_socket(const struct script *script)
{
	int family = script->unix_path ? AF_UNIX : script->ipv6 ? AF_INET6 : AF_INET;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		fprintf(stderr, "judge: no socket: %s; look at the limit of open files (ulimit -n)\n",
			strerror(errno));
		return -1;
	}
	if (script->receive_buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &script->receive_buffer,
			   sizeof(script->receive_buffer));
	return fd;
}

/* Nagle would hold the second part of what the script says back until the first is acknowledged. */
static int ready(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static bool write_port(const struct script *script, int port)
{
	char temporary[4096];
	FILE *f;
	bool done;

	if (snprintf(temporary, sizeof(temporary), "%s.new", script->port_file) >= (int)sizeof(temporary))
		return false;
	f = fopen(temporary, "we");
	if (!f)
		return false;
	done = fprintf(f, "%d\n", port) > 0;
	done &= fclose(f) == 0;
	return done && rename(temporary, script->port_file) == 0;
}

static int give_up(int fd, const char *what, const char *advice)
{
	fprintf(stderr, "judge: cannot %s: %s; %s\n", what, strerror(errno), advice);
	if (fd >= 0)
		close(fd);
	return -1;
}

int endpoint_listen(const struct script *script)
{
	union address a;
	socklen_t size = loopback(script, &a);
	int fd = new_socket(script), on = 1, port;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.any, size) != 0 || listen(fd, 512) != 0)
		return give_up(fd, "listen", "is the port taken? --port 0 lets the kernel choose");
	if (!script->unix_path && getsockname(fd, &a.any, &size) != 0)
		return give_up(fd, "learn the port", "try again");
	port = script->unix_path ? script->port : ntohs(script->ipv6 ? a.v6.sin6_port : a.v4.sin_port);
	if (script->port_file && !write_port(script, port))
		return give_up(fd, "write the port file", "name a file in a folder that you may write to");
	return fd;
}

int endpoint_accept(const struct script *script, int listener)
{
	int64_t until = clock_now_ms() + script->patience_ms;
	int64_t left;

	while ((left = until - clock_now_ms()) > 0) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		int fd;

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			return ready(fd);
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			return give_up(-1, "accept", "look at the limit of open files (ulimit -n)");
	}
	fprintf(stderr,
		"judge: no connection came within %lld ms; is the other side running? see --patience\n",
		(long long)script->patience_ms);
	return -1;
}

/* The errno of one attempt; 0: connected. */
static int attempt(const struct script *script, int fd, int64_t until)
{
	union address a;
	socklen_t size = loopback(script, &a);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t error_size = sizeof(error);

	if (connect(fd, &a.any, size) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, (int)(until - clock_now_ms())) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
	return error;
}

int endpoint_connect(const struct script *script)
{
	int64_t until = clock_now_ms() + script->patience_ms;
	int error = ETIMEDOUT;

	while (clock_now_ms() < until) {
		int fd = new_socket(script);

		if (fd < 0)
			return -1;
		error = attempt(script, fd, until);
		if (error == 0)
			return ready(fd);
		close(fd);
		if (error != ECONNREFUSED && error != ENOENT && error != EINTR)
			break;
		/* Nobody listens yet, and nothing tells when somebody does. */
		poll(NULL, 0, 5);
	}
	errno = error;
	return give_up(-1, "connect", "is the other side listening on this port? see --patience");
}
