package dev.carrel.wire;

import java.util.Optional;

/// How to carry out `op` on a path: `destination` is for `move` and `copy`, an absolute path whose
/// parents are made; `mode` (octal, such as `0755`), `owner` and `group` are for `mkdir` and
/// `chmod`; `recursive` is for `chmod`; with `overwrite`, `move` and `copy` replace what is there.
public record FileOperation(
        Optional<String> destination,
        Optional<String> mode,
        Optional<Integer> owner,
        Optional<Integer> group,
        Optional<Boolean> recursive,
        Optional<Boolean> overwrite) {
    public static final FileOperation NONE =
            new FileOperation(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());

    /// To a place where nothing is.
    public static FileOperation to(String destination) {
        return NONE.withDestination(destination);
    }

    public static FileOperation ofMode(String mode) {
        return new FileOperation(
                Optional.empty(),
                Optional.of(mode),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private FileOperation withDestination(String path) {
        return new FileOperation(Optional.of(path), mode, owner, group, recursive, overwrite);
    }

    public FileOperation overwriting() {
        return new FileOperation(destination, mode, owner, group, recursive, Optional.of(true));
    }

    public FileOperation withAllBelow() {
        return new FileOperation(destination, mode, owner, group, Optional.of(true), overwrite);
    }

    public FileOperation ownedBy(int newOwner, int newGroup) {
        return new FileOperation(
                destination,
                mode,
                Optional.of(newOwner),
                Optional.of(newGroup),
                recursive,
                overwrite);
    }
}
