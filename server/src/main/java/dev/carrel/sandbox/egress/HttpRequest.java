package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.HostName;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A request that says in exactly one way which host it is for.
record HttpRequest(HttpHead head, String method, HostName host, Framing framing) {
    private static final Pattern START =
            Pattern.compile("([A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}) (\\S{1,32768}) HTTP/1\\.[01]");
    private static final Pattern HOST = Pattern.compile("([^:@/]{1,255})(?::([0-9]{1,5}))?");

    /// CONNECT asks for any host, TRACE gives back what must not come back, PRI is HTTP/2.
    private static final Set<String> REFUSED = Set.of("CONNECT", "TRACE", "PRI");

    /// `port` is the one that the connection was meant for.
    static HttpRequest of(HttpHead head, int port) throws Refused {
        Matcher start = START.matcher(head.start());
        if (!start.matches()) {
            throw Refused.malformed("its first line is not HTTP/1.1");
        }
        String method = start.group(1);
        if (REFUSED.contains(method.toUpperCase(java.util.Locale.ROOT))) {
            throw new Refused(405, method + " does not pass");
        }
        String target = start.group(2);
        if (!target.startsWith("/") && !target.equals("*")) {
            throw Refused.malformed("its target is not a path");
        }
        return new HttpRequest(head, method, host(head, port), Framing.ofRequest(head));
    }

    private static HostName host(HttpHead head, int port) throws Refused {
        List<String> hosts = head.values("Host");
        if (hosts.size() != 1) {
            throw Refused.malformed("it needs exactly one Host");
        }
        Matcher host = HOST.matcher(hosts.getFirst());
        if (!host.matches() || (host.group(2) != null && Integer.parseInt(host.group(2)) != port)) {
            throw Refused.malformed("its Host is not where it goes");
        }
        return HostName.parse(host.group(1))
                .orElseThrow(() -> Refused.malformed("its Host is no name"));
    }

    boolean isUpgrade() {
        return head.has("Connection", "upgrade") && !head.values("Upgrade").isEmpty();
    }

    boolean isKeptAlive() {
        return head.isHttp11() && !head.has("Connection", "close");
    }
}
