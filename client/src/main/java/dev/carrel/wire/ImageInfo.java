package dev.carrel.wire;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// An image. `kind` is `recipe`, `pulled` or `built`; `state` is `ready`, `pulling` or `available`,
/// which is pulled or built at its first use. `env`, `user` and `working_directory` are what it
/// says of its commands: they hold where a command says nothing else.
public record ImageInfo(
        String name,
        String kind,
        String state,
        Optional<String> digest,
        Optional<Long> sizeMb,
        Optional<Instant> createdAt,
        int usedBy,
        Map<String, String> env,
        Optional<String> user,
        Optional<String> workingDirectory,
        Map<String, String> labels,
        Optional<ImageProgress> progress) {}
