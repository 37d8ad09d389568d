package dev.carrel.store;

import dev.carrel.error.ErrorCode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// Everything that is SQLite's own: how to connect, to begin a transaction, and what its failures
/// mean.
final class Dialect {
    static final String BEGIN_WRITE = "BEGIN IMMEDIATE";
    static final String BEGIN_READ = "BEGIN";

    /// A transaction that is written to the log like any other, and leaves all as it is.
    static final String WRITE_NOTHING = "PRAGMA user_version = 0";

    private static final int IO_ERROR = SQLiteErrorCode.SQLITE_IOERR.code;

    /// Nobody else writes, so only a checkpoint or an operator's own sqlite3 can make us wait.
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(5);

    /// The write-ahead log is cut back to this after a burst.
    private static final int JOURNAL_BYTES_KEPT = 32 << 20;

    private final String url;

    Dialect(Path file) {
        SqliteLibrary.unpackInto(file.resolveSibling("native"));
        this.url = "jdbc:sqlite:" + file.toAbsolutePath();
    }

    Connection openWriter() {
        return open(writerConfig());
    }

    Connection openReader() {
        SQLiteConfig config = commonConfig();
        config.setExplicitReadOnly(false);
        Connection connection = open(config);
        execute(connection, "PRAGMA query_only = ON");
        return connection;
    }

    DataSource dataSource() {
        var source = new SQLiteDataSource(writerConfig());
        source.setUrl(url);
        return source;
    }

    /// The failure as clients may see it, where the engine and not the statement is at fault, and
    /// nothing was changed.
    static Optional<StoreException> translate(Throwable failure) {
        return code(failure).flatMap(code -> translate(code, failure));
    }

    /// The same where nobody knows whether anything was changed.
    static Optional<StoreException> translateUnknown(Throwable failure) {
        return translate(failure)
                .map(known ->
                        new StoreException(
                                known.code(),
                                "the database failed because the server's disk is failing; whether"
                                        + " the change was made is not known: look before you"
                                        + " retry",
                                failure));
    }

    /// Whether a transaction that was to be committed and failed so may be in the log as a whole.
    static boolean mayBeInLog(Throwable failure) {
        return code(failure).filter(code -> primary(code) == IO_ERROR).isPresent();
    }

    private static Optional<SQLiteErrorCode> code(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLiteException sqlite) {
                return Optional.of(sqlite.getResultCode());
            }
        }
        return Optional.empty();
    }

    /// Extended codes carry the primary one in the low byte.
    private static int primary(SQLiteErrorCode code) {
        return code.code & 0xff;
    }

    static void execute(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    private static Optional<StoreException> translate(SQLiteErrorCode code, Throwable cause) {
        int primary = primary(code);
        if (primary == SQLiteErrorCode.SQLITE_FULL.code || primary == IO_ERROR) {
            return Optional.of(
                    new StoreException(
                            ErrorCode.DISK_FULL,
                            "the database failed because the server's disk is full or failing;"
                                    + " nothing was changed: free some space, then retry",
                            cause));
        }
        if (primary == SQLiteErrorCode.SQLITE_BUSY.code) {
            return Optional.of(
                    new StoreException(
                            ErrorCode.UNAVAILABLE,
                            "another program has locked the database for more than "
                                    + BUSY_TIMEOUT.toSeconds()
                                    + " s; nothing was changed: end it, then retry",
                            cause));
        }
        if (primary == SQLiteErrorCode.SQLITE_NOTADB.code
                || primary == SQLiteErrorCode.SQLITE_CORRUPT.code) {
            return Optional.of(
                    new StoreException(
                            ErrorCode.INTERNAL_ERROR,
                            "the database file is damaged: stop the server and restore the data"
                                    + " folder from a backup",
                            cause));
        }
        return Optional.empty();
    }

    private Connection open(SQLiteConfig config) {
        try {
            return config.createConnection(url);
        } catch (SQLException e) {
            throw translate(e)
                    .orElseGet(() ->
                            new StoreException(
                                    ErrorCode.UNAVAILABLE,
                                    "the database cannot be opened; see the server's log",
                                    e));
        }
    }

    private static SQLiteConfig writerConfig() {
        SQLiteConfig config = commonConfig();
        config.setJournalMode(JournalMode.WAL);
        config.setSynchronous(SynchronousMode.FULL);
        config.setJournalSizeLimit(JOURNAL_BYTES_KEPT);
        return config;
    }

    private static SQLiteConfig commonConfig() {
        var config = new SQLiteConfig();
        config.enforceForeignKeys(true);
        config.setBusyTimeout(Math.toIntExact(BUSY_TIMEOUT.toMillis()));
        return config;
    }
}
