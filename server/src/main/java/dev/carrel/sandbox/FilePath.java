package dev.carrel.sandbox;

import dev.carrel.process.FileNames;

/// Paths as they come and go in URLs, where a name may be any bytes.
public final class FilePath {
    private FilePath() {}

    /// The path that has these bytes, in the form that [SandboxFiles] takes.
    public static String of(byte[] bytes) {
        return FileNames.decode(bytes);
    }

    /// The bytes of a path.
    public static byte[] bytes(String path) {
        return FileNames.encode(path);
    }

    /// The path with all escaped that may not stand in a URL.
    public static String inUrl(String path) {
        return FileNames.escaped(path);
    }

    /// The path fit for showing.
    public static String shown(String path) {
        return FileNames.shown(path);
    }
}
