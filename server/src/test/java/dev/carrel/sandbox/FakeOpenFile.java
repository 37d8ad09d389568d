package dev.carrel.sandbox;

import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.InputStream;

/// A file of a fake sandbox that is open.
record FakeOpenFile(FileStat stat, Fd file) implements OpenFile {
    @Override
    public String version() {
        return stat.sizeBytes() + "-" + stat.modifiedAt().toEpochMilli();
    }

    @Override
    public InputStream from(long offset) {
        try {
            Linux.seek(file, offset);
            return new FdInputStream(file);
        } catch (LinuxException e) {
            throw FakeFiles.translate(stat.path(), e);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
