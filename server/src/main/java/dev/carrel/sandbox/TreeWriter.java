package dev.carrel.sandbox;

import java.io.InputStream;
import java.time.Instant;

/// Makes entries below one directory and nowhere else. Names are relative paths of plain names;
/// missing parents are made. No link is followed, neither one that was there nor one that was just
/// made. All methods fail with the codes of [SandboxFiles]; `CONFLICT` says that a parent is a link
/// or no directory, or that a directory is in the way.
public interface TreeWriter {
    /// Does nothing to one that exists but to set its attributes.
    void directory(String name, FileAttributes attributes);

    /// Writes a file whole, replacing a file or link. Returns its bytes.
    long file(String name, FileAttributes attributes, Instant modifiedAt, InputStream content);

    /// Makes a symbolic link, replacing a file or link. What it points to is nobody's concern.
    void symlink(String name, String target);

    /// Gives `existing`, below the same directory, a second name.
    void hardLink(String name, String existing);
}
