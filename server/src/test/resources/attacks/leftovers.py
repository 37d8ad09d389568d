"""leave: fills disk and memory with a pattern. look: searches a fresh sandbox for it."""
import ctypes, os, sys

PATTERN = b"tenant-secret-" + b"7d3f" * 4
BLOCK = (PATTERN * 200)[:4096]
MIB = 1 << 20

def leave():
    for path, size in (("/workspace/full", 300), ("/tmp/full", 40), ("/dev/shm/full", 20)):
        try:
            with open(path, "wb") as file:
                for _ in range(size):
                    file.write(BLOCK * (MIB // 4096))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            pass
    held = bytearray(BLOCK * (100 * MIB // 4096))
    print("left" if held else "")

def look():
    found = []
    libc = ctypes.CDLL(None, use_errno=True)
    # Blocks that were given to others before: allocated without being written.
    file = os.open("/workspace/claimed", os.O_RDWR | os.O_CREAT)
    size = 300 * MIB
    if libc.posix_fallocate(file, ctypes.c_long(0), ctypes.c_long(size)) != 0:
        os.ftruncate(file, size)
    offset = 0
    while block := os.pread(file, MIB, offset):
        if PATTERN[:12] in block:
            found.append("disk")
            break
        offset += len(block)
    os.close(file)
    os.unlink("/workspace/claimed")
    # Memory that was given to others before.
    libc.malloc.restype = ctypes.c_void_p
    area = libc.malloc(ctypes.c_size_t(100 * MIB))
    for start in range(0, 100 * MIB, MIB):
        if any(ctypes.string_at(area + start, MIB)):
            found.append("memory")
            break
    for top in ("/dev/shm", "/tmp", "/workspace", "/run", "/var/tmp", "/root", "/home"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if path == os.path.abspath(__file__):
                    continue
                try:
                    with open(path, "rb") as file:
                        if PATTERN[:12] in file.read(MIB):
                            found.append(path)
                except OSError:
                    pass
    for path in ("/proc/self/environ", "/proc/sysvipc/shm", "/proc/keys", "/proc/mounts"):
        try:
            with open(path, "rb") as file:
                if PATTERN[:12] in file.read():
                    found.append(path)
        except OSError:
            pass
    for place in found:
        print("BREACH", place)
    print("breached" if found else "repelled")
    sys.exit(bool(found))

{"leave": leave, "look": look}[sys.argv[1]]()
