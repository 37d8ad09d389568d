package dev.carrel.api;

import dev.carrel.client.CarrelClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/// Deploys the text of an `agents.json`.
final class AgentUpload {
    private AgentUpload() {}

    static void deploy(CarrelClient client, String agents) throws IOException {
        byte[] text = agents.getBytes(StandardCharsets.UTF_8);
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new GzipCompressorOutputStream(bytes))) {
            var entry = new TarArchiveEntry("agents.json");
            entry.setSize(text.length);
            tar.putArchiveEntry(entry);
            tar.write(text);
            tar.closeArchiveEntry();
        }
        client.deploy(bytes.toByteArray());
    }
}
