package dev.carrel.sandbox;

import java.io.InputStream;
import java.util.Optional;

/// An entry that a walk over a tree comes by. `name` is its path below the top in the form of
/// [dev.carrel.process.FileNames], without a leading slash, and empty for the top itself. `content`
/// is what a regular file holds, never more than `stat.sizeBytes()`; empty for all else. It is
/// valid until the visitor returns. `linkTarget` has the form of `name`, too.
public record TreeEntry(
        String name, FileStat stat, Optional<String> linkTarget, InputStream content) {
    /// What a walk calls.
    @FunctionalInterface
    public interface Visitor {
        void visit(TreeEntry entry);
    }
}
