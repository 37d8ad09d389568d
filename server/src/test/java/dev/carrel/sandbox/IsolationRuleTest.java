package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IsolationRuleTest {
    @TempDir Path folder;

    @Test
    void whatTheHostHasIsAllowedFromTheLeastLevelOn() {
        IsolationRule rule = rule(Isolation.GVISOR, EnumSet.allOf(Isolation.class));
        assertThat(rule.byDefault()).isEqualTo(Isolation.GVISOR);
        assertThatCode(() -> rule.check(Isolation.GVISOR)).doesNotThrowAnyException();
        assertThatCode(() -> rule.check(Isolation.MICROVM)).doesNotThrowAnyException();
    }

    @Test
    void weakerThanTheLeastIsRefusedByName() {
        IsolationRule rule = rule(Isolation.GVISOR, EnumSet.allOf(Isolation.class));
        refused(rule, Isolation.CONTAINER, "\"container\" is weaker than \"gvisor\"");
    }

    @Test
    void whatTheHostLacksIsRefusedWithTheReason() {
        IsolationRule rule = rule(Isolation.CONTAINER, Set.of(Isolation.CONTAINER));
        refused(rule, Isolation.MICROVM, "a runtime for tests");
    }

    private static void refused(IsolationRule rule, Isolation level, String why) {
        assertThatThrownBy(() -> rule.check(level))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.NOT_SUPPORTED);
                            assertThat(e.param()).contains("isolation");
                            assertThat(e.text()).contains(why);
                        });
    }

    private IsolationRule rule(Isolation min, Set<Isolation> levels) {
        return new IsolationRule(new FakeRuntime(new FakeHost(folder), levels), min);
    }
}
