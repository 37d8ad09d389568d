package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ToolNamesTest {
    private static ToolNames of(String... names) {
        return new ToolNames(Arrays.stream(names).map(name -> Chats.tool(name, "")).toList());
    }

    @Test
    void everyNameHasItsOwnValidForm() {
        String longName = "x".repeat(64);
        String[] all = {"a.b", "a_b", "a b", "ä", longName + "1", longName + "2", ""};
        ToolNames names = of(all);
        assertThat(all)
                .extracting(names::toProvider)
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-zA-Z0-9_-]{1,64}"));
        assertThat(all).allMatch(name -> names.fromProvider(names.toProvider(name)).equals(name));
    }

    @Test
    void validNamesStayWhateverComesBefore() {
        assertThat(of("a.b", "a_b").toProvider("a_b")).isEqualTo("a_b");
    }

    @Test
    void unknownNamesAreMadeValidOutwardAndLeftInward() {
        assertThat(of().toProvider("was.here")).isEqualTo("was_here");
        assertThat(of().fromProvider("in.vented")).isEqualTo("in.vented");
    }
}
