package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Subnet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds addresses for sandboxes that nothing on the host uses.
final class SubnetChoice {
    /// 4,093 sandboxes.
    static final int PREFIX = 20;

    /// Tried in this order. The first is set aside for measurements (RFC 2544): no real host has
    /// such an address, so nothing is hidden from this one. Private networks behind the default
    /// route show in no table here.
    private static final List<Subnet> RANGES =
            List.of(
                    new Subnet(198 << 24 | 18 << 16, 15),
                    new Subnet(172 << 24 | 16 << 16, 12),
                    new Subnet(10 << 24, 8));

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private SubnetChoice() {}

    /// The first free one, beginning where `seed` says, so that instances seldom try the same.
    static Optional<Subnet> choose(List<Subnet> taken, int seed) {
        for (Subnet range : RANGES) {
            int parts = 1 << (PREFIX - range.prefix());
            for (int i = 0; i < parts; i++) {
                Subnet candidate = range.part(PREFIX, Math.floorMod(seed + i, parts));
                if (isFree(candidate, taken)) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    static boolean isFree(Subnet candidate, List<Subnet> taken) {
        return taken.stream().noneMatch(candidate::overlaps);
    }

    /// Every range that an interface or route of the host has, the default route excepted.
    static List<Subnet> taken() throws IOException {
        List<Subnet> taken = new ArrayList<>();
        String routes =
                HostCommand.of("ip", "-j", "-4", "route", "show", "table", "all")
                        .run()
                        .orFail()
                        .out();
        for (JsonNode route : JSON.readTree(routes.isBlank() ? "[]" : routes)) {
            Subnet.parse(route.path("dst").asText()).ifPresent(taken::add);
        }
        String addresses = HostCommand.of("ip", "-j", "-4", "address", "show").run().orFail().out();
        for (JsonNode link : JSON.readTree(addresses.isBlank() ? "[]" : addresses)) {
            for (JsonNode address : link.path("addr_info")) {
                String text = address.path("local").asText() + "/" + address.path("prefixlen");
                Subnet.parse(text).ifPresent(taken::add);
            }
        }
        return taken;
    }
}
