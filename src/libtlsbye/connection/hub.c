/* SPDX-License-Identifier: MIT */
/*
 * See hub.h. The hub listens on a name in the abstract namespace, which a chroot does not hide, and on a path, which is
 * reached from another network namespace.
 *
 * Rules: what goes to the hub goes by the kernel's own calls. It is no traffic of the program's, which another preload has to
 * see (P9), and must arrive as it was sent: socket_wrapper puts a descriptor of its own into each message that passes
 * a socket of its program's on, and one that does not know AF_UNIX may refuse the connect.
 */
#include "connection/hub.h"

#include "connection/lent.h"
#include "sys/kernel.h"
#include "sys/settings.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* --- who it is --- */

static struct {
	bool named;
	pid_t pid;
	uid_t uid;
	bool log;              /* it has the log file open */
	_Atomic bool pid_seen; /* by this number, in our pid namespace */
	unsigned char token[TOKEN_BYTES];
	struct sockaddr_un abstract, path;
	socklen_t abstract_size, path_size; /* 0: there is none */
} hub;

static bool number_from(const char **text, uint64_t *number)
{
	const char *digit = *text;
	for (*number = 0; *digit >= '0' && *digit <= '9' && *number < UINT32_MAX; digit++)
		*number = *number * 10 + (uint64_t)(*digit - '0');
	bool good = digit > *text && *digit == ':';
	*text = digit + 1;
	return good;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool token_from(const char **text)
{
	for (unsigned i = 0; i < TOKEN_BYTES; i++, *text += 2) {
		int high = hex_digit((*text)[0]), low = high < 0 ? -1 : hex_digit((*text)[1]);
		if (low < 0)
			return false;
		hub.token[i] = (unsigned char)(high << 4 | low);
	}
	return *(*text)++ == ':';
}

static bool name_from(const char **text)
{
	size_t length = strcspn(*text, ":");
	if (!length || length > HUB_NAME_MAX || (*text)[length] != ':')
		return false;
	hub.abstract.sun_family = AF_UNIX;
	memcpy(hub.abstract.sun_path + 1, *text, length);
	hub.abstract_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
	*text += length + 1;
	return true;
}

/* The rest of the variable is a folder: colons are its own. */
static void path_from(const char *folder)
{
	static const char socket_name[] = "/hub";
	size_t length = strlen(folder);
	if (*folder != '/' || length > HUB_FOLDER_MAX)
		return;
	hub.path.sun_family = AF_UNIX;
	memcpy(hub.path.sun_path, folder, length);
	memcpy(hub.path.sun_path + length, socket_name, sizeof socket_name);
	hub.path_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + sizeof socket_name);
}

void hub_begin(void)
{
	const char *text = settings_hub();
	uint64_t version, pid, uid, log;
	if (!text || !number_from(&text, &version) || version != MESSAGE_VERSION ||
	    !number_from(&text, &pid) || !number_from(&text, &uid) || !number_from(&text, &log) ||
	    !name_from(&text) || !token_from(&text))
		return;
	path_from(text);
	hub.pid = (pid_t)pid;
	hub.uid = (uid_t)uid;
	hub.log = log != 0;
	hub.named = true;
}

bool hub_is_there(void)
{
	return hub.named;
}

/* Of another user: EPERM. */
bool hub_has_ended(void)
{
	return atomic_load(&hub.pid_seen) && kill(hub.pid, 0) != 0 && errno == ESRCH;
}

bool hub_has_log(void)
{
	return hub.named && hub.log;
}

/* --- one message --- */

/* As libc answers. */
static long ask_kernel(long number, long a, long b, long c, long d, long e)
{
	long result = kernel_call(number, a, b, c, d, e, 0);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/*
 * Is it the hub that answers to that name? In another pid namespace the kernel knows no number for it (0), and the user
 * must do.
 */
static bool is_our_hub(int fd)
{
	struct ucred them;
	socklen_t size = sizeof them;
	if (kernel_raw.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &them, &size) != 0 || them.uid != hub.uid)
		return false;
	if (them.pid == hub.pid)
		atomic_store(&hub.pid_seen, true);
	return them.pid == hub.pid || them.pid == 0;
}

