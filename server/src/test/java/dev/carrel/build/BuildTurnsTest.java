package dev.carrel.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Who may build at once.
class BuildTurnsTest {
    private final BuildTurns turns = new BuildTurns();

    private static ProjectId project(int number) {
        return new ProjectId("prj_" + number);
    }

    private ErrorCode refusal(ProjectId project, String name) {
        return catchThrowableOfType(CarrelException.class, () -> turns.take(project, name)).code();
    }

    @Test
    void aNameIsBuiltOnceAndByEachProject() {
        BuildTurns.Turn first = turns.take(project(1), "a");
        turns.take(project(2), "a");
        assertThat(refusal(project(1), "a")).isEqualTo(ErrorCode.CONFLICT);

        first.close();
        turns.take(project(1), "a");
    }

    @Test
    void aProjectNeverTakesAllTurns() {
        List<BuildTurns.Turn> taken = new ArrayList<>();
        for (int i = 0; i < ImageBuilds.PER_PROJECT_MAX; i++) {
            taken.add(turns.take(project(1), "a" + i));
        }
        assertThat(refusal(project(1), "x")).isEqualTo(ErrorCode.RATE_LIMITED);
        for (int i = ImageBuilds.PER_PROJECT_MAX; i < ImageBuilds.AT_ONCE_MAX; i++) {
            turns.take(project(i), "a");
        }
        assertThat(refusal(project(9), "a")).isEqualTo(ErrorCode.RATE_LIMITED);

        taken.getFirst().close();
        turns.take(project(9), "a");
        assertThat(refusal(project(1), "x")).isEqualTo(ErrorCode.RATE_LIMITED);
    }
}
