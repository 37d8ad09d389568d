package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where a shim says that it serves, and which version of the task service. `socket` is a path as
/// the shim sees it.
record ShimAddress(Path socket, int version) {
    private static final Pattern UNIX = Pattern.compile("(?:ttrpc\\+)?unix:(?://)?(/[^/\\s]\\S*)");

    /// Shims that print nothing but an address speak this version.
    private static final int VERSION_UNSAID = 2;

    private static final int VERSION_MAX = 3;

    /// What a shim's `start` has printed: an address, or since containerd 2 JSON with more.
    static ShimAddress parse(String output) throws IOException {
        String text = output.strip();
        String address = text;
        int version = VERSION_UNSAID;
        if (text.startsWith("{")) {
            JsonNode said = json(text);
            address = said.path("address").asText();
            version = said.path("version").asInt(VERSION_UNSAID);
            String protocol = said.path("protocol").asText("ttrpc");
            if (!protocol.equals("ttrpc")) {
                throw new IOException("the shim speaks %s, not ttrpc".formatted(protocol));
            }
        }
        Matcher matcher = UNIX.matcher(address);
        if (!matcher.matches()) {
            throw new IOException("the shim serves at no Unix socket with a path: " + text);
        }
        if (version < VERSION_UNSAID || version > VERSION_MAX) {
            throw new IOException("the shim speaks version %d of the protocol".formatted(version));
        }
        return new ShimAddress(Path.of(matcher.group(1)), version);
    }

    String service() {
        return "containerd.task.v" + version + ".Task";
    }

    private static JsonNode json(String text) throws IOException {
        try {
            return JsonMapper.builder().build().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IOException("the shim's answer to \"start\" is no JSON: " + text, e);
        }
    }
}
