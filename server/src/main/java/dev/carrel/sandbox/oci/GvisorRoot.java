package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Mounts;
import java.util.Set;

/// What gVisor needs of a root file system while it starts, and what nobody is to find afterwards.
/// The disk is hostile and may be full: names on it are never followed out of it, and nothing on it
/// has to be made for the start.
final class GvisorRoot {
    private static final String MARK = ".carrel";
    private static final Set<Errno> FULL = Set.of(Errno.ENOSPC, Errno.EDQUOT, Errno.EEXIST);

    private GvisorRoot() {}

    /// Puts a file system of its own over `/dev`, for the points at which gVisor mounts, and makes
    /// sure that `/tmp` is not empty: gVisor would put memory there, which the host does not see.
    static void prepare(Root root) throws LinuxException {
        try (Fd dev = root.makeDirectories("/dev")) {
            String options =
                    "mode=0755,size=64k,nr_inodes=16,uid=%1$d,gid=%1$d".formatted(root.idBase());
            String target = "/proc/self/fd/" + dev.number();
            Mounts.mount("carrel", target, "tmpfs", Mounts.MS_NOSUID | Mounts.MS_NODEV, options);
        }
        try (Fd dev = root.openDirectory("/dev")) {
            Directories.makeDirectory(dev, name(GvisorConfig.RUN), 0755);
            Directories.makeDirectory(dev, name(GvisorConfig.DOOR), 0755);
            int flags = Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL | Linux.O_NOFOLLOW;
            Linux.openat(dev, name(OciConfig.INIT), flags, 0644).close();
        }
        try (Fd tmp = root.makeDirectories("/tmp")) {
            Directories.makeDirectory(tmp, MARK, 0700);
        } catch (LinuxException e) {
            if (!FULL.contains(e.errno())) {
                throw e;
            }
        }
    }

    /// Mount points that go take their mounts with them, in the gofer's view too. The door stays:
    /// the gofer goes to it by its name.
    static void tidy(Root root) throws LinuxException {
        try (Fd tmp = root.openDirectory("/tmp")) {
            removeIfThere(tmp, MARK, Directories.AT_REMOVEDIR);
        }
        try (Fd dev = root.openDirectory("/dev")) {
            removeIfThere(dev, name(GvisorConfig.RUN), Directories.AT_REMOVEDIR);
            removeIfThere(dev, name(OciConfig.INIT), 0);
            // Else whoever removed the door's directory would take the mount with it.
            String target = "/proc/self/fd/" + dev.number();
            Mounts.mount("none", target, "none", Mounts.MS_REMOUNT | Mounts.MS_RDONLY, "");
        }
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static void removeIfThere(Fd directory, String name, int flags) throws LinuxException {
        try {
            Directories.unlink(directory, name, flags);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