static bool reach(int fd, const struct sockaddr_un *where, socklen_t size)
{
	if (ask_kernel(SYS_connect, fd, (long)where, (long)size, 0, 0) != 0)
		return false;
	if (is_our_hub(fd))
		return true;
	errno = EPERM; /* somebody else has taken the name */
	return false;
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(HUB_DESCRIPTORS_MAX * sizeof(int))];
};

static void attach(struct msghdr *message, union rights *control, const int *descriptors, unsigned count)
{
	if (!count)
		return;
	memset(control, 0, sizeof *control);
	control->header = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
	memcpy(CMSG_DATA(&control->header), descriptors, count * sizeof(int));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
}

static bool send_whole(int fd, enum message_kind kind, const struct iovec *parts, unsigned count,
		       const int *descriptors, unsigned descriptor_count)
{
	struct message_head head = {
		.magic = MESSAGE_MAGIC, .version = MESSAGE_VERSION, .kind = kind, .size = sizeof head};
	struct iovec all[1 + HUB_PARTS_MAX] = {{&head, sizeof head}};
	union rights control;
	struct msghdr message = {.msg_iov = all, .msg_iovlen = 1 + count};
	memcpy(head.token, hub.token, TOKEN_BYTES);
	for (unsigned i = 0; i < count; i++) {
		all[1 + i] = parts[i];
		head.size += (uint32_t)parts[i].iov_len;
	}
	attach(&message, &control, descriptors, descriptor_count);
	long sent = ask_kernel(SYS_sendmsg, fd, (long)&message, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	return sent == (long)head.size;
}

/* A socket that did not reach anybody may not be used again for another name: hence one for each. */
static int open_to(const struct sockaddr_un *where, socklen_t size)
{
	errno = ENOENT;
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = size ? (int)ask_kernel(SYS_socket, AF_UNIX, type, 0, 0, 0) : -1;
	if (fd < 0)
		return -1;
	lent_mark(fd);
	if (reach(fd, where, size))
		return fd;
	int saved = errno;
	lent_close(fd);
	errno = saved;
	return -1;
}

static int open_line(void)
{
	int fd = open_to(&hub.abstract, hub.abstract_size);
	return fd >= 0 || !hub.path_size ? fd : open_to(&hub.path, hub.path_size);
}

int hub_say_lent(enum message_kind kind, const struct iovec *parts, unsigned count, const int *descriptors,
		 unsigned descriptor_count)
{
	int saved = errno, error = 0;
	int fd = open_line();
	if (fd < 0 || !send_whole(fd, kind, parts, count, descriptors, descriptor_count))
		error = errno ? errno : EIO;
	lent_close(fd);
	errno = saved;
	return error;
}

int hub_say(enum message_kind kind, const struct iovec *parts, unsigned count, const int *descriptors,
	    unsigned descriptor_count)
{
	if (!hub.named)
		return ENOENT;
	lent_begin();
	int error = hub_say_lent(kind, parts, count, descriptors, descriptor_count);
	lent_end();
	return error;
}

/* The hub ends this connection when nothing is held any more. */
bool hub_await_drains(unsigned milliseconds)
{
	if (!hub.named)
		return false;
	int saved = errno;
	lent_begin();
	int fd = open_line();
	bool said = fd >= 0 && send_whole(fd, MESSAGE_AWAIT, NULL, 0, NULL, 0);
	struct pollfd end = {.fd = fd, .events = POLLIN};
	if (said)
		real.poll(&end, 1, (int)milliseconds);
	lent_close(fd);
	lent_end();
	errno = saved;
	return said;
}
