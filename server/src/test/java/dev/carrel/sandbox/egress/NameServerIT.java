package dev.carrel.sandbox.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.Subnet;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/// The resolver on loopback, asked by this process, which plays the sandbox at 127.0.0.1.
class NameServerIT {
    private static final int SELF = 0x7f000001;
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private final ClosedRanges closed =
            new ClosedRanges(List.of(Subnet.parse("10.1.0.0/16").orElseThrow()));
    private FakeNames upstream;
    private Egress egress;

    @BeforeEach
    void open() throws IOException {
        upstream = new FakeNames();
        upstream.put("open.example", "A 11.7.7.7", "TXT words");
        upstream.put("www.open.example", "CNAME open.example.");
        upstream.put("evil.example", "A 11.7.7.9");
        upstream.put("alias.example", "CNAME evil.example.");
        upstream.put(
                "mixed.example",
                "A 11.7.7.7",
                "A 10.1.2.3",
                "A 127.0.0.1",
                "A 169.254.169.254",
                "A 192.168.1.1",
                "A 168.63.129.16");
        egress = open(List.of(upstream.address()));
    }

    @AfterEach
    void close() throws IOException {
        egress.close();
        upstream.close();
    }

    @Test
    void plainPolicyAsksForAnythingButIpv6() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);

        assertThat(addresses("open.example")).containsExactly("11.7.7.7");
        assertThat(addresses("OPEN.Example")).containsExactly("11.7.7.7");
        assertThat(addresses("www.open.example")).containsExactly("11.7.7.7");
        assertThat(ask("open.example", Type.TXT).getSection(Section.ANSWER)).hasSize(1);
        assertThat(ask("none.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        for (int type : List.of(Type.AAAA, Type.HTTPS, Type.ANY)) {
            Message answer = ask("open.example", type);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        }
    }

    @Test
    void namesThatTheRulesCloseDoNotExistAndAreNotAskedFor() throws IOException {
        egress.put(SELF, rules("open.example *.open.example 11.7.7.0/24", ""));

        assertThat(addresses("open.example")).containsExactly("11.7.7.7");
        assertThat(addresses("www.open.example")).containsExactly("11.7.7.7");
        for (String name :
                List.of("evil.example", "open.example.evil", "xopen.example", "example", "7.7.7")) {
            assertThat(ask(name, Type.A).getRcode()).as(name).isEqualTo(Rcode.NXDOMAIN);
        }
        assertThat(ask("open.example", Type.TXT).getSection(Section.ANSWER)).isEmpty();
        assertThat(upstream.asked).containsExactly("open.example A", "www.open.example A");
    }

    @Test
    void rulesOfRangesAloneOpenNoName() throws IOException {
        egress.put(SELF, rules("11.7.7.0/24", ""));

        assertThat(ask("open.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void aliasOfADeniedNameDoesNotExist() throws IOException {
        egress.put(SELF, rules("", "evil.example"));

        assertThat(ask("evil.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(ask("alias.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(ask("alias.example", Type.CNAME).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(addresses("open.example")).containsExactly("11.7.7.7");
    }

    @Test
    void closedAddressesAreLeftOut() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);
        assertThat(addresses("mixed.example")).containsExactly("11.7.7.7");

        egress.put(SELF, rules("", "11.7.7.7"));
        assertThat(addresses("mixed.example")).isEmpty();

        egress.put(SELF, rules("mixed.example 10.1.2.0/24 169.254.0.0/16", ""));
        assertThat(addresses("mixed.example")).containsExactly("11.7.7.7", "10.1.2.3");
    }

    @Test
    void answersAreKeptForAWhileWhoeverAsks() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);
        assertThat(addresses("mixed.example")).hasSize(1);
        egress.put(SELF, rules("mixed.example 10.1.2.0/24", ""));
        assertThat(addresses("mixed.example")).hasSize(2);

        assertThat(upstream.asked).containsExactly("mixed.example A");
    }

    @Test
    void longAnswersComeOverTcp() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);
        upstream.put(
                "many.example",
                IntStream.range(1, 60).mapToObj(i -> "A 11.7.7." + i).toArray(String[]::new));
        SimpleResolver tcp = resolver(egress.ports().nameStreams());
        tcp.setTCP(true);

        Message cut = new Message(exchange(query("many.example", Type.A).toWire()));
        Message whole = tcp.send(query("many.example", Type.A));

        assertThat(cut.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(whole.getSection(Section.ANSWER)).hasSize(59);
    }

    @Test
    void strangersGetNoAnswer() throws IOException {
        assertThatThrownBy(() -> exchange(query("open.example", Type.A).toWire()))
                .isInstanceOf(SocketTimeoutException.class);
        egress.put(SELF, NetworkPolicy.ON);
        assertThat(exchange(query("open.example", Type.A).toWire())).isNotEmpty();
        egress.remove(SELF);
        assertThatThrownBy(() -> exchange(query("open.example", Type.A).toWire()))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void whatIsNoQuestionDoesNoHarm() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);
        var random = new Random(7);
        byte[] good = query("open.example", Type.A).toWire();
        try (var socket = new DatagramSocket()) {
            var target = new InetSocketAddress(LOOPBACK, egress.ports().nameDatagrams());
            for (int i = 0; i < 300; i++) {
                byte[] bytes = i % 2 == 0 ? good.clone() : new byte[random.nextInt(600)];
                if (i % 2 == 0) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                } else {
                    random.nextBytes(bytes);
                }
                socket.send(new DatagramPacket(bytes, bytes.length, target));
            }
            // A name that points at itself.
            byte[] loop = good.clone();
            loop[12] = (byte) 0xc0;
            loop[13] = 12;
            socket.send(new DatagramPacket(loop, loop.length, target));
        }
        Message two = query("open.example", Type.A);
        two.addRecord(two.getQuestion(), Section.QUESTION);
        assertThat(new Message(insist(two.toWire())).getRcode()).isEqualTo(Rcode.FORMERR);
        Message update = query("open.example", Type.A);
        update.getHeader().setOpcode(Opcode.UPDATE);
        assertThat(new Message(insist(update.toWire())).getRcode()).isEqualTo(Rcode.NOTIMP);
        assertThat(addresses("open.example")).containsExactly("11.7.7.7");
        assertThat(upstream.failures).isEmpty();
    }

    @Test
    void floodIsDroppedBeyondTheBurst() throws IOException {
        egress.put(SELF, NetworkPolicy.ON);
        byte[] question = query("open.example", Type.A).toWire();
        int answers = 0;
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(300);
            socket.setReceiveBufferSize(1 << 22);
            var target = new InetSocketAddress(LOOPBACK, egress.ports().nameDatagrams());
            for (int i = 0; i < 5 * Client.QUESTIONS_BURST; i++) {
                socket.send(new DatagramPacket(question, question.length, target));
            }
            var packet = new DatagramPacket(new byte[512], 512);
            while (true) {
                socket.receive(packet);
                answers++;
            }
        } catch (SocketTimeoutException e) {
            assertThat(answers).isBetween(1, 2 * Client.QUESTIONS_BURST);
        }
    }

    @Test
    void withoutNameServersItSaysSo() throws IOException {
        egress.close();
        egress = open(List.of());
        egress.put(SELF, NetworkPolicy.ON);

        assertThat(ask("open.example", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    private Egress open(List<InetSocketAddress> servers) throws IOException {
        return Egress.open(
                new EgressSettings(
                        LOOPBACK, () -> servers, closed, Path.of("none"), Optional.empty()));
    }

    private static NetworkPolicy rules(String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of());
    }

    private static List<NetworkTarget> targets(String entries) {
        return Stream.of(entries.split(" "))
                .filter(entry -> !entry.isEmpty())
                .map(NetworkTarget::parse)
                .toList();
    }

    private List<String> addresses(String name) throws IOException {
        return ask(name, Type.A).getSection(Section.ANSWER).stream()
                .filter(record -> record.getType() == Type.A)
                .map(Record::rdataToString)
                .toList();
    }

    private Message ask(String name, int type) throws IOException {
        SimpleResolver resolver = resolver(egress.ports().nameDatagrams());
        resolver.setIgnoreTruncation(true);
        return resolver.send(query(name, type));
    }

    private static SimpleResolver resolver(int port) {
        var resolver = new SimpleResolver(new InetSocketAddress(LOOPBACK, port));
        resolver.setTimeout(Duration.ofSeconds(5));
        return resolver;
    }

    private static Message query(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name + "."), type, DClass.IN));
    }

    /// As a resolver does: what is dropped in a flood is asked again.
    private byte[] insist(byte[] question) throws IOException {
        for (int attempt = 0; attempt < 10; attempt++) {
            try {
                return exchange(question);
            } catch (SocketTimeoutException e) {
                assertThat(attempt).isLessThan(9);
            }
        }
        throw new AssertionError();
    }

    private byte[] exchange(byte[] question) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(500);
            var target = new InetSocketAddress(LOOPBACK, egress.ports().nameDatagrams());
            socket.send(new DatagramPacket(question, question.length, target));
            var packet = new DatagramPacket(new byte[2048], 2048);
            socket.receive(packet);
            return java.util.Arrays.copyOf(packet.getData(), packet.getLength());
        }
    }
}
