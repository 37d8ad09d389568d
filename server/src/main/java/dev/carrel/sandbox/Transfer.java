package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/// Content on its way into a sandbox, which takes as long as its sender likes. A sandbox that is
/// restored or ends meanwhile has other files then, and what was still written would be lost: the
/// transfer ends with `CONFLICT` instead.
///
/// @param current whether the sandbox has the files that are written to
record Transfer(BooleanSupplier current) {
    /// To be asked once more when all is written.
    void check() {
        if (!current.getAsBoolean()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "the sandbox was restored, or stopped, while this was being written; send it"
                            + " again");
        }
    }

    InputStream watch(InputStream content) {
        return new FilterInputStream(content) {
            @Override
            public int read() throws IOException {
                check();
                return super.read();
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                check();
                return super.read(bytes, offset, length);
            }
        };
    }

    TreeWriter watch(TreeWriter tree) {
        return new TreeWriter() {
            @Override
            public void directory(String name, FileAttributes attributes) {
                check();
                tree.directory(name, attributes);
            }

            @Override
            public long file(
                    String name, FileAttributes attributes, Instant modified, InputStream content) {
                return tree.file(name, attributes, modified, watch(content));
            }

            @Override
            public void symlink(String name, String target) {
                check();
                tree.symlink(name, target);
            }

            @Override
            public void hardLink(String name, String existing) {
                check();
                tree.hardLink(name, existing);
            }
        };
    }
}
