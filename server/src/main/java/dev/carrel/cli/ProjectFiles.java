package dev.carrel.cli;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The text files of a small project: relative path → content.
record ProjectFiles(SortedMap<String, String> byPath) {
    private static final int CONTEXT_LINES = 2;

    /// The files of `folder`, its `.carrel` folder and caches left out.
    static ProjectFiles of(Path folder) throws IOException {
        var files = new TreeMap<String, String>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted().toList()) {
                String path = folder.relativize(file).toString();
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && isSource(path)) {
                    files.put(path, Files.readString(file, StandardCharsets.UTF_8));
                }
            }
        }
        return new ProjectFiles(files);
    }

    static boolean isSource(String path) {
        return !path.startsWith(AgentsFolder.NAME + "/")
                && !path.contains("__pycache__")
                && !path.contains(".pytest_cache");
    }

    /// Unified diffs from these files to `after`: path → lines, only of files that differ.
    Map<String, List<String>> diff(ProjectFiles after) {
        var paths = new TreeMap<>(byPath);
        paths.putAll(after.byPath);
        var diffs = new TreeMap<String, List<String>>();
        for (String path : paths.keySet()) {
            List<String> old = lines(byPath.get(path));
            List<String> now = lines(after.byPath.get(path));
            var patch = DiffUtils.diff(old, now);
            if (!patch.getDeltas().isEmpty()) {
                diffs.put(
                        path,
                        UnifiedDiffUtils.generateUnifiedDiff(
                                "a/" + path, "b/" + path, old, patch, CONTEXT_LINES));
            }
        }
        return diffs;
    }

    private static List<String> lines(@org.jspecify.annotations.Nullable String content) {
        return content == null ? List.of() : new ArrayList<>(content.lines().toList());
    }
}
