package dev.carrel.app;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.PrivateFile;
import dev.carrel.store.ProjectId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// The API key that the first start of a server makes, so that there is one to begin with.
final class FirstKey {
    private static final String NAME = "first";

    private FirstKey() {}

    /// Makes the project `default` and a key for it, and writes the key to `file` for its owner
    /// alone, unless the file is there. Returns whether it made one.
    ///
    /// The key is in the database before it is in the file: a crash in between leaves a key that
    /// nobody knows, and the next start makes another.
    static boolean ensure(Keys keys, Path file) {
        ProjectId project = keys.ensureDefaultProject();
        if (Files.exists(file)) {
            return false;
        }
        String secret = keys.create(project, NAME).secret();
        try {
            PrivateFile.write(file, (secret + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "cannot write the first API key to " + file, e);
        }
        return true;
    }
}
