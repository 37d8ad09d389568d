package dev.carrel.tool;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;

/// The whole of results that are too long for the model: files in the sandbox, which it can read
/// like any other. The newest stay; they are the sandbox's, and go with it.
final class KeptOutput {
    static final String DIRECTORY = "/tmp/.carrel-output";
    static final int FILES_MAX = 32;
    static final long BYTES_MAX = 64 << 20;

    private static final int LISTED_MAX = 1_000;

    private KeptOutput() {}

    /// A note that says where `text` is kept, with a line end. The same execution gives the same
    /// file, so that a call that is run again after a crash leaves one. Where it cannot be kept, as
    /// on a full disk, the note says why.
    static String keep(ToolContext context, ExecutionId execution, String text) {
        String path = DIRECTORY + "/" + execution + ".txt";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            SandboxFiles files = context.files();
            files.write(path, new ByteArrayInputStream(bytes));
            dropOldest(files, path);
        } catch (CarrelException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            return "[the whole output could not be kept: " + e.text() + "]\n";
        }
        return "[the whole output, %d lines, is in %s: read it with offset and limit, or grep it]\n"
                .formatted(text.lines().count(), path);
    }

    private static void dropOldest(SandboxFiles files, String newest) {
        List<FileStat> kept =
                files.list(DIRECTORY, false, LISTED_MAX).stream()
                        .filter(file -> !file.path().equals(newest))
                        .sorted(Comparator.comparing(FileStat::modifiedAt).reversed())
                        .toList();
        long bytes = files.stat(newest).sizeBytes();
        for (int i = 0; i < kept.size(); i++) {
            bytes += kept.get(i).sizeBytes();
            if (i + 1 >= FILES_MAX || bytes > BYTES_MAX) {
                drop(files, kept.get(i).key());
            }
        }
    }

    private static void drop(SandboxFiles files, String path) {
        try {
            files.delete(path);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.FILE_NOT_FOUND) { // else somebody was faster
                throw e;
            }
        }
    }
}
