package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.Optional;
import java.util.regex.Pattern;

/// An image of a registry, by the grammar that all tools share: `python:3.13` is
/// `docker.io/library/python:3.13`, `host:5000/team/x` ends in `:latest`. A digest wins over a tag.
record Reference(String registry, String repository, String tag, Optional<Digest> digest) {
    static final int CHARS_MAX = 512;

    private static final String HUB = "docker.io";
    private static final String HUB_SERVER = "registry-1.docker.io";
    private static final Pattern REGISTRY =
            Pattern.compile(
                    "([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+])(:\\d{1,5})?");
    private static final Pattern REPOSITORY = Pattern.compile("[a-z0-9]+(([._/]|__|-+)[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("\\w[\\w.-]{0,127}");

    /// Whether a name means an image of a registry: recipes and images of one's own have plain
    /// names.
    static boolean looksLikeOne(String name) {
        return name.contains("/") || name.contains(":") || name.contains("@");
    }

    /// Fails with `INVALID_REQUEST`.
    static Reference parse(String text) {
        if (text.length() > CHARS_MAX) {
            throw invalid(text.substring(0, 80) + "…", "it is longer than " + CHARS_MAX);
        }
        int at = text.indexOf('@');
        Optional<Digest> digest = Optional.empty();
        if (at >= 0) {
            digest = Digest.parse(text.substring(at + 1));
            if (digest.isEmpty()) {
                throw invalid(text, "what follows @ must be sha256: and 64 hex digits");
            }
        }
        String name = at < 0 ? text : text.substring(0, at);
        int colon = name.indexOf(':', name.lastIndexOf('/') + 1);
        String tag = colon < 0 ? "latest" : name.substring(colon + 1);
        if (!TAG.matcher(tag).matches()) {
            throw invalid(text, "its tag may have letters, digits, _ . and -");
        }
        return split(text, colon < 0 ? name : name.substring(0, colon), tag, digest);
    }

    private static Reference split(String text, String name, String tag, Optional<Digest> digest) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean hasRegistry =
                first.contains(".") || first.contains(":") || first.equals("localhost");
        String registry = hasRegistry ? first : HUB;
        String repository = hasRegistry ? name.substring(slash + 1) : name;
        if (registry.equals("index.docker.io")) {
            registry = HUB;
        }
        if (registry.equals(HUB) && !repository.contains("/")) {
            repository = "library/" + repository;
        }
        if (!REGISTRY.matcher(registry).matches()) {
            throw invalid(text, "its registry must be a host, with a port or without");
        }
        if (!REPOSITORY.matcher(repository).matches()) {
            throw invalid(text, "its repository may have lower-case letters, digits, . _ - and /");
        }
        return new Reference(registry, repository, tag, digest);
    }

    /// The host and port that answers for this registry.
    String server() {
        return registry.equals(HUB) ? HUB_SERVER : registry;
    }

    /// What the registry is asked for.
    String wanted() {
        return digest.map(Digest::toString).orElse(tag);
    }

    /// The full name, by which it is known here.
    String canonical() {
        return registry + "/" + repository + digest.map(pinned -> "@" + pinned).orElse(":" + tag);
    }

    private static CarrelException invalid(String text, String why) {
        return CarrelException.ofParam(
                ErrorCode.INVALID_REQUEST,
                "image",
                "\"%s\" is not the name of an image: %s"
                        .formatted(text.replaceAll("\\p{Cntrl}", "?"), why));
    }
}
