package dev.carrel.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.wire.AgentInfo;
import dev.carrel.wire.DeploymentInfo;
import dev.carrel.wire.KeyInfo;
import dev.carrel.wire.KeyRequest;
import dev.carrel.wire.Listing;
import dev.carrel.wire.StatusInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/// A blocking client of one server. Any thread may use it; it holds no state but its connections.
///
/// Every call fails with a [dev.carrel.error.CarrelException] that carries the server's own code
/// and message, or with [UnreachableException] when there is no server to say anything.
public final class CarrelClient {
    /// How long a call that is expected to answer soon may take.
    static final Duration CALL_MAX = Duration.ofMinutes(2);

    /// How long a turn may take whose answer comes in one piece.
    static final Duration TURN_MAX = Duration.ofHours(24);

    private final Transport transport;

    public CarrelClient(URI server, String key) {
        this.transport = new Transport(server, key);
    }

    public SandboxCalls sandboxes() {
        return new SandboxCalls(this, transport);
    }

    public SnapshotCalls snapshots() {
        return new SnapshotCalls(this, transport);
    }

    public ImageCalls images() {
        return new ImageCalls(this, transport);
    }

    public ExecutionCalls executions() {
        return new ExecutionCalls(this, transport, sandboxes());
    }

    public SessionCalls sessions() {
        return new SessionCalls(this, transport);
    }

    public MemoryCalls memory() {
        return new MemoryCalls(this, transport);
    }

    public StatusInfo status() {
        return get("/v1/status", StatusInfo.class);
    }

    /// Deploys a `.carrel` folder, packed as tar.gz.
    public DeploymentInfo deploy(byte[] tarGz) {
        HttpRequest.Builder request =
                transport
                        .request("/v1/deployments")
                        .header("Content-Type", "application/gzip")
                        .POST(BodyPublishers.ofByteArray(tarGz));
        return transport.read(request, CALL_MAX, DeploymentInfo.class);
    }

    /// Newest first.
    public List<DeploymentInfo> deployments() {
        return list("/v1/deployments", DeploymentInfo.class).data();
    }

    public List<AgentInfo> agents() {
        return list("/v1/agents", AgentInfo.class).data();
    }

    public AgentInfo agent(String name) {
        return get("/v1/agents/" + segment(name), AgentInfo.class);
    }

    /// The answer's `key` is the only copy of the new key.
    public KeyInfo createKey(String name) {
        return post("/v1/keys", new KeyRequest(name), KeyInfo.class);
    }

    public Listing<KeyInfo> keys() {
        return list("/v1/keys", KeyInfo.class);
    }

    public void revokeKey(String id) {
        delete("/v1/keys/" + segment(id));
    }

    /// Runs a turn through the OpenAI endpoint and waits for its end. `body` is the request as that
    /// API has it.
    public JsonNode chat(ObjectNode body) {
        HttpRequest.Builder request = chatRequest(body.deepCopy().put("stream", false));
        return transport.read(request, TURN_MAX, JsonNode.class);
    }

    /// The same, chunk by chunk. The caller closes the stream.
    public ChatStream chatStream(ObjectNode body) {
        HttpRequest.Builder request = chatRequest(body.deepCopy().put("stream", true));
        return new ChatStream(transport.open(request, TURN_MAX));
    }

    private HttpRequest.Builder chatRequest(ObjectNode body) {
        return jsonRequest("/v1/chat/completions").POST(Transport.json(body));
    }

    <T> T get(String path, Class<T> answer) {
        return transport.read(transport.request(path), CALL_MAX, answer);
    }

    <T> Listing<T> list(String path, Class<T> item) {
        return transport.readList(transport.request(path), CALL_MAX, item);
    }

    <T> T post(String path, Object body, Class<T> answer) {
        HttpRequest.Builder request = jsonRequest(path).POST(Transport.json(body));
        return transport.read(request, CALL_MAX, answer);
    }

    /// A call whose answer has no content.
    void send(String path, Object body) {
        discard(jsonRequest(path).POST(Transport.json(body)));
    }

    void delete(String path) {
        discard(transport.request(path).DELETE());
    }

    void discard(HttpRequest.Builder request) {
        try (InputStream body = transport.open(request, CALL_MAX).body()) {
            body.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw transport.unreachable(e);
        }
    }

    HttpRequest.Builder jsonRequest(String path) {
        return transport.request(path).header("Content-Type", "application/json");
    }

    /// One segment of a path, or a value in a query.
    static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
