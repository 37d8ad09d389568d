package dev.carrel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;

/// The import rules of docs/ARCHITECTURE.md, "The house", held against what the compiler produced.
class HouseTest {
    private static final Map<String, Set<String>> MAY_IMPORT =
            Map.ofEntries(
                    row(
                            "app",
                            "api openai preview build worker session agent tool model sandbox sandbox.oci image"
                                    + " auth store http process telemetry error wire"),
                    row("cli", "client wire error"),
                    row("client", "wire error"),
                    row(
                            "api",
                            "http wire auth session preview build sandbox image agent model store telemetry error"),
                    row(
                            "openai",
                            "http auth session sandbox model agent tool store telemetry error"),
                    row("worker", "session agent tool model sandbox store telemetry error"),
                    row("session", "agent tool model sandbox store telemetry error"),
                    row("agent", "model tool telemetry error"),
                    row("tool", "model sandbox telemetry error"),
                    row("model", "telemetry error"),
                    row("preview", "http wire auth sandbox store telemetry error"),
                    row("build", "sandbox image store telemetry error"),
                    row("sandbox", "image process store telemetry error"),
                    row("sandbox.egress", "sandbox process telemetry error"),
                    row(
                            "sandbox.oci",
                            "sandbox sandbox.egress image process store telemetry error"),
                    row("image", "process store telemetry error"),
                    row("auth", "store telemetry error"),
                    row("store", "process telemetry error"),
                    row("http", "wire telemetry error"),
                    row("wire", ""),
                    row("process", "telemetry error"),
                    row("telemetry", "error"),
                    row("error", ""));

    @Test
    void packagesImportOnlyWhatTheirRowAllows() {
        var offences = new TreeSet<String>();
        imports()
                .forEach((from, targets) -> {
                    Set<String> allowed = MAY_IMPORT.getOrDefault(from, Set.of());
                    targets.stream()
                            .filter(to -> !allowed.contains(to))
                            .forEach(to -> offences.add(from + " -> " + to));
                });
        assertThat(offences).isEmpty();
    }

    @Test
    void everyPackageHasARow() {
        assertThat(imports().keySet()).hasSizeGreaterThan(5).isSubsetOf(MAY_IMPORT.keySet());
    }

    private static Map.Entry<String, Set<String>> row(String name, String allowed) {
        return Map.entry(name, Set.of(allowed.isEmpty() ? new String[0] : allowed.split(" ")));
    }

    private static Map<String, Set<String>> imports() {
        var out = new StringWriter();
        int exit =
                ToolProvider.findFirst("jdeps")
                        .orElseThrow()
                        .run(
                                new PrintWriter(out),
                                new PrintWriter(out),
                                "-verbose:package",
                                "-filter:none",
                                "--ignore-missing-deps",
                                classesOf(ProjectId.class),
                                classesOf(ErrorCode.class));
        assertThat(exit).as(out.toString()).isZero();
        return parse(out.toString());
    }

    private static String classesOf(Class<?> type) {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .toString();
    }

    /// Lines ` dev.carrel.a -> dev.carrel.b where`, or a package and, below it, lines ` ->
    /// dev.carrel.b where`.
    private static Map<String, Set<String>> parse(String report) {
        var imports = new TreeMap<String, Set<String>>();
        String from = "";
        for (String line : report.lines().toList()) {
            List<String> words = List.of(line.strip().split("\\s+"));
            if (words.getFirst().startsWith("dev.carrel.")) {
                from = shortName(words.getFirst());
                imports.putIfAbsent(from, new TreeSet<>());
            }
            int target = words.indexOf("->") + 1;
            if (target > 0 && words.get(target).startsWith("dev.carrel.")) {
                String to = shortName(words.get(target));
                if (!to.equals(from)) {
                    imports.get(from).add(to);
                }
            }
        }
        return imports;
    }

    private static String shortName(String packageName) {
        return packageName.substring("dev.carrel.".length());
    }
}
