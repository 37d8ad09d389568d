package dev.carrel.tool;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorKind;
import dev.carrel.sandbox.FileStat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Walks a directory tree of a sandbox, each directory in path order and followed by what is in it.
/// Does not go into directories full of what nobody wrote by hand, nor into `/proc` and its like.
final class FileWalk {
    static final int ENTRIES_MAX = 100_000;
    static final int DIRECTORY_ENTRIES_MAX = 10_000;

    static final Set<String> SKIPPED_NAMES =
            Set.of(".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__");
    private static final Set<String> SKIPPED_PATHS = Set.of("/proc", "/sys", "/dev");

    private final ToolContext context;
    private final Set<String> wanted;
    private int entries;
    private boolean complete = true;

    /// Goes into directories named in `wanted`, although they are of the skipped kind.
    FileWalk(ToolContext context, Set<String> wanted) {
        this.context = context;
        this.wanted = wanted;
    }

    /// Whether everything was seen: no limit was met.
    boolean complete() {
        return complete;
    }

    boolean skips(FileStat directory) {
        String name = name(directory.path());
        return SKIPPED_PATHS.contains(directory.path())
                || (SKIPPED_NAMES.contains(name) && !wanted.contains(name));
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// Shows `visitor` every entry until it answers false. Fails when `root` is not a directory;
    /// directories below it that cannot be read are passed over.
    void walk(String root, Predicate<FileStat> visitor) {
        Deque<Iterator<FileStat>> open = new ArrayDeque<>();
        open.push(list(root).iterator());
        while (!open.isEmpty()) {
            context.cancellation().throwIfCancelled();
            if (!open.peek().hasNext()) {
                open.pop();
                continue;
            }
            FileStat entry = open.peek().next();
            if (++entries > ENTRIES_MAX) {
                complete = false;
                return;
            }
            if (!visitor.test(entry)) {
                return;
            }
            if (entry.type() == FileStat.Type.DIRECTORY && !skips(entry)) {
                open.push(listIfPossible(entry.path()).iterator());
            }
        }
    }

    private List<FileStat> list(String path) {
        List<FileStat> found = context.files().list(path, false, DIRECTORY_ENTRIES_MAX);
        if (found.size() > DIRECTORY_ENTRIES_MAX) {
            complete = false;
            return found.subList(0, DIRECTORY_ENTRIES_MAX);
        }
        return found;
    }

    private List<FileStat> listIfPossible(String path) {
        try {
            return list(path);
        } catch (CarrelException e) {
            if (e.code().kind() == ErrorKind.USER) {
                return List.of(); // Gone meanwhile, or closed to us: the rest still counts.
            }
            throw e;
        }
    }
}
