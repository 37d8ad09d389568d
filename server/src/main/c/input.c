#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

// Standard input is a copy in memory: a child that had the file could fill the host's disk by it.
int open_input(const char *id) {
    int file = openat(RUN_DIRECTORY, file_name(id, ".in"),
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? fcntl(null_fd, F_DUPFD_CLOEXEC, 0) : -1;
    int copy = memfd_create("stdin", MFD_CLOEXEC);
    size_t done = 0;
    ssize_t n = copy < 0 ? -1 : 1;
    while (n > 0 && done < STDIN_MAX) {
        n = sendfile(copy, file, NULL, STDIN_MAX - done);
        done += n > 0 ? n : 0;
    }
    int error = errno;
    close(file);
    if (n < 0) {
        close_fd(&copy);
        errno = error;
        return -1;
    }
    lseek(copy, 0, SEEK_SET);
    return copy;
}

void drop_input(struct execution *e) {
    close_fd(&e->input);
    free(e->pending);
    e->pending = NULL;
}

// Never waits: what the command does not read now stays pending.
void feed(struct execution *e) {
    while (e->pending_done < e->pending_length) {
        size_t left = e->pending_length - e->pending_done;
        ssize_t n = write(e->input, e->pending + e->pending_done, left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            drop_input(e);  // nobody reads it any more
            break;
        }
        e->pending_done += n;
    }
    free(e->pending);
    e->pending = NULL;
    if (e->last_input) drop_input(e);
    struct frame *f = frame(DRAINED);
    put_id(f, e->id);
    tell_all(f);
}

int give_input(struct execution *e, const uint8_t *bytes, size_t length, bool last) {
    if (e == NULL || e->input < 0 || e->last_input || (last && e->terminal)) return EPIPE;
    if (e->pending != NULL) return EAGAIN;
    e->pending = malloc(length + 1);
    if (e->pending == NULL) return EAGAIN;
    memcpy(e->pending, bytes, length);
    e->pending_length = length;
    e->pending_done = 0;
    e->last_input = last;
    return 0;
}
