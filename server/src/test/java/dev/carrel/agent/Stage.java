package dev.carrel.agent;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.ContextWindow;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Models;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.tool.Memory;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/// What a loop needs around it: an agent, tools that only note that they ran, and models that say
/// what a test wants.
final class Stage {
    static final Usage USAGE = new Usage(10, 5, 0, 0, 0);
    static final Event.UserMessage TASK = new Event.UserMessage("do it", List.of());
    static final Event.TurnStarted STARTED = new Event.TurnStarted(1);

    final List<ChatRequest> requests = new CopyOnWriteArrayList<>();
    final List<String> effects = new CopyOnWriteArrayList<>();
    final Cancellation cancellation = new Cancellation();
    final List<Tool> tools = new ArrayList<>();
    ChatModel model = (_, _, _) -> text("done");
    List<String> approve = List.of();
    ContextWindow window = ContextWindow.DEFAULT;
    int maxSteps = AgentDefinition.MAX_STEPS_DEFAULT;
    Budget budget = Budget.NONE;

    /// By their provider, asked in this order after [#model].
    final Map<String, ChatModel> fallbacks = new LinkedHashMap<>();

    final Set<String> pricedProviders = new HashSet<>();

    Stage() {
        tools.add(tool("look", true, (arguments, _) -> note("look", arguments)));
        tools.add(tool("touch", false, (arguments, _) -> note("touch", arguments)));
    }

    static ListJournal journal(Event... rest) {
        List<Event> events = new ArrayList<>(List.of(TASK, STARTED));
        events.addAll(List.of(rest));
        return new ListJournal(events);
    }

    /// A model whose answer number n depends on the assistant messages of the turn alone, so that
    /// it can be asked again after a crash.
    void script(ChatAnswer... answers) {
        model =
                (request, _, _) -> {
                    requests.add(request);
                    long said =
                            request.messages().stream()
                                    .filter(Message.Assistant.class::isInstance)
                                    .count();
                    return answers[(int) said];
                };
    }

    void run(Journal journal) {
        loop(journal).run();
    }

    AgentLoop loop(Journal journal) {
        return new AgentLoop(agent(), models(), tools, journal, Context::new, cancellation);
    }

    AgentDefinition agent() {
        return AgentDefinition.of("coder", new ModelRef("fake", "one"))
                .allowedTools(List.of("*"))
                .maxSteps(maxSteps)
                .approve(approve)
                .budget(budget)
                .fallbacks(
                        fallbacks.keySet().stream().map(name -> new ModelRef(name, "one")).toList())
                .build();
    }

    Models models() {
        return new Models() {
            @Override
            public ChatModel provider(String name) {
                return fallbacks.getOrDefault(name, model);
            }

            @Override
            public boolean isPriced(ModelRef ref) {
                return pricedProviders.contains(ref.provider());
            }

            @Override
            public ContextWindow window(ModelRef ref) {
                return window;
            }

            @Override
            public Set<String> names() {
                return Set.of("fake");
            }
        };
    }

    ToolResult note(String what, ObjectNode arguments) {
        effects.add(what + " " + arguments.path("at").asText());
        return ToolResult.ok(what + " ok");
    }

    static Tool tool(
            String name, boolean readOnly, BiFunction<ObjectNode, ToolContext, ToolResult> body) {
        return new Tool() {
            @Override
            public ToolSpec spec() {
                ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
                schema.putObject("properties").putObject("at").put("type", "string");
                schema.putArray("required").add("at");
                return new ToolSpec(name, "", schema);
            }

            @Override
            public boolean readOnly() {
                return readOnly;
            }

            @Override
            public ToolResult run(ObjectNode arguments, ToolContext context) {
                return body.apply(arguments, context);
            }
        };
    }

    /// Not read-only, but may run again.
    static Tool resumable(String name, BiFunction<ObjectNode, ToolContext, ToolResult> body) {
        Tool tool = tool(name, false, body);
        return new Tool() {
            @Override
            public ToolSpec spec() {
                return tool.spec();
            }

            @Override
            public boolean readOnly() {
                return false;
            }

            @Override
            public boolean resumable() {
                return true;
            }

            @Override
            public ToolResult run(ObjectNode arguments, ToolContext context) {
                return tool.run(arguments, context);
            }
        };
    }

