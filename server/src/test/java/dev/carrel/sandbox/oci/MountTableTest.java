package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountTableTest {
    @Test
    void newestMountOfAPlaceIsFound() {
        MountTable table =
                MountTable.parse(
                        """
                        22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
                        30 22 0:30 / /var/lib/my\\040pool rw - tmpfs none rw
                        31 22 0:31 / /var/lib/my\\040pool rw master:2 - btrfs /dev/loop3 rw
                        broken line
                        """);

        MountTable.Entry entry = table.at(Path.of("/var/lib/my pool")).orElseThrow();
        assertThat(entry.type()).isEqualTo("btrfs");
        assertThat(entry.source()).isEqualTo("/dev/loop3");
        assertThat(table.at(Path.of("/var/lib"))).isEmpty();
        assertThat(table.entries()).hasSize(3);
    }
}
