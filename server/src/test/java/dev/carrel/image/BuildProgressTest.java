package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.image.Images.Progress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BuildProgressTest {
    private final List<Progress> told = new ArrayList<>();
    private final BuildProgress progress = new BuildProgress(told::add);

    @Test
    void growsFromPackageToPackage() {
        feed(
                """
                I: running apt-get update...
                0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
                Get:1 http://m.example/debian suite/main amd64 libc6 amd64 2.36 [2759 kB]
                D: 1 2 running dpkg-deb --fsys-tarfile /x/root//var/cache/libc6_2.36_amd64.deb
                D: 1 2 running dpkg-deb --fsys-tarfile /x/root//var/cache/dash_1.0_amd64.deb
                I: installing essential packages...
                Unpacking libc6:amd64 (2.36-9) ...
                Setting up libc6:amd64 (2.36-9) ...
                0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.
                Get:1 http://m.example/debian suite/main amd64 jq amd64 1.6 [65 kB]
                Unpacking jq (1.6-2.1) ...
                Setting up jq (1.6-2.1) ...
                I: running --customize-hook in shell: sh -c 'x'
                """);

        assertThat(told)
                .extracting(Progress::step)
                .containsExactly(
                        "reading package lists",
                        "downloading libc6",
                        "unpacking libc6",
                        "unpacking dash",
                        "unpacking libc6",
                        "setting up libc6",
                        "downloading jq",
                        "unpacking jq",
                        "setting up jq",
                        "finishing");
        assertThat(told).extracting(Progress::fraction).isSorted();
        assertThat(told.getLast().fraction()).isBetween(0.9, 1.0);
    }

    @Test
    void morePackagesThanAnnouncedStayBelowTheEnd() {
        feed("0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.\n");
        feed("Unpacking a (1) ...\n".repeat(50));

        assertThat(told.getLast().fraction()).isLessThan(0.9);
    }

    private void feed(String output) {
        output.lines().forEach(progress::line);
    }
}
