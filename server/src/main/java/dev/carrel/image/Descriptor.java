package dev.carrel.image;

/// What a manifest says of some bytes before one has them.
record Descriptor(String mediaType, Digest digest, long sizeBytes) {}
