package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// Something that happened to the files of a watched directory. `kind` is `created`, `modified`,
/// `deleted`, `attributes` or `moved`, which has `from` and `to` instead of a `path`; `overflow`
/// when events were lost; and `closed` at the end, both with a `reason`. A path that is not UTF-8
/// is shown with U+FFFD in it, and there once more as it must stand in a URL.
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record FileEventInfo(
        String kind,
        Optional<String> path,
        Optional<String> from,
        Optional<String> to,
        Optional<String> urlPath,
        Optional<String> fromUrlPath,
        Optional<String> toUrlPath,
        Optional<Boolean> directory,
        Optional<String> reason) {}
