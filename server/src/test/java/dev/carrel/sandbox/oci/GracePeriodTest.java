package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GracePeriodTest {
    @TempDir Path top;

    private Path list(String group) throws IOException {
        Path folder = Files.createDirectories(top.resolve(group));
        return Files.writeString(folder.resolve("cgroup.procs"), "");
    }

    @Test
    void theOwnGroupIsFoundInTheOneHierarchy() throws IOException {
        Path own = list("system.slice/carrel.service");
        var groups = new ControlGroups(ControlGroups.Layout.UNIFIED, List.of(top), "c");
        assertThat(GracePeriod.own(groups, "0::/system.slice/carrel.service\n")).contains(own);
    }

    @Test
    void theOwnGroupIsFoundInOneOfSeveralHierarchies() throws IOException {
        Path own = list("memory/a:b");
        var hierarchies = List.of(top.resolve("cpu"), top.resolve("memory"));
        var groups = new ControlGroups(ControlGroups.Layout.SEPARATE, hierarchies, "c");
        String lines = "9:name=systemd:/\n4:memory:/a:b\n1:cpu:/gone\n0::/\n";
        assertThat(GracePeriod.own(groups, lines)).contains(own);
    }

    @Test
    void withoutAGroupThatCanBeSeenNothingIsDone() throws IOException {
        var groups = new ControlGroups(ControlGroups.Layout.UNIFIED, List.of(top), "c");
        assertThat(GracePeriod.own(groups, "0::/../elsewhere\n")).isEmpty();
        assertThat(GracePeriod.own(groups, "4:memory:/\n")).isEmpty();
    }
}
