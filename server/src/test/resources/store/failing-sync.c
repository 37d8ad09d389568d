/* Loaded into a process, it makes syncs of a database's log fail as a failing disk does: the next one
 * while the file in FAIL_SYNC_ONCE exists, all while that in FAIL_SYNC_ALWAYS does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(int fd)
{
	char link[32], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path);
	if (length < 4 || memcmp(path + length - 4, "-wal", 4) != 0)
		return 0;
	return unlink(getenv("FAIL_SYNC_ONCE")) == 0 || access(getenv("FAIL_SYNC_ALWAYS"), F_OK) == 0;
}

static int sync_unless(int fd, long call)
{
	if (fails(fd)) {
		errno = EIO;
		return -1;
	}
	return syscall(call, fd);
}

int fsync(int fd)
{
	return sync_unless(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_unless(fd, SYS_fdatasync);
}
