package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// The configured providers by the names that agents call them, how much their models take at once,
/// and what they cost.
public record ModelSettings(
        SortedMap<String, ProviderSettings> providers, ContextWindows windows, PriceTable prices) {
    public ModelSettings {
        providers = Collections.unmodifiableSortedMap(new TreeMap<>(providers));
    }

    /// Reads the usual environment variables (`OPENAI_API_KEY`, `OPENAI_BASE_URL` and the like) and
    /// the map `providers` of the configuration; a missing node stands for an empty map. A provider
    /// that both name takes from the configuration what is there, and the rest from the
    /// environment. Of the models only that is known what comes along.
    ///
    /// Fails with `INVALID_DEFINITION`, naming the key and, for an unknown one, the nearest known.
    public static ModelSettings of(Map<String, String> environment, JsonNode providers) {
        var settings = new TreeMap<String, ProviderSettings>();
        for (WellKnownProvider known : WellKnownProvider.ALL) {
            ProviderSettingsReader.fromEnvironment(known, environment)
                    .ifPresent(found -> settings.put(known.name(), found));
        }
        settings.putAll(ProviderSettingsReader.fromConfiguration(providers, environment));
        return new ModelSettings(settings, ContextWindows.BUILT_IN, PriceTable.builtIn());
    }

    public ModelSettings with(ContextWindows newWindows) {
        return new ModelSettings(providers, newWindows, prices);
    }

    public ModelSettings with(PriceTable newPrices) {
        return new ModelSettings(providers, windows, newPrices);
    }
}
