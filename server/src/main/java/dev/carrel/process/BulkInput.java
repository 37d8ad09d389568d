package dev.carrel.process;

import java.io.IOException;
import java.io.InputStream;

/// A stream whose bytes come in pieces: a single one is a piece of its own.
public abstract class BulkInput extends InputStream {
    @Override
    public final int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public abstract int read(byte[] buffer, int offset, int length) throws IOException;
}
