package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.process.Kvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The configuration of Kata Containers on this host. `memoryMib` is what each of its machines has
/// before any sandbox's own.
record KataInstall(Path configuration, int memoryMib) {
    /// Where it is looked for, by Kata itself in this order too.
    private static final List<Path> PLACES =
            List.of(
                    Path.of("/etc/kata-containers/configuration.toml"),
                    Path.of("/usr/share/defaults/kata-containers/configuration.toml"),
                    Path.of("/opt/kata/share/defaults/kata-containers/configuration.toml"),
                    Path.of("/etc/kata-containers/runtime-rs/configuration.toml"),
                    Path.of(
                            "/opt/kata/share/defaults/kata-containers/runtime-rs/"
                                    + "configuration.toml"));

    private static final String NO_KVM =
            "switch virtualization on (in the firmware; for a virtual machine, nested, at its host)"
                    + " and load kvm_intel or kvm_amd, or use gvisor";

    private static final String INSTALL =
            "install Kata Containers 3 (see docs/OPERATING.md), or use gvisor";

    private static final Pattern MEMORY =
            Pattern.compile(
                    "^\\s*default_memory\\s*=\\s*(\\d{1,7})\\s*(?:#.*)?$", Pattern.MULTILINE);

    /// What Kata takes where the configuration does not say.
    private static final int MEMORY_MIB_DEFAULT = 2048;

    /// As [IsolationChecks#lacks], with `shim` for the program.
    static Optional<String> lacks(String shim) {
        if (!Kvm.isThere()) {
            return Optional.of("this host has no KVM (/dev/kvm); " + NO_KVM);
        }
        Optional<String> broken = Kvm.failure();
        if (broken.isPresent()) {
            return Optional.of("KVM does not work (%s); %s".formatted(broken.get(), NO_KVM));
        }
        if (HostCommand.find(shim).isEmpty()) {
            return Optional.of(shim + " is not installed; " + INSTALL);
        }
        return find().isPresent()
                ? Optional.empty()
                : Optional.of("Kata Containers has no configuration.toml; " + INSTALL);
    }

    static Optional<KataInstall> find() {
        return find(PLACES);
    }

    static Optional<KataInstall> find(List<Path> places) {
        return places.stream().filter(Files::isRegularFile).findFirst().map(KataInstall::read);
    }

    private static KataInstall read(Path file) {
        try {
            Matcher memory = MEMORY.matcher(Files.readString(file));
            int mib = memory.find() ? Integer.parseInt(memory.group(1)) : MEMORY_MIB_DEFAULT;
            return new KataInstall(file, mib);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
