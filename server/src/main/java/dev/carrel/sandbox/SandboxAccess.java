package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.time.InstantSource;
import java.util.function.Function;

/// The use of sandboxes, which wakes them: each one is noted, so that what is used is not idle.
record SandboxAccess(
        SandboxRuntime runtime,
        SandboxRegistry registry,
        SandboxLifecycle lifecycle,
        InstantSource clock) {
    <T> T use(LiveSandbox live, Function<RunningSandbox, T> work) {
        live.activity().touch(clock.instant());
        return lifecycle.use(live, work);
    }

    RunningSandbox awake(LiveSandbox live) {
        live.activity().touch(clock.instant());
        return lifecycle.awake(live);
    }

    Hold hold(LiveSandbox live) {
        live.activity().hold();
        return awake(live, () -> {});
    }

    /// The same for content on its way, which a pause to disk would cut off.
    Hold transfer(LiveSandbox live) {
        live.activity().hold();
        live.activity().beginTransfer();
        return awake(live, live.activity()::endTransfer);
    }

    private Hold awake(LiveSandbox live, Runnable end) {
        var hold = new Hold(new Held(this, live, end));
        boolean complete = false;
        try {
            awake(live);
            complete = true;
            return hold;
        } finally {
            if (!complete) {
                hold.close();
            }
        }
    }

    /// `end` is done when it is released.
    private record Held(SandboxAccess access, LiveSandbox live, Runnable end) implements Hold.Held {
        @Override
        public RunningSandbox enter() {
            live.activity().touch(access.clock.instant());
            return access.lifecycle.enter(live);
        }

        @Override
        public void leave() {
            live.activity().leave();
        }

        @Override
        public void release() {
            end.run();
            live.activity().touch(access.clock.instant());
            live.activity().letGo();
        }
    }

    /// Looked up anew at each access.
    SandboxFiles files(ProjectId project, SandboxId id) {
        return new LiveFiles(
                new LiveFiles.Access() {
                    @Override
                    public <T> T use(Function<RunningSandbox, T> work) {
                        return SandboxAccess.this.use(registry.get(project, id), work);
                    }

                    @Override
                    public Hold hold() {
                        return SandboxAccess.this.hold(registry.get(project, id));
                    }

                    @Override
                    public Hold transfer() {
                        return SandboxAccess.this.transfer(registry.get(project, id));
                    }

                    @Override
                    public boolean has(SandboxFiles files) {
                        return registry.get(project, id)
                                .running()
                                .filter(up -> up.files().equals(files))
                                .isPresent();
                    }
                });
    }

    /// Keeps the sandbox awake until the command ends.
    Execution start(LiveSandbox live, ExecutionId execution, ExecutionRequest request) {
        SandboxRules.check(request);
        return use(
                live,
                running -> {
                    Execution started = live.executions().start(execution, request, running);
                    live.activity().keepAwake(started);
                    return started;
                });
    }

    Execution startInBackground(LiveSandbox live, ExecutionId execution, ExecutionRequest request) {
        SandboxRules.check(request);
        return use(live, running -> live.executions().start(execution, request, running));
    }

    Execution execution(LiveSandbox live, ExecutionId execution) {
        if (hasProcesses(live)) {
            awake(live);
        }
        return live.executions()
                .get(execution)
                .or(() -> runtime.execution(live.id(), execution))
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.EXECUTION_NOT_FOUND,
                                "sandbox %s has no execution %s".formatted(live.id(), execution)));
    }

    void killAll(LiveSandbox live) {
        if (hasProcesses(live)) {
            use(
                    live,
                    running -> {
                        running.killAll();
                        return live.id();
                    });
        }
    }

    private static boolean hasProcesses(LiveSandbox live) {
        return live.running().isPresent() || live.memory().saved();
    }
}
