package dev.carrel.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A client's connection as bare bytes in both directions.
final class ClientConnection {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

    private final ConnectionContext context;
    private final WireInput input;

    ClientConnection(ConnectionContext context) {
        this.context = context;
        this.input = new WireInput(new Received(context.dataReader()));
    }

    WireInput input() {
        return input;
    }

    OutputStream output() {
        return new Sent(context.dataWriter());
    }

    /// The client's address.
    String peer() {
        return context.remotePeer().host();
    }

    /// Ends it at once, whatever is under way.
    void cut() {
        try {
            context.serverSocket().close();
        } catch (RuntimeException e) {
            LOG.debug("closing a connection", e); // it has just ended by itself
        }
    }

    private static final class Received extends BulkInput {
        private final DataReader reader;

        Received(DataReader reader) {
            this.reader = reader;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                reader.ensureAvailable();
                BufferData some = reader.readBuffer(Math.min(length, reader.available()));
                return some.read(target, offset, length);
            } catch (DataReader.InsufficientDataAvailableException e) {
                return -1;
            } catch (ServerConnectionException | UncheckedIOException e) {
                throw new IOException("the client's connection broke", e);
            }
        }
    }

    /// Fails with [ClientGoneException].
    private static final class Sent extends OutputStream {
        private final DataWriter writer;

        Sent(DataWriter writer) {
            this.writer = writer;
        }

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                writer.writeNow(BufferData.create(bytes, offset, length));
            } catch (SocketWriterException | ServerConnectionException | UncheckedIOException e) {
                throw new ClientGoneException(e);
            }
        }
    }
}
