package dev.carrel.sandbox.oci;

import java.util.List;

/// An entry by the directory that holds it (with a slash at its end) and its name there: so that it
/// can be removed, replaced or made without following it. Trailing slashes mean nothing.
record Place(String parent, String name) {
    /// Fails with `INVALID_PATH` for what has no name of its own: the root, `.` and `..`.
    static Place of(String path, String what) {
        String trimmed = path.replaceAll("/+$", "");
        String name = trimmed.substring(trimmed.lastIndexOf('/') + 1);
        if (path.startsWith("/") && List.of("", ".", "..").contains(name)) {
            throw PathFailures.invalid(path, "cannot be " + what + ": name what is in it");
        }
        return new Place(trimmed.substring(0, trimmed.length() - name.length()), name);
    }
}
