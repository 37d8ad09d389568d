#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t chunk[CHUNK];

uint64_t now_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct frame *output_frame(struct execution *e, int stream) {
    struct frame *f = frame(OUTPUT);
    put_id(f, e->id);
    put(f, stream + 1, 1);
    put(f, e->kept[stream], 8);
    return f;
}

static const char *file_name(const char *id, const char *suffix) {
    static char name[ID_MAX + 16];
    snprintf(name, sizeof name, "%s%s", id, suffix);
    return name;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

// One line of decimals: format, wait status, flags (TIMED_OUT, KILLED), bytes kept of stdout and of
// stderr, bytes written to each, start and end (ms since 1970), duration in µs.
static const char *record(struct execution *e) {
    static char line[256];
    snprintf(line, sizeof line, "1 %d %d %ju %ju %ju %ju %ju %ju %ju\n", e->status, e->flags,
             (uintmax_t)e->kept[0], (uintmax_t)e->kept[1], (uintmax_t)e->written[0],
             (uintmax_t)e->written[1], (uintmax_t)e->started_at_ms, (uintmax_t)e->ended_at_ms,
             (uintmax_t)e->took_us);
    return line;
}

static bool save(struct execution *e) {
    const char *line = record(e);
    char temporary[ID_MAX + 16];
    strcpy(temporary, file_name(e->id, ".exit.new"));
    int fd = openat(RUN_DIRECTORY, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    if (fd < 0) return false;
    bool whole = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    return close(fd) == 0 && whole &&
           renameat(RUN_DIRECTORY, temporary, RUN_DIRECTORY, file_name(e->id, ".exit")) == 0;
}

static void release_if_done(struct execution *e) {
    if (!e->running && !e->unsaved && e->pipe[0] < 0 && e->pipe[1] < 0) e->used = false;
}

// Takes up to `most` bytes from one pipe. Beyond the cap, on a full disk and after the end, what
// comes is read and dropped, so that nobody blocks on a pipe. Returns false when it has none now.
static bool take(struct execution *e, int stream, size_t most) {
    ssize_t n = read(e->pipe[stream], chunk, most < CHUNK ? most : CHUNK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
        close_fd(&e->pipe[stream]);
        return false;
    }
    if (!e->running) return true;
    e->written[stream] += n;
    uint64_t room = e->cap[stream] - e->kept[stream];
    size_t want = (uint64_t)n < room ? (size_t)n : room;
    ssize_t done = want == 0 ? 0 : write(e->file[stream], chunk, want);
    if (done > 0) e->kept[stream] += done;
    // After a gap the rest would no longer be the beginning of the output: keep none of it.
    if (done < (ssize_t)want) e->cap[stream] = e->kept[stream];
    return true;
}

void pump(struct execution *e, int stream) {
    uint64_t before = e->kept[stream];
    take(e, stream, CHUNK);
    if (e->kept[stream] != before) tell_all(output_frame(e, stream));
    release_if_done(e);
}

static void finish(struct execution *e, int status) {
    e->took_us = now_us(CLOCK_MONOTONIC) - e->started_us;
    e->ended_at_ms = now_us(CLOCK_REALTIME) / 1000;
    e->status = status;
    for (int s = 0; s < 2; s++) {
        // All that it wrote itself is in the pipe now; what its children add is not its own.
        int left = 0;
        if (e->pipe[s] >= 0) ioctl(e->pipe[s], FIONREAD, &left);
        while (left > 0 && e->pipe[s] >= 0) {
            uint64_t before = e->written[s];
            if (!take(e, s, left)) break;
            left -= e->written[s] - before;
        }
        close_fd(&e->file[s]);
    }
    e->running = false;
    running--;
    e->unsaved = !save(e);
    struct frame *f = frame(EXIT);
    put_id(f, e->id);
    put_text(f, record(e));
    tell_all(f);
    for (int s = 0; s < 2; s++)
        if (e->pipe[s] >= 0) take(e, s, CHUNK);
    release_if_done(e);
}

void kill_group(struct execution *e, int signal, int why) {
    e->flags |= why;
    kill(-e->pid, signal);
    kill(e->pid, signal);  // it may not have made its group yet
}

bool reap(void) {
    for (int i = 0; i < REAP_BATCH; i++) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return false;
        for (int j = 0; j < SLOTS; j++)
            if (executions[j].used && executions[j].running && executions[j].pid == pid)
                finish(&executions[j], status);
    }
    return true;
}

void kill_all(void) {
    for (int i = 0; i < SLOTS; i++)
        if (executions[i].used && executions[i].running)
            kill_group(&executions[i], SIGKILL, KILLED);
    // INVARIANT: only as pid 1 of its own namespace; elsewhere this would be the whole machine.
    if (getpid() == 1) kill(-1, SIGKILL);
}

static _Noreturn void become(const int fds[3], const char *cwd, char **argv, char **env) {
    setsid();
    for (int i = 0; i < 3; i++) dup2(fds[i], i);
    close_range(3, ~0U, 0);
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_NOFILE, &files_max);
    umask(022);
    int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (adjust >= 0) dprintf(adjust, "%d", OOM_SCORE_CHILD);
    const char *what = cwd;
    if (chdir(cwd) == 0) {
        what = argv[0];
        environ = env;  // execvp looks for PATH here
        execvp(argv[0], argv);
    }
    int error = errno;
    dprintf(2, "carrel: %s: %s\n", what, strerror(error));
    _exit(what != cwd && (error == ENOENT || error == ENOTDIR) ? 127 : 126);
}

