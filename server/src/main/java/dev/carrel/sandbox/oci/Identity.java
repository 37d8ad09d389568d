package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.oci.DiskStore.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/// What two machines must not have in common, when the disk of one is a copy of the other's: name,
/// machine id, the keys of the SSH server, the seed of the random numbers. A disk says whose
/// identity is on it; where that is another sandbox, [#renew] gives it one of its own. A crash in
/// between only has it done again.
///
/// The disk is hostile: see [RootedFiles].
final class Identity {
    private static final List<String> SEEDS =
            List.of(
                    "var/lib/systemd/random-seed",
                    "var/lib/urandom/random-seed",
                    "var/lib/random-seed");
    private static final List<String> MACHINE_IDS =
            List.of("etc/machine-id", "var/lib/dbus/machine-id");
    private static final String SSH = "etc/ssh";
    private static final Pattern HOST_KEY =
            Pattern.compile("ssh_host_[a-z0-9_]{1,32}_key(\\.pub)?");

    /// Entries of a directory that are looked at: a sandbox can make millions.
    private static final int ENTRIES_MAX = 10_000;

    private static final int HOSTS_BYTES_MAX = 1 << 16;
    private static final int NAME_BYTES_MAX = 256;

    private Identity() {}

    /// The sandbox whose identity the disk carries.
    static SandboxId of(Disk disk) throws IOException {
        return new SandboxId(Files.readString(disk.identity()).strip());
    }

    /// Gives the root file system an identity of its own. What the sandbox has put in the way of a
    /// step keeps that step from being done, and none of the others. Returns whether it had keys of
    /// an SSH server, which are gone now.
    static boolean renew(Path root, String oldName, String hostname) throws IOException {
        try (Fd top = Linux.open(root.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0)) {
            RootedFiles files = new RootedFiles(top);
            files.attempt(() -> rename(files, oldName, hostname));
            String machine = UUID.randomUUID().toString().replace("-", "") + "\n";
            for (String path : MACHINE_IDS) {
                files.attempt(() -> {
                    if (!files.read(path, NAME_BYTES_MAX).isBlank()) {
                        files.overwrite(path, machine);
                    }
                });
            }
            for (String path : SEEDS) {
                files.attempt(() -> files.delete(path));
            }
            return removeHostKeys(files);
        }
    }

    /// The identity on the disk is that of this sandbox from now on.
    static void note(Disk disk, SandboxId id) throws IOException {
        Files.writeString(disk.identity(), id.value());
    }

    // In /etc/hosts, the old name wherever it stands as a word.
    private static void rename(RootedFiles files, String old, String hostname) throws IOException {
        files.overwrite("etc/hostname", hostname + "\n");
        String hosts = files.read("etc/hosts", HOSTS_BYTES_MAX);
        String word = "(?<![\\w.-])" + Pattern.quote(old) + "(?![\\w-])";
        String renamed = hosts.replaceAll(word, hostname);
        if (hosts.length() < HOSTS_BYTES_MAX && !renamed.equals(hosts)) {
            files.overwrite("etc/hosts", renamed);
        }
    }

    private static boolean removeHostKeys(RootedFiles files) throws IOException {
        boolean found = false;
        try (Fd folder = files.openDirectory(SSH)) {
            int seen = 0;
            for (var batch = Directories.next(folder);
                    !batch.isEmpty() && seen < ENTRIES_MAX;
                    batch = Directories.next(folder)) {
                seen += batch.size();
                for (DirectoryEntry entry : batch) {
                    if (HOST_KEY.matcher(entry.name()).matches()) {
                        found = true;
                        files.attempt(() -> Directories.unlink(folder, entry.name(), 0));
                    }
                }
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT && !RootedFiles.isInTheWay(e)) {
                throw e;
            }
        }
        return found;
    }
}
