package dev.carrel.openai;

import static dev.carrel.openai.Items.SESSION;
import static dev.carrel.openai.Items.TIME;
import static dev.carrel.openai.Items.TURN;
import static dev.carrel.openai.Items.bash;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Delta;
import dev.carrel.agent.StopReason;
import dev.carrel.model.FinishReason;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.ToolStatus;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CompletionTest {
    private static final ToolCall RUN = bash("call_1", "ls");

    @Test
    void answerHasAllThatTheStreamWouldHave() {
        Items turn =
                Items.ofTurn()
                        .delta(new Delta.Reasoning("Hm."))
                        .text("Let me look.")
                        .answer("Hm.", "Let me look.", FinishReason.TOOL_CALLS, RUN)
                        .started(RUN)
                        .delta(new Delta.ToolOutput("call_1", "a.txt"))
                        .completed(RUN, ToolStatus.OK, "a.txt")
                        .step(2)
                        .answer("Done.")
                        .end(StopReason.END);

        assertThat(json(turn))
                .isEqualTo(
                        """
                        {"id":"chatcmpl-trn_1","object":"chat.completion","created":1793534400,\
                        "model":"coder","choices":[{"index":0,\
                        "message":{"role":"assistant","content":"Let me look.\\n\\nDone.",\
                        "refusal":null,"reasoning_content":"Hm."},\
                        "logprobs":null,"finish_reason":"stop","stop_reason":"end",\
                        "tool_calls_executed":[{"id":"call_1","name":"bash","state":"completed",\
                        "arguments_text":"{\\"command\\":\\"ls\\"}","arguments":{"command":"ls"},\
                        "result":"a.txt","duration_ms":12}]}],\
                        "usage":{"prompt_tokens":120,"completion_tokens":30,"total_tokens":150,\
                        "prompt_tokens_details":{"cached_tokens":100},\
                        "completion_tokens_details":{"reasoning_tokens":8}},\
                        "session_id":"ses_1"}\
                        """);
    }

    @Test
    void callersToolCallsStandInTheMessageAndContentIsNullWithoutText() {
        var weather = new ToolCall("call_w", "weather", "{\"city\":\"Rome\"}");
        Items turn = Items.ofTurn().answer("", weather).end(StopReason.TOOL_CALLS);

        assertThat(json(turn))
                .contains(
                        """
                        "message":{"role":"assistant","content":null,"refusal":null,"tool_calls":\
                        [{"id":"ses_1-call_w","type":"function","function":{"name":"weather",\
                        "arguments":"{\\"city\\":\\"Rome\\"}"}}]},"logprobs":null,\
                        "finish_reason":"tool_calls","stop_reason":"tool_calls",\
                        "tool_calls_executed":[]\
                        """);
    }

    private static String json(Items turn) {
        var parts = new TurnParts(TURN, Set.of("weather"));
        var completion = new Completion(new AnswerHead(SESSION, TURN, "coder", TIME));
        String json = "";
        for (var item : turn.list()) {
            for (Part part : parts.of(item)) {
                completion.add(part);
                json = part instanceof Part.End end ? completion.json(end).toString() : json;
            }
        }
        return json;
    }
}
