package dev.carrel.sandbox;

/// What an entry of a sandbox's `allow` or `deny` list names. Its text is the entry again.
public sealed interface NetworkTarget {
    /// Addresses, such as `203.0.113.0/24`; a single one is a range of it alone.
    record Range(Subnet subnet) implements NetworkTarget {
        @Override
        public String toString() {
            String text = subnet.toString();
            return subnet.prefix() == 32 ? text.substring(0, text.indexOf('/')) : text;
        }
    }

    /// One host by its name.
    record Host(HostName name) implements NetworkTarget {
        @Override
        public String toString() {
            return name.text();
        }
    }

    /// Every host whose name is below this one, which itself is not meant: `*.example.com`.
    record Subdomains(HostName of) implements NetworkTarget {
        @Override
        public String toString() {
            return "*." + of.text();
        }
    }

    /// Whether it is meant when somebody asks for a host by its name.
    default boolean matches(HostName name) {
        return switch (this) {
            case Range _ -> false;
            case Host host -> host.name.equals(name);
            case Subdomains subdomains -> name.isBelow(subdomains.of);
        };
    }

    /// Reads an entry as callers write it; names may have letters of any script. Fails with
    /// `IllegalArgumentException`, whose message says what is wrong with it.
    static NetworkTarget parse(String entry) {
        return TargetParser.parse(entry);
    }
}
