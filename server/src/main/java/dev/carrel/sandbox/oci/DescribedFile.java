package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.OpenFile;
import java.io.InputStream;
import java.time.Instant;

/// A regular file that is open, and what it was then.
record DescribedFile(String path, Fd file, FileInfo info, FileStat stat) implements OpenFile {
    @Override
    public String version() {
        Instant time = info.modifiedAt();
        return "%x-%x-%x%08x"
                .formatted(info.inode(), info.sizeBytes(), time.getEpochSecond(), time.getNano());
    }

    @Override
    public InputStream from(long offset) {
        try {
            Linux.seek(file, offset);
            return new FdInputStream(file);
        } catch (LinuxException e) {
            file.close();
            throw PathFailures.of(path, e);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
