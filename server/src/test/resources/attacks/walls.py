"""What can be opened for writing, mounted, made, signalled or read that belongs to the host."""
import ctypes, errno, os, signal, stat, sys

libc = ctypes.CDLL(None, use_errno=True)
failed = []

def writable(path):
    try:
        file = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        masked = os.fstat(file).st_rdev == os.makedev(1, 3)  # /dev/null lies over it
        os.close(file)
        return not masked
    except OSError:
        return False

def walk(top, deep):
    try:
        entries = list(os.scandir(top))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                if deep > 0:
                    yield from walk(entry.path, deep - 1)
            else:
                yield entry.path
        except OSError:
            continue

def settings():
    for path in list(walk("/proc/sys", 8)) + list(walk("/sys", 7)):
        if writable(path):
            failed.append("can write " + path)
    for path in ("/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/proc/1/mem",
                 "/proc/1/oom_score_adj", "/proc/acpi/wakeup", "/proc/bus", "/proc/irq"):
        if writable(path):
            failed.append("can write " + path)
    for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug",
                 "/sys/firmware", "/sys/kernel/debug", "/proc/1/environ", "/proc/1/maps"):
        try:
            if os.path.isdir(path):
                content = os.listdir(path)
            else:
                with open(path, "rb") as file:
                    content = file.read(64)
            if content:
                failed.append("can read " + path)
        except OSError:
            pass

def groups():
    for root, _, files in os.walk("/sys/fs/cgroup"):
        for name in files:
            if name in ("release_agent", "cgroup.procs", "devices.allow", "notify_on_release"):
                if writable(os.path.join(root, name)):
                    failed.append("can write " + os.path.join(root, name))

def mounts():
    for source, kind in (("none", "tmpfs"), ("proc", "proc"), ("sysfs", "sysfs"),
                         ("cgroup", "cgroup"), ("cgroup2", "cgroup2"), ("none", "overlay"),
                         ("binfmt_misc", "binfmt_misc"), ("securityfs", "securityfs")):
        if libc.mount(source.encode(), b"/mnt", kind.encode(), 0, None) == 0:
            failed.append("mounted " + kind)
    for flags, name in ((4096, "bind"), (32, "remount"), (1 << 18, "private"), (8192, "move")):
        if libc.mount(b"/proc", b"/mnt", None, flags, None) == 0:
            failed.append("mount flag " + name)
    if libc.umount2(b"/proc/sys", 2) == 0:
        failed.append("unmounted a mask")

def devices():
    for name, kind, major, minor in (("mem", stat.S_IFCHR, 1, 1), ("kmsg", stat.S_IFCHR, 1, 11),
                                     ("disk", stat.S_IFBLK, 8, 0), ("vda", stat.S_IFBLK, 254, 0),
                                     ("loop", stat.S_IFBLK, 7, 0), ("fuse", stat.S_IFCHR, 10, 229),
                                     ("kvm", stat.S_IFCHR, 10, 232)):
        path = "/workspace/" + name
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
            os.close(os.open(path, os.O_RDONLY))
            failed.append("device " + name)
        except OSError:
            pass
    harmless = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
    for path in walk("/dev", 3):
        if stat.S_ISBLK(os.lstat(path).st_mode):
            failed.append("block device " + path)
        if stat.S_ISCHR(os.lstat(path).st_mode) and not path.startswith("/dev/pts/"):
            if os.path.basename(path) not in harmless:
                failed.append("device " + path)

def processes():
    for pid in [1] + [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:
        ctypes.set_errno(0)
        if pid == 1 and libc.ptrace(16, pid, 0, 0) == 0:
            failed.append("traces pid 1")
    for path in ("/proc/1/root", "/proc/1/cwd", "/proc/1/exe", "/proc/1/fd"):
        try:
            os.listdir(path) if path.endswith("fd") else os.readlink(path)
            failed.append("follows " + path)
        except OSError:
            pass
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV):
        try:
            os.kill(1, number)
        except OSError:
            pass
    # The kernel takes only what belongs to this namespace: processes of the host have no number.
    for pid in (2, 3, 4, 5):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() in ("kthreadd", "systemd", "java"):
                    failed.append("sees the host's processes")
        except OSError:
            pass

def privileges():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    allowed = 0
    for bit in (0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 29, 31):
        allowed |= 1 << bit
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16) & ~allowed:
            failed.append(name + status[name].strip())
    if status["NoNewPrivs"].strip() != "1" or status["Seccomp"].strip() != "2":
        failed.append("no filter")

def descriptors():
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + number)
        except OSError:
            continue
        if int(number) > 2 and "/proc/" not in target:
            failed.append(f"inherits {number} {target}")
        if os.path.isdir("/proc/self/fd/" + number) and "/proc/" not in target:
            failed.append(f"holds a folder {number} {target}")
    here = os.getcwd()
    if not here.startswith("/workspace"):
        failed.append("stands in " + here)

for step in sys.argv[1:]:
    globals()[step]()
for line in failed:
    print("BREACH", line)
print("repelled" if not failed else "breached")
sys.exit(bool(failed))
