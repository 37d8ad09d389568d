package dev.carrel.sandbox;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A range of IPv4 addresses, such as `10.20.0.0/20`. `first` is its lowest address.
public record Subnet(int first, int prefix) {
    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})(?:/(\\d{1,2}))?");

    public Subnet {
        if (prefix < 0 || prefix > 32) {
            throw new IllegalArgumentException("a prefix is from 0 to 32");
        }
        first &= mask(prefix);
    }

    /// Parses a range, or a single address as the range of it alone; empty for anything else, IPv6
    /// too.
    public static Optional<Subnet> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int address = 0;
        for (int group = 1; group <= 4; group++) {
            int part = Integer.parseInt(matcher.group(group));
            if (part > 255) {
                return Optional.empty();
            }
            address = address << 8 | part;
        }
        int prefix = matcher.group(5) == null ? 32 : Integer.parseInt(matcher.group(5));
        return prefix > 32 ? Optional.empty() : Optional.of(new Subnet(address, prefix));
    }

    public boolean overlaps(Subnet other) {
        int mask = mask(Math.min(prefix, other.prefix));
        return (first & mask) == (other.first & mask);
    }

    /// Whether every address of `other` is one of these.
    public boolean contains(Subnet other) {
        return prefix <= other.prefix && overlaps(other);
    }

    /// Whether an address, as its 32 bits, is one of these.
    public boolean contains(int address) {
        return (address & mask(prefix)) == first;
    }

    /// How many addresses it has.
    public long size() {
        return 1L << (32 - prefix);
    }

    /// Its address number `index`, without the prefix.
    public String address(long index) {
        if (index < 0 || index >= size()) {
            throw new IllegalArgumentException(this + " has no address " + index);
        }
        return text(first + (int) index);
    }

    /// The part of it number `index` when it is cut into parts of this prefix.
    public Subnet part(int partPrefix, int index) {
        return new Subnet(first + (index << (32 - partPrefix)), partPrefix);
    }

    @Override
    public String toString() {
        return text(first) + "/" + prefix;
    }

    /// An address, given as its 32 bits, as people write it.
    public static String text(int address) {
        return "%d.%d.%d.%d"
                .formatted(
                        address >>> 24, address >>> 16 & 255, address >>> 8 & 255, address & 255);
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << (32 - prefix);
    }
}
