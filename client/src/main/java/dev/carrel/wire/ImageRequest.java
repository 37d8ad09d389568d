package dev.carrel.wire;

import java.util.Optional;

/// Asks for an image to be on the host: of a registry (`python:3.13`), or of a recipe (`java`).
/// `credentials` are used once and never stored.
public record ImageRequest(String image, Optional<RegistryCredentials> credentials) {}
