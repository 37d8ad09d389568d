package dev.carrel.image;

import static dev.carrel.process.Linux.O_CREAT;
import static dev.carrel.process.Linux.O_DIRECTORY;
import static dev.carrel.process.Linux.O_EXCL;
import static dev.carrel.process.Linux.O_NOFOLLOW;
import static dev.carrel.process.Linux.O_PATH;
import static dev.carrel.process.Linux.O_RDONLY;
import static dev.carrel.process.Linux.O_WRONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Unpacks one layer (OCI image specification, "Image Layer Filesystem Changeset") below a folder
/// of its own. The layer is hostile: every path is resolved by the kernel within that folder, links
/// included; devices and pipes are left out, and so are the bits and attributes that raise rights.
/// What it takes away from the layers below is written down, see [LayerNotes]. Used by one thread.
final class LayerUnpack implements AutoCloseable {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final long IN_ROOT = Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS;
    private static final int RAISING = 06000;
    private static final int DIRECTORY_MODE = 0755;
    private static final int BUFFER_BYTES = 1 << 16;

    /// Sandboxes have 65,536 users. Whoever is beyond them is the last one but one, `nobody`.
    private static final int OWNERS = 65_536;

    private static final int NOBODY = 65_534;

    private final Fd root;
    private final PullBudget budget;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final List<String> whiteouts = new ArrayList<>();
    private final Set<String> opaques = new LinkedHashSet<>();
    private final Set<String> implied = new LinkedHashSet<>();

    /// Set at the end, because each file made in a directory changes it.
    private final Map<String, TarEntry> directories = new LinkedHashMap<>();

    private final Map<String, Fd> lastParent = new HashMap<>(1);
    private long bytes;

    LayerUnpack(Fd root, PullBudget budget) {
        this.root = root;
        this.budget = budget;
    }

    /// Takes all of `tar`. When it fails, the folder holds a half.
    LayerNotes run(TarReader tar) throws IOException {
        for (Optional<TarEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
            budget.entry();
            try {
                add(entry.get(), LayerPath.of(entry.get().path()), tar);
            } catch (LinuxException e) {
                throw refused(e);
            }
        }
        for (Map.Entry<String, TarEntry> directory : directories.entrySet()) {
            seal(directory.getKey(), directory.getValue());
        }
        return new LayerNotes(
                bytes, List.copyOf(whiteouts), List.copyOf(opaques), List.copyOf(implied));
    }

    /// What the layer is to blame for; the system's own words may hold paths of the host.
    private static IOException refused(LinuxException e) {
        return switch (e.errno()) {
            case ENAMETOOLONG ->
                    new IOException("the layer has a name or a link that is too long", e);
            case ELOOP -> new IOException("the layer has links without end", e);
            case ENOTDIR -> new IOException("the layer has a file where it needs a folder", e);
            default -> e;
        };
    }

    private void add(TarEntry entry, LayerPath path, TarReader tar) throws IOException {
        if (path.isRoot()) {
            return; // the root is ours: everybody may pass, nobody but root may write
        }
        if (path.name().startsWith(WHITEOUT)) {
            hide(path);
            return;
        }
        if (entry.type() != TarEntry.Type.FILE) {
            forgetParent(); // a directory or link may take the place of a parent
        }
        Fd parent = parent(path.parent());
        switch (entry.type()) {
            case FILE -> file(entry, parent, path.name(), tar);
            case DIRECTORY -> directory(entry, parent, path);
            case SYMLINK -> symlink(entry, parent, path.name());
            case HARD_LINK -> hardLink(LayerPath.of(entry.link()), parent, path.name());
            case OTHER -> {}
        }
    }

