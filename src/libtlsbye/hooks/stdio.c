/* SPDX-License-Identifier: MIT */
/*
 * The exported functions of stdio that close a descriptor, and the one that opens a stream on one: libc's own close and
 * read without passing through close() and read().
 *
 * Rules: what stands in the stream is written before the release, as bare it would be before the close. Not
 * async-signal-safe, like the functions themselves; a stream on an untracked descriptor costs one array look-up.
 */
#undef _FILE_OFFSET_BITS /* the headers would give freopen the name of freopen64 */
#undef _TIME_BITS
#include "connection/descriptors.h"
#include "connection/watchers.h"
#include "sys/export.h"
#include "release/fd_close.h"
#include "release/shutdown_both.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>

/*
 * True where the stream could not be written out: libc would try again after our FIN, and SIGPIPE would come of it. What
 * is left is thrown away, as it is bare when libc's one try fails; errno tells why.
 */
static bool before_stream_closes(FILE *stream, struct call call)
{
	int saved = errno;
	int fd = stream ? fileno_unlocked(stream) : -1; /* EBADF for a stream in memory */
	errno = saved;
	if (fd < 0)
		return false;
	if (!descriptors_known(fd)) {
		watchers_forget(fd); /* the next connection may get the number */
		return false;
	}
	bool failed = fflush(stream) != 0;
	if (failed)
		__fpurge(stream);
	fd_close_before(fd, call);
	return failed;
}

/* The stream reads inside of libc, past the hooks. */
EXPORT FILE *fdopen(int fd, const char *mode)
{
	if (shutdown_both_anywhere())
		shutdown_both_really(fd);
	FILE *stream = real.fdopen(fd, mode);
	if (stream)
		watchers_note_stream(fd);
	return stream;
}

EXPORT int fclose(FILE *stream)
{
	bool failed = before_stream_closes(stream, THIS_CALL);
	int why = errno, result = real.fclose(stream);
	if (!failed)
		return result;
	errno = why;
	return EOF;
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	before_stream_closes(stream, THIS_CALL);
	return real.freopen(path, mode, stream);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	before_stream_closes(stream, THIS_CALL);
	return real.freopen64(path, mode, stream);
}
