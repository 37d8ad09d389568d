package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.bindVariadic;
import static dev.carrel.process.Native.call;
import static dev.carrel.process.Native.string;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// System calls on mounts, in the mount namespace of the calling thread.
public final class Mounts {
    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_REMOUNT = 32;
    public static final long MS_NOATIME = 1024;
    public static final long MS_BIND = 4096;
    public static final long MS_REC = 16_384;
    public static final long MS_PRIVATE = 1 << 18;
    public static final long MS_SLAVE = 1 << 19;

    /// Take the mount away now, and free it when nobody uses it any more.
    public static final int MNT_DETACH = 2;

    private static final long OPEN_TREE = 428;
    private static final long MOVE_MOUNT = 429;
    private static final long MOUNT_SETATTR = 442;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int OPEN_TREE_CLOEXEC = 02000000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MOUNT_ATTR_IDMAP = 0x0010_0000;

    private static final MethodHandle MOUNT =
            bind("mount", INT, POINTER, POINTER, POINTER, LONG, POINTER);
    private static final MethodHandle UMOUNT2 = bind("umount2", INT, POINTER, INT);
    private static final MethodHandle OPEN =
            bindVariadic("syscall", 1, LONG, LONG, LONG, POINTER, LONG);
    private static final MethodHandle SET =
            bindVariadic("syscall", 1, LONG, LONG, LONG, POINTER, LONG, POINTER, LONG);
    private static final MethodHandle MOVE =
            bindVariadic("syscall", 1, LONG, LONG, LONG, POINTER, LONG, POINTER, LONG);

    private Mounts() {}

    /// As `mount(2)`; `options` is what the file system itself understands, and may be empty.
    public static void mount(String source, String target, String type, long flags, String options)
            throws LinuxException {
        Native.Call mount =
                (arena, errno) -> {
                    MemorySegment from = string(arena, source);
                    MemorySegment to = string(arena, target);
                    MemorySegment kind = string(arena, type);
                    MemorySegment data =
                            options.isEmpty() ? MemorySegment.NULL : string(arena, options);
                    return (int) MOUNT.invokeExact(errno, from, to, kind, flags, data);
                };
        call("mount " + type + " on " + target, mount);
    }

    public static void unmount(String target, int flags) throws LinuxException {
        Native.Call umount =
                (arena, errno) -> (int) UMOUNT2.invokeExact(errno, string(arena, target), flags);
        call("umount2 " + target, umount);
    }

    /// A copy of the mount at `source`, attached nowhere yet: gone when closed, unless it was given
    /// to [#attach].
    public static Fd cloneTree(String source) throws LinuxException {
        long flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
        Native.Call open =
                (arena, errno) -> {
                    MemorySegment path = string(arena, source);
                    return (long) OPEN.invokeExact(errno, OPEN_TREE, -100L, path, flags);
                };
        return new Fd((int) call("open_tree " + source, open));
    }

    /// Maps the owners of all files under a mount that is not attached yet, as `userNamespace` maps
    /// them.
    public static void mapIds(Fd tree, Fd userNamespace) throws LinuxException {
        long mount = tree.number();
        Native.Call set =
                (arena, errno) -> {
                    MemorySegment attributes = arena.allocate(32, 8);
                    attributes.set(LONG, 0, MOUNT_ATTR_IDMAP);
                    attributes.set(LONG, 24, userNamespace.number());
                    MemorySegment itself = string(arena, "");
                    long flags = Linux.AT_EMPTY_PATH;
                    return (long)
                            SET.invokeExact(
                                    errno, MOUNT_SETATTR, mount, itself, flags, attributes, 32L);
                };
        call("mount_setattr", set);
    }

    /// Attaches a cloned mount at `target`.
    public static void attach(Fd tree, String target) throws LinuxException {
        long mount = tree.number();
        long flags = MOVE_MOUNT_F_EMPTY_PATH;
        Native.Call move =
                (arena, errno) -> {
                    MemorySegment from = string(arena, "");
                    MemorySegment to = string(arena, target);
                    return (long)
                            MOVE.invokeExact(errno, MOVE_MOUNT, mount, from, -100L, to, flags);
                };
        call("move_mount on " + target, move);
    }
}
