package dev.carrel.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// An application that does with each connection what a test wants. It notes the heads that it gets
/// and how its connections end.
final class TestApp implements AutoCloseable {
    /// What it does once it has the head of a request.
    interface Behaviour {
        void serve(String head, InputStream in, OutputStream out) throws IOException;
    }

    final LinkedBlockingQueue<String> heads = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private final ServerSocket listener;
    private final Behaviour behaviour;
    private final Thread acceptor;

    TestApp(Behaviour behaviour) throws IOException {
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.behaviour = behaviour;
        this.acceptor = Thread.ofVirtual().start(this::accept);
    }

    /// One that sends these bytes and closes.
    static TestApp answering(String answer) throws IOException {
        return new TestApp((head, in, out) -> out.write(answer.getBytes(ISO_8859_1)));
    }

    int port() {
        return listener.getLocalPort();
    }

    String head() throws InterruptedException {
        return String.valueOf(heads.poll(10, TimeUnit.SECONDS));
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            ended.add("closed");
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            String head = readHead(socket.getInputStream());
            heads.add(head);
            behaviour.serve(head, socket.getInputStream(), socket.getOutputStream());
            ended.add("done");
        } catch (IOException e) {
            ended.add("broken: " + e.getMessage());
        }
    }

    static String readHead(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("no head: " + head.toString(ISO_8859_1));
            }
            head.write(next);
        }
        return head.toString(ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        try {
            acceptor.join(); // until then, one more could get in
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
