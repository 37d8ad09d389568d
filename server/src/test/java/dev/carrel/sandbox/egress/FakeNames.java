package dev.carrel.sandbox.egress;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// A name server on loopback that knows what it was told. It notes what it is asked.
public final class FakeNames implements AutoCloseable {
    private final DatagramSocket socket;
    private final Map<String, List<Record>> zones = new ConcurrentHashMap<>();
    final List<Exception> failures = new CopyOnWriteArrayList<>();
    final List<String> asked = new CopyOnWriteArrayList<>();

    public FakeNames() throws IOException {
        socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread.ofVirtual().start(this::serve);
    }

    /// All questions so far: `good.example A`.
    public List<String> asked() {
        return List.copyOf(asked);
    }

    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }

    /// What is answered for `name`, in the text form of zone files: `A 1.2.3.4`. A `CNAME` brings
    /// the records of its target with it.
    public void put(String name, String... records) throws IOException {
        Name owner = Name.fromString(name + ".");
        List<Record> all = new CopyOnWriteArrayList<>();
        for (String text : records) {
            String[] words = text.split(" ", 2);
            all.add(
                    Record.fromString(
                            owner, Type.value(words[0]), DClass.IN, 60, words[1], Name.root));
            if (words[0].equals("CNAME")) {
                all.addAll(zones.getOrDefault(words[1].replaceAll("\\.$", ""), List.of()));
            }
        }
        zones.put(name, all);
    }

    private void serve() {
        var buffer = new byte[4096];
        while (!socket.isClosed()) {
            try {
                var packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                byte[] bytes = new byte[packet.getLength()];
                System.arraycopy(buffer, 0, bytes, 0, bytes.length);
                byte[] reply = reply(new Message(bytes)).toWire();
                socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
            } catch (IOException | RuntimeException e) {
                if (!socket.isClosed()) {
                    failures.add(e);
                }
            }
        }
    }

    private Message reply(Message question) {
        Record record = question.getQuestion();
        String name = record.getName().toString(true).toLowerCase(java.util.Locale.ROOT);
        asked.add(name + " " + Type.string(record.getType()));
        var reply = new Message(question.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.addRecord(record, Section.QUESTION);
        List<Record> known = zones.get(name);
        if (known == null) {
            reply.getHeader().setRcode(Rcode.NXDOMAIN);
            return reply;
        }
        known.stream()
                .filter(r -> r.getType() == record.getType() || isAddressPath(r, record.getType()))
                .forEach(r -> reply.addRecord(r, Section.ANSWER));
        return reply;
    }

    private static boolean isAddressPath(Record record, int asked) {
        return asked == Type.A && record.getType() == Type.CNAME;
    }

    @Override
    public void close() {
        socket.close();
    }
}
