package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FilePath;
import java.util.Base64;

/// Where a page of a listing ended: the bytes of the last path, since a path need not be text.
final class FileCursor {
    private FileCursor() {}

    static String of(String path) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(FilePath.bytes(path));
    }

    static String path(String cursor) {
        try {
            return FilePath.of(Base64.getUrlDecoder().decode(cursor));
        } catch (IllegalArgumentException e) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    "cursor must be the next_cursor of the page before",
                    e);
        }
    }
}
