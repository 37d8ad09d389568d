package dev.carrel.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolResult;
import java.util.List;
import org.junit.jupiter.api.Test;

class ToolboxTest {
    private static final List<Tool> TOOLS =
            List.of(tool("git_log"), tool("git_push"), tool("github"), tool("read"));

    private static Tool tool(String name) {
        return Stage.tool(name, true, (_, _) -> ToolResult.ok(""));
    }

    private static List<String> offered(String... patterns) {
        return new Toolbox(List.of(patterns), TOOLS).names();
    }

    @Test
    void offersWhatThePatternsMatch() {
        assertThat(offered("*")).containsExactly("git_log", "git_push", "github", "read");
        assertThat(offered("read", "git_*")).containsExactly("git_log", "git_push", "read");
        assertThat(offered("git")).isEmpty();
        assertThat(offered()).isEmpty();
    }

    @Test
    void aToolThatIsNotOfferedCannotBeCalled() {
        var toolbox = new Toolbox(List.of("read"), TOOLS);
        var call = new OpenCall(Stage.call("a", "git_push", "x"), 0, false, false);
        assertThat(toolbox.plan(List.of(call), List.of()))
                .singleElement()
                .isInstanceOfSatisfying(
                        PlannedCall.Answer.class,
                        answer ->
                                assertThat(answer.result().text())
                                        .contains("no tool \"git_push\"", "Tools: read"));
    }

    @Test
    void theCallersToolTakesThePlaceOfTheAgents() {
        var toolbox = new Toolbox(List.of("*"), TOOLS);
        var mine = new ToolSpec("read", "mine", JsonNodeFactory.instance.objectNode());
        assertThat(toolbox.specs(List.of(mine)))
                .extracting(ToolSpec::name)
                .containsExactly("git_log", "git_push", "github", "read");
        assertThat(toolbox.specs(List.of(mine)).getLast()).isSameAs(mine);
        var call = new OpenCall(Stage.call("a", "read", "x"), 0, false, false);
        assertThat(toolbox.plan(List.of(call), List.of(mine))).isEmpty();
    }
}
