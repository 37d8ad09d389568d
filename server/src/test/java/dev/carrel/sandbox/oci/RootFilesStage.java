package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A root directory with a secret beside it, which nothing may reach.
abstract class RootFilesStage {
    static final int BASE = 100_000;
    static final String SECRET = "outside";

    @TempDir Path folder;
    Path inside;
    Path outside;
    RootFiles files;

    @BeforeEach
    void open() throws IOException {
        inside = Files.createDirectory(folder.resolve("inside"));
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("secret"), SECRET);
        Fd root = Linux.open(inside.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0);
        files = new RootFiles(new Root(root, BASE));
    }

    @AfterEach
    void close() {
        files.close();
    }

    static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    void write(String path, String text) {
        assertThat(files.write(path, stream(text)).sizeBytes())
                .isEqualTo(text.getBytes(UTF_8).length);
    }

    String read(String path) throws IOException {
        try (var content = files.read(path, 0)) {
            return new String(content.readAllBytes(), UTF_8);
        }
    }

    static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    void link(String name, String target) throws IOException {
        Files.createSymbolicLink(inside.resolve(name), Path.of(target));
    }
}
