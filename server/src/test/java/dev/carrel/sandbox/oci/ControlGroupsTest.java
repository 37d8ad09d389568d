package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.oci.ControlGroups.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlGroupsTest {
    private static final SandboxId ID = new SandboxId("sbx_1");

    @TempDir Path top;

    @Test
    void layoutIsSeen() throws IOException {
        hierarchy("memory");
        hierarchy("pids");
        Files.writeString(hierarchy("unified").resolve("cgroup.controllers"), "");
        Files.createDirectories(top.resolve("not-a-hierarchy"));
        Files.createSymbolicLink(top.resolve("cpu"), top.resolve("memory"));

        ControlGroups separate = ControlGroups.of(top, "carrel-x");
        assertThat(separate.layout()).isEqualTo(Layout.SEPARATE);
        assertThat(separate.hierarchies())
                .containsExactly(top.resolve("memory"), top.resolve("pids"));

        Files.writeString(top.resolve("cgroup.controllers"), "cpu memory pids");
        assertThat(ControlGroups.of(top, "carrel-x").layout()).isEqualTo(Layout.UNIFIED);
    }

    @Test
    void sandboxesAreFoundInAnyHierarchyAndRemovedFromAll() throws IOException {
        Files.createDirectories(hierarchy("memory").resolve("carrel-x/sbx_1/within"));
        Files.createDirectories(hierarchy("pids").resolve("carrel-x/sbx_2"));
        Files.createDirectories(top.resolve("pids/carrel-x/other"));
        Files.createDirectories(top.resolve("pids/carrel-y/sbx_3"));
        ControlGroups groups = ControlGroups.of(top, "carrel-x");

        assertThat(groups.ids()).containsExactlyInAnyOrder(ID, new SandboxId("sbx_2"));
        groups.remove(ID);

        assertThat(groups.ids()).containsExactly(new SandboxId("sbx_2"));
        assertThat(top.resolve("pids/carrel-y/sbx_3")).exists();
    }

    @Test
    void foreignProcessIsNotHeld() throws IOException {
        int self = Math.toIntExact(ProcessHandle.current().pid());

        assertThat(ControlGroups.of(top, "carrel-x").holds(ID, self)).isFalse();
    }

    private Path hierarchy(String name) throws IOException {
        Path hierarchy = Files.createDirectories(top.resolve(name));
        Files.writeString(hierarchy.resolve("cgroup.procs"), "");
        return hierarchy;
    }
}
