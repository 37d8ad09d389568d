// gVisor takes no directory as an inherited descriptor, and lets every process look into the
// descriptors of pid 1. So the run directory, and the one in which the server listens, come as
// mounts, which pid 1 opens and takes away, and /proc/1 is covered. Then pid 1 gives up for all of the sandbox what could undo that.
#include "carrel-init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif
#define NEW_NAMESPACES                                                                   \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
     CLONE_NEWNET)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(number, error)                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

// Refused for the first process: numbers are 32 bits there, whatever the upper half says.
#define SPARE_PID_1(number, argument)                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4), \
        LOAD(args[argument]),                            \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),    \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), \
        LOAD(nr)

// gVisor's own kernel is the wall. This keeps the sandbox from mounting a second /proc and from
// ending pid 1, which gVisor lets it, and mends what would otherwise make `ls -l` fail: lgetxattr
// of a link is EBADF there.
static bool refuse_namespaces(void) {
    static struct sock_filter code[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        REFUSE(SYS_mount, EPERM),
        REFUSE(SYS_umount2, EPERM),
        REFUSE(SYS_pivot_root, EPERM),
        REFUSE(SYS_unshare, EPERM),
        REFUSE(SYS_setns, EPERM),
        REFUSE(SYS_open_tree, EPERM),
        REFUSE(SYS_move_mount, EPERM),
        REFUSE(SYS_fsopen, EPERM),
        REFUSE(SYS_fsmount, EPERM),
        REFUSE(SYS_clone3, ENOSYS),  // its flags are out of sight: libc falls back to clone
        REFUSE(SYS_lgetxattr, ENOTSUP),
        SPARE_PID_1(SYS_kill, 0),
        SPARE_PID_1(SYS_tkill, 0),
        SPARE_PID_1(SYS_tgkill, 0),
        SPARE_PID_1(SYS_tgkill, 1),
        SPARE_PID_1(SYS_rt_sigqueueinfo, 0),
        SPARE_PID_1(SYS_rt_tgsigqueueinfo, 0),
        SPARE_PID_1(SYS_rt_tgsigqueueinfo, 1),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool drop_administration(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) != 0 ||
        syscall(SYS_capget, &header, sets) != 0)
        return false;
    uint32_t others = ~(UINT32_C(1) << CAP_SYS_ADMIN);
    sets[0].effective &= others;
    sets[0].permitted &= others;
    sets[0].inheritable = 0;
    return syscall(SYS_capset, &header, sets) == 0;
}

bool in_gvisor;
int door = -1;

void tell_of_resize(int terminal, pid_t leader) {
    pid_t group = tcgetpgrp(terminal);
    kill(-(group > 1 ? group : leader), SIGWINCH);
}

static bool write_line(const char *path, const char *line) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool whole = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    return close(fd) == 0 && whole;
}

// A group of gVisor's own: the host's limit counts gVisor's threads, and reaching it would end the
// whole sandbox. The descriptor keeps the group when the mount is gone.
static bool limit_processes(const char *most) {
    return mkdir("/dev/pids", 0700) == 0 && mount("none", "/dev/pids", "cgroup", 0, "pids") == 0 &&
           mkdir("/dev/pids/all", 0700) == 0 && write_line("/dev/pids/all/pids.max", most) &&
           write_line("/dev/pids/all/cgroup.procs", "1") &&
           open("/dev/pids/all", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 &&
           umount2("/dev/pids", MNT_DETACH) == 0 && rmdir("/dev/pids") == 0;
}

const char *take_run_directory(const char *mounted_at) {
    int fd = open(mounted_at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, RUN_DIRECTORY) != RUN_DIRECTORY) return "open the run directory";
    if (fd != RUN_DIRECTORY) close(fd);
    return umount2(mounted_at, MNT_DETACH) == 0 && rmdir(mounted_at) == 0
               ? NULL
               : "take the run directory away";
}

const char *settle_in_gvisor(const char *run, const char *processes_max, const char *server) {
    in_gvisor = true;
    const char *failed = take_run_directory(run);
    if (failed) return failed;
    door = open(server, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (door < 0) return "open the server's directory";
    if (umount2(server, MNT_DETACH) != 0 || rmdir(server) != 0)
        return "take the server's directory away";
    if (!limit_processes(processes_max)) return "limit the processes";
    if (mount("none", "/proc/1", "tmpfs", MS_RDONLY, "size=4k,mode=0555") != 0)
        return "cover /proc/1";
    if (!drop_administration()) return "drop CAP_SYS_ADMIN";
    return refuse_namespaces() ? NULL : "install the filter";
}
