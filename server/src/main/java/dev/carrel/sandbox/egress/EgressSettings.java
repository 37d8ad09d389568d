package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.ClosedRanges;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;

/// Where resolver and proxy listen, which name servers are asked, and what stays closed.
public record EgressSettings(
        InetAddress gateway, Supplier<List<InetSocketAddress>> nameServers, ClosedRanges closed) {}
