package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.telemetry.Metrics;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Models by the name of their provider, fixed at the start.
public final class ConfiguredModels implements Models {
    private final SortedMap<String, WatchedModel> models;
    private final ContextWindows windows;
    private final PriceTable prices;

    private ConfiguredModels(
            Map<String, ChatModel> models,
            ContextWindows windows,
            PriceTable prices,
            Metrics metrics) {
        var watched = new TreeMap<String, WatchedModel>();
        models.forEach((name, model) -> {
            var breaker = new CircuitBreaker(Timing.REAL.clock());
            watched.put(
                    name,
                    new WatchedModel(
                            name, model, breaker, prices, metrics, Pause.REAL, Duration.ZERO));
        });
        this.models = Collections.unmodifiableSortedMap(watched);
        this.windows = windows;
        this.prices = prices;
    }

    /// Models that are there already.
    public ConfiguredModels(Map<String, ChatModel> models) {
        this(models, ContextWindows.BUILT_IN);
    }

    /// With what is said of how much they take at once.
    public ConfiguredModels(Map<String, ChatModel> models, ContextWindows windows) {
        this(models, windows, PriceTable.builtIn(), new Metrics());
    }

    /// With what they cost.
    public ConfiguredModels(Map<String, ChatModel> models, PriceTable prices) {
        this(models, ContextWindows.BUILT_IN, prices, new Metrics());
    }

    /// Makes each configured provider's model. Connects to none of them: a wrong key shows at the
    /// first call. Fails with `INVALID_DEFINITION` when a script cannot be read.
    public static ConfiguredModels of(ModelSettings settings) {
        return of(settings, new Metrics());
    }

    /// The same, and counts their calls.
    public static ConfiguredModels of(ModelSettings settings, Metrics metrics) {
        HttpClient client = client();
        var models = new TreeMap<String, ChatModel>();
        settings.providers().forEach((name, each) -> models.put(name, model(name, each, client)));
        return new ConfiguredModels(models, settings.windows(), settings.prices(), metrics);
    }

    static HttpClient client() {
        return HttpClient.newBuilder()
                // One connection a call: closing it is how a call is cancelled.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(task -> Thread.ofVirtual().name("model-http").start(task))
                .connectTimeout(CallLimits.DEFAULT.connect())
                .build();
    }

    private static ChatModel model(String name, ProviderSettings settings, HttpClient client) {
        return switch (settings) {
            case ProviderSettings.Scripted scripted -> ScriptedModel.read(scripted.script());
            case ProviderSettings.Remote remote -> {
                var access = new ProviderAccess(name, remote.baseUrl(), remote.apiKey());
                yield new ProviderChatModel(
                        access,
                        switch (remote.dialect()) {
                            case OPENAI -> new OpenAiProtocol(access, remote.outputTokensMax());
                            case ANTHROPIC ->
                                    new AnthropicProtocol(access, remote.outputTokensMax());
                        },
                        client,
                        CallLimits.DEFAULT,
                        RetryPolicy.DEFAULT,
                        Timing.REAL);
            }
        };
    }

    @Override
    public ChatModel provider(String name) {
        ChatModel model = models.get(name);
        if (model == null) {
            throw new CarrelException(
                    ErrorCode.INVALID_DEFINITION,
                    "model provider \"" + name + "\" is not configured" + remedy(name));
        }
        return model;
    }

    private String remedy(String name) {
        return WellKnownProvider.named(name)
                .map(known -> "; set " + known.keyVariable() + " or providers." + name)
                .or(() ->
                        Nearest.to(name, models.keySet())
                                .map(near -> "; did you mean " + near + "?"))
                .orElse("; configured are " + String.join(", ", models.keySet()));
    }

    @Override
    public ContextWindow window(ModelRef model) {
        ChatModel provider = models.get(model.provider());
        long answerTokens =
                provider == null
                        ? ContextWindow.ANSWER_TOKENS_DEFAULT
                        : provider.answerTokens(model.model());
        return ContextWindow.of(windows.tokens(model), answerTokens);
    }

    @Override
    public SortedSet<String> names() {
        return new TreeSet<>(models.keySet());
    }

    @Override
    public boolean isPriced(ModelRef model) {
        return prices.of(model).isPresent();
    }

    @Override
    public Usage priced(ModelRef model, Usage usage) {
        return usage.at(prices.of(model));
    }

    @Override
    public List<ProviderHealth> health() {
        return models.values().stream().map(WatchedModel::health).toList();
    }
}
