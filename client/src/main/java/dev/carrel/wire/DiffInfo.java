package dev.carrel.wire;

import java.util.Optional;

/// What differs between the files of a session at two of its entries; without `to`, now. `patch` is
/// a unified patch as git makes them, of `files` files; with `truncated` there is more.
public record DiffInfo(long from, Optional<Long> to, String patch, int files, boolean truncated) {}
