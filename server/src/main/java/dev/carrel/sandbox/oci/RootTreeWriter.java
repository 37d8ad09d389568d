package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.TemporaryName;
import dev.carrel.sandbox.TreeWriter;
import java.io.InputStream;
import java.time.Instant;

/// Writes below one directory, whose descriptor its user keeps open. Each parent is opened by the
/// kernel's own rules: beneath the directory, through no link.
final class RootTreeWriter implements TreeWriter {
    private static final int MODE_FILE = 0644;

    private final Root root;
    private final String path;
    private final Fd directory;

    RootTreeWriter(Root root, String path, Fd directory) {
        this.root = root;
        this.path = path.endsWith("/") ? path : path + "/";
        this.directory = directory;
    }

    @Override
    public void directory(String name, FileAttributes attributes) {
        run(
                name,
                () -> {
                    try (Fd made = makeDirectories(name)) {
                        FileInfo info = Linux.stat(made);
                        TreeChange.apply(root, made, info, attributes);
                    }
                });
    }

    @Override
    public long file(
            String name, FileAttributes attributes, Instant modifiedAt, InputStream content) {
        var size = new long[1];
        run(
                name,
                () -> {
                    try (Fd parent = makeDirectories(parent(name))) {
                        var write = new AtomicWrite(root, attributes);
                        size[0] =
                                write.replace(
                                        parent,
                                        last(name),
                                        file -> fill(file, attributes, modifiedAt, content));
                    }
                });
        return size[0];
    }

    private long fill(Fd file, FileAttributes attributes, Instant modifiedAt, InputStream content)
            throws LinuxException {
        long size = AtomicWrite.copy(content, file);
        own(file, attributes);
        Linux.chmod(file, attributes.mode().orElse(MODE_FILE));
        FileMetadata.setModified(file, modifiedAt);
        return size;
    }

    private void own(Fd made, FileAttributes attributes) throws LinuxException {
        Linux.chown(
                made,
                root.outside(attributes.owner(), root.idBase()),
                root.outside(attributes.group(), root.idBase()));
    }

    @Override
    public void symlink(String name, String target) {
        makeBeside(
                name,
                (parent, temporary) -> {
                    root.create(() -> {
                        Directories.symlink(target, parent, temporary);
                        return temporary;
                    });
                    int flags = Linux.AT_SYMLINK_NOFOLLOW;
                    Linux.chownat(parent, temporary, root.idBase(), root.idBase(), flags);
                });
    }

    @Override
    public void hardLink(String name, String existing) {
        makeBeside(
                name,
                (parent, temporary) -> {
                    try (Fd from = open(parent(existing))) {
                        Directories.link(from, last(existing), parent, temporary);
                    }
                });
    }

    /// Makes an entry under a temporary name.
    private interface Making {
        void make(Fd parent, String temporary) throws LinuxException;
    }

    private void makeBeside(String name, Making making) {
        run(
                name,
                () -> {
                    String temporary = TemporaryName.next();
                    try (Fd parent = makeDirectories(parent(name))) {
                        making.make(parent, temporary);
                        try {
                            root.rename(parent, temporary, parent, last(name));
                        } finally {
                            // Two names of one file are left both by a rename.
                            Directories.unlinkIfThere(parent, temporary);
                        }
                    }
                });
    }

    private static String parent(String name) {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "." : name.substring(0, slash);
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private Fd open(String name) throws LinuxException {
        return Root.checked(
                path + name, Root.openBelow(directory, name, Linux.O_PATH | Linux.O_DIRECTORY));
    }

    private Fd makeDirectories(String name) throws LinuxException {
        try {
            return open(name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
        int end = 0;
        while (end < name.length()) {
            end = name.indexOf('/', end) < 0 ? name.length() : name.indexOf('/', end);
            makeDirectory(name.substring(0, end));
            end++;
        }
        return open(name);
    }

    private void makeDirectory(String name) throws LinuxException {
        try (Fd parent = open(parent(name))) {
            root.create(() -> {
                Directories.makeDirectory(parent, last(name), Root.MODE_DIRECTORY);
                return name;
            });
            try (Fd made = Root.openEntry(parent, last(name), Linux.O_PATH | Linux.O_DIRECTORY)) {
                if (Linux.stat(made).owner() == Root.HOST_ROOT) {
                    FileMetadata.chown(made, root.idBase(), root.idBase());
                }
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
        }
    }

    private interface Call {
        void run() throws LinuxException;
    }

    // The names of an archive have been looked at for what leads out, not for their length.
    private void run(String name, Call call) {
        Root.check(path + name);
        try {
            call.run();
        } catch (LinuxException e) {
            throw e.errno() == Errno.ELOOP
                    ? PathFailures.conflict(path + name, "leads through a link")
                    : PathFailures.of(path + name, e);
        }
    }
}
