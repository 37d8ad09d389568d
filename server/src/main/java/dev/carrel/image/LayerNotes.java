package dev.carrel.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.process.FileNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a layer says besides its files: which paths of the layers below it removes, which folders
/// of theirs it empties first, and which folders it uses without saying how they are.
record LayerNotes(
        long sizeBytes, List<String> whiteouts, List<String> opaques, List<String> implied) {
    static final LayerNotes NONE = new LayerNotes(0, List.of(), List.of(), List.of());

    private static final String FILE = "layer.json";
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /// Names of files are any bytes, which JSON has no place for: each byte is a character there.
    private record Stored(
            long size_bytes, List<String> whiteouts, List<String> opaques, List<String> implied) {}

    void write(Path folder) throws IOException {
        var stored = new Stored(sizeBytes, coded(whiteouts), coded(opaques), coded(implied));
        Files.write(folder.resolve(FILE), JSON.writeValueAsBytes(stored));
    }

    static LayerNotes read(Path folder) throws IOException {
        try {
            Stored stored = JSON.readValue(folder.resolve(FILE).toFile(), Stored.class);
            return new LayerNotes(
                    stored.size_bytes(),
                    decoded(stored.whiteouts()),
                    decoded(stored.opaques()),
                    decoded(stored.implied()));
        } catch (JsonProcessingException e) {
            throw new IOException("the notes of layer " + folder.getFileName() + " are damaged", e);
        }
    }

    private static List<String> coded(List<String> names) {
        return names.stream()
                .map(name -> new String(FileNames.encode(name), StandardCharsets.ISO_8859_1))
                .toList();
    }

    private static List<String> decoded(List<String> names) {
        return names.stream()
                .map(name -> FileNames.decode(name.getBytes(StandardCharsets.ISO_8859_1)))
                .toList();
    }
}
