package dev.carrel.tool;

import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxFiles;

/// What a call may touch, with a cancellation of its own.
public record LimitedContext(ToolContext to, Cancellation cancellation) implements ToolContext {
    @Override
    public SandboxFiles files() {
        return to.files();
    }

    @Override
    public Execution execute(ExecutionRequest request) {
        return to.execute(request);
    }

    @Override
    public String directory() {
        return to.directory();
    }

    @Override
    public Memory memory() {
        return to.memory();
    }

    @Override
    public void output(String text) {
        to.output(text);
    }
}
