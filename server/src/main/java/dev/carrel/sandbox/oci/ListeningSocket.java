package dev.carrel.sandbox.oci;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A TCP socket that waits for connections, as `/proc/<pid>/net/tcp` and `tcp6` show it. The kernel
/// lists these sockets first, so a table that is cut loses connections only.
record ListeningSocket(InetAddress address, int port) {
    static final int TABLE_BYTES_MAX = 1 << 20;
    static final InetAddress LOOPBACK = address(new byte[] {127, 0, 0, 1});

    private static final InetAddress LOOPBACK_6 =
            address(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    private static final String LISTEN = "0A";
    private static final int SOCKETS_MAX = 1024;

    /// Where a client in the same network namespace finds it.
    InetSocketAddress reachable() {
        InetAddress any = address.getAddress().length == 4 ? LOOPBACK : LOOPBACK_6;
        return new InetSocketAddress(address.isAnyLocalAddress() ? any : address, port);
    }

    /// At most 1,024 of the two tables.
    static List<ListeningSocket> parse(byte[] tcp, byte[] tcp6) {
        var sockets = new ArrayList<ListeningSocket>();
        for (byte[] table : List.of(tcp, tcp6)) {
            new String(table, StandardCharsets.ISO_8859_1)
                    .lines()
                    .map(line -> List.of(line.strip().split("\\s+")))
                    .filter(words -> words.size() > 3 && words.get(3).equals(LISTEN))
                    .limit(SOCKETS_MAX - sockets.size())
                    .map(words -> parse(words.get(1)))
                    .forEach(sockets::add);
        }
        return List.copyOf(sockets);
    }

    /// `0100007F:0BB8`: words of four bytes, each in the order of the machine, then the port.
    private static ListeningSocket parse(String local) {
        int colon = local.indexOf(':');
        byte[] bytes = java.util.HexFormat.of().parseHex(local, 0, colon);
        if (java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN) {
            for (int word = 0; word < bytes.length; word += 4) {
                swap(bytes, word, word + 3);
                swap(bytes, word + 1, word + 2);
            }
        }
        return new ListeningSocket(
                address(bytes), Integer.parseInt(local.substring(colon + 1), 16));
    }

    private static void swap(byte[] bytes, int a, int b) {
        byte held = bytes[a];
        bytes[a] = bytes[b];
        bytes[b] = held;
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not 4 or 16 bytes", e);
        }
    }
}
