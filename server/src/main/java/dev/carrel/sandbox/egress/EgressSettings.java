package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.ClosedRanges;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Where resolver and proxy listen, which name servers are asked, and what stays closed.
/// `authority` is the file of the proxy's certificate authority; `trust` holds the certificates
/// that hosts are checked with, those of this machine if empty.
public record EgressSettings(
        InetAddress gateway,
        Supplier<List<InetSocketAddress>> nameServers,
        ClosedRanges closed,
        Path authority,
        Optional<Path> trust) {}
