package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShimAddressTest {
    @Test
    void bareAddressesSpeakTheSecondVersion() throws IOException {
        ShimAddress address = ShimAddress.parse("unix:///run/containerd/s/0f3a\n");

        assertThat(address.socket()).isEqualTo(Path.of("/run/containerd/s/0f3a"));
        assertThat(address.service()).isEqualTo("containerd.task.v2.Task");
    }

    @Test
    void newerShimsSayMore() throws IOException {
        ShimAddress address =
                ShimAddress.parse(
                        "{\"version\":3,\"address\":\"unix:///run/containerd/s/1\",\"protocol\":\"ttrpc\"}");

        assertThat(address.socket()).isEqualTo(Path.of("/run/containerd/s/1"));
        assertThat(address.service()).isEqualTo("containerd.task.v3.Task");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "oops",
                "unix://relative",
                "vsock://3:1024",
                "{",
                "{}",
                "{\"version\":4,\"address\":\"unix:///a\",\"protocol\":\"ttrpc\"}",
                "{\"version\":3,\"address\":\"unix:///a\",\"protocol\":\"grpc\"}"
            })
    void whatCannotBeSpokenToIsRefused(String output) {
        assertThatThrownBy(() -> ShimAddress.parse(output)).isInstanceOf(IOException.class);
    }
}
