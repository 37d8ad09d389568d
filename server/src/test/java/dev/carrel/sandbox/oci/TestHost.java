package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.image.Images;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// A home for one test class, on this machine's real kernel, with the image that all tests share.
final class TestHost {
    private static final long POOL_MIB = 8192;

    private final Path home;
    private final Images images;
    private final String shim;

    private TestHost(Path home, Images images, String shim) {
        this.home = home;
        this.images = images;
        this.shim = shim;
    }

    static TestHost make() throws IOException {
        return make(OciSettings.MICROVM_SHIM_DEFAULT);
    }

    /// With another program for the isolation level microvm.
    static TestHost make(String shim) throws IOException {
        var images = new Images(Images.DIRECTORY_DEFAULT);
        images.build("coding", progress -> {});
        return new TestHost(Files.createTempDirectory("carrel-test-"), images, shim);
    }

    /// Loud, because what is skipped is not known to work.
    static void requireGvisor() {
        RunscVersion.lacks()
                .ifPresent(why -> {
                    System.err.println("NOT TESTED: the isolation level gvisor: " + why);
                    Assumptions.abort(why);
                });
    }

    static SandboxSpec spec(Isolation isolation, NetworkPolicy network, Resources resources) {
        return SandboxSpec.defaults().toBuilder()
                .isolation(isolation)
                .resources(resources)
                .network(network)
                .build();
    }

    Path home() {
        return home;
    }

    /// A runtime as a server has it: closing it leaves the sandboxes.
    OciRuntime open() {
        return OciRuntime.open(settings(false));
    }

    /// Takes everything off the host, and checks that nothing is left.
    void remove() throws Exception {
        Instance instance = Instance.of(home);
        OciRuntime.open(settings(true)).close();
        assertThat(home).isEmptyDirectory();
        Files.delete(home);
        assertThat(instance.runtime()).doesNotExist();
        assertThat(controlGroups(instance)).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(home.toString(), instance.id());
        assertThat(out("nft", "list", "tables")).doesNotContain(instance.id());
        Eventually.holds(() -> !out("ip", "link").contains(instance.bridge()));
        Eventually.holds(() -> !out("losetup", "--list").contains(home.toString()));
    }

    private OciSettings settings(boolean temporary) {
        return new OciSettings(
                home, images, temporary, NetworkSettings.DEFAULT, OptionalLong.of(POOL_MIB), shim);
    }

    private static String controlGroups(Instance instance) throws IOException {
        try (Stream<Path> groups = Files.find(Path.of("/sys/fs/cgroup"), 2, (path, a) -> true)) {
            return groups.map(Path::toString)
                    .filter(path -> path.contains(instance.controlGroup()))
                    .reduce("", (a, b) -> a + b + "\n");
        }
    }

    static String out(String... command) throws IOException {
        return HostCommand.of(command).run().orFail().out();
    }
}
