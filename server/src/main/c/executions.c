#include "carrel-init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t now_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// For how long the server has held the sandbox still so far: it says so before it lets go.
static uint64_t paused_ms(void) {
    char text[32] = "";
    int fd = openat(RUN_DIRECTORY, "paused", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? strtoull(text, NULL, 10) : 0;
}

// One line of decimals: format, wait status, flags (see carrel-init.h), bytes kept of stdout and of
// stderr, bytes written to each, start and end (ms since 1970), duration in µs.
static const char *record(struct execution *e) {
    static char line[256];
    snprintf(line, sizeof line, "1 %d %d %ju %ju %ju %ju %ju %ju %ju\n", e->status, e->flags,
             (uintmax_t)e->kept[0], (uintmax_t)e->kept[1], (uintmax_t)e->written[0],
             (uintmax_t)e->written[1], (uintmax_t)e->started_at_ms, (uintmax_t)e->ended_at_ms,
             (uintmax_t)e->took_us);
    return line;
}

// Half a line, as a full disk may leave it, is no record: it has no end.
static bool save(struct execution *e) {
    const char *line = record(e);
    int fd = openat(RUN_DIRECTORY, file_name(e->id, ".exit"),
                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool whole = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    return close(fd) == 0 && whole;
}

static void release_if_done(struct execution *e) {
    if (!e->running && !e->unsaved && e->pipe[0] < 0 && e->pipe[1] < 0) e->used = false;
}

void pump(struct execution *e, int stream) {
    uint64_t before = e->kept[stream];
    take(e, stream, CHUNK);
    if (e->kept[stream] != before) tell_all(output_frame(e, stream));
    release_if_done(e);
}

// All that it wrote itself is there to be read now; what its children add is not its own.
static void take_the_rest(struct execution *e, int stream) {
    int left = 0;
    if (e->pipe[stream] >= 0) ioctl(e->pipe[stream], FIONREAD, &left);
    while (left > 0 && e->pipe[stream] >= 0) {
        uint64_t before = e->written[stream];
        if (!take(e, stream, left)) break;
        left -= e->written[stream] - before;
    }
}

static void finish(struct execution *e, int status) {
    e->took_us = now_us(CLOCK_MONOTONIC) - e->started_us;
    e->ended_at_ms = now_us(CLOCK_REALTIME) / 1000;
    e->status = status;
    if (memory_kills() != e->memory_kills) e->flags |= MEMORY_RAN_OUT;
    if (e->terminal)
        for (int i = 0; i < DRAIN_READS && e->pipe[0] >= 0 && take(e, 0, CHUNK);) i++;
    for (int s = 0; s < 2; s++) {
        if (!e->terminal) take_the_rest(e, s);
        close_fd(&e->file[s]);
    }
    drop_input(e);
    if (e->terminal) close_fd(&e->pipe[0]);  // hangs up on those who are still there
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

// The session that a process belongs to; 0 when it has gone, or is dead and not reaped yet.
static pid_t session_of(const char *pid) {
    char path[32], text[512], state;
    pid_t session;
    snprintf(path, sizeof path, "/proc/%.10s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = '\0';
    const char *name = strrchr(text, ')');  // a name may be anything, what follows is numbers
    bool known = name != NULL && sscanf(name + 1, " %c %*d %*d %d", &state, &session) == 2;
    return known && state != 'Z' ? session : 0;
}

// Those who left the group, too, as what timeout(1) or a shell with jobs starts does. Whoever forks
// meanwhile is found in the next round.
static void kill_session(pid_t leader) {
    bool found = true;
    for (int round = 0; found && round < KILL_ROUNDS; round++) {
        DIR *processes = opendir("/proc");
        if (processes == NULL) return;
        found = false;
        for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
            pid_t pid = atoi(entry->d_name);
            if (pid <= 1 || pid == leader || session_of(entry->d_name) != leader) continue;
            kill(pid, SIGKILL);
            found = true;
        }
        closedir(processes);
    }
}

static void signal_group(struct execution *e, int signal, int why) {
    e->flags |= why;
    kill(-e->pid, signal);
    kill(e->pid, signal);  // it may not have made its group yet
}

void kill_group(struct execution *e, int signal, int why) {
    signal_group(e, signal, why);
    if (signal == SIGKILL) kill_session(e->pid);
}

bool reap(void) {
    for (int i = 0; i < REAP_BATCH; i++) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return false;
        for (int j = 0; j < slots; j++)
            if (executions[j].used && executions[j].running && executions[j].pid == pid)
                finish(&executions[j], status);
    }
    return true;
}

void kill_all(void) {
    for (int i = 0; i < slots; i++)
        if (executions[i].used && executions[i].running)
            signal_group(&executions[i], SIGKILL, KILLED);
    // INVARIANT: only as pid 1 of its own namespace; elsewhere this would be the whole machine.
    if (getpid() == 1) kill(-1, SIGKILL);
}

int add_execution(struct execution *e, const struct command *command) {
    e->started_us = now_us(CLOCK_MONOTONIC);
    e->started_at_ms = now_us(CLOCK_REALTIME) / 1000;
    // Rounded up: nothing is killed before its time.
    if (e->timeout_ms != 0) {
        e->deadline_ms = (e->started_us + 999) / 1000 + e->timeout_ms;
        e->paused_ms = paused_ms();
    }
    int slot = running < RUNNING_MAX ? 0 : SLOTS;
    while (slot < SLOTS && executions[slot].used) slot++;
    if (slot == SLOTS) {
        if (faccessat(RUN_DIRECTORY, file_name(e->id, ".out"), F_OK, 0) == 0) return ALREADY;
        errno = EUSERS;
        return REFUSED;
    }
    e->terminal = command->flags & TERMINAL;
    e->keep_last = command->flags & KEEP_LAST;
    e->input = e->pipe[0] = e->pipe[1] = e->file[1] = -1;
    e->file[0] = create(e->id, ".out");
    if (e->file[0] < 0) return errno == EEXIST ? ALREADY : REFUSED;
    e->memory_kills = memory_kills();
    if (!launch(e, command)) {
        int error = errno;
        close_fd(&e->file[0]);
        unlinkat(RUN_DIRECTORY, file_name(e->id, ".out"), 0);
        errno = error;
        return REFUSED;
    }
    e->polled[0] = e->polled[1] = e->input_polled = -1;
    executions[slot] = *e;
    if (slot == slots) slots++;
    running++;
    return STARTED;
}

// What it has left; time in which it stood still is not its own.
static int64_t time_left(struct execution *e, uint64_t now) {
    if (e->deadline_ms <= now) {
        uint64_t paused = paused_ms();
        if (paused > e->paused_ms) {
            e->deadline_ms += paused - e->paused_ms;
            e->paused_ms = paused;
        }
    }
    return (int64_t)(e->deadline_ms - now);
}

int mind_the_clock(void) {
    uint64_t now = now_us(CLOCK_MONOTONIC) / 1000;
    int64_t wait = -1;
    for (int i = 0; i < slots; i++) {
        struct execution *e = &executions[i];
        int64_t left = -1;
        if (e->used && e->running && e->deadline_ms != 0) {
            left = time_left(e, now);
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
