package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxFiles;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A running sandbox and the environment that its commands get.
record OciSandbox(
        Attached attached, Map<String, String> environment, Consumer<NetworkPolicy> network)
        implements RunningSandbox {
    OciSandbox {
        environment = Map.copyOf(environment);
    }

    @Override
    public boolean isAlive() {
        return attached.isAlive();
    }

    @Override
    public boolean isPaused() {
        return attached.isPaused();
    }

    @Override
    public void pause() {
        attached.pause();
    }

    @Override
    public void resume() {
        attached.resume();
    }

    @Override
    public void change(NetworkPolicy policy) {
        network.accept(policy);
    }

    @Override
    public Execution start(ExecutionId id, ExecutionRequest request) {
        Optional<Account> account = request.user().map(user -> Account.of(user, attached.files()));
        var variables = new HashMap<>(OciConfig.ENVIRONMENT);
        account.ifPresent(known -> variables.putAll(known.environment()));
        if (request.isTerminal()) {
            variables.put("TERM", "xterm-256color");
        }
        variables.putAll(environment);
        return attached.client().start(id, request, variables, account);
    }

    @Override
    public List<Execution> executions() {
        return attached.client().running();
    }

    @Override
    public void killAll() {
        attached.client().killAll();
    }

    @Override
    public SandboxFiles files() {
        return attached.files();
    }

    @Override
    public Optional<SocketChannel> connect(int port, Duration timeout) {
        return attached.network().connect(port, timeout);
    }
}
