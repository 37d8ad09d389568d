package dev.carrel.preview;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.Ids;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;

/// Which ports of sandboxes are registered for previews, and under which addresses. Each call looks
/// the sandbox up together with the project and fails with `SANDBOX_NOT_FOUND` otherwise. None of
/// them wakes a sandbox.
public final class Previews {
    public static final int PORTS_PER_SANDBOX_MAX = 32;

    private static final int LABEL_CHARS_MAX = 200;
    private static final int PORT_MAX = 65_535;

    /// A registered port and its token, which is shown once; a public one has none.
    public record Registered(PreviewPort port, Optional<String> token) {}

    private final Store store;
    private final Sandboxes sandboxes;
    private final PreviewOrigins origins;
    private final InstantSource clock;

    /// `serverPort` is asked only once the server listens.
    public Previews(
            Store store,
            Sandboxes sandboxes,
            PreviewSettings settings,
            IntSupplier serverPort,
            InstantSource clock) {
        this.store = store;
        this.sandboxes = sandboxes;
        this.origins = new PreviewOrigins(settings, serverPort);
        this.clock = clock;
    }

    /// Registers a port, or registers it anew: then the token of before opens nothing any more.
    /// Fails with `INVALID_REQUEST`, and with `CONFLICT` when the sandbox has too many.
    public Registered register(
            ProjectId project,
            SandboxId sandbox,
            int port,
            Optional<String> label,
            Audience audience) {
        sandboxes.get(project, sandbox);
        checkPort(port);
        label.ifPresent(Previews::checkLabel);
        Optional<String> token =
                switch (audience) {
                    case TOKEN_HOLDERS -> Optional.of(Ids.next(PreviewToken.PREFIX));
                    case EVERYBODY -> Optional.empty();
                };
        var row =
                new PreviewPort(
                        sandbox,
                        project,
                        port,
                        label,
                        token.map(PreviewToken::hash),
                        Micros.toInstant(Micros.of(clock.instant())));
        store.write(handle -> {
            if (!PreviewRows.hasSandbox(handle, sandbox)) {
                throw gone(sandbox);
            }
            List<PreviewPort> there = PreviewRows.list(handle, sandbox);
            boolean known = there.stream().anyMatch(other -> other.port() == port);
            if (!known && there.size() >= PORTS_PER_SANDBOX_MAX) {
                throw new CarrelException(
                        ErrorCode.CONFLICT,
                        "sandbox %s has %d ports registered, which is the limit; remove one first"
                                .formatted(sandbox, PORTS_PER_SANDBOX_MAX));
            }
            return PreviewRows.put(handle, row);
        });
        return new Registered(row, token);
    }

    /// In the order of their numbers.
    public List<PreviewPort> list(ProjectId project, SandboxId sandbox) {
        sandboxes.get(project, sandbox);
        return store.read(handle -> PreviewRows.list(handle, sandbox));
    }

    /// The numbers of all ports of a project, by sandbox.
    public Map<SandboxId, List<Integer>> numbers(ProjectId project) {
        return store.read(handle -> PreviewRows.list(handle, project)).stream()
                .collect(
                        Collectors.groupingBy(
                                PreviewPort::sandbox,
                                Collectors.mapping(PreviewPort::port, Collectors.toList())));
    }

    /// Its token opens nothing from now on; connections that are open stay. Fails with
    /// `PORT_NOT_FOUND`.
    public void remove(ProjectId project, SandboxId sandbox, int port) {
        sandboxes.get(project, sandbox);
        if (store.write(handle -> PreviewRows.delete(handle, sandbox, port)) == 0) {
            throw new CarrelException(
                    ErrorCode.PORT_NOT_FOUND,
                    "port %d of sandbox %s is not registered".formatted(port, sandbox));
        }
    }

    /// The address of a port, registered or not.
    public String url(SandboxId sandbox, int port) {
        return origins.main().url(sandbox, port);
    }

    Optional<PreviewPort> find(SandboxId sandbox, int port) {
        return store.read(handle -> PreviewRows.find(handle, sandbox, port));
    }

    PreviewOrigins origins() {
        return origins;
    }

    /// Who may see a preview.
    public enum Audience {
        TOKEN_HOLDERS,
        EVERYBODY
    }

    private static CarrelException gone(SandboxId sandbox) {
        return new CarrelException(
                ErrorCode.SANDBOX_NOT_FOUND, "sandbox " + sandbox + " has just been deleted");
    }

    private static void checkPort(int port) {
        if (port < 1 || port > PORT_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "port", "port must be from 1 to " + PORT_MAX);
        }
    }

    private static void checkLabel(String label) {
        if (label.length() > LABEL_CHARS_MAX || label.chars().anyMatch(Character::isISOControl)) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "label",
                    "label must have at most " + LABEL_CHARS_MAX + " printable characters");
        }
    }
}
