#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int oom_score = -1;
static int own_oom_score;

// Commands inherit their score, because they cannot change it themselves: what is not dumpable
// owns nothing in /proc. Nor could pid 1, but for this moment, in which nobody else is there.
void open_oom_score(void) {
    char text[16] = "";
    prctl(PR_SET_DUMPABLE, 1);
    oom_score = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_DUMPABLE, 0);
    if (oom_score >= 0 && read(oom_score, text, sizeof text - 1) > 0) own_oom_score = atoi(text);
}

static void set_oom_score(int score) {
    char text[16];
    int n = snprintf(text, sizeof text, "%d", score < 1000 ? score : 1000);
    if (oom_score >= 0 && pwrite(oom_score, text, n, 0) < 0) close_fd(&oom_score);
}

static bool take_user(const struct command *c) {
    return c->uid == NOBODY || (setgroups(c->group_count, c->groups) == 0 &&
                                setresgid(c->gid, c->gid, c->gid) == 0 &&
                                setresuid(c->uid, c->uid, c->uid) == 0);
}

static _Noreturn void become(const struct command *c, const int fds[3]) {
    setsid();
    for (int i = 0; i < 3; i++) dup2(fds[i], i);
    close_range(3, ~0U, 0);
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_NOFILE, &files_max);
    umask(022);
    if (c->flags & TERMINAL) ioctl(0, TIOCSCTTY, 0);
    const char *what = "user";
    if (take_user(c)) {
        what = c->cwd;
        if (chdir(c->cwd) == 0) {
            what = c->argv[0];
            environ = c->env;  // execvp looks for PATH here
            execvp(c->argv[0], c->argv);
        }
    }
    int error = errno;
    dprintf(2, "carrel: %s: %s\n", what, strerror(error));
    _exit(what == c->argv[0] && (error == ENOENT || error == ENOTDIR) ? 127 : 126);
}

// Nobody inside can replace what is in a file system of terminals.
static bool open_terminal(struct execution *e, const struct command *c, int theirs[3]) {
    char name[16];
    int number, locked = 0;
    struct winsize size = {.ws_col = c->columns, .ws_row = c->rows};
    e->pipe[0] = openat(terminals, "ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (e->pipe[0] < 0 || ioctl(e->pipe[0], TIOCSPTLCK, &locked) != 0 ||
        ioctl(e->pipe[0], TIOCGPTN, &number) != 0 || ioctl(e->pipe[0], TIOCSWINSZ, &size) != 0)
        return false;
    snprintf(name, sizeof name, "%d", number);
    theirs[0] = openat(terminals, name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (theirs[0] < 0 || (c->uid != NOBODY && fchown(theirs[0], c->uid, -1) != 0)) return false;
    theirs[1] = fcntl(theirs[0], F_DUPFD_CLOEXEC, 0);
    theirs[2] = fcntl(theirs[0], F_DUPFD_CLOEXEC, 0);
    e->input = fcntl(e->pipe[0], F_DUPFD_CLOEXEC, 0);
    return theirs[1] >= 0 && theirs[2] >= 0 && e->input >= 0;
}

static bool open_pipe(int *reading, int *writing, int ours) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    *reading = ends[0];
    *writing = ends[1];
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) == 0;
}

static bool open_pipes(struct execution *e, const struct command *c, int theirs[3]) {
    if (c->flags & OPEN_INPUT) {
        if (!open_pipe(&theirs[0], &e->input, 1)) return false;
    } else if ((theirs[0] = open_input(e->id)) < 0) {
        return false;
    }
    return open_pipe(&e->pipe[0], &theirs[1], 0) && open_pipe(&e->pipe[1], &theirs[2], 0);
}

bool launch(struct execution *e, const struct command *c) {
    int theirs[3] = {-1, -1, -1};
    bool ready = (c->flags & TERMINAL ? open_terminal : open_pipes)(e, c, theirs);
    if (ready) {
        set_oom_score(own_oom_score + OOM_SCORE_STEP);
        e->pid = fork();
        if (e->pid == 0) become(c, theirs);
        ready = e->pid > 0;
    }
    int error = errno;
    if (oom_score >= 0) set_oom_score(own_oom_score);
    for (int i = 0; i < 3; i++) close_fd(&theirs[i]);
    if (!ready) {
        for (int s = 0; s < 2; s++) close_fd(&e->pipe[s]);
        close_fd(&e->input);
    }
    errno = error;
    return ready;
}
