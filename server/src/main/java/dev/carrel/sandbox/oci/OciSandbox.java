package dev.carrel.sandbox.oci;

import dev.carrel.image.ImageConfig;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxSpec;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A running sandbox, the environment that its commands get, and what its image says of who they
/// are and where they start: both count where a command says nothing itself.
record OciSandbox(
        Attached attached,
        Map<String, String> environment,
        ImageConfig image,
        Consumer<NetworkPolicy> network)
        implements RunningSandbox {
    private static final String CWD_DEFAULT = "/workspace";

    OciSandbox {
        environment = Map.copyOf(environment);
    }

    /// The sandbox's own variables count more than those of its image.
    static OciSandbox of(
            Attached attached,
            SandboxSpec spec,
            ImageConfig image,
            Consumer<NetworkPolicy> network) {
        Map<String, String> environment = new HashMap<>();
        if (!spec.network().secrets().isEmpty()) {
            environment.putAll(TrustFiles.ENVIRONMENT);
        }
        environment.putAll(image.env());
        environment.putAll(spec.env());
        return new OciSandbox(attached, environment, image, network);
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
        Optional<Account> account = account(request.user().orElse(image.user()));
        var variables = new HashMap<>(OciConfig.ENVIRONMENT);
        account.ifPresent(known -> variables.putAll(known.environment()));
        if (request.isTerminal()) {
            variables.put("TERM", "xterm-256color");
        }
        variables.putAll(environment);
        return attached.client().start(id, request.in(cwd(request)), variables, account);
    }

    // Most commands are root's, who needs no looking up.
    private Optional<Account> account(String user) {
        return user.isEmpty() || user.equals(ExecutionRequest.ROOT)
                ? Optional.empty()
                : Optional.of(Account.of(user, attached.files()));
    }

    private String cwd(ExecutionRequest request) {
        if (!request.cwd().equals(ExecutionRequest.CWD_OF_IMAGE)) {
            return request.cwd();
        }
        return image.workingDirectory().isEmpty() ? CWD_DEFAULT : image.workingDirectory();
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
