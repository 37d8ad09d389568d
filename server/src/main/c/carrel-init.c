// The loop; carrel-init.h says what the program is and does.
#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct execution executions[SLOTS];
struct connection connections[CONNECTIONS_MAX];
int slots, running, null_fd, terminals;
struct rlimit files_max;
static int signals, listener = -1;

static void die(const char *what) {
    dprintf(2, "carrel-init: %s: %s\n", what, strerror(errno));
    _exit(70);
}

static void take_signals(void) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info)
        // Nobody inside may end the sandbox: from outside of its namespace, the sender is 0.
        if (info.ssi_signo == SIGTERM && (getpid() != 1 || info.ssi_pid == 0)) {
            kill_all();
            _exit(0);
        }
}

static int watch(struct pollfd *fds, int n, int fd, int events) {
    fds[n] = (struct pollfd){.fd = fd, .events = events};
    return n;
}

static int watch_execution(struct pollfd *fds, int n, struct execution *e) {
    for (int s = 0; s < 2; s++) {
        e->polled[s] = -1;
        if (e->used && e->pipe[s] >= 0) e->polled[s] = watch(fds, n++, e->pipe[s], POLLIN);
    }
    e->input_polled = -1;
    if (e->used && e->pending != NULL) e->input_polled = watch(fds, n++, e->input, POLLOUT);
    return n;
}

static void mind_execution(struct pollfd *fds, struct execution *e) {
    for (int s = 0; s < 2; s++)
        if (e->used && e->polled[s] >= 0 && e->pipe[s] >= 0 && fds[e->polled[s]].revents)
            pump(e, s);
    if (e->used && e->input_polled >= 0 && e->pending != NULL && fds[e->input_polled].revents)
        feed(e);
}

static void round_of_events(bool more_to_reap) {
    static struct pollfd fds[2 + STREAM_POLLS + CONNECTIONS_MAX + 3 * SLOTS];
    int n = 0, again = in_gvisor ? call_server() : -1;
    watch(fds, n++, signals, POLLIN);
    watch(fds, n++, listener, POLLIN);  // -1 in a microVM: poll leaves it out
    n = watch_streams(fds, n);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used)
            connections[i].polled =
                watch(fds, n++, connections[i].fd,
                      POLLIN | (connections[i].out > 0 || connections[i].stale ? POLLOUT : 0));
    for (int i = 0; i < slots; i++) n = watch_execution(fds, n, &executions[i]);
    int wait = mind_the_clock();
    if (again >= 0 && (wait < 0 || again < wait)) wait = again;
    if (poll(fds, n, more_to_reap ? 0 : wait) < 0) return;
    if (fds[0].revents) take_signals();
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *c = &connections[i];
        if (!c->used || c->polled < 0) continue;
        int events = fds[c->polled].revents;
        if (events & POLLOUT) flush(c);
        if (c->used && c->stale && c->out == 0) catch_up(c);
        if (c->used && (events & ~POLLOUT)) listen_to(c);
    }
    for (int i = 0; i < slots; i++) mind_execution(fds, &executions[i]);
    if (fds[1].revents) greet(listener);
    if (!mind_streams(fds)) _exit(0);
}

static void open_door(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "ctl.new"};
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || fchdir(RUN_DIRECTORY) != 0) die("run directory");
    unlink("ctl.new");
    // Renamed when it listens: whoever sees "ctl" can connect.
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, CONNECTIONS_MAX) != 0 || rename("ctl.new", "ctl") != 0)
        die("ctl");
    if (chdir("/") != 0) die("/");
}

// Without arguments it inherits the run directory; under gVisor the arguments are where it is, how
// many processes there may be, and where the server listens; in a microVM, where it is.
int main(int count, char **arguments) {
    const char *failed = NULL;
    if (count == 2 && strcmp(arguments[1], "relay") == 0) return relay();
    if (count == 2) failed = settle_in_microvm(arguments[1]);
    if (count > 3) failed = settle_in_gvisor(arguments[1], arguments[2], arguments[3]);
    if (failed) die(failed);
    open_oom_score();  // not there under gVisor, for which all of the sandbox is one process
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "carrel-init");
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // for the case that it is not pid 1
    mkdir("/workspace", 0755);         // where commands begin; most images have it
    umask(077);
    if (fcntl(RUN_DIRECTORY, F_SETFD, FD_CLOEXEC) != 0) die("descriptor 3");
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) die("/dev/null");
    terminals = open("/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC);
    getrlimit(RLIMIT_NOFILE, &files_max);
    struct rlimit more = {files_max.rlim_max, files_max.rlim_max};
    setrlimit(RLIMIT_NOFILE, &more);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_SETMASK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) die("signalfd");
    if (count == 2)
        open_streams(fcntl(0, F_DUPFD_CLOEXEC, 10), fcntl(1, F_DUPFD_CLOEXEC, 10));
    else if (!in_gvisor) open_door();
    for (int i = 0; i < 3; i++) dup2(null_fd, i);
    close_range(RUN_DIRECTORY + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    for (bool more_to_reap = false;;) {
        round_of_events(more_to_reap);
        more_to_reap = reap();
    }
}
