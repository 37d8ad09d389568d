package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.MissingNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ProviderSettings.Scripted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfiguredModelsTest {
    private final ConfiguredModels models =
            ConfiguredModels.of(
                    ModelSettings.of(
                            Map.of("OPENAI_API_KEY", "k", "ANTHROPIC_API_KEY", "k"),
                            MissingNode.getInstance()));

    @Test
    void hasTheConfiguredProvidersSorted() {
        assertThat(models.names()).containsExactly("anthropic", "ollama", "openai");
        assertThat(models.provider("openai")).isSameAs(models.provider("openai"));
    }

    @Test
    void anAnswerHasTheRoomThatItsProviderIsAskedFor() {
        assertThat(models.window(ModelRef.parse("anthropic/claude-sonnet-4-5")))
                .isEqualTo(new ContextWindow(200_000, 32_000));
        assertThat(models.window(ModelRef.parse("openai/gpt-4o")))
                .isEqualTo(new ContextWindow(128_000, 16_000));
    }

    @Test
    void anUnknownProviderComesWithARemedy() {
        assertThatThrownBy(() -> models.provider("opnai"))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_DEFINITION))
                .hasMessageContaining("\"opnai\" is not configured; did you mean openai?");
        assertThatThrownBy(() -> models.provider("groq"))
                .hasMessageEndingWith("set GROQ_API_KEY or providers.groq");
        assertThatThrownBy(() -> models.provider("something"))
                .hasMessageEndingWith("configured are anthropic, ollama, openai");
    }

    @Test
    void playsTheScriptOfAScriptedProvider(@TempDir Path folder) throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("s.yaml"), "conversations: [{steps: [{text: Hi}]}]");
        var settings = new TreeMap<String, ProviderSettings>(Map.of("demo", new Scripted(file)));
        ChatModel model =
                ConfiguredModels.of(
                                new ModelSettings(
                                        settings, ContextWindows.BUILT_IN, PriceTable.builtIn()))
                        .provider("demo");
        ChatAnswer answer =
                model.chat(Chats.request(Chats.user("x")), ChatListener.NONE, new Cancellation());
        assertThat(answer.message().text()).isEqualTo("Hi");
    }

    @Test
    void aMissingScriptIsNamedWithoutItsFolder(@TempDir Path folder) {
        assertThatThrownBy(() -> ScriptedModel.read(folder.resolve("gone.yaml")))
                .hasMessage("script gone.yaml cannot be read");
    }
}
