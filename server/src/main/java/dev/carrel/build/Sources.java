package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.PartsHash;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.TreeEntry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;

/// The files that a COPY names, below one directory of a sandbox.
final class Sources {
    /// Of one COPY.
    static final int ENTRIES_MAX = 200_000;

    private static final int LINKS_MAX = 8;
    private static final int BUFFER_BYTES = 1 << 16;

    private final int line;
    private final SandboxFiles files;
    private final String top;

    /// `top` is the directory that paths begin at, without a slash at its end.
    Sources(int line, SandboxFiles files, String top) {
        this.line = line;
        this.files = files;
        this.top = top;
    }

    /// One file or directory: `path` as in the sandbox, links at its end followed; `name` the last
    /// part of what was asked for.
    record Source(String path, String name, FileStat stat) {
        boolean isDirectory() {
            return stat.type() == FileStat.Type.DIRECTORY;
        }
    }

    /// What a source of the instruction stands for; at least one.
    List<Source> find(String source) {
        List<String> paths = List.of("");
        for (String part : parts(source)) {
            List<String> inner = new ArrayList<>();
            for (String path : paths) {
                if (PathPattern.isPattern(part)) {
                    inner.addAll(matching(path, PathPattern.of(line, part)));
                } else {
                    inner.add(path + "/" + part);
                }
            }
            paths = inner;
        }
        if (paths.isEmpty()) {
            throw Words.refused(line, "nothing matches " + source);
        }
        return paths.stream().map(path -> source(path, source)).toList();
    }

    private List<String> parts(String source) {
        List<String> parts = new ArrayList<>();
        for (String part : source.split("/")) {
            if (part.equals("..")) {
                if (parts.isEmpty()) {
                    throw Words.refused(line, source + " leads out of the context");
                }
                parts.removeLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts;
    }

    private List<String> matching(String path, PathPattern pattern) {
        List<FileStat> entries = files.list(top + path + "/", false, ENTRIES_MAX);
        return entries.stream()
                .map(FileStat::key)
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .filter(name -> pattern.matches(name))
                .map(name -> path + "/" + name)
                .sorted()
                .toList();
    }

    private Source source(String path, String asked) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        String at = top + path;
        for (int links = 0; links < LINKS_MAX; links++) {
            FileStat stat = stat(at, asked);
            if (stat.type() != FileStat.Type.SYMLINK) {
                return new Source(at, name, stat);
            }
            String target = stat.linkTarget().orElse("");
            at =
                    target.startsWith("/")
                            ? target
                            : at.substring(0, at.lastIndexOf('/') + 1) + target;
        }
        throw Words.refused(line, asked + " is a link to links without end");
    }

    private FileStat stat(String path, String asked) {
        try {
            return files.stat(path.isEmpty() ? "/" : path);
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.FILE_NOT_FOUND) {
                throw Words.refused(line, "there is no " + asked + " to copy");
            }
            throw e;
        }
    }

    /// A digest of all that would be copied: names, kinds, modes and contents, no times.
    String digest(List<Source> sources) {
        var all = new PartsHash();
        for (Source source : sources) {
            var lines = new TreeSet<String>();
            files.walk(
                    source.path(),
                    entry -> {
                        lines.add(line(entry));
                        if (lines.size() > ENTRIES_MAX) {
                            throw Words.refused(
                                    line, "more than " + ENTRIES_MAX + " files to copy");
                        }
                    });
            all.add(source.name());
            lines.forEach(all::add);
        }
        return all.hex();
    }

    private static String line(TreeEntry entry) {
        String what =
                switch (entry.stat().type()) {
                    case FILE -> hash(entry.content());
                    case SYMLINK -> entry.linkTarget().orElse("");
                    case DIRECTORY, OTHER -> "";
                };
        return "%s\0%s\0%o\0%s"
                .formatted(entry.name(), entry.stat().type(), entry.stat().mode(), what);
    }

    private static String hash(InputStream content) {
        MessageDigest hash = PartsHash.sha256();
        var buffer = new byte[BUFFER_BYTES];
        try {
            for (int got = content.read(buffer); got >= 0; got = content.read(buffer)) {
                hash.update(buffer, 0, got);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return HexFormat.of().formatHex(hash.digest());
    }
}
