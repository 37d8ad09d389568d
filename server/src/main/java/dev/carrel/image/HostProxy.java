package dev.carrel.image;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The proxy that the host's environment names, by the customary variables.
final class HostProxy {
    private static final int PORT_DEFAULT = 3128;

    private HostProxy() {}

    static Proxy of(URI uri) {
        return of(uri, System.getenv());
    }

    static Proxy of(URI uri, Map<String, String> environment) {
        String host = Optional.ofNullable(uri.getHost()).orElse("").toLowerCase(Locale.ROOT);
        String scheme = "https".equals(uri.getScheme()) ? "https" : "http";
        String proxy = variable(environment, scheme + "_proxy");
        if (proxy.isEmpty()
                || RegistryHttp.isLoopback(host)
                || isExcepted(host, variable(environment, "no_proxy"))) {
            return Proxy.NO_PROXY;
        }
        URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        int port = address.getPort() < 0 ? PORT_DEFAULT : address.getPort();
        return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(address.getHost(), port));
    }

    private static boolean isExcepted(String host, String exceptions) {
        for (String exception : exceptions.toLowerCase(Locale.ROOT).split("[,\\s]+")) {
            String suffix = exception.replaceFirst("^\\*?\\.", "");
            if (exception.equals("*") || matches(host, suffix)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(String host, String suffix) {
        return !suffix.isEmpty() && (host.equals(suffix) || host.endsWith("." + suffix));
    }

    private static String variable(Map<String, String> environment, String name) {
        String lower = environment.getOrDefault(name, "");
        return lower.isEmpty()
                ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "").strip()
                : lower.strip();
    }
}
