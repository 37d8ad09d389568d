package dev.carrel.tool;

import dev.carrel.sandbox.SandboxFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// A file of text read whole, or the reason why it cannot be.
sealed interface TextFile {
    String BOM = "\ufeff";

    /// `text` is without the byte order mark.
    record Text(String text, boolean bom) implements TextFile {
        /// The same file with other text.
        Text with(String newText) {
            return new Text(newText, bom);
        }

        void write(SandboxFiles files, String path) {
            byte[] bytes = ((bom ? BOM : "") + text).getBytes(StandardCharsets.UTF_8);
            files.write(path, new ByteArrayInputStream(bytes));
        }
    }

    /// Why a file is no text to work on.
    record Unusable(String reason) implements TextFile {}

    /// Fails with `FILE_NOT_FOUND` and the other errors of [SandboxFiles#read].
    static TextFile load(SandboxFiles files, String path, int bytesMax) {
        byte[] bytes;
        try (InputStream in = files.read(path, 0)) {
            bytes = in.readNBytes(bytesMax + 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (bytes.length > bytesMax) {
            return new Unusable("is larger than " + bytesMax / 1024 + " KiB");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException _) {
            return new Unusable("is not UTF-8 text");
        }
        if (text.indexOf('\0') >= 0) {
            return new Unusable("is not text: it has NUL bytes");
        }
        boolean bom = text.startsWith(BOM);
        return new Text(bom ? text.substring(1) : text, bom);
    }
}
