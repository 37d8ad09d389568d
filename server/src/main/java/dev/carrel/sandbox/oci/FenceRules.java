package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Subnet;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The rules of one sandbox, in the words of nft. It has a chain for what is passed on, which all
/// its packets take, those of open connections too, and one for what goes to the proxy.
record FenceRules(String table, int index, String address) {
    /// What leads from one fence to another, in one transaction with what comes before and after.
    String change(Fence before, Fence after) {
        if (before.equals(after)) {
            return "";
        }
        List<String> lines = new ArrayList<>();
        replace(lines, "fence", "fences", forward(before), forward(after));
        replace(lines, "proxy", "proxies", proxy(before), proxy(after));
        return String.join("\n", lines) + "\n";
    }

    private void replace(
            List<String> lines, String kind, String map, List<String> old, List<String> rules) {
        String chain = "inet " + table + " " + kind + index;
        String element = "element inet " + table + " " + map + " { " + address;
        if (!rules.isEmpty()) {
            lines.add("add chain " + chain);
            lines.add("flush chain " + chain);
            rules.forEach(rule -> lines.add("add rule " + chain + " " + rule));
            if (old.isEmpty()) {
                lines.add("add " + element + " : jump " + kind + index + " }");
            }
        } else if (!old.isEmpty()) {
            lines.add("delete " + element + " }");
            lines.add("flush chain " + chain);
            lines.add("delete chain " + chain);
        }
    }

    private static List<String> forward(Fence fence) {
        List<String> rules = new ArrayList<>();
        add(rules, fence.deny(), "goto refuse");
        add(rules, fence.opened(), "goto opened");
        if (fence.isClosed()) {
            add(rules, fence.allow(), "return");
            rules.add("goto refuse");
        }
        return rules;
    }

    private static List<String> proxy(Fence fence) {
        if (!fence.isProxied()) {
            return List.of();
        }
        List<String> rules = new ArrayList<>();
        // Into these packets go as they are, if the other chain lets them.
        for (List<Subnet> ranges : List.of(fence.allow(), fence.opened())) {
            add(rules, ranges, "return");
        }
        rules.add("goto redirected");
        return rules;
    }

    private static void add(List<String> rules, List<Subnet> ranges, String verdict) {
        if (!ranges.isEmpty()) {
            Stream<String> texts = ranges.stream().map(Subnet::toString);
            String set = texts.collect(Collectors.joining(", ", "{ ", " }"));
            rules.add("ip daddr " + set + " " + verdict);
        }
    }
}
