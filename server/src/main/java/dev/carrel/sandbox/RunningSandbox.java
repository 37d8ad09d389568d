package dev.carrel.sandbox;

import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A started sandbox, as its runtime sees it. Once [#isAlive] is false it stays so, and new
/// commands and all access to files fail with `SANDBOX_NOT_RUNNING`. Any number of threads use it
/// at once.
public interface RunningSandbox {
    /// Also of a paused sandbox.
    boolean isAlive();

    /// Whether its processes stand still, asked of the host: whoever paused it, and whenever.
    boolean isPaused();

    /// Freezes every process, and returns when all stand. Until [#resume], commands fail with
    /// `SANDBOX_NOT_RUNNING`, but files can be used. The timeouts of commands stand still, too.
    /// Does nothing when it is paused. On failure it runs on.
    void pause();

    /// Does nothing when it is not paused.
    void resume();

    /// Starts a command. If an execution of this id was ever started in this sandbox, returns that
    /// one and starts nothing, so that a caller who crashed can ask again.
    Execution start(ExecutionId id, ExecutionRequest request);

    /// What runs now, whoever started it.
    List<Execution> executions();

    /// Kills every process that was started in it, also those that left their group.
    void killAll();

    /// The same object for as long as it runs.
    SandboxFiles files();

    /// A new TCP connection to whatever listens on `port` inside, on IPv4's or IPv6's loopback or
    /// any other address of the sandbox; empty when nothing does. The channel blocks, and is the
    /// caller's to close; what is at its other end is hostile. On the host it may be a socket of
    /// another kind, so use it as a channel and set no options of TCP on it. Fails with
    /// `UNAVAILABLE` when the listener does not take the connection within `timeout`.
    Optional<SocketChannel> connect(int port, Duration timeout);

    /// Puts another network policy in force before it returns, for open connections too. The caller
    /// has asked [SandboxRuntime#check] before, and makes no two such calls at once. Repeating it
    /// is harmless; when it fails, the policy before is in force or nothing can be reached.
    void change(NetworkPolicy policy);
}
