package dev.carrel.preview;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.HostExchange;
import dev.carrel.http.HostHandler;
import dev.carrel.http.RequestHead;
import dev.carrel.http.Response;
import dev.carrel.sandbox.Hold;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves the hosts of previews: whoever may see one is connected to the port inside, through a
/// connection made for this one request. The sandbox wakes for it and stays awake as long as it
/// lasts.
public final class PreviewProxy implements HostHandler {
    private static final Logger LOG = LoggerFactory.getLogger(PreviewProxy.class);

    private final Previews previews;
    private final Sandboxes sandboxes;
    private final PreviewGate gate;
    private final PreviewSettings settings;
    private final Slots slots;

    public PreviewProxy(
            Previews previews, Sandboxes sandboxes, Keys keys, PreviewSettings settings) {
        this.previews = previews;
        this.sandboxes = sandboxes;
        this.gate = new PreviewGate(previews, keys);
        this.settings = settings;
        this.slots = new Slots(settings.connectionsMax());
    }

    @Override
    public boolean owns(String host) {
        return previews.origins().owns(host);
    }

    @Override
    public void handle(HostExchange exchange) throws IOException {
        try {
            serve(exchange);
        } catch (CarrelException e) {
            if (exchange.isAnswered()) {
                throw new IOException("a preview broke off", e);
            }
            LOG.debug("a preview was refused: {}", e.getMessage());
            PreviewPages.answer(exchange, e);
        }
    }

    private void serve(HostExchange exchange) throws IOException {
        RequestHead head = exchange.head();
        PreviewHost host =
                previews.origins()
                        .parse(head.host())
                        .orElseThrow(() ->
                                new CarrelException(
                                        ErrorCode.NOT_FOUND,
                                        "A preview's address is like 3000-sbx-….example.com: a"
                                                + " port from 1 to 65535, a dash, and the id of a"
                                                + " sandbox"));
        ProjectId project =
                sandboxes
                        .projectOf(host.sandbox())
                        .orElseThrow(() ->
                                new CarrelException(
                                        ErrorCode.SANDBOX_NOT_FOUND,
                                        "The sandbox of this preview does not exist; it may have"
                                                + " been deleted"));
        switch (gate.judge(host, project, head)) {
            case PreviewGate.Verdict.Open() -> forward(exchange, host, project);
            case PreviewGate.Verdict.Remember(String token) -> {
                if (isVisit(head)) {
                    exchange.answer(remember(head, host, token));
                } else {
                    forward(exchange, host, project);
                }
            }
            case PreviewGate.Verdict.Closed() ->
                    throw new CarrelException(
                            ErrorCode.UNAUTHORIZED,
                            "Open it with the address that ends in ?carrel_token=…, or send the"
                                    + " token in the header X-Carrel-Preview-Token, or an API key"
                                    + " of the sandbox's project as Authorization: Bearer …");
        }
    }

    /// Whether a browser goes there, and can be sent on to the address without the token.
    private static boolean isVisit(RequestHead head) {
        return (head.method().equals("GET") || head.method().equals("HEAD"))
                && !RequestFields.isWebSocket(head);
    }

    /// The cookie is for this preview's host alone. The whole address is given, because a path that
    /// begins with two slashes would name another host.
    private static Response remember(RequestHead head, PreviewHost host, String token) {
        String target = Target.of(head.target()).without(PreviewGate.PARAMETER).toString();
        String secure = host.origin().isSecure() ? "; Secure" : "";
        return Response.text(302, "text/plain; charset=utf-8", "")
                .withHeader("Location", host.origin().scheme() + "://" + head.authority() + target)
                .withHeader(
                        "Set-Cookie",
                        PreviewGate.COOKIE
                                + "="
                                + token
                                + "; Path=/; HttpOnly; SameSite=Lax"
                                + secure)
                .withHeader("Cache-Control", "no-store")
                .withHeader("Referrer-Policy", "no-referrer");
    }

    private void forward(HostExchange exchange, PreviewHost host, ProjectId project)
            throws IOException {
        if (!slots.take(host.sandbox())) {
            throw new CarrelException(
                    ErrorCode.RATE_LIMITED,
                    "sandbox %s has %d connections of previews open, which is the limit"
                            .formatted(host.sandbox(), settings.connectionsMax()));
        }
        try (Hold hold = sandboxes.hold(project, host.sandbox())) {
            relay(exchange, host, hold);
        } finally {
            slots.giveBack(host.sandbox());
        }
    }

    private void relay(HostExchange exchange, PreviewHost host, Hold hold) throws IOException {
        Optional<SocketChannel> app = hold.running().connect(host.port(), settings.connectMax());
        try (SocketChannel channel = app.orElseThrow(() -> nobody(host.sandbox(), host.port()))) {
            RequestHead head = exchange.head();
            Target target = Target.of(head.target()).without(PreviewGate.PARAMETER);
            var fields = RequestFields.of(head, host, exchange.peer());
            var connection = new AppConnection(channel, host.port(), settings);
            new Relay(exchange, connection, hold::running).run(target.toString(), fields);
        }
    }

    private static CarrelException nobody(SandboxId sandbox, int port) {
        return new CarrelException(
                ErrorCode.PORT_NOT_LISTENING,
                "Nothing listens on port %d of sandbox %s. As soon as something does, it is shown"
                                .formatted(port, sandbox)
                        + " here.");
    }
}
