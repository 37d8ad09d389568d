package dev.carrel.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/// A registry on this machine that can misbehave.
final class FakeRegistry implements AutoCloseable {
    static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String INDEX = "application/vnd.oci.image.index.v1+json";
    static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    static final String USER = "ann";
    static final String PASSWORD = "hunter2";

    /// What it does instead of its work.
    interface Trouble {
        /// True if it has answered.
        boolean answer(HttpExchange call, byte[] body) throws IOException;
    }

    static final Trouble MISSING =
            (call, body) -> {
                call.sendResponseHeaders(404, -1);
                return true;
            };

    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    final Map<String, Trouble> troubles = new ConcurrentHashMap<>();
    volatile String auth = "";

    private static final ObjectMapper JSON = new ObjectMapper();
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();
    private final HttpServer server;

    FakeRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.createContext("/", this::handle);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    String url() {
        return "http://" + host();
    }

    /// One layer of an image: its bytes as sent, and what is in it.
    static final class Layer {
        private final String type;
        private final byte[] sent;
        private final byte[] tar;

        Layer(String type, byte[] sent, byte[] tar) {
            this.type = type;
            this.sent = sent;
            this.tar = tar;
        }

        String type() {
            return type;
        }

        byte[] sent() {
            return sent;
        }

        byte[] tar() {
            return tar;
        }

        static Layer of(LayerTar tar) {
            return new Layer(LAYER, LayerTar.gzip(tar.bytes()), tar.bytes());
        }
    }

    /// Serves an image; returns the digest of its manifest.
    Digest put(String repository, String tag, Map<String, ?> config, Layer... layers)
            throws IOException {
        ObjectNode configuration = JSON.createObjectNode();
        configuration.put("os", "linux").put("architecture", architecture());
        configuration.set("config", JSON.valueToTree(config));
        ArrayNode contents =
                configuration.putObject("rootfs").put("type", "layers").putArray("diff_ids");
        ObjectNode manifest = JSON.createObjectNode().put("schemaVersion", 2);
        manifest.put("mediaType", MANIFEST);
        ArrayNode list = JSON.createArrayNode();
        for (Layer layer : layers) {
            contents.add(Digest.of(layer.tar()).toString());
            list.add(descriptor(layer.type(), blob(layer.sent()), layer.sent().length));
        }
        byte[] bytes = JSON.writeValueAsBytes(configuration);
        String type = "application/vnd.oci.image.config.v1+json";
        manifest.set("config", descriptor(type, blob(bytes), bytes.length));
        manifest.set("layers", list);
        return manifest(repository, tag, JSON.writeValueAsBytes(manifest));
    }

    /// Serves an image that is there for several platforms.
    Digest putIndex(String repository, String tag, Map<String, Digest> platforms)
            throws IOException {
        ObjectNode index = JSON.createObjectNode().put("schemaVersion", 2);
        index.put("mediaType", INDEX);
        ArrayNode manifests = index.putArray("manifests");
        platforms.forEach((platform, digest) -> {
            String[] parts = platform.split("/");
            ObjectNode each = descriptor(MANIFEST, digest, 1);
            each.putObject("platform").put("os", parts[0]).put("architecture", parts[1]);
            manifests.add(each);
        });
        return manifest(repository, tag, JSON.writeValueAsBytes(index));
    }

    Digest manifest(String repository, String tag, byte[] bytes) {
        Digest digest = Digest.of(bytes);
        content.put("/v2/" + repository + "/manifests/" + tag, bytes);
        content.put("/v2/" + repository + "/manifests/" + digest, bytes);
        return digest;
    }

    /// The manifest that it serves.
    String manifest(String repository, String tag) {
        byte[] bytes = content.get("/v2/" + repository + "/manifests/" + tag);
        return new String(java.util.Objects.requireNonNull(bytes), StandardCharsets.UTF_8);
    }

    private Digest blob(byte[] bytes) {
        Digest digest = Digest.of(bytes);
        content.put(digest.toString(), bytes);
        return digest;
    }

    private static ObjectNode descriptor(String type, Digest digest, long size) {
        return JSON.createObjectNode()
                .put("mediaType", type)
                .put("digest", digest.toString())
                .put("size", size);
    }

    static String architecture() {
        return System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    }

    long callsFor(String part) {
        return calls.stream().filter(call -> call.contains(part)).count();
    }

    private void handle(HttpExchange call) throws IOException {
        try (call) {
            String path = call.getRequestURI().getPath();
            String given = String.valueOf(call.getRequestHeaders().getFirst("Authorization"));
            calls.add(path + " " + given);
            if (path.equals("/token")) {
                token(call, given);
                return;
            }
            if (!auth.isEmpty() && !given.equals(expected())) {
                call.getResponseHeaders().add("WWW-Authenticate", challenge());
                call.sendResponseHeaders(401, -1);
                return;
            }
            byte[] body = content.get(path);
            if (body == null) {
                body = content.get(path.substring(path.lastIndexOf('/') + 1));
            }
            for (Map.Entry<String, Trouble> trouble : troubles.entrySet()) {
                if (path.contains(trouble.getKey())
                        && trouble.getValue().answer(call, body == null ? new byte[0] : body)) {
                    return;
                }
            }
            send(call, body);
        }
    }

    private static void send(HttpExchange call, byte @org.jspecify.annotations.Nullable [] body)
            throws IOException {
        if (body == null) {
            call.sendResponseHeaders(404, -1);
            return;
        }
        call.sendResponseHeaders(200, body.length);
        try (OutputStream out = call.getResponseBody()) {
            out.write(body);
        }
    }

    private void token(HttpExchange call, String given) throws IOException {
        if (given.equals(new Credentials(USER, PASSWORD).basic())) {
            send(call, "{\"token\":\"tok123\"}".getBytes(StandardCharsets.UTF_8));
        } else {
            call.sendResponseHeaders(401, -1);
        }
    }

    private String expected() {
        return auth.equals("bearer") ? "Bearer tok123" : new Credentials(USER, PASSWORD).basic();
    }

    private String challenge() {
        return auth.equals("bearer")
                ? "Bearer realm=\"%s/token\",service=\"fake\"".formatted(url())
                : auth.equals("basic") ? "Basic realm=\"fake\"" : auth;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
