package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FilePath;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32;

/// Where a page of a listing ended: the bytes of the last path, since a path need not be text, and
/// their check sum, since any bytes are a path and a garbled one would quietly end the list.
final class FileCursor {
    private FileCursor() {}

    static String of(String path) {
        byte[] bytes = FilePath.bytes(path);
        byte[] whole =
                ByteBuffer.allocate(Integer.BYTES + bytes.length)
                        .putInt(sum(bytes))
                        .put(bytes)
                        .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(whole);
    }

    static String path(String cursor) {
        try {
            ByteBuffer whole = ByteBuffer.wrap(Base64.getUrlDecoder().decode(cursor));
            if (whole.remaining() > Integer.BYTES) {
                int sum = whole.getInt();
                byte[] bytes = new byte[whole.remaining()];
                whole.get(bytes);
                if (sum(bytes) == sum) {
                    return FilePath.of(bytes);
                }
            }
        } catch (IllegalArgumentException e) {
            // Answered below like one that was garbled.
        }
        throw CarrelException.ofParam(
                ErrorCode.INVALID_REQUEST,
                "cursor",
                "cursor must be the next_cursor of the page before");
    }

    private static int sum(byte[] bytes) {
        var sum = new CRC32();
        sum.update(bytes);
        return (int) sum.getValue();
    }
}
