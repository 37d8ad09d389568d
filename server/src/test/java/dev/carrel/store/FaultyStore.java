package dev.carrel.store;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.jdbi.v3.core.ConnectionException;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// A store whose writer fails where a test says, with the failures of its driver.
public final class FaultyStore {
    /// See [WriteFaults.Moment].
    public enum Moment {
        WORK,
        COMMIT,
        COMMITTED
    }

    private FaultyStore() {}

    public static Store open(Path file, Consumer<Moment> fault) {
        return Store.open(file, moment -> fault.accept(Moment.valueOf(moment.name())));
    }

    public static RuntimeException full() {
        return failure(SQLiteErrorCode.SQLITE_FULL);
    }

    /// A write or a sync that the disk did not do.
    public static RuntimeException ioError() {
        return failure(SQLiteErrorCode.SQLITE_IOERR_FSYNC);
    }

    public static RuntimeException busy() {
        return failure(SQLiteErrorCode.SQLITE_BUSY);
    }

    private static RuntimeException failure(SQLiteErrorCode code) {
        return new ConnectionException(new SQLiteException("made by the test: " + code, code));
    }
}
