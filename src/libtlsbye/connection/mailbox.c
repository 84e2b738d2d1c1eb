/* SPDX-License-Identifier: MIT */
/* See mailbox.h. */
#include "connection/mailbox.h"

#include "connection/hub.h"
#include "connection/lent.h"
#include "connection/mailbox_slots.h"
#include "sys/blocked_signals.h"
#include "sys/process.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8 /* Linux 6.3; may be asked for by vm.memfd_noexec */
#endif

static struct mailbox *_Atomic mailbox;

/* Past RLIMIT_FSIZE the kernel would not only refuse, but send SIGXFSZ. */
static bool may_be_so_large(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= sizeof(struct mailbox);
}

static int create(void)
{
	int fd = memfd_create("tlsbye-mailbox", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("tlsbye-mailbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static struct mailbox *map(int fd)
{
	if (fd < 0 || ftruncate(fd, sizeof(struct mailbox)) != 0 ||
	    real.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
		return NULL;
	void *memory = mmap(NULL, sizeof(struct mailbox), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* It is mapped before the hub has it: the hub drops what nobody has mapped. */
static struct mailbox *make(void)
{
	lent_begin();
	int fd = create();
	lent_mark(fd);
	struct mailbox *made = map(fd);
	if (made && hub_say_lent(MESSAGE_MAILBOX, NULL, 0, &fd, 1) != 0) {
		munmap(made, sizeof *made);
		made = NULL;
	}
	lent_close(fd);
	lent_end();
	return made;
}

/* One thread makes it. If that fails the next call may fare better: the hub's queue was full, say. */
void mailbox_prepare(void)
{
	static atomic_flag making;
	struct blocked_signals before;
	int saved = errno;
	if (!hub_has_log() || !(settings->ways & WAY_HUB) || atomic_load(&mailbox) ||
	    !process_is_original() || !may_be_so_large() || atomic_flag_test_and_set(&making))
		return;
	blocked_signals_begin(&before, true);
	if (!atomic_load(&mailbox))
		atomic_store(&mailbox, make());
	blocked_signals_end(&before);
	atomic_flag_clear(&making);
	errno = saved;
}

/* A line for a hub that was killed would be read by nobody. */
struct mailbox *mailbox_read_by_hub(void)
{
	int saved = errno;
	struct mailbox *made = atomic_load(&mailbox);
	if (made && hub_has_ended())
		made = NULL;
	errno = saved;
	return made;
}

bool mailbox_put(const char *line, size_t length)
{
	struct mailbox *into = mailbox_read_by_hub();
	return into && mailbox_slots_put(into, line, length);
}
