"""Calls that have led out of sandboxes before. Each must be refused; prints those that were not."""
import ctypes, errno, mmap, os, platform, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES}
X86 = dict(bpf=321, userfaultfd=323, keyctl=250, add_key=248, request_key=249, perf_event_open=298,
    kexec_load=246, kexec_file_load=320, init_module=175, finit_module=313, delete_module=176,
    mount=165, umount2=166, pivot_root=155, swapon=167, swapoff=168, reboot=169, sethostname=170,
    setdomainname=171, iopl=172, ioperm=173, acct=163, settimeofday=164, clock_settime=227,
    quotactl=179, open_by_handle_at=304, name_to_handle_at=303, setns=308, process_vm_readv=310,
    process_vm_writev=311, kcmp=312, fanotify_init=300, lookup_dcookie=212, syslog=103,
    vhangup=153, uselib=134, nfsservctl=180, migrate_pages=256, move_pages=279, mbind=237,
    set_mempolicy=238, vmsplice=278)
ARM = dict(bpf=280, userfaultfd=282, keyctl=219, add_key=217, request_key=218, perf_event_open=241,
    kexec_load=104, kexec_file_load=294, init_module=105, finit_module=273, delete_module=106,
    mount=40, umount2=39, pivot_root=41, swapon=224, swapoff=225, reboot=142, sethostname=161,
    setdomainname=162, acct=89, settimeofday=170, clock_settime=112, quotactl=60,
    open_by_handle_at=265, name_to_handle_at=264, setns=268, process_vm_readv=270,
    process_vm_writev=271, kcmp=272, fanotify_init=262, lookup_dcookie=18, syslog=116, vhangup=58,
    migrate_pages=238, move_pages=239, mbind=235, set_mempolicy=237, vmsplice=75)
BOTH = dict(io_uring_setup=425, io_uring_enter=426, io_uring_register=427, open_tree=428,
    move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, pidfd_getfd=438,
    process_madvise=440, mount_setattr=442, quotactl_fd=443, memfd_secret=447)
numbers = dict(ARM if platform.machine() == "aarch64" else X86, **BOTH)

def refused(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
    return result == -1 and ctypes.get_errno() in REFUSED

failed = []
block = ctypes.create_string_buffer(4096)
address = ctypes.addressof(block)
for name, number in numbers.items():
    for arguments in ((0, 0, 0, 0, 0), (1, address, address, address, 0)):
        if not refused(number, *arguments):
            failed.append(f"{name}{arguments[:1]} errno {ctypes.get_errno()}")

# New namespaces: through unshare, clone, and clone3, which hides its flags from filters.
FLAGS = dict(user=0x10000000, mount=0x00020000, pid=0x20000000, net=0x40000000, ipc=0x08000000,
    uts=0x04000000, cgroup=0x02000000, time=0x00000080)
unshare, clone, clone3 = (97, 220, 435) if platform.machine() == "aarch64" else (272, 56, 435)
for name, flag in FLAGS.items():
    if not refused(unshare, flag):
        failed.append("unshare " + name)
    if name != "time":
        ctypes.set_errno(0)
        child = libc.syscall(ctypes.c_long(clone), ctypes.c_long(flag | 17), 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child > 0:
            failed.append("clone " + name)
    arguments = ctypes.create_string_buffer(struct.pack("Q", flag) + bytes(80))
    child = libc.syscall(ctypes.c_long(clone3), arguments, ctypes.c_long(88))
    if child == 0:
        os._exit(0)
    if child > 0:
        failed.append("clone3 " + name)

# Kinds of sockets whose code in the kernel has been a way out.
for name, family, kind in (("packet", 17, 3), ("vsock", 40, 1), ("alg", 38, 5), ("key", 15, 3),
        ("xdp", 44, 3), ("bluetooth", 31, 3), ("can", 29, 3), ("rds", 21, 5), ("tipc", 30, 1),
        ("smc", 43, 1), ("llc", 26, 2), ("x25", 9, 5), ("ax25", 3, 5), ("nfc", 39, 5)):
    if libc.socket(family, kind, 0) >= 0:
        failed.append("socket " + name)
for name, family, protocol in (("raw4", 2, 255), ("icmp4", 2, 1), ("raw6", 10, 255)):
    if libc.socket(family, 3, protocol) >= 0:
        failed.append("socket " + name)

# The same calls by another door: the x32 numbers, and the 32-bit entry. The filter may end whoever
# tries, so a child does.
def in_child(attempt):
    child = os.fork()
    if child == 0:
        os._exit(42 if attempt() else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42

def by_32_bit_entry():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return call() == os.getpid()

if platform.machine() == "x86_64":
    for name, number in dict(mount=165, unshare=272, bpf=321, ptrace=101).items():
        if in_child(lambda: not refused(number | 0x40000000, 0, 0, 0, 0, 0)):
            failed.append("x32 " + name)
    if in_child(by_32_bit_entry):
        failed.append("32-bit entry")

for line in failed:
    print("BREACH", line)
print("repelled" if not failed else "breached")
sys.exit(bool(failed))
