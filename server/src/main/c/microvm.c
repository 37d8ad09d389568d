// A machine of its own shares files with the host, but no sockets and no descriptors. So the run
// directory comes as a mount, as under gVisor, and what goes through pid 1's standard input and
// output on their way to the host ends at a relay: a process that stays when servers come and go.
#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64, NOBODY_ON_THE_HOST = 65534 };

static int statistics = -1;

const char *settle_in_microvm(const char *run_directory) {
    const char *failed = take_run_directory(run_directory);
    if (failed) return failed;
    statistics = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
    return drop_administration() ? NULL : "drop CAP_SYS_ADMIN";
}

// Nobody else has this kernel, so whatever it has killed was ours.
uint64_t memory_kills(void) {
    static char text[1 << 14];
    if (statistics < 0) return 0;
    ssize_t n = pread(statistics, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    const char *line = strstr(text, "\noom_kill ");
    return line == NULL ? 0 : strtoull(line + 10, NULL, 10);
}

static int listen_at(const char *name, const char *half) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, half);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(fd, BACKLOG) == 0 && rename(half, name) == 0
               ? fd
               : -1;
}

static void greet_server(int listener, bool for_control) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) open_stream(free_stream(for_control), fd, !for_control);
}

// What comes from inside is hostile: whoever it might win over has nothing but this sandbox's pipes.
static bool drop_privileges(void) {
    return setgroups(0, NULL) == 0 &&
           setresgid(NOBODY_ON_THE_HOST, NOBODY_ON_THE_HOST, NOBODY_ON_THE_HOST) == 0 &&
           setresuid(NOBODY_ON_THE_HOST, NOBODY_ON_THE_HOST, NOBODY_ON_THE_HOST) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

// Runs in the sandbox's folder on the host, where "in" and "out" are the pipes. It keeps "in" open
// for both directions, so that pid 1's input never ends before the sandbox.
int relay(void) {
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "carrel-relay");
    int to = open("in", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int from = open("out", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int control = listen_at("ctl", "ctl.new"), ports = listen_at("ports", "ports.new");
    if (to < 0 || from < 0 || control < 0 || ports < 0 || !drop_privileges()) {
        perror("carrel-relay");
        return 70;
    }
    open_streams(from, to);
    for (;;) {
        struct pollfd fds[2 + STREAM_POLLS];
        fds[0] = (struct pollfd){.fd = free_stream(true) < 0 ? -1 : control, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = free_stream(false) < 0 ? -1 : ports, .events = POLLIN};
        int n = watch_streams(fds, 2);
        if (poll(fds, n, -1) < 0 && errno != EINTR) return 71;
        if (!mind_streams(fds)) return 0;
        if (fds[0].revents) greet_server(control, true);
        if (fds[1].revents) greet_server(ports, false);
    }
}
