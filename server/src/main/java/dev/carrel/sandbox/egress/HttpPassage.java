package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.EdgeSecret;
import dev.carrel.sandbox.HostName;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// HTTP/1.1 from a sandbox to one host: request after request, each of them checked to be for this
/// host, each with its secret if there is one. Whatever is not clear ends the connection.
final class HttpPassage {
    private static final List<String> HOP_BY_HOP =
            List.of("Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE");

    private static final Duration LINGER = Duration.ofSeconds(1);
    private static final int LINGER_READS_MAX = 32;

    private final Socket near;
    private final InputStream fromNear;
    private final OutputStream toNear;

    /// `fromNear` may have read ahead.
    HttpPassage(Socket near, InputStream fromNear) throws IOException {
        this.near = near;
        this.fromNear = fromNear;
        this.toNear = near.getOutputStream();
    }

    /// A connection to the host, and what each request on it gets.
    record Way(Connection connection, Optional<EdgeSecret> secret) {}

    /// Opens the way to the host of the first request.
    @FunctionalInterface
    interface Opener {
        Way open(HostName host) throws IOException;
    }

    /// Until either end closes, or something must not pass. The sandbox is told why.
    void run(int port, Optional<HostName> expected, Opener opener) throws IOException {
        try {
            Optional<HttpRequest> first = next(port);
            if (first.isEmpty()) {
                return;
            }
            HostName host = first.get().host();
            if (expected.isPresent() && !expected.get().equals(host)) {
                throw new Refused(421, "Host is not the name that TLS was opened for");
            }
            Way way = opener.open(host);
            try (Connection connection = way.connection()) {
                var fromFar = new BufferedInputStream(connection.far().getInputStream());
                Optional<HttpRequest> request = first;
                while (request.isPresent() && pass(request.get(), way, fromFar)) {
                    request = next(port);
                    if (request.isPresent() && !request.get().host().equals(host)) {
                        throw new Refused(421, "a connection is for one host; open another one");
                    }
                }
            }
        } catch (Refused e) {
            refuse(e);
        }
    }

    private Optional<HttpRequest> next(int port) throws IOException {
        Optional<HttpHead> head = HttpHead.read(fromNear);
        return head.isEmpty() ? Optional.empty() : Optional.of(HttpRequest.of(head.get(), port));
    }

    /// One request and its response; whether another may follow.
    private boolean pass(HttpRequest request, Way way, InputStream fromFar) throws IOException {
        Socket far = way.connection().far();
        OutputStream toFar = far.getOutputStream();
        toFar.write(outgoing(request, way.secret()).bytes());
        toFar.flush();
        CompletableFuture<Boolean> body = new CompletableFuture<>();
        Thread.ofVirtual().name("egress-body").start(() -> sendBody(request, toFar, body));
        while (true) {
            HttpHead head =
                    HttpHead.read(fromFar)
                            .orElseThrow(() -> new Refused(502, "the host closed without a word"));
            int status = status(head);
            if (status == 101 && request.isUpgrade()) {
                toNear.write(head.bytes());
                toNear.flush();
                upgrade(far, fromFar);
                return false;
            }
            Framing framing = Framing.ofResponse(head, status, request.method());
            boolean goesOn = status / 100 == 1 || goesOn(request, head, framing);
            toNear.write(incoming(head, goesOn).bytes());
            toNear.flush();
            framing.copy(fromFar, toNear);
            if (status / 100 != 1) {
                return goesOn && isSent(body);
            }
        }
    }

    private void sendBody(
            HttpRequest request, OutputStream toFar, CompletableFuture<Boolean> done) {
        try {
            request.framing().copy(fromNear, toFar);
            toFar.flush();
            done.complete(true);
        } catch (IOException e) {
            done.complete(false);
            closeNear();
        }
    }

    // The response of a host that does not wait for the whole body has been passed on by now.
    private static boolean isSent(CompletableFuture<Boolean> body) {
        try {
            return body.get(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    private static HttpHead outgoing(HttpRequest request, Optional<EdgeSecret> secret) {
        HttpHead head = request.head();
        for (String name : HOP_BY_HOP) {
            head = head.without(name);
        }
        if (request.isUpgrade()) {
            head = head.with("Connection", "Upgrade");
        } else if (!request.isKeptAlive()) {
            head = head.with("Connection", "close");
        }
        return secret.isPresent() ? head.with(secret.get().header(), secret.get().value()) : head;
    }

    private static HttpHead incoming(HttpHead head, boolean goesOn) {
        HttpHead clean = head.without("Keep-Alive");
        return goesOn ? clean : clean.with("Connection", "close");
    }

    private static boolean goesOn(HttpRequest request, HttpHead response, Framing framing) {
        return request.isKeptAlive()
                && response.isHttp11()
                && !response.has("Connection", "close")
                && !(framing instanceof Framing.ToTheEnd);
    }

    private void upgrade(Socket far, InputStream fromFar) throws IOException {
        // What the host sent right after its head comes first.
        int ahead = fromFar.available();
        toNear.write(fromFar.readNBytes(ahead));
        toNear.flush();
        Relay.run(near, fromNear, far);
    }

    private static int status(HttpHead head) throws Refused {
        String[] words = head.start().split(" ", 3);
        if (words.length < 2
                || !words[0].startsWith("HTTP/1.")
                || !words[1].matches("[1-5][0-9][0-9]")) {
            throw new Refused(502, "the host's answer is not HTTP/1.1");
        }
        return Integer.parseInt(words[1]);
    }

    private void refuse(Refused why) throws IOException {
        byte[] text = (why.getMessage() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8);
        var head =
                new HttpHead(
                        "HTTP/1.1 " + why.status() + " Refused",
                        List.of(
                                new HttpHead.Field("Content-Type", "text/plain; charset=utf-8"),
                                new HttpHead.Field("Content-Length", text.length + ""),
                                new HttpHead.Field("X-Carrel-Egress", "refused"),
                                new HttpHead.Field("Connection", "close")));
        toNear.write(head.bytes());
        toNear.write(text);
        toNear.flush();
        linger();
    }

    // To close with words unread would take the answer away from who has not read it yet.
    private void linger() throws IOException {
        near.setSoTimeout(Math.toIntExact(LINGER.toMillis()));
        near.shutdownOutput();
        var dropped = new byte[8192];
        for (int reads = 0; reads < LINGER_READS_MAX && fromNear.read(dropped) >= 0; reads++) {
            assert dropped.length > 0;
        }
    }

    private void closeNear() {
        try {
            near.close();
        } catch (IOException e) {
            return; // closed all the same
        }
    }
}
