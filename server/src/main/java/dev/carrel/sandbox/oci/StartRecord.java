package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.store.Micros;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What the server has to know of an execution after a restart: `<id>.json`, written before the
/// execution is started. `oomKills` is the sandbox's count of out-of-memory kills at that time.
@JsonIgnoreProperties(ignoreUnknown = true)
record StartRecord(
        @JsonProperty("command") List<String> command,
        @JsonProperty("cwd") String cwd,
        @JsonProperty("started_at_us") long startedAtMicros,
        @JsonProperty("output_bytes_max") long outputBytesMax,
        @JsonProperty("oom_kills") long oomKills,
        @JsonProperty("user") Optional<String> user,
        @JsonProperty("terminal") boolean terminal,
        @JsonProperty("keeps_last") boolean keepsLast) {
    /// A command is at most 128 KiB, and each byte at most six characters of JSON.
    static final int BYTES_MAX = 1 << 20;

    /// Of an execution whose record is lost.
    static final StartRecord NONE =
            new StartRecord(
                    List.of(),
                    "",
                    0,
                    ExecutionRequest.OUTPUT_BYTES_MAX,
                    0,
                    Optional.empty(),
                    false,
                    false);

    private static final ObjectMapper JSON =
            JsonMapper.builder().addModule(new Jdk8Module()).build();

    StartRecord {
        command = command == null ? List.of() : List.copyOf(command);
        cwd = cwd == null ? "" : cwd;
        user = user == null ? Optional.empty() : user;
        outputBytesMax = Math.clamp(outputBytesMax, 0, ExecutionRequest.OUTPUT_BYTES_MAX);
    }

    static StartRecord of(ExecutionRequest request, Instant now, long oomKills) {
        return new StartRecord(
                request.command(),
                request.cwd(),
                Micros.of(now),
                request.outputBytesMax(),
                oomKills,
                request.user(),
                request.isTerminal(),
                request.keepsLast());
    }

    static Optional<StartRecord> parse(byte[] json) {
        try {
            return Optional.ofNullable(JSON.readValue(json, StartRecord.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    byte[] json() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of strings and numbers is always JSON", e);
        }
    }

    Instant startedAt() {
        return Micros.toInstant(startedAtMicros);
    }
}
