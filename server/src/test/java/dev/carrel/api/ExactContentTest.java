package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ExactContentTest {
    private static ExactContent content(int bytes, long promised) {
        return new ExactContent(new ByteArrayInputStream(new byte[bytes]), promised);
    }

    @Test
    void whatAFileGrowsIsLeftOut() throws IOException {
        assertThat(content(10, 4).readAllBytes()).hasSize(4);
        assertThat(content(0, 0).readAllBytes()).isEmpty();
    }

    @Test
    void aFileThatWasCutIsAnError() {
        assertThatThrownBy(() -> content(3, 4).readAllBytes()).isInstanceOf(EOFException.class);
    }
}
