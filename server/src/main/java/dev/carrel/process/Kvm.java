package dev.carrel.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The kernel's virtual machines.
public final class Kvm {
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final long KVM_CREATE_VM = 0xae01;

    private Kvm() {}

    public static boolean isThere() {
        return Files.exists(DEVICE);
    }

    /// Makes a machine and drops it; returns why that fails, if it does.
    public static Optional<String> failure() {
        try (Fd device = Linux.open(DEVICE.toString(), Linux.O_RDWR, 0)) {
            Ioctl.open(device, KVM_CREATE_VM).close();
            return Optional.empty();
        } catch (LinuxException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
