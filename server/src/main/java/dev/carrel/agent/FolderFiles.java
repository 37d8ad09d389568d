package dev.carrel.agent;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The texts of a folder by relative path.
final class FolderFiles {
    static final int FILE_BYTES_MAX = 1 << 20;

    private static final String BOM = "\ufeff";

    private final Map<String, byte[]> files;
    private final Problems problems;

    FolderFiles(Map<String, byte[]> files, Problems problems) {
        this.files = new TreeMap<>(files);
        this.problems = problems;
    }

    Iterable<String> paths() {
        return files.keySet();
    }

    /// Empty when there is no such file, or it is not usable text, which is reported. Line ends are
    /// LF.
    Optional<String> text(String path) {
        byte[] bytes = files.get(path);
        if (bytes == null) {
            return Optional.empty();
        }
        if (bytes.length > FILE_BYTES_MAX) {
            problems.add(path, "is larger than " + FILE_BYTES_MAX / 1024 + " KiB");
            return Optional.empty();
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer input = ByteBuffer.wrap(bytes);
        CharBuffer output = CharBuffer.allocate(bytes.length);
        if (decoder.decode(input, output, true).isError()) {
            int line = lineOf(new String(bytes, 0, input.position(), StandardCharsets.UTF_8));
            problems.add(path, line, "is not UTF-8 text");
            return Optional.empty();
        }
        String text = output.flip().toString();
        if (text.startsWith(BOM)) {
            problems.add(path, 1, "begins with a byte order mark; save it as UTF-8 without one");
            return Optional.empty();
        }
        int nul = text.indexOf('\0');
        if (nul >= 0) {
            problems.add(path, lineOf(text.substring(0, nul)), "has a NUL character in it");
            return Optional.empty();
        }
        return Optional.of(text.replace("\r\n", "\n"));
    }

    private static int lineOf(String before) {
        return 1 + (int) before.chars().filter(c -> c == '\n').count();
    }
}
