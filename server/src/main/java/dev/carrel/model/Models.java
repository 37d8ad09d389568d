package dev.carrel.model;

import java.util.List;
import java.util.Set;

/// The configured providers.
public interface Models {
    /// Fails with `INVALID_DEFINITION`, naming the nearest known provider, when there is none of
    /// this name.
    ChatModel provider(String name);

    /// How much the model takes at once, as far as anybody knows.
    default ContextWindow window(ModelRef model) {
        return ContextWindow.DEFAULT;
    }

    /// Names of the configured providers, sorted.
    Set<String> names();

    /// Whether it is known what this model costs.
    default boolean isPriced(ModelRef model) {
        return false;
    }

    /// The same usage at the price of this model.
    default Usage priced(ModelRef model, Usage usage) {
        return usage;
    }

    /// How the providers do, by name.
    default List<ProviderHealth> health() {
        return List.of();
    }
}
