package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Subnet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Holds each sandbox to its own addresses: from its link to the bridge, only frames and ARP
/// messages pass that carry the hardware and the IPv4 address that belong to this link. All that is
/// granted by source address rests on it. The names of links and both addresses follow from the
/// index, so that the table is written once, for all that may ever be given.
record AddressPins(String table, String bridge, Subnet subnet) {
    String rules() {
        return """
        table bridge TABLE
        delete table bridge TABLE
        table bridge TABLE {
          set pins {
            type ifname . ether_addr . ipv4_addr
            elements = {
              PINS
            }
          }
          chain prerouting {
            type filter hook prerouting priority -300; policy accept;
            iifname != "BRIDGE.*" return
            ether type arp iifname . ether saddr . arp saddr ip @pins iifname . arp saddr ether . arp saddr ip @pins accept
            ether type ip iifname . ether saddr . ip saddr @pins accept
            drop
          }
        }
        """
                .replace("TABLE", table)
                .replace("BRIDGE", bridge)
                .replace("PINS", pins());
    }

    private String pins() {
        return IntStream.rangeClosed(SandboxNetwork.GATEWAY + 1, SandboxNetwork.last(subnet))
                .mapToObj(this::pin)
                .collect(Collectors.joining(",\n"));
    }

    private String pin(int index) {
        String hardware = hardwareAddress(subnet, index);
        return "\"" + bridge + "." + index + "\" . " + hardware + " . " + subnet.address(index);
    }

    /// The hardware address of the sandbox with this index: a locally administered one, with its
    /// IPv4 address in it.
    static String hardwareAddress(Subnet subnet, int index) {
        int address = subnet.first() + index;
        return "02:63:%02x:%02x:%02x:%02x"
                .formatted(
                        address >>> 24, address >>> 16 & 255, address >>> 8 & 255, address & 255);
    }
}
