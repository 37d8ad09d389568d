package dev.carrel.client;

import dev.carrel.wire.Listing;
import dev.carrel.wire.MemoryInfo;
import dev.carrel.wire.MemoryRequest;
import dev.carrel.wire.MemoryVersion;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Optional;

/// The calls on what agents remember beyond a session.
public final class MemoryCalls {
    private static final String ROOT = "/v1/memory";

    private final CarrelClient client;
    private final Transport transport;

    MemoryCalls(CarrelClient client, Transport transport) {
        this.client = client;
        this.transport = transport;
    }

    /// Newest first, without the texts.
    public Listing<MemoryInfo> list(int limit, Optional<String> cursor) {
        String rest = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(ROOT + "?limit=" + limit + rest, MemoryInfo.class);
    }

    /// What all agents of the project share.
    public Text project() {
        return new Text(ROOT + "/project");
    }

    public Text agent(String name) {
        return new Text(ROOT + "/agents/" + CarrelClient.segment(name));
    }

    /// What is kept about an end user.
    public Text user(String user) {
        return new Text(ROOT + "/users/" + CarrelClient.segment(user));
    }

    /// One memory.
    public final class Text {
        private final String path;

        private Text(String path) {
            this.path = path;
        }

        public MemoryInfo get() {
            return client.get(path, MemoryInfo.class);
        }

        public MemoryInfo get(long version) {
            return client.get(path + "?version=" + version, MemoryInfo.class);
        }

        /// Newest first.
        public List<MemoryVersion> versions() {
            return client.list(path + "/versions", MemoryVersion.class).data();
        }

        /// Replaces the text; with a tag, only if it is still the one that has it.
        public MemoryInfo put(String text, Optional<String> tag) {
            HttpRequest.Builder request =
                    client.jsonRequest(path).PUT(Transport.json(new MemoryRequest(text)));
            tag.ifPresent(known -> request.header("If-Match", "\"" + known + "\""));
            return transport.read(request, CarrelClient.CALL_MAX, MemoryInfo.class);
        }

        /// Its versions go with it.
        public void delete() {
            client.delete(path);
        }
    }
}
