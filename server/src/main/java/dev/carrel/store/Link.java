package dev.carrel.store;

import java.sql.Connection;
import java.sql.SQLException;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.CMTTransactionHandler;

/// One session with the database. Used by one thread at a time. Transactions are begun and ended
/// here and not by Jdbi, which would commit again when a commit failed.
final class Link implements AutoCloseable {
    private final Connection connection;
    private final Jdbi jdbi;

    Link(Connection connection) {
        this.connection = connection;
        this.jdbi = Jdbi.create(new Kept(connection));
        jdbi.setTransactionHandler(new CMTTransactionHandler());
    }

    /// A handle lives as long as one work, so that a result set left open goes with it.
    <T> T run(Work<T> work) {
        try (Handle handle = jdbi.open()) {
            return work.run(handle);
        }
    }

    void execute(String sql) {
        Dialect.execute(connection, sql);
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    /// Lends the connection to handles without letting them close it.
    private record Kept(Connection connection) implements ConnectionFactory {
        @Override
        public Connection openConnection() {
            return connection;
        }

        @Override
        public void closeConnection(Connection lent) {}
    }
}
