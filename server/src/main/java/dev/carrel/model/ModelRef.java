package dev.carrel.model;

/// A model as agents name it: `provider/model`. The model's part may hold further slashes.
public record ModelRef(String provider, String model) {
    /// Fails with [IllegalArgumentException] when `text` has no slash or an empty part.
    public static ModelRef parse(String text) {
        int slash = text.indexOf('/');
        if (slash <= 0 || slash == text.length() - 1) {
            throw new IllegalArgumentException(
                    "model must be provider/model, not \"" + text + "\"");
        }
        return new ModelRef(text.substring(0, slash), text.substring(slash + 1));
    }

    @Override
    public String toString() {
        return provider + "/" + model;
    }
}
