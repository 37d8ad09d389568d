package dev.carrel.sandbox;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Inotify;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The directories of one watch by the numbers that the kernel has for them. For one thread.
final class WatchedTree {
    static final int DIRECTORIES_MAX = 32_768;

    /// Of what comes with a new directory, no more is noted.
    static final int FOUND_MAX = 1_000;

    private static final int MASK =
            Inotify.MODIFY
                    | Inotify.ATTRIB
                    | Inotify.CREATE
                    | Inotify.DELETE
                    | Inotify.MOVED_FROM
                    | Inotify.MOVED_TO
                    | Inotify.DELETE_SELF
                    | Inotify.MOVE_SELF;

    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    /// Opens a directory below the watched one by a relative path, only to look at it, through no
    /// link; `.` is the watched one.
    @FunctionalInterface
    interface Place {
        Fd open(String relative) throws LinuxException;
    }

    /// There are more directories than can be watched.
    static final class TooManyException extends RuntimeException {
        TooManyException() {
            super("more than " + DIRECTORIES_MAX + " directories");
        }
    }

    /// A directory; `told` are the entries that were found when it was new and whose own events may
    /// still come.
    static final class Node {
        private @Nullable Node parent;
        private String name;
        private final int watch;
        private final Map<String, Node> children = new HashMap<>();
        private final Set<String> told = new HashSet<>();

        Node(@Nullable Node parent, String name, int watch) {
            this.parent = parent;
            this.name = name;
            this.watch = watch;
        }

        /// Its path below the watched directory, which is empty for that itself.
        String path() {
            Node above = parent;
            if (above == null) {
                return "";
            }
            String before = above.path();
            return before.isEmpty() ? name : before + "/" + name;
        }

        /// The path of an entry in it.
        String path(String entry) {
            String before = path();
            return before.isEmpty() ? entry : before + "/" + entry;
        }

        boolean isTold(String entry) {
            return told.remove(entry);
        }
    }

    /// An entry that was found in a new directory, by its path below the watched one.
    record Found(String path, boolean directory) {}

    private final Inotify inotify;
    private final Place place;
    private final boolean recursive;
    private Map<Integer, Node> byWatch = new HashMap<>();
    private final List<Node> fresh = new ArrayList<>();
    private Node top;

    WatchedTree(Inotify inotify, Place place, boolean recursive) throws LinuxException {
        this.inotify = inotify;
        this.place = place;
        this.recursive = recursive;
        this.top = watchAll();
    }

    Optional<Node> node(int watch) {
        return Optional.ofNullable(byWatch.get(watch));
    }

    boolean isTop(Node node) {
        return node == top;
    }

    /// Whether the watched directory itself was removed. The kernel does not tell while somebody
    /// has it open, as we may have.
    boolean isGone() throws LinuxException {
        try (Fd directory = place.open(".")) {
            return Linux.stat(directory).links() == 0;
        } catch (LinuxException e) {
            ignoreIfGone(e);
            return true;
        }
    }

    int topWatch() {
        return top.watch;
    }

    /// After events were lost: watches all that is there now and nothing else.
    void renew() throws LinuxException {
        Map<Integer, Node> before = byWatch;
        byWatch = new HashMap<>();
        top = watchAll();
        for (int watch : before.keySet()) {
            if (!byWatch.containsKey(watch)) {
                inotify.remove(watch);
            }
        }
    }

    private Node watchAll() throws LinuxException {
        Node made;
        try (Fd directory = place.open(".")) {
            made = new Node(null, "", inotify.add(directory, MASK));
        }
        byWatch.put(made.watch, made);
        if (recursive) {
            enter(made, new ArrayList<>(), false);
        }
        return made;
    }

    /// A new directory, and all in it: what has come there before it was watched is in the result,
    /// which has one more than [#FOUND_MAX] if there is more.
    List<Found> add(Node parent, String name) throws LinuxException {
        List<Found> found = new ArrayList<>();
        if (recursive) {
            Optional<Node> node = watch(parent, name);
            if (node.isPresent()) {
                fresh.add(node.get());
                enter(node.get(), found, true);
            }
        }
        return found;
    }

