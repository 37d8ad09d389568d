package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/// Takes the entries of a hostile archive, judges their names and links, and counts them.
final class UnpackTarget {
    private static final int SHOWN_CHARS_MAX = 200;

    private final TreeWriter writer;
    private final Unpacking.Rules rules;
    private final LongSupplier packedBytes;
    private long entries;
    private long bytes;

    /// `packedBytes` is how much of the archive has been read.
    UnpackTarget(TreeWriter writer, Unpacking.Rules rules, LongSupplier packedBytes) {
        this.writer = writer;
        this.rules = rules;
        this.packedBytes = packedBytes;
    }

    /// What is known of an entry before its content; `owner` and `group` as in the archive.
    record Head(String name, int mode, long owner, long group, Instant modifiedAt) {}

    /// Reads an archive.
    interface Reading {
        void run() throws IOException;
    }

    /// Runs `reading`; a failure says what was unpacked before it.
    Unpacked report(Reading reading) {
        try {
            reading.run();
            return new Unpacked(entries, bytes);
        } catch (CarrelException e) {
            throw new CarrelException(e.code(), e.text() + before(), e);
        } catch (UncheckedIOException | IOException e) {
            CarrelException whole = Unpacking.notWhole(e);
            throw new CarrelException(whole.code(), whole.text() + before(), e);
        }
    }

    private String before() {
        return "; %d entries before it are unpacked".formatted(entries);
    }

    void directory(Head head) {
        String name = judged(head.name(), "is");
        if (name.isEmpty()) {
            return; // the directory itself, which is there and stays as it is
        }
        requireShallow(head.name(), name, SandboxFiles.TREE_DEPTH_MAX - 1);
        writer.directory(name, attributes(head));
        done();
    }

    void file(Head head, InputStream content) {
        String name = requireName(head.name());
        var limited = new Limited(content, head.name());
        bytes += writer.file(name, attributes(head), head.modifiedAt(), limited);
        done();
    }

    void symlink(Head head, String target) {
        String name = requireName(head.name());
        if (target.isEmpty() || target.indexOf('\0') >= 0 || target.indexOf('\uFFFD') >= 0) {
            throw refused(head.name(), "is a link to nothing that has a name");
        } else if (!rules.anyLinks() && leadsOut(name, target)) {
            throw refused(
                    head.name(),
                    "is a link that leads out of the directory, to "
                            + shown(target)
                            + " (any_links=true takes such links)");
        }
        writer.symlink(name, target);
        done();
    }

    void hardLink(Head head, String target) {
        String name = requireName(head.name());
        String existing = judged(target, "is a hard link to");
        if (existing.isEmpty()) {
            throw refused(head.name(), "is a hard link to nothing");
        }
        writer.hardLink(name, existing);
        done();
    }

    static CarrelException refused(String name, String why) {
        return new CarrelException(
                ErrorCode.INVALID_REQUEST, "The archive's entry " + shown(name) + " " + why);
    }

    private void done() {
        if (++entries > SandboxFiles.TREE_ENTRIES_MAX) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    "The archive has more than %d entries"
                            .formatted(SandboxFiles.TREE_ENTRIES_MAX));
        }
    }

    private FileAttributes attributes(Head head) {
        OptionalInt mode =
                head.mode() < 0 ? OptionalInt.empty() : OptionalInt.of(head.mode() & 07777);
        return rules.keepOwners()
                ? new FileAttributes(mode, id(head, head.owner()), id(head, head.group()))
                : new FileAttributes(mode, OptionalInt.empty(), OptionalInt.empty());
    }

    private static OptionalInt id(Head head, long id) {
        if (id < 0 || id > FileAttributes.ID_MAX) {
            throw refused(head.name(), "belongs to " + id + ", whom no sandbox knows");
        }
        return OptionalInt.of((int) id);
    }

    private static String requireName(String name) {
        String judged = judged(name, "is");
        if (judged.isEmpty()) {
            throw refused(name, "has no name");
        }
        requireShallow(name, judged, SandboxFiles.TREE_DEPTH_MAX);
        return judged;
    }

    /// What is unpacked can be listed, copied and packed again.
    private static void requireShallow(String name, String judged, int partsMax) {
        if (judged.chars().filter(c -> c == '/').count() >= partsMax) {
            throw refused(
                    name, "is more than " + SandboxFiles.TREE_DEPTH_MAX + " directories deep");
        }
    }

    /// The name without what means nothing in it; empty for the directory itself.
    private static String judged(String name, String what) {
        if (name.startsWith("/")) {
            throw refused(name, what + " an absolute path");
        } else if (name.indexOf('\0') >= 0 || name.indexOf('\uFFFD') >= 0) {
            throw refused(name, what + " a name that is not UTF-8");
        }
        List<String> parts = new ArrayList<>();
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                throw refused(name, what + " a path with ..");
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return String.join("/", parts);
    }

    // As text, as if all parents were directories: no link in them is followed anyway.
    private static boolean leadsOut(String name, String target) {
        if (target.startsWith("/")) {
            return true;
        }
        int depth = name.split("/").length - 1;
        for (String part : target.split("/")) {
            if (part.equals("..")) {
                depth--;
            } else if (!part.isEmpty() && !part.equals(".")) {
                depth++;
            }
            if (depth < 0) {
                return true;
            }
        }
        return false;
    }

    private static String shown(String name) {
        String start =
                name.length() > SHOWN_CHARS_MAX ? name.substring(0, SHOWN_CHARS_MAX) + "…" : name;
        return "\"" + start.replaceAll("\\p{Cntrl}", "?") + "\"";
    }

    /// Content that ends where the archive has unpacked to more than it may.
    private final class Limited extends FilterInputStream {
        private final String name;
        private long read;

        Limited(InputStream in, String name) {
            super(in);
            this.name = name;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = super.read(buffer, offset, length);
            read += Math.max(n, 0);
            long total = bytes + read;
            long most = Unpacking.BYTES_FREE + Unpacking.RATIO_MAX * packedBytes.getAsLong();
            if (total > Math.min(most, Unpacking.BYTES_MAX)) {
                throw refused(
                        name,
                        "takes more room than an archive of this size may: %d times its bytes"
                                        .formatted(Unpacking.RATIO_MAX)
                                + " and 100 MiB, at most 64 GiB");
            }
            return n;
        }
    }
}
