package dev.carrel.sandbox;

import dev.carrel.process.Inotify;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.WatchedTree.Found;
import dev.carrel.sandbox.WatchedTree.Node;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Turns what the kernel tells of directories into events of files. For one thread.
final class WatchEvents {
    /// One end of a move whose other end has not come yet.
    private record Departure(Node node, String name, boolean directory) {}

    private final WatchedTree tree;
    private final String prefix;
    private final FileEventQueue queue;
    private final Map<Integer, Departure> departures = new LinkedHashMap<>();

    WatchEvents(WatchedTree tree, String path, FileEventQueue queue) {
        this.tree = tree;
        this.prefix = path.endsWith("/") ? path : path + "/";
        this.queue = queue;
    }

    /// Takes all events of one read; false if there were none, by which all that is under way has
    /// come.
    boolean take(List<Inotify.Event> events) throws LinuxException {
        var arriving = new HashSet<Integer>();
        events.stream()
                .filter(event -> event.is(Inotify.MOVED_TO))
                .forEach(event -> arriving.add(event.cookie()));
        departAllBut(arriving);
        for (int i = 0; i < events.size(); i++) {
            take(events.get(i));
            // Both ends of a move come together: only the end of a read can part them.
            if (i < events.size() - 1) {
                departAllBut(arriving);
            }
        }
        if (events.isEmpty()) {
            tree.settled();
        }
        return !events.isEmpty();
    }

    private void departAllBut(Set<Integer> arriving) throws LinuxException {
        for (int cookie : List.copyOf(departures.keySet())) {
            if (!arriving.contains(cookie)) {
                depart(Objects.requireNonNull(departures.remove(cookie)));
            }
        }
    }

    /// Whether the other end of a move is still awaited, and for how long that makes sense.
    Duration patience(Duration otherwise) {
        return departures.isEmpty() ? otherwise : Duration.ZERO;
    }

    private void take(Inotify.Event event) throws LinuxException {
        if (event.is(Inotify.OVERFLOW)) {
            departures.clear();
            tree.renew();
            queue.add(new FileEvent.Overflow("more happened at once than the host can tell"));
            return;
        }
        Node node = tree.node(event.watch()).orElse(null);
        if (node == null) {
            return; // of a directory that was given up meanwhile
        } else if (event.is(Inotify.IGNORED)) {
            tree.forget(event.watch());
        } else if (event.name().isEmpty()) {
            takeSelf(node, event);
        } else {
            takeEntry(node, event);
        }
    }

    private void takeSelf(Node node, Inotify.Event event) {
        if (tree.isTop(node) && event.is(Inotify.UNMOUNT)) {
            queue.close(FileEvent.Reason.SANDBOX_STOPPED);
        } else if (tree.isTop(node) && event.is(Inotify.DELETE_SELF | Inotify.MOVE_SELF)) {
            queue.close(FileEvent.Reason.DELETED);
        }
    }

    private void takeEntry(Node node, Inotify.Event event) throws LinuxException {
        String name = event.name();
        boolean directory = event.is(Inotify.IS_DIRECTORY);
        if (event.is(Inotify.MOVED_FROM)) {
            departures.put(event.cookie(), new Departure(node, name, directory));
        } else if (event.is(Inotify.MOVED_TO)) {
            arrive(node, name, directory, event.cookie());
        } else if (event.is(Inotify.CREATE)) {
            create(node, name, directory);
        } else if (event.is(Inotify.DELETE)) {
            tree.remove(node, name);
            tell(name, new FileEvent.Deleted(path(node, name), directory));
        } else if (event.is(Inotify.MODIFY)) {
            tellLasting(node, name, new FileEvent.Modified(path(node, name)));
        } else if (event.is(Inotify.ATTRIB)) {
            tellLasting(node, name, new FileEvent.Attributes(path(node, name), directory));
        }
    }

    // What is written into a file without a name is told when it gets one.
    private void tellLasting(Node node, String name, FileEvent event) throws LinuxException {
        if (!TemporaryName.isMaybeNameless(name) || tree.has(node, name)) {
            tell(name, event);
        }
    }

    private void create(Node node, String name, boolean directory) throws LinuxException {
        if (!node.isTold(name) && !TemporaryName.isOurs(name)) {
            tell(name, new FileEvent.Created(path(node, name), directory));
            if (directory) {
                enter(node, name);
            }
        }
    }

    private void enter(Node node, String name) throws LinuxException {
        List<Found> found = tree.add(node, name);
        if (found.size() > WatchedTree.FOUND_MAX) {
            queue.add(new FileEvent.Overflow("a directory came with many entries"));
            return;
        }
        for (Found entry : found) {
            queue.add(new FileEvent.Created(prefix + entry.path(), entry.directory()));
        }
    }

    private void arrive(Node node, String name, boolean directory, int cookie)
            throws LinuxException {
        Departure from = departures.remove(cookie);
        if (from == null) {
            create(node, name, directory);
        } else if (TemporaryName.isOurs(from.name())) {
            tree.remove(from.node(), from.name());
            create(node, name, directory);
        } else if (TemporaryName.isOurs(name)) {
            depart(from);
        } else {
            tree.remove(node, name);
            String old = path(from.node(), from.name());
            boolean watched = tree.move(from.node(), from.name(), node, name);
            queue.add(new FileEvent.Moved(old, path(node, name), directory));
            if (directory && !watched) {
                enter(node, name);
            }
        }
    }

    private void depart(Departure from) throws LinuxException {
        String old = path(from.node(), from.name());
        tree.remove(from.node(), from.name());
        tell(from.name(), new FileEvent.Deleted(old, from.directory()));
    }

    private void tell(String name, FileEvent event) {
        if (!TemporaryName.isOurs(name)) {
            queue.add(event);
        }
    }

    private String path(Node node, String name) {
        return prefix + node.path(name);
    }
}
