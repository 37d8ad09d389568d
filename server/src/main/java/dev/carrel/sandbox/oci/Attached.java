package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This process's hold on a running sandbox: the channel to its pid 1 and its files. Letting go
/// leaves the sandbox alone.
record Attached(InitClient client, AttachedFiles files, InitNamespace network, CountDownLatch death)
        implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Attached.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration DEATH_TIMEOUT = Duration.ofSeconds(5);

    static Attached to(SandboxFolder folder, int process, ControlGroups groups) throws IOException {
        Fd root = Linux.open("/proc/" + process + "/root", Linux.O_PATH | Linux.O_DIRECTORY, 0);
        InitNamespace network = InitNamespace.of(folder.id(), process);
        var death = new CountDownLatch(1);
        boolean complete = false;
        try {
            InitClient client =
                    InitClient.connect(
                            folder.id(),
                            new RunDirectory(folder.run()),
                            () -> groups.oomKills(folder.id()),
                            InstantSource.system(),
                            CONNECT_TIMEOUT,
                            death::countDown);
            complete = true;
            return new Attached(
                    client, new AttachedFiles(folder.id(), root, client::isAlive), network, death);
        } finally {
            if (!complete) {
                root.close();
                network.close();
            }
        }
    }

    /// After pid 1 was killed: waits until everybody who follows a command has heard of it.
    void awaitDeath() {
        try {
            if (!death.await(DEATH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("the channel of a killed sandbox stays open");
            }
        } catch (InterruptedException e) {
            // Followers then learn that the server lets go, which is true as well.
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        client.close();
        // An open root would keep the file system of a stopped sandbox.
        files.close();
        network.close();
    }
}
