package dev.carrel.sandbox;

import dev.carrel.process.FileNames;
import java.io.InputStream;
import java.util.Optional;

/// What became of a path between two snapshots; directories are not told. `path` is absolute, in
/// the form of [dev.carrel.process.FileNames]. A side that is absent was no file or link.
public record FileDifference(String path, Optional<Side> before, Optional<Side> after) {
    /// A file or link on one side. `mode` is its permission bits; of a link, `content` is what it
    /// points to. Each opening reads it from the start.
    public record Side(boolean link, int mode, long sizeBytes, Content content) {}

    /// Opens what a file holds. Valid until the visitor returns.
    @FunctionalInterface
    public interface Content {
        InputStream open();
    }

    /// The path below the directory `top`, after `prefix`, as patches of git name it: in quotes,
    /// with its odd bytes escaped, where it could be mistaken.
    public String nameBelow(String top, String prefix) {
        String name = prefix + path.substring(top.equals("/") ? 1 : top.length() + 1);
        boolean plain =
                FileNames.isText(name)
                        && name.chars()
                                .noneMatch(c -> c < ' ' || c == 127 || c == '"' || c == '\\');
        return plain ? name : quoted(name);
    }

    private static String quoted(String name) {
        var text = new StringBuilder("\"");
        for (byte b : FileNames.encode(name)) {
            if (b == '"' || b == '\\') {
                text.append('\\').append((char) b);
            } else if (b >= ' ' && b < 127) {
                text.append((char) b);
            } else {
                text.append("\\%03o".formatted(Byte.toUnsignedInt(b)));
            }
        }
        return text.append('"').toString();
    }

    /// What a comparison calls, in the order of the names.
    @FunctionalInterface
    public interface Visitor {
        /// False ends the comparison.
        boolean visit(FileDifference difference);
    }
}
