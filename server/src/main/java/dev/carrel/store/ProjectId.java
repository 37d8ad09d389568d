package dev.carrel.store;

/// A tenant. Every row belongs to one, and every id is looked up together with it.
public record ProjectId(String value) {
    public ProjectId {
        if (!value.matches("[a-z0-9][a-z0-9_-]{0,62}")) {
            throw new IllegalArgumentException("not a project id: " + value);
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
