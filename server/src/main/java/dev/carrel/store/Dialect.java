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

    /// The failure as clients may see it, where the engine and not the statement is at fault.
    static Optional<StoreException> translate(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLiteException sqlite) {
                return translate(sqlite.getResultCode(), failure);
            }
        }
        return Optional.empty();
    }

    static void execute(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    private static Optional<StoreException> translate(SQLiteErrorCode code, Throwable cause) {
        int primary = code.code & 0xff; // extended codes carry the primary one in the low byte
        if (primary == SQLiteErrorCode.SQLITE_FULL.code
                || primary == SQLiteErrorCode.SQLITE_IOERR.code) {
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