    static ChatAnswer text(String text) {
        return answer(text, FinishReason.STOP);
    }

    static ChatAnswer calls(ToolCall... calls) {
        return answer("", FinishReason.TOOL_CALLS, calls);
    }

    static ChatAnswer answer(String text, FinishReason finish, ToolCall... calls) {
        return new ChatAnswer(assistant(text, calls), finish, USAGE, "one");
    }

    static Message.Assistant assistant(String text, ToolCall... calls) {
        return new Message.Assistant(text, "", Optional.empty(), List.of(calls));
    }

    /// The entry of a first answer with these calls.
    static Event.AssistantMessage answered(ToolCall... calls) {
        return new Event.AssistantMessage(
                1, assistant("", calls), FinishReason.TOOL_CALLS, USAGE, "one", Duration.ZERO);
    }

    static ToolCall call(String id, String tool, String at) {
        return new ToolCall(id, tool, "{\"at\":\"" + at + "\"}");
    }

    /// A context of which a test's tools use the id at most.
    final class Context implements ToolContext {
        final String callId;

        Context(String callId) {
            this.callId = callId;
        }

        @Override
        public SandboxFiles files() {
            throw new AssertionError("no files here");
        }

        @Override
        public Execution execute(ExecutionRequest request) {
            throw new AssertionError("no executions here");
        }

        @Override
        public String directory() {
            return "/workspace";
        }

        @Override
        public Memory memory() {
            throw new AssertionError("no memory here");
        }

        @Override
        public void output(String text) {}

        @Override
        public Cancellation cancellation() {
            return cancellation;
        }
    }

    /// The names of events, as a test wants to read them.
    static List<String> shape(List<Event> events) {
        return events.stream().map(Stage::shape).toList();
    }

    /// The same as a run without a crash would have it: what was lost is counted, and asked for
    /// again.
    static List<String> shapeWithoutLosses(List<Event> events) {
        var kept = new ArrayList<String>();
        for (String name : shape(events)) {
            boolean again = name.startsWith("model:") && name.equals(kept.getLast());
            if (!again && !name.startsWith("lost:")) {
                kept.add(name);
            }
        }
        return kept;
    }

    private static String shape(Event event) {
        return switch (event) {
            case Event.SessionCreated _ -> "session";
            case Event.UserMessage message -> "user:" + message.text();
            case Event.TurnStarted _ -> "turn";
            case Event.ModelStarted started -> "model:" + started.step();
            case Event.ModelFailed failed -> "failed:" + failed.model();
            case Event.ModelLost lost -> "lost:" + lost.step();
            case Event.TurnNudged nudged -> "nudged:" + nudged.pattern().wireName();
            case Event.AssistantMessage answer -> "answer:" + answer.step();
            case Event.ApprovalRequested request -> "asked:" + request.callId();
            case Event.ApprovalDecided decision ->
                    (decision.allowed() ? "allowed:" : "denied:") + decision.callId();
            case Event.ToolStarted started -> "started:" + started.callId();
            case Event.ToolCompleted done -> done.status().wireName() + ":" + done.callId();
            case Event.Compaction compaction ->
                    compaction.cut() instanceof Cut.Summary ? "summary" : "results";
            case Event.TurnCompleted done -> "end:" + done.reason().wireName();
            case Event.SnapshotTaken taken -> "kept:" + taken.snapshot();
            case Event.SnapshotFailed failed -> "not kept:" + failed.error().code();
            case Event.SessionForked forked -> "forked:" + forked.at();
            case Event.SessionRewound rewound -> "rewound:" + rewound.to();
        };
    }

    static Map<String, String> results(List<Event> events) {
        Map<String, String> results = new java.util.HashMap<>();
        for (Event event : events) {
            if (event instanceof Event.ToolCompleted done) {
                results.put(done.callId(), done.result());
            }
        }
        return results;
    }
}
