package dev.carrel.sandbox.oci;

import dev.carrel.image.Images;
import java.nio.file.Path;
import java.util.OptionalLong;

/// How sandboxes live on this host. `home` holds their disks and records; each home is an instance
/// of its own, and several share a machine. When a `temporary` runtime is closed, it removes all
/// that it set up on the host (network, mounts, pool), and all its sandboxes with it. `poolMib`
/// bounds what all disks take together; by default most of what is free. `microvmShim` is the
/// program that starts virtual machines.
public record OciSettings(
        Path home,
        Images images,
        boolean temporary,
        NetworkSettings network,
        OptionalLong poolMib,
        String microvmShim) {
    /// Of Kata Containers, as its own packages name it.
    public static final String MICROVM_SHIM_DEFAULT = "containerd-shim-kata-v2";

    public OciSettings {
        home = home.toAbsolutePath().normalize();
        if (!home.toString().matches("[A-Za-z0-9._/-]+")) {
            throw new IllegalArgumentException(
                    "the home directory may have letters, digits, '.', '_', '-' and '/' in its"
                            + " name only: it becomes part of mount options");
        }
    }

    public static OciSettings of(Path home, Images images) {
        return of(home, images, false);
    }

    public static OciSettings temporary(Path home, Images images) {
        return of(home, images, true);
    }

    private static OciSettings of(Path home, Images images, boolean temporary) {
        return new OciSettings(
                home,
                images,
                temporary,
                NetworkSettings.DEFAULT,
                OptionalLong.empty(),
                MICROVM_SHIM_DEFAULT);
    }
}
