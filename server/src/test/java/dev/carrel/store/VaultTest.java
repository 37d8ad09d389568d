package dev.carrel.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultTest {
    @TempDir Path home;

    @Test
    void whatIsSealedIsReadAgainByTheNextProcessOnly() throws IOException {
        Path file = home.resolve("keys").resolve("vault");
        String sealed = new Vault(file).seal("s3cret");

        assertThat(sealed).doesNotContain("s3cret");
        assertThat(new Vault(file).open(sealed)).contains("s3cret");
        assertThat(new Vault(file).seal("s3cret")).isNotEqualTo(sealed);
        assertThat(new Vault(home.resolve("other")).open(sealed)).isEmpty();
        assertThat(new Vault(file).open("")).isEmpty();
        assertThat(new Vault(file).open(sealed.substring(4))).isEmpty();
        assertThat(Files.getPosixFilePermissions(file))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
}
