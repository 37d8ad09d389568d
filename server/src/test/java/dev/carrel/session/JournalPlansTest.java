package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.TurnId;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.StatementContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is asked of long journals is found by index, and in order without sorting.
class JournalPlansTest {
    private static final EventRows.Bounds PAGE = new EventRows.Bounds(10, 1_000);

    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        session = fixture.newSession();
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("one"));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aSessionIsShownWithoutReadingItsJournal() {
        assertInOrder(handle -> SessionRows.require(handle, new SessionKey(PROJECT, session)));
    }

    @Test
    void theNewestEntryAndAPageAreFoundByNumber() {
        assertInOrder(handle -> EventRows.lastSeq(handle, session));
        assertInOrder(handle -> EventRows.between(handle, session, 1, 9, PAGE));
    }

    @Test
    void whatFewEntriesSayIsFoundAmongThoseAlone() {
        assertThat(assertInOrder(handle -> FilePoints.at(handle, session, 1)))
                .allMatch(plan -> plan.contains("events_on_files"));
        assertThat(assertInOrder(handle -> FilePoints.rewinds(handle, session)))
                .allMatch(plan -> plan.contains("events_on_rewinds"));
        assertThat(assertInOrder(handle -> EventRows.approvals(handle, session)))
                .allMatch(plan -> plan.contains("events_on_approvals"));
        var all = new CountingEntries(List.of());
        assertThat(assertInOrder(handle -> EventRows.newestTurn(handle, session, all)))
                .allMatch(plan -> plan.contains("events_that_begin"));
    }

    @Test
    void aTurnIsLoadedWithoutWhatASummaryStandsFor() {
        Set<String> plans = plans(handle -> TurnEntries.read(handle, session, 2));
        assertThat(plans).anyMatch(plan -> plan.contains("events_not_summed_up"));
        assertThat(plans).noneMatch(JournalPlansTest::readsAll);
    }

    @Test
    void ofATurnOnlyItsOwnEntriesAreRead() {
        TurnId turn = fixture.claim().turn();
        for (Consumer<Handle> query :
                List.<Consumer<Handle>>of(
                        handle -> EventRows.ofTurn(handle, session, turn, 1),
                        handle -> EventRows.lastStep(handle, session, turn),
                        handle -> EventRows.unseenMessages(handle, session, turn))) {
            assertThat(plans(query)).isNotEmpty().noneMatch(JournalPlansTest::readsAll);
        }
    }

    private static boolean readsAll(String plan) {
        return plan.lines()
                .anyMatch(line -> line.startsWith("SCAN ") && !line.contains("CONSTANT"));
    }

    private Set<String> assertInOrder(Consumer<Handle> work) {
        Set<String> plans = plans(work);
        assertThat(plans).isNotEmpty().noneMatch(JournalPlansTest::readsAll);
        assertThat(plans).noneMatch(plan -> plan.contains("TEMP B-TREE"));
        return plans;
    }

    /// How the engine does each of the statements.
    private Set<String> plans(Consumer<Handle> work) {
        var statements = new LinkedHashSet<String>();
        return fixture.store.read(handle -> {
            SqlStatements config = handle.getConfig(SqlStatements.class);
            SqlLogger before = config.getSqlLogger();
            config.setSqlLogger(
                    new SqlLogger() {
                        @Override
                        public void logBeforeExecution(StatementContext context) {
                            statements.add(context.getParsedSql().getSql());
                        }
                    });
            try {
                work.accept(handle);
            } finally {
                config.setSqlLogger(before);
            }
            return statements.stream()
                    .map(sql -> plan(handle, sql))
                    .collect(Collectors.toUnmodifiableSet());
        });
    }

    private static String plan(Handle handle, String sql) {
        try (var statement = handle.getConnection().prepareStatement("explain query plan " + sql);
                var rows = statement.executeQuery()) {
            var plan = new StringBuilder();
            while (rows.next()) {
                plan.append(rows.getString("detail")).append('\n');
            }
            return plan.toString();
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }
}
