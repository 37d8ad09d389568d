package dev.carrel.image;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Gives any root file system the few places that sandboxes need. The tree is hostile: no link in
/// it is followed, and what stands in the way is replaced.
final class RootFinish {
    private static final List<String> FILES = List.of("resolv.conf", "hosts", "hostname");

    private RootFinish() {}

    static void run(Fd root) throws IOException {
        for (String name : List.of("proc", "sys", "dev", "etc", "tmp", "workspace")) {
            // Agents work there, also in images whose own place for work is elsewhere.
            boolean made = directory(root, name);
            if (made && name.equals("tmp")) {
                try (Fd tmp = Entries.open(root, name)) {
                    Linux.chmod(tmp, 01777);
                }
            }
        }
        // Each sandbox gets its own. Other images share these files: new ones, never emptied ones.
        try (Fd etc = Entries.open(root, "etc")) {
            for (String name : FILES) {
                Entries.remove(etc, name);
                int flags = Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL;
                Linux.openat(etc, name, flags, 0644).close();
            }
        }
        Linux.chmod(root, 0755);
    }

    private static boolean directory(Fd root, String name) throws IOException {
        Optional<FileInfo> there = Entries.stat(root, name);
        if (there.isPresent() && there.get().isDirectory()) {
            return false;
        }
        Entries.remove(root, name);
        Directories.makeDirectory(root, name, 0755);
        return true;
    }
}
