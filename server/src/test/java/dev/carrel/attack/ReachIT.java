package dev.carrel.attack;

import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.NetworkRules;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What a sandbox with the internet on can reach that it must not: the host, its API, the metadata
/// address and private ranges in every spelling, other sandboxes, by TCP, UDP, ICMP and forged
/// frames.
class ReachIT extends AttackStage {
    private String other;

    @BeforeAll
    void makeNetworked() {
        client.sandboxes().delete(sandbox);
        sandbox = create(NetworkRules.ofInternet(true), SMALL);
        other = create(NetworkRules.ofInternet(true), SMALL);
    }

    @Test
    void theHostAndItsApiAreOutOfReachByAnyOfItsAddresses() throws IOException {
        var targets = new ArrayList<String>();
        for (NetworkInterface link : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            for (InetAddress address : Collections.list(link.getInetAddresses())) {
                targets.add(address.getHostAddress().replaceAll("%.*", ""));
            }
        }
        targets.addAll(List.of("gateway", "localhost", "0.0.0.0", "127.0.0.1", "127.1", "[::1]"));
        targets.addAll(List.of("host.docker.internal", "::ffff:127.0.0.1"));
        assertRepelled(reach(Integer.toString(server.uri().getPort()), targets));
    }

    @Test
    void metadataAndPrivateRangesAreClosedInEverySpelling() {
        assertRepelled(
                reach(
                        "80",
                        List.of(
                                "169.254.169.254",
                                "2852039166",
                                "0xA9FEA9FE",
                                "0251.0376.0251.0376",
                                "169.254.43518",
                                "::ffff:169.254.169.254",
                                "fd00:ec2::254",
                                "64:ff9b::a9fe:a9fe",
                                "2002:a9fe:a9fe::1",
                                "metadata.google.internal",
                                "169.254.170.2",
                                "100.100.100.200",
                                "192.0.0.192",
                                "168.63.129.16.",
                                "10.0.0.1",
                                "10.255.255.254",
                                "172.16.0.1",
                                "172.31.255.254",
                                "192.168.0.1",
                                "192.168.255.254",
                                "100.64.0.1",
                                "198.18.0.1",
                                "0xC0A80001",
                                "3232235521",
                                "0300.0250.0.1",
                                "192.168.1",
                                "10.1",
                                "fe80::1",
                                "fc00::1",
                                "::",
                                "224.0.0.1",
                                "255.255.255.255",
                                "240.0.0.1")));
    }

    @Test
    void otherSandboxesAreOutOfReachAlsoByForgedFrames() {
        run(other, "nohup python3 -m http.server 8000 >/dev/null 2>&1 &");
        String address = address(other);
        assertRepelled(reach("8000", List.of(address)));
        assertRepelled(attack("reach.py", "forge", address));
    }

    @Test
    void noTunnelOpensByOtherProtocols() {
        assertRepelled(attack("reach.py", "protocols"));
    }

    private ExecutionInfo reach(String port, List<String> targets) {
        var arguments = new ArrayList<>(List.of("tcp", port));
        arguments.addAll(targets);
        return attack("reach.py", arguments.toArray(String[]::new));
    }

    private String address(String of) {
        String line =
                "python3 -c 'import socket as s; a=s.socket(s.AF_INET,s.SOCK_DGRAM);"
                        + " a.connect((\"9.9.9.9\",9)); print(a.getsockname()[0])'";
        return run(of, line).stdout().strip();
    }
}
