package dev.carrel.sandbox;

/// Something that happened to files, as one who watches a directory is told it. Paths are absolute
/// inside the sandbox. Several changes of one entry in short order are told once.
public sealed interface FileEvent {
    /// A file's content, a directory, a link or anything else has come to be.
    record Created(String path, boolean directory) implements FileEvent {}

    record Modified(String path) implements FileEvent {}

    record Deleted(String path, boolean directory) implements FileEvent {}

    /// Within the watched tree; what comes in from elsewhere is created, what goes is deleted.
    record Moved(String from, String to, boolean directory) implements FileEvent {}

    /// Mode, owner or times have changed.
    record Attributes(String path, boolean directory) implements FileEvent {}

    /// Events were lost: who needs to know what is there must list it again. More follow.
    record Overflow(String reason) implements FileEvent {}

    /// The last event.
    record Closed(Reason reason) implements FileEvent {}

    /// Why no more events come.
    enum Reason {
        /// The sandbox has stopped; watching again starts it.
        SANDBOX_STOPPED,
        /// The directory itself is gone.
        DELETED,
        /// The reader took events more slowly than they came.
        TOO_SLOW,
        /// The tree has grown beyond the directories that can be watched.
        TOO_MANY_DIRECTORIES
    }
}
