package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Netlink;
import dev.carrel.process.NetlinkMessage;
import java.util.HexFormat;
import java.util.List;

/// The link of one sandbox: `host` is a port of the bridge that sees no other port, `eth0` is in
/// the sandbox. Straight to the kernel, because two programs would be a fifth of a start.
record Veth(String host, String bridge, int mtu) {
    private static final String INSIDE = "eth0";

    // Of linux/if_link.h.
    private static final int HARDWARE_ADDRESS = 1;
    private static final int NAME = 3;
    private static final int MTU = 4;
    private static final int MASTER = 10;
    private static final int LINK_INFO = 18;
    private static final int NAMESPACE_OF_PROCESS = 19;
    private static final int KIND = 1;
    private static final int DATA = 2;
    private static final int PORT_KIND = 4;
    private static final int PORT_DATA = 5;
    private static final int VETH_PEER = 1;
    private static final int PORT_ISOLATED = 33;
    private static final int LOOPBACK = 1;

    /// Makes both ends, the inner one in the namespace of `process`. The outer one is a port that
    /// is isolated before anything can pass it.
    void make(int process, String hardwareAddress) throws LinuxException {
        byte[] address = HexFormat.ofDelimiter(":").parseHex(hardwareAddress);
        try (Netlink kernel = Netlink.open()) {
            int master = kernel.index(bridge);
            NetlinkMessage pair =
                    NetlinkMessage.addLink()
                            .attribute(NAME, host)
                            .attribute(MTU, mtu)
                            .attribute(MASTER, master)
                            .nest(
                                    LINK_INFO,
                                    info ->
                                            info.attribute(KIND, "veth")
                                                    .nest(
                                                            DATA,
                                                            data ->
                                                                    data.nestLink(
                                                                            VETH_PEER,
                                                                            peer ->
                                                                                    peer.attribute(
                                                                                                    NAME,
                                                                                                    INSIDE)
                                                                                            .attribute(
                                                                                                    HARDWARE_ADDRESS,
                                                                                                    address)
                                                                                            .attribute(
                                                                                                    MTU,
                                                                                                    mtu)
                                                                                            .attribute(
                                                                                                    NAMESPACE_OF_PROCESS,
                                                                                                    process))));
            NetlinkMessage isolated =
                    NetlinkMessage.changeLink(0)
                            .attribute(NAME, host)
                            .nest(
                                    LINK_INFO,
                                    info ->
                                            info.attribute(PORT_KIND, "bridge")
                                                    .nest(
                                                            PORT_DATA,
                                                            data ->
                                                                    data.attribute(
                                                                            PORT_ISOLATED,
                                                                            (byte) 1)));
            NetlinkMessage up = NetlinkMessage.linkUp(0).attribute(NAME, host);
            kernel.send(List.of(pair, isolated, up));
        }
    }

    /// Gives the inner end its address and the way out.
    static void configure(int process, byte[] address, int prefix, byte[] gateway)
            throws LinuxException {
        try (Fd namespace = Linux.open("/proc/" + process + "/ns/net", Linux.O_RDONLY, 0);
                Netlink kernel = Netlink.in(namespace)) {
            int link = kernel.index(INSIDE);
            kernel.send(
                    List.of(
                            NetlinkMessage.linkUp(LOOPBACK),
                            NetlinkMessage.addAddress(link, address, prefix),
                            NetlinkMessage.linkUp(link),
                            NetlinkMessage.addDefaultRoute(gateway)));
        }
    }

    /// Takes both ends away; does nothing when they are gone.
    static void remove(String host) throws LinuxException {
        try (Netlink kernel = Netlink.open()) {
            kernel.send(List.of(NetlinkMessage.deleteLink(0).attribute(NAME, host)));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENODEV) {
                throw e;
            }
        }
    }
}