// Standard input is a copy in memory: a child that had the file could fill the host's disk by it.
static int open_input(const char *id) {
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

static int create(const char *id, const char *suffix) {
    return openat(RUN_DIRECTORY, file_name(id, suffix),
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
}

// Opens all that an execution needs and forks. Returns false, with errno, and nothing left open.
static bool launch(struct execution *e, const char *cwd, char **argv, char **env) {
    int in = -1, out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t pid = -1;
    e->file[1] = create(e->id, ".err");
    if (e->file[1] >= 0 && (in = open_input(e->id)) >= 0 && pipe2(out, O_CLOEXEC) == 0 &&
        pipe2(err, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0) become((int[3]){in, out[1], err[1]}, cwd, argv, env);
    int error = errno;
    close_fd(&in);
    close_fd(&out[1]);
    close_fd(&err[1]);
    if (pid < 0) {
        close_fd(&out[0]);
        close_fd(&err[0]);
        close_fd(&e->file[1]);
        errno = error;
        return false;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    e->pid = pid;
    e->pipe[0] = out[0];
    e->pipe[1] = err[0];
    return true;
}

int add_execution(struct execution *e, const char *cwd, char **argv, char **env) {
    e->started_us = now_us(CLOCK_MONOTONIC);
    e->started_at_ms = now_us(CLOCK_REALTIME) / 1000;
    // Rounded up: nothing is killed before its time.
    if (e->timeout_ms != 0) e->deadline_ms = (e->started_us + 999) / 1000 + e->timeout_ms;
    int slot = running < RUNNING_MAX ? 0 : SLOTS;
    while (slot < SLOTS && executions[slot].used) slot++;
    if (slot == SLOTS) {
        if (faccessat(RUN_DIRECTORY, file_name(e->id, ".out"), F_OK, 0) == 0) return ALREADY;
        errno = EUSERS;
        return REFUSED;
    }
    e->file[0] = create(e->id, ".out");
    if (e->file[0] < 0) return errno == EEXIST ? ALREADY : REFUSED;
    if (!launch(e, cwd, argv, env)) {
        int error = errno;
        close_fd(&e->file[0]);
        unlinkat(RUN_DIRECTORY, file_name(e->id, ".err"), 0);
        unlinkat(RUN_DIRECTORY, file_name(e->id, ".out"), 0);
        errno = error;
        return REFUSED;
    }
    e->polled[0] = e->polled[1] = -1;
    executions[slot] = *e;
    running++;
    return STARTED;
}

int mind_the_clock(void) {
    uint64_t now = now_us(CLOCK_MONOTONIC) / 1000;
    int64_t wait = -1;
    for (int i = 0; i < SLOTS; i++) {
        struct execution *e = &executions[i];
        int64_t left = -1;
        if (e->used && e->running && e->deadline_ms != 0) {
            left = (int64_t)(e->deadline_ms - now);
            if (left <= 0) {
                e->deadline_ms = 0;
                kill_group(e, SIGKILL, TIMED_OUT);
                continue;
            }
        } else if (e->used && e->unsaved) {
            e->unsaved = !save(e);
            left = e->unsaved ? SAVE_AGAIN_MS : -1;
            release_if_done(e);
        }
        if (left >= 0 && (wait < 0 || left < wait)) wait = left;
    }
    return wait > INT32_MAX ? INT32_MAX : (int)wait;
}
