#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint8_t chunk[CHUNK];

struct frame *output_frame(struct execution *e, int stream) {
    struct frame *f = frame(OUTPUT);
    put_id(f, e->id);
    put(f, stream + 1, 1);
    put(f, e->kept[stream], 8);
    return f;
}

const char *file_name(const char *id, const char *suffix) {
    static char name[ID_MAX + 16];
    snprintf(name, sizeof name, "%s%s", id, suffix);
    return name;
}

void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

int create(const char *id, const char *suffix) {
    return openat(RUN_DIRECTORY, file_name(id, suffix),
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

// What is lost on a full disk is not counted: after it, the end of the output is still the end.
static void keep_in_ring(int file, uint64_t *total, size_t n) {
    enum { HEADER = 8 };
    uint8_t header[HEADER];
    size_t at = *total % RING, first = n < RING - at ? n : RING - at;
    if (pwrite(file, chunk, first, HEADER + at) != (ssize_t)first ||
        pwrite(file, chunk + first, n - first, HEADER) != (ssize_t)(n - first))
        return;
    // The header comes last: what it counts is there.
    for (int i = 0; i < HEADER; i++) header[i] = (*total + n) >> (56 - 8 * i);
    if (pwrite(file, header, HEADER, 0) == HEADER) *total += n;
}

static void keep_beginning(struct execution *e, int stream, size_t n) {
    uint64_t room = e->cap[stream] - e->kept[stream];
    size_t want = n < room ? n : room;
    ssize_t done = want == 0 ? 0 : write(e->file[stream], chunk, want);
    if (done > 0) e->kept[stream] += done;
    // After a gap the rest would no longer be the beginning of the output: keep none of it.
    if (done < (ssize_t)want) e->cap[stream] = e->kept[stream];
}

// Takes up to `most` bytes from one pipe. Beyond the cap, on a full disk and after the end, what
// comes is read and dropped, so that nobody blocks on a pipe.
bool take(struct execution *e, int stream, size_t most) {
    ssize_t n = read(e->pipe[stream], chunk, most < CHUNK ? most : CHUNK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
        close_fd(&e->pipe[stream]);
        return false;
    }
    if (!e->running) return true;
    e->written[stream] += n;
    if (e->file[stream] < 0) e->file[stream] = create(e->id, ".err");
    if (e->keep_last) keep_in_ring(e->file[stream], &e->kept[stream], n);
    else keep_beginning(e, stream, n);
    return true;
}
