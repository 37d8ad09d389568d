package dev.carrel.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class NetlinkIT {
    private static final int NAME = 3;
    private static final int LINK_INFO = 18;
    private static final int KIND = 1;

    @Test
    void linksAddressesAndRoutesAreMade() throws Exception {
        inANamespace(() -> {
            try (Netlink kernel = Netlink.open()) {
                kernel.send(List.of(veth("one")));
                int index = kernel.index("one");
                byte[] address = {10, 1, 2, 3};
                kernel.send(
                        List.of(
                                NetlinkMessage.linkUp(1),
                                NetlinkMessage.addAddress(index, address, 24),
                                NetlinkMessage.linkUp(index)));
                kernel.send(List.of(NetlinkMessage.addDefaultRoute(new byte[] {10, 1, 2, 1})));

                assertThat(shown("address", "show", "dev", "one")).contains("10.1.2.3/24", "UP");
                assertThat(shown("route")).contains("default via 10.1.2.1 dev one");

                kernel.send(List.of(NetlinkMessage.deleteLink(0).attribute(NAME, "one")));
                assertThat(errno(() -> kernel.index("one"))).isEqualTo(Errno.ENODEV);
            }
            return 0;
        });
    }

    @Test
    void firstFailureOfManyIsToldAndTheOthersAreDone() throws Exception {
        inANamespace(() -> {
            try (Netlink kernel = Netlink.open()) {
                kernel.send(List.of(veth("one")));

                assertThat(errno(() -> kernel.send(List.of(veth("one"), veth("two")))))
                        .isEqualTo(Errno.EEXIST);

                assertThat(kernel.index("two")).isPositive();
                assertThat(errno(() -> kernel.send(List.of(NetlinkMessage.deleteLink(4711)))))
                        .isEqualTo(Errno.ENODEV);
                kernel.send(List.of(NetlinkMessage.linkUp(kernel.index("one"))));
            }
            return 0;
        });
    }

    @Test
    void anotherNamespaceIsSpokenToFromOutside() throws Exception {
        try (Fd own = Linux.open("/proc/self/ns/net", Linux.O_RDONLY, 0);
                Netlink kernel = Netlink.in(own)) {
            assertThat(kernel.index("lo")).isEqualTo(1);
        }
    }

    private static NetlinkMessage veth(String name) {
        return NetlinkMessage.addLink()
                .attribute(NAME, name)
                .nest(LINK_INFO, info -> info.attribute(KIND, "veth"));
    }

    private static Errno errno(ThrowingCallable call) {
        return catchThrowableOfType(LinuxException.class, call).errno();
    }

    private static String shown(String... words) throws Exception {
        var line = new java.util.ArrayList<>(List.of("ip"));
        line.addAll(List.of(words));
        return HostCommand.of(line).run().orFail().out();
    }

    /// On a thread of its own, which has the namespace and takes it with it.
    private static void inANamespace(Callable<Integer> work) throws Exception {
        var task =
                new FutureTask<>(() -> {
                    Namespaces.unshare(Namespaces.CLONE_NEWNET);
                    return work.call();
                });
        Thread.ofPlatform().start(task);
        assertThat(task.get(15, TimeUnit.SECONDS)).isZero();
    }
}