    private void hide(LayerPath path) throws IOException {
        String name = path.name();
        if (name.equals(OPAQUE)) {
            opaques.add(path.parent().text());
        } else if (!name.startsWith(WHITEOUT + WHITEOUT)) { // those are bookkeeping of AUFS
            String hidden = name.substring(WHITEOUT.length());
            if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
                throw new IOException("the layer removes a file that has no name");
            }
            whiteouts.add(path.parent().child(hidden).text());
        }
    }

    private void file(TarEntry entry, Fd parent, String name, TarReader tar) throws IOException {
        clear(parent, name);
        budget.announced(entry.sizeBytes());
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
        try (Fd file = Linux.openat(parent, name, flags, 0600)) {
            for (int got = tar.read(buffer); got >= 0; got = tar.read(buffer)) {
                budget.bytes(got);
                bytes += got;
                Linux.writeFully(file, buffer, 0, got);
            }
            own(file, entry, entry.mode() & ~RAISING);
        }
    }

    private void directory(TarEntry entry, Fd parent, LayerPath path) throws IOException {
        Optional<FileInfo> there = Entries.stat(parent, path.name());
        if (there.isEmpty() || !there.get().isDirectory()) {
            clear(parent, path.name());
            Directories.makeDirectory(parent, path.name(), DIRECTORY_MODE);
        }
        implied.remove(path.text());
        directories.put(path.text(), entry);
    }

    private static void symlink(TarEntry entry, Fd parent, String name) throws IOException {
        clear(parent, name);
        Directories.symlink(entry.link(), parent, name);
        Linux.chownat(
                parent, name, id(entry.owner()), id(entry.group()), Linux.AT_SYMLINK_NOFOLLOW);
    }

    private void hardLink(LayerPath target, Fd parent, String name) throws IOException {
        if (target.isRoot()) {
            throw new IOException("the layer has a hard link to its root");
        }
        try (Fd from = find(target.parent())) {
            FileInfo info = Linux.stat(from, target.name(), Linux.AT_SYMLINK_NOFOLLOW);
            if (info.isDirectory()) {
                throw new IOException("the layer has a hard link to a folder");
            }
            clear(parent, name);
            Directories.link(from, target.name(), parent, name);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
                throw new IOException("the layer has a hard link to a file that it lacks", e);
            }
            throw e;
        }
    }

    private void own(Fd file, TarEntry entry, int mode) throws IOException {
        Linux.chown(file, id(entry.owner()), id(entry.group()));
        Linux.chmod(file, mode);
        Linux.setModified(file, entry.modified());
    }

    private static int id(long owner) {
        return owner >= 0 && owner < OWNERS ? (int) owner : NOBODY;
    }

    // What is there already is replaced, as by any tar; a folder is not, and then this fails.
    private static void clear(Fd parent, String name) throws IOException {
        Optional<FileInfo> there = Entries.stat(parent, name);
        if (there.isPresent()) {
            if (there.get().isDirectory()) {
                throw new IOException("the layer has a file and a folder of one name");
            }
            Directories.unlink(parent, name, 0);
        }
    }

    private void seal(String path, TarEntry entry) throws IOException {
        int flags = O_RDONLY | O_DIRECTORY;
        long exactly = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
        try (Fd directory = Linux.openat2(root, path, flags, 0, exactly)) {
            own(directory, entry, entry.mode() & ~04000);
        } catch (LinuxException e) {
            // Reached through a link, or replaced by a file later in the layer.
            switch (e.errno()) {
                case ELOOP, ENOTDIR, ENOENT, EXDEV -> {}
                default -> throw e;
            }
        }
    }

    /// The directory for an entry, made where the layer does not mention it; open until the next
    /// call.
    private Fd parent(LayerPath path) throws IOException {
        Fd known = lastParent.get(path.text());
        if (known != null) {
            return known;
        }
        forgetParent();
        Fd found = find(path);
        lastParent.put(path.text(), found);
        return found;
    }

    private void forgetParent() {
        lastParent.values().forEach(Fd::close);
        lastParent.clear();
    }

    private Fd find(LayerPath path) throws IOException {
        try {
            return resolve(path);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT || path.isRoot()) {
                throw e;
            }
        }
        try (Fd above = find(path.parent())) {
            // A link that leads nowhere makes way.
            clear(above, path.name());
            Directories.makeDirectory(above, path.name(), DIRECTORY_MODE);
            implied.add(path.text());
        }
        return resolve(path);
    }

    private Fd resolve(LayerPath path) throws LinuxException {
        return Linux.openat2(root, path.text(), O_PATH | O_DIRECTORY, 0, IN_ROOT);
    }

    @Override
    public void close() {
        forgetParent();
    }
}
