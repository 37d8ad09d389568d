package dev.carrel.build;

import dev.carrel.build.Rooted.Found;
import dev.carrel.image.PartsHash;
import dev.carrel.sandbox.FileStat;
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

    private static final int BUFFER_BYTES = 1 << 16;

    private final int line;
    private final Rooted rooted;

    Sources(int line, Rooted rooted) {
        this.line = line;
        this.rooted = rooted;
    }

    /// One file or directory: `path` as in the sandbox, links followed; `name` the last part of
    /// what was asked for.
    record Source(String path, String name, FileStat stat) {
        boolean isDirectory() {
            return stat.type() == FileStat.Type.DIRECTORY;
        }
    }

    /// Where the parts of a source have led so far.
    private record Place(Found found, String name) {}

    /// What a source of the instruction stands for; at least one.
    List<Source> find(String source) {
        List<Place> places = List.of(new Place(require("", "", source), ""));
        boolean isPattern = false;
        for (String part : parts(source)) {
            List<Place> inner = new ArrayList<>();
            for (Place place : places) {
                if (PathPattern.isPattern(part)) {
                    inner.addAll(matching(place.found(), PathPattern.of(line, part)));
                } else if (isPattern) {
                    // Not all that a pattern matches need have it.
                    rooted.find(place.found().path(), part)
                            .ifPresent(found -> inner.add(new Place(found, part)));
                } else {
                    inner.add(new Place(require(place.found().path(), part, source), part));
                }
            }
            isPattern |= PathPattern.isPattern(part);
            places = inner;
        }
        if (places.isEmpty()) {
            throw Words.refused(line, "nothing matches " + source);
        }
        return places.stream()
                .map(place ->
                        new Source(
                                rooted.inSandbox(place.found().path()),
                                place.name(),
                                place.found().stat()))
                .toList();
    }

    private Found require(String from, String part, String asked) {
        return rooted.find(from, part)
                .orElseThrow(() ->
                        Words.refused(
                                line,
                                "there is no %s to copy, or only a link that leads nowhere"
                                        .formatted(asked)));
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

    private List<Place> matching(Found directory, PathPattern pattern) {
        if (!directory.isDirectory()) {
            return List.of();
        }
        String path = rooted.inSandbox(directory.path());
        return rooted.files().list(path, false, ENTRIES_MAX).stream()
                .map(FileStat::key)
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .filter(pattern::matches)
                .sorted()
                .map(name -> new Place(require(directory.path(), name, name), name))
                .toList();
    }

    /// A digest of all that would be copied: names, kinds, modes and contents, no times.
    String digest(List<Source> sources) {
        var all = new PartsHash();
        for (Source source : sources) {
            var lines = new TreeSet<String>();
            rooted.files()
                    .walk(
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
