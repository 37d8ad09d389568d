package dev.carrel.session;

import dev.carrel.sandbox.FileDifference;
import dev.carrel.sandbox.FileDifference.Side;
import dev.carrel.tool.LineDifference;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// A unified patch in the form of git, bounded: what is new, gone or different, modes and links
/// included. Binary files and those that are too big are named alone. Used by one thread.
final class PatchText {
    static final int CHARS_MAX = 4 << 20;
    static final int FILE_BYTES_MAX = 1 << 20;

    /// What is read of files in all.
    static final long READ_BYTES_MAX = 128L << 20;

    private static final String NO_FILE = "/dev/null";

    private final String top;
    private final StringBuilder text = new StringBuilder();
    private int files;
    private long bytesRead;

    /// Names begin below the directory `top`.
    PatchText(String top) {
        this.top = top;
    }

    int files() {
        return files;
    }

    /// False when there is no room for more; then the patch ends before this file.
    boolean add(FileDifference difference) {
        if (isOtherKind(difference)) {
            return add(new FileDifference(difference.path(), difference.before(), Optional.empty()))
                    && add(
                            new FileDifference(
                                    difference.path(), Optional.empty(), difference.after()));
        }
        String piece = piece(difference);
        if (text.length() + piece.length() > CHARS_MAX || bytesRead > READ_BYTES_MAX) {
            return false;
        }
        text.append(piece);
        files += piece.isEmpty() ? 0 : 1;
        return true;
    }

    /// Git knows no patch from a file to a link.
    private static boolean isOtherKind(FileDifference difference) {
        return difference.before().isPresent()
                && difference.after().isPresent()
                && difference.before().get().link() != difference.after().get().link();
    }

    /// Empty where nothing differs that git would notice.
    private String piece(FileDifference difference) {
        String before = difference.nameBelow(top, "a/");
        String after = difference.nameBelow(top, "b/");
        String modes = modes(difference.before(), difference.after());
        String body =
                body(
                        difference,
                        difference.before().isPresent() ? before : NO_FILE,
                        difference.after().isPresent() ? after : NO_FILE);
        return modes.isEmpty() && body.isEmpty()
                ? ""
                : "diff --git " + before + " " + after + "\n" + modes + body;
    }

    private static String modes(Optional<Side> before, Optional<Side> after) {
        if (before.isEmpty()) {
            return "new file mode " + mode(after.orElseThrow()) + "\n";
        } else if (after.isEmpty()) {
            return "deleted file mode " + mode(before.get()) + "\n";
        }
        String old = mode(before.get());
        String now = mode(after.get());
        return old.equals(now) ? "" : "old mode " + old + "\nnew mode " + now + "\n";
    }

    private static String mode(Side side) {
        if (side.link()) {
            return "120000";
        }
        return (side.mode() & 0100) == 0 ? "100644" : "100755";
    }

    private String body(FileDifference difference, String before, String after) {
        Optional<byte[]> old = content(difference.before());
        Optional<byte[]> now = content(difference.after());
        String differ = "Binary files " + before + " and " + after + " differ";
        if (old.isEmpty() || now.isEmpty()) {
            return differ + ", of which one has more than " + FILE_BYTES_MAX + " bytes\n";
        } else if (Arrays.equals(old.get(), now.get())) {
            return "";
        }
        Optional<String> oldText = text(old.get());
        Optional<String> nowText = text(now.get());
        if (oldText.isEmpty() || nowText.isEmpty()) {
            return differ + "\n";
        }
        return "--- "
                + ended(before)
                + "\n+++ "
                + ended(after)
                + "\n"
                + LineDifference.hunks(oldText.get(), nowText.get());
    }

    /// A name with a blank in it needs an end.
    private static String ended(String name) {
        return name.indexOf(' ') < 0 ? name : name + "\t";
    }

    /// Empty when there is too much of it.
    private Optional<byte[]> content(Optional<Side> side) {
        if (side.isEmpty()) {
            return Optional.of(new byte[0]);
        } else if (side.get().sizeBytes() > FILE_BYTES_MAX) {
            return Optional.empty();
        }
        try (InputStream in = side.get().content().open()) {
            byte[] content = in.readAllBytes();
            bytesRead += content.length;
            return Optional.of(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<String> text(byte[] content) {
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
            return text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
