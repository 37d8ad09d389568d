package dev.carrel.process;

import java.util.Objects;

/// Reads a descriptor that does not block, from where it stands, and closes it. For one thread.
public class FdInputStream extends BulkInput {
    private final Fd file;

    public FdInputStream(Fd file) {
        this.file = file;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws LinuxException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (length == 0) {
            return 0;
        }
        int size = Linux.read(file, buffer, offset, length);
        return size == 0 ? -1 : size;
    }

    @Override
    public void close() {
        file.close();
    }
}
