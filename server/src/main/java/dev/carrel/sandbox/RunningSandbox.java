package dev.carrel.sandbox;

/// A started sandbox, as its runtime sees it. Once [#isAlive] is false it stays so, and new
/// commands and all access to files fail with `SANDBOX_NOT_RUNNING`. Any number of threads use it
/// at once.
public interface RunningSandbox {
    boolean isAlive();

    /// Starts a command. If an execution of this id was ever started in this sandbox, returns that
    /// one and starts nothing, so that a caller who crashed can ask again.
    Execution start(ExecutionId id, ExecutionRequest request);

    SandboxFiles files();
}
