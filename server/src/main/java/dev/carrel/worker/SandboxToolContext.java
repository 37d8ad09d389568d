package dev.carrel.worker;

import dev.carrel.agent.Delta;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.session.Lease;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionJournal;
import dev.carrel.tool.Memory;
import dev.carrel.tool.ToolContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongFunction;

/// What one tool call of a turn may touch.
final class SandboxToolContext implements ToolContext {
    private static final int ID_DIGITS = 32;

    private final SessionSandbox sandbox;
    private final LongFunction<Memory> memory;
    private final SessionJournal journal;
    private final Lease lease;
    private final String callId;

    /// `memory` takes the number of the entry that says that the call was started.
    SandboxToolContext(
            SessionSandbox sandbox,
            LongFunction<Memory> memory,
            SessionJournal journal,
            Lease lease,
            String callId) {
        this.sandbox = sandbox;
        this.memory = memory;
        this.journal = journal;
        this.lease = lease;
        this.callId = callId;
    }

    @Override
    public SandboxFiles files() {
        return sandbox.files();
    }

    @Override
    public Execution execute(ExecutionRequest request) {
        return sandbox.start(executionId(lease.session(), started()), request);
    }

    @Override
    public Memory memory() {
        return memory.apply(started());
    }

    private long started() {
        return journal.startedAt(callId)
                .orElseThrow(() ->
                        new IllegalStateException(
                                "call " + callId + " runs before it is journaled"));
    }

    @Override
    public String directory() {
        return WorkspaceSettings.DIRECTORY;
    }

    @Override
    public void output(String text) {
        journal.publish(new Delta.ToolOutput(callId, text));
    }

    @Override
    public Cancellation cancellation() {
        return lease.cancellation();
    }

    /// Follows from the entry that says that the call was started, which is the same for whoever
    /// runs the turn. The session is part of it because sessions may share a sandbox; the hash
    /// keeps other users of the sandbox from guessing it.
    static ExecutionId executionId(SessionId session, long started) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest((session + "/" + started).getBytes(StandardCharsets.UTF_8));
            return new ExecutionId("exe_" + HexFormat.of().formatHex(hash).substring(0, ID_DIGITS));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
