package dev.carrel.sandbox;

/// What a sandbox may reach. The host, other sandboxes and private ranges are closed in any case.
public record NetworkPolicy(boolean internet) {
    public static final NetworkPolicy ON = new NetworkPolicy(true);
    public static final NetworkPolicy OFF = new NetworkPolicy(false);
}
