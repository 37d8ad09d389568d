package dev.carrel.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeRuntime;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// A tool call's surroundings: a fake sandbox, a new execution for each call.
final class ToolStage implements ToolContext, AutoCloseable {
    static final String DIRECTORY = "/workspace";

    final StringBuffer output = new StringBuffer();
    Cancellation cancellation = new Cancellation();
    ExecutionId execution = ExecutionId.next();
    final FakeMemory memory = new FakeMemory();
    private final FakeHost host;
    private final RunningSandbox sandbox;

    ToolStage(Path directory) {
        host = new FakeHost(directory);
        sandbox = new FakeRuntime(host).create(SandboxId.next(), SandboxSpec.defaults());
        sandbox.files().makeDirectory(DIRECTORY);
    }

    /// Runs a call as the loop does; `arguments` are names and values in turn.
    ToolResult call(String tool, Object... arguments) {
        execution = ExecutionId.next();
        return again(tool, arguments);
    }

    /// The same call once more, with the same execution.
    ToolResult again(String tool, Object... arguments) {
        var map = new java.util.LinkedHashMap<String, Object>();
        for (int i = 0; i < arguments.length; i += 2) {
            map.put((String) arguments[i], arguments[i + 1]);
        }
        Tool found =
                BuiltinTools.all().stream()
                        .filter(each -> each.spec().name().equals(tool))
                        .findFirst()
                        .orElseThrow();
        return switch (ToolArguments.parse(found.spec(), json(map))) {
            case ToolArguments.Valid valid -> found.run(valid.arguments(), this);
            case ToolArguments.Malformed malformed -> throw new AssertionError(malformed);
            case ToolArguments.Mismatch mismatch -> throw new AssertionError(mismatch);
        };
    }

    private static String json(Map<String, Object> map) {
        try {
            return new ObjectMapper().writeValueAsString(map);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    void file(String path, String content) {
        file(path, content.getBytes(StandardCharsets.UTF_8));
    }

    void file(String path, byte[] content) {
        files().write(SandboxPath.resolve(this, path), new ByteArrayInputStream(content));
    }

    byte[] bytes(String path) {
        try (var in = files().read(SandboxPath.resolve(this, path), 0)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String text(String path) {
        return new String(bytes(path), StandardCharsets.UTF_8);
    }

    @Override
    public SandboxFiles files() {
        return sandbox.files();
    }

    @Override
    public Execution execute(ExecutionRequest request) {
        return sandbox.start(execution, request);
    }

    @Override
    public String directory() {
        return DIRECTORY;
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public void output(String text) {
        output.append(text);
    }

    @Override
    public Cancellation cancellation() {
        return cancellation;
    }

    @Override
    public void close() {
        host.close();
    }
}
