package dev.carrel.sandbox.egress;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;

/// The host's own name servers, asked one after the other. A question that is passed on is ours,
/// with an id and a port of our own: nothing of what a sandbox sent but the name and the type.
final class Upstream {
    private static final Duration TRY_TIMEOUT = Duration.ofSeconds(2);

    /// Each server is asked so often, a lost packet being no answer.
    private static final int ROUNDS = 2;

    private static final int AT_ONCE_MAX = 256;

    private final Supplier<List<InetSocketAddress>> servers;
    private final Semaphore slots = new Semaphore(AT_ONCE_MAX);

    Upstream(Supplier<List<InetSocketAddress>> servers) {
        this.servers = servers;
    }

    /// Fails when no server gives an answer that says anything of the name.
    Message ask(Name name, int type) throws IOException {
        if (!slots.tryAcquire()) {
            throw new IOException(AT_ONCE_MAX + " questions wait for an answer already");
        }
        try {
            return askInTurn(name, type);
        } finally {
            slots.release();
        }
    }

    private Message askInTurn(Name name, int type) throws IOException {
        var failure = new IOException("no name server answers for " + name);
        for (int round = 0; round < ROUNDS; round++) {
            for (InetSocketAddress server : servers.get()) {
                try {
                    Message answer = ask(server, name, type);
                    int code = answer.getRcode();
                    if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) {
                        return answer;
                    }
                    failure.addSuppressed(new IOException(server + ": " + Rcode.string(code)));
                } catch (IOException e) {
                    failure.addSuppressed(e);
                }
            }
        }
        throw failure;
    }

    private static Message ask(InetSocketAddress server, Name name, int type) throws IOException {
        var resolver = new SimpleResolver(server);
        resolver.setTimeout(TRY_TIMEOUT);
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        try {
            // Not on the pool that all share: anyone could block it.
            return resolver.sendAsync(query, Thread::startVirtualThread)
                    .toCompletableFuture()
                    .get(2 * TRY_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(server + " does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for " + server);
        }
    }
}
