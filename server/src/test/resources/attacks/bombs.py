"""What one tenant does to take the machine from the others. Each ends with its command's timeout."""
import ctypes, os, signal, socket, sys, threading, time

def forks():
    while True:
        try:
            os.fork()
        except OSError:
            pass

def threads():
    while True:
        try:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            time.sleep(0.01)

def memory():
    held = []
    while True:
        held.append(bytearray(os.urandom(1 << 16) * 64))

def shared_memory():
    number = 0
    while True:
        number += 1
        try:
            with open(f"/dev/shm/{number}", "wb") as file:
                file.write(os.urandom(1 << 20))
        except OSError:
            time.sleep(0.01)

def disk():
    with open("/workspace/disk", "wb", buffering=0) as file:
        while True:
            try:
                file.write(os.urandom(1 << 20))
            except OSError:
                file.seek(0)

def inodes():
    number = 0
    while True:
        number += 1
        try:
            os.close(os.open(f"/workspace/inode-{number}", os.O_CREAT | os.O_WRONLY))
        except OSError:
            time.sleep(0.01)

def folders():
    while True:
        try:
            os.mkdir("d")
            os.chdir("d")
        except OSError:
            os.chdir("/workspace")
            time.sleep(0.01)

def log():
    block = b"x" * (1 << 20)
    while True:
        os.write(1, block)
        os.write(2, block)

def descriptors():
    held = []
    while True:
        try:
            held += [os.open("/dev/null", os.O_RDONLY), *os.pipe(), socket.socket()]
        except OSError:
            if os.fork() == 0:
                held.clear()
            time.sleep(0.01)

def cpu():
    for _ in range(32):
        if os.fork() == 0:
            break
    while True:
        pass

def signals():
    while True:
        try:
            os.kill(-1, signal.SIGCONT)
        except OSError:
            pass

def syncs():
    while True:
        with open("/workspace/synced", "wb") as file:
            file.write(os.urandom(4096))
            os.fsync(file.fileno())
        os.sync()

os.chdir("/workspace")
globals()[sys.argv[1]]()