    // By breadth, and each directory is read after it is watched: what comes later has an event.
    private void enter(Node start, List<Found> found, boolean tell) throws LinuxException {
        var ahead = new ArrayDeque<Node>();
        ahead.add(start);
        while (!ahead.isEmpty()) {
            Node node = ahead.remove();
            try (Fd seen = open(node);
                    Fd directory = Linux.open("/proc/self/fd/" + seen.number(), READ, 0)) {
                for (var batch = Directories.next(directory);
                        !batch.isEmpty();
                        batch = Directories.next(directory)) {
                    for (DirectoryEntry entry : batch) {
                        if (tell && found.size() <= FOUND_MAX) {
                            node.told.add(entry.name());
                            found.add(found(node, entry));
                        }
                        mayEnter(node, entry).ifPresent(ahead::add);
                    }
                }
            } catch (LinuxException e) {
                ignoreIfGone(e);
            }
        }
    }

    private static Found found(Node node, DirectoryEntry entry) {
        boolean directory = entry.type() == DirectoryEntry.Type.DIRECTORY;
        return new Found(node.path(entry.name()), directory);
    }

    /// Whether there is an entry of this name now.
    boolean has(Node node, String name) throws LinuxException {
        try (Fd directory = open(node)) {
            Linux.stat(directory, name, Linux.AT_SYMLINK_NOFOLLOW);
            return true;
        } catch (LinuxException e) {
            ignoreIfGone(e);
            return false;
        }
    }

    private Fd open(Node node) throws LinuxException {
        return place.open(node.path().isEmpty() ? "." : node.path());
    }

    private Optional<Node> mayEnter(Node node, DirectoryEntry entry) throws LinuxException {
        return switch (entry.type()) {
            case DIRECTORY, UNKNOWN -> {
                Optional<Node> inner = watch(node, entry.name());
                inner.ifPresent(fresh::add);
                yield inner;
            }
            case FILE, SYMLINK, OTHER -> Optional.empty();
        };
    }

    private Optional<Node> watch(Node parent, String name) throws LinuxException {
        if (byWatch.size() >= DIRECTORIES_MAX) {
            throw new TooManyException();
        }
        try (Fd directory = place.open(parent.path(name))) {
            var node = new Node(parent, name, inotify.add(directory, MASK));
            parent.children.put(name, node);
            byWatch.put(node.watch, node);
            return Optional.of(node);
        } catch (LinuxException e) {
            ignoreIfGone(e);
            return Optional.empty();
        }
    }

    // Gone or replaced, no directory, another file system, or too deep for a path.
    private static void ignoreIfGone(LinuxException e) throws LinuxException {
        boolean gone =
                switch (e.errno()) {
                    case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG -> true;
                    default -> false;
                };
        if (!gone) {
            throw e;
        }
    }

    /// All events of what was found in new directories have come.
    void settled() {
        fresh.forEach(node -> node.told.clear());
        fresh.clear();
    }

    /// A directory has got another place. False if it was not watched.
    boolean move(Node from, String name, Node to, String newName) {
        Node node = from.children.remove(name);
        if (node != null) {
            node.parent = to;
            node.name = newName;
            to.children.put(newName, node);
        }
        return node != null;
    }

    /// A directory is gone, or is no longer below the watched one.
    void remove(Node parent, String name) throws LinuxException {
        Node node = parent.children.remove(name);
        if (node == null) {
            return;
        }
        var ahead = new ArrayDeque<Node>();
        ahead.add(node);
        while (!ahead.isEmpty()) {
            Node next = ahead.remove();
            byWatch.remove(next.watch, next);
            inotify.remove(next.watch);
            ahead.addAll(next.children.values());
        }
    }

    /// The kernel has given this number up.
    void forget(int watch) {
        byWatch.remove(watch);
    }

    static boolean isNoRoom(LinuxException e) {
        return e.errno() == Errno.ENOSPC || e.errno() == Errno.EMFILE;
    }
}
