// Starts a container's pid 1 with crun and limits what its user namespace may use of inotify:
//   carrel-launch RUN LOG PID-FILE INSTANCES WATCHES PROGRAM ARGUMENT...
// The container inherits descriptor 3, the directory RUN, and nothing else of ours. The exit code is
// the program's (128 + signal), or FAILED with a line in LOG. Entering a user namespace takes a
// process of one thread, so the server cannot do it; static, it is there in a fraction of the time
// that a shell and nsenter take.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUN = 1, LOG, PID_FILE, INSTANCES, WATCHES, PROGRAM, ARGUMENTS, FAILED = 70, CHANNEL = 3 };

static _Noreturn void die(const char *what) {
    dprintf(2, "carrel-launch: %s: %s\n", what, strerror(errno));
    _exit(FAILED);
}

// In a session of its own, so that a server that loses patience can end all of it.
static void settle(char **arguments) {
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_range(CHANNEL, ~0U, 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(arguments[LOG], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (null < 0 || log < 0) _exit(FAILED);
    dup2(null, 0);
    dup2(null, 1);
    dup2(log, 2);
    close(null);
    close(log);
    // The lowest that is free.
    if (open(arguments[RUN], O_RDONLY | O_DIRECTORY) != CHANNEL) die(arguments[RUN]);
}

// Its outputs must not be the log: pid 1 inherits them.
static int run(char **arguments) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        dup2(0, 2);
        execv(arguments[PROGRAM], arguments + ARGUMENTS);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) die("fork");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void enter(const char *pid_file) {
    char pid[16] = "", path[64];
    int file = open(pid_file, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, pid, sizeof pid - 1) <= 0) die(pid_file);
    snprintf(path, sizeof path, "/proc/%d/ns/user", atoi(pid));
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWUSER) != 0) die(path);
}

// What these files say and mean follows from the user namespace that they are opened in.
static void limit(const char *path, const char *value) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, value, strlen(value)) < 0) die(path);
    close(file);
}

int main(int count, char **arguments) {
    if (count <= ARGUMENTS) return FAILED;
    settle(arguments);
    int code = run(arguments);
    if (code != 0) return code;
    enter(arguments[PID_FILE]);
    limit("/proc/sys/user/max_inotify_instances", arguments[INSTANCES]);
    limit("/proc/sys/user/max_inotify_watches", arguments[WATCHES]);
    return 0;
}
