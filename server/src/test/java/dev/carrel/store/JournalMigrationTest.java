package dev.carrel.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalMigrationTest {
    @TempDir Path home;

    @Test
    void journalsFromBeforePartsAreWholeAndInOrder() {
        Path file = home.resolve("carrel.db");
        var old = new Dialect(file);
        Flyway.configure()
                .dataSource(old.dataSource())
                .locations("classpath:db/migration")
                .target("18")
                .load()
                .migrate();
        Jdbi.create(old.dataSource())
                .useHandle(handle -> {
                    handle.execute("insert into projects (id, created_at) values ('p', 0)");
                    for (String session : List.of("ses_a", "ses_b")) {
                        handle.execute(
                                "insert into sessions (id, project, created_at) values (?, 'p', 0)",
                                session);
                        handle.execute(
                                """
                                insert into turns
                                    (id, project, session, position, state, created_at)
                                values (?, 'p', ?, 2, 'done', 0)
                                """,
                                "trn_" + session,
                                session);
                        for (int seq = 1; seq <= 3; seq++) {
                            handle.execute(
                                    """
                                    insert into events
                                        (project, session, seq, time, turn, type, body)
                                    values ('p', ?, ?, 5, ?, 'x', 'of ' || ?)
                                    """,
                                    session,
                                    seq,
                                    seq == 1 ? null : "trn_" + session,
                                    session);
                        }
                    }
                });
        try (Store store = Store.open(file)) {
            List<String> rows =
                    store.read(handle ->
                            handle.createQuery(
                                            """
                                            select session || ' ' || seq || ' ' || place || ' '
                                                || coalesce(turn, '-') || ' ' || time || ' ' || body
                                            from events order by session, part, seq
                                            """)
                                    .mapTo(String.class)
                                    .list());
            assertThat(rows)
                    .containsExactly(
                            "ses_a 1 1 - 5 of ses_a",
                            "ses_a 2 2 trn_ses_a 5 of ses_a",
                            "ses_a 3 2 trn_ses_a 5 of ses_a",
                            "ses_b 1 1 - 5 of ses_b",
                            "ses_b 2 2 trn_ses_b 5 of ses_b",
                            "ses_b 3 2 trn_ses_b 5 of ses_b");
        }
    }
}
