package dev.carrel.session;

import dev.carrel.error.CarrelException;
import dev.carrel.sandbox.DeletionReason;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.store.Ids;
import dev.carrel.store.Store;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finishes what a crash has cut off: removes sandboxes and files that were made for sessions which
/// could not take them along, and gives those that were rewound or forked the files that they have
/// to have. Called at the start, before any turn runs and anybody uses a sandbox.
public final class SessionRemains {
    private static final Logger LOG = LoggerFactory.getLogger(SessionRemains.class);

    private final Sessions sessions;
    private final SessionFiles files;
    private final Sandboxes sandboxes;
    private final SessionSnapshots snapshots;
    private final Store store;

    public SessionRemains(Sessions sessions, Sandboxes sandboxes) {
        this.sessions = sessions;
        this.files = new SessionFiles(sessions, sandboxes);
        this.sandboxes = sandboxes;
        this.snapshots = sandboxes.sessionSnapshots();
        this.store = sessions.store();
    }

    public void finish() {
        clear();
        for (SessionKey key : store.read(FilesRows::pending)) {
            try {
                files.settle(key, files.spec(sessions.get(key.project(), key.id())));
            } catch (CarrelException e) {
                LOG.warn("session {} gets its files at their next use", key.id(), e);
            }
        }
    }

    private void clear() {
        Set<String> there =
                store.read(handle ->
                        new HashSet<>(
                                handle.createQuery("select id from sessions")
                                        .mapTo(String.class)
                                        .list()));
        for (Sandbox sandbox : sandboxes.owned()) {
            Optional<String> owner = sandbox.spec().owner();
            if (owner.filter(id -> Ids.isId("ses", id) && !there.contains(id)).isPresent()) {
                LOG.info("sandbox {} goes after its session {}", sandbox.id(), owner.get());
                sandboxes.delete(
                        sandbox.project(), sandbox.id(), DeletionReason.withOwner(owner.get()));
            }
        }
        for (String session : snapshots.sessions()) {
            if (!there.contains(session)) {
                files.discard(session);
            }
        }
        snapshots.discard(snapshots.surplus(), files::isUsed);
    }
}
