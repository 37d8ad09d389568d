package dev.carrel.sandbox;

/// How a tree travels as one stream.
public enum ArchiveFormat {
    TAR_GZ("application/gzip"),
    ZIP("application/zip");

    private final String contentType;

    ArchiveFormat(String contentType) {
        this.contentType = contentType;
    }

    public String contentType() {
        return contentType;
    }
}
