package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.HostName;
import dev.carrel.sandbox.NetworkPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// What names lead to, for a sandbox with a certain policy. A name that the policy closes does not
/// exist; an address that is closed is left out of answers, whoever owns the name.
final class Names {
    /// Types that are never passed on: there is no IPv6; the others hand out keys and addresses
    /// that would lead past the proxy, or whole zones.
    private static final Set<Integer> EMPTY =
            Set.of(
                    Type.AAAA,
                    Type.A6,
                    Type.HTTPS,
                    Type.SVCB,
                    Type.ANY,
                    Type.AXFR,
                    Type.IXFR,
                    Type.NULL);

    private static final int RECORDS_MAX = 64;

    private final Upstream upstream;
    private final ClosedRanges closed;
    private final AnswerCache cache = new AnswerCache();

    Names(Upstream upstream, ClosedRanges closed) {
        this.upstream = upstream;
        this.closed = closed;
    }

    /// A response code and the records that go with it.
    record Answer(int code, List<Record> records) {
        static final Answer NO_SUCH_NAME = new Answer(Rcode.NXDOMAIN, List.of());
        static final Answer NOTHING = new Answer(Rcode.NOERROR, List.of());
    }

    /// Fails when the host's name servers do not answer.
    Answer ask(NetworkPolicy policy, Name name, int type) throws IOException {
        Optional<HostName> host = HostName.parse(name.toString(true));
        if (host.isEmpty() || !policy.allowsName(host.get())) {
            return Answer.NO_SUCH_NAME;
        }
        boolean isLimited = !policy.allow().isEmpty() || policy.needsProxy();
        // Free text and the like is what tunnels are made of: rules that name hosts need none.
        if (EMPTY.contains(type) || (isLimited && type != Type.A && type != Type.CNAME)) {
            return Answer.NOTHING;
        }
        Message answer = lookUp(name, type);
        List<Record> records = answer.getSection(Section.ANSWER);
        if (records.stream().anyMatch(record -> leadsToDenied(record, policy))) {
            return Answer.NO_SUCH_NAME;
        }
        return new Answer(
                answer.getRcode(),
                records.stream()
                        .filter(record -> mayPass(record, type, policy))
                        .limit(RECORDS_MAX)
                        .toList());
    }

    /// The addresses of a host that the sandbox may reach; empty when there are none.
    List<InetAddress> addresses(NetworkPolicy policy, HostName host) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        for (Record record : ask(policy, absolute(host), Type.A).records()) {
            if (record instanceof ARecord a) {
                addresses.add(a.getAddress());
            }
        }
        return addresses;
    }

    boolean permits(InetAddress address, NetworkPolicy policy) {
        return closed.permits(Clients.bits(address), policy);
    }

    private Message lookUp(Name name, int type) throws IOException {
        Optional<Message> known = cache.get(name, type);
        if (known.isPresent()) {
            return known.get();
        }
        Message answer = upstream.ask(name, type);
        cache.put(name, type, answer);
        return answer;
    }

    private static boolean leadsToDenied(Record record, NetworkPolicy policy) {
        return switch (record) {
            case CNAMERecord alias -> isDenied(alias.getTarget(), policy);
            case DNAMERecord alias -> isDenied(alias.getTarget(), policy);
            default -> false;
        };
    }

    private static boolean isDenied(Name name, NetworkPolicy policy) {
        return HostName.parse(name.toString(true)).map(policy::deniesName).orElse(true);
    }

    private boolean mayPass(Record record, int type, NetworkPolicy policy) {
        return switch (record.getType()) {
            case Type.A ->
                    record instanceof ARecord a
                            && closed.permits(Clients.bits(a.getAddress()), policy);
            case Type.CNAME -> true;
            default -> record.getType() == type;
        };
    }

    private static Name absolute(HostName host) {
        try {
            return Name.fromString(host.text() + ".");
        } catch (TextParseException e) {
            throw new IllegalStateException("every host name is a name: " + host, e);
        }
    }
}
