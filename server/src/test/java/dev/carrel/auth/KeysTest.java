package dev.carrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.SettableClock;
import dev.carrel.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysTest {
    @TempDir Path home;
    private final SettableClock clock = SettableClock.atNoon();
    private Store store;
    private Keys keys;
    private ProjectId project;

    @BeforeEach
    void open() {
        store = Store.open(home.resolve("carrel.db"));
        keys = new Keys(store, clock);
        project = keys.ensureDefaultProject();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void newKeyAuthenticatesAsItsProject() {
        Keys.NewKey made = keys.create(project, "laptop");

        assertThat(made.secret()).matches("crl_live_[0-9A-Za-z]{40}");
        assertThat(keys.authenticate(made.secret()))
                .contains(new Principal(project, made.key().id()));
    }

    @Test
    void keyOutlivesTheProcess() {
        Keys.NewKey made = keys.create(project, "laptop");

        assertThat(new Keys(store, clock).authenticate(made.secret())).isPresent();
    }

    @Test
    void keysDiffer() {
        var secrets = new HashSet<String>();
        for (int i = 0; i < 100; i++) {
            secrets.add(KeySecret.next());
        }
        assertThat(secrets).hasSize(100);
    }

    @Test
    void plainTextIsNotStoredNorPrinted() {
        Keys.NewKey made = keys.create(project, "laptop");

        List<String> stored =
                store.read(handle ->
                        handle.createQuery("select id || name || secret_hash from api_keys")
                                .mapTo(String.class)
                                .list());
        assertThat(stored).hasSize(1).noneMatch(row -> row.contains(made.secret()));
        assertThat(made.toString()).doesNotContain(made.secret());
        assertThat(made.key().hint()).hasSize(4);
        assertThat(made.secret()).endsWith(made.key().hint());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "crl_live_",
                "crl_live_0123456789012345678901234567890123456789",
                "Bearer x",
                "crl_live_\u00e9123456789012345678901234567890123456789"
            })
    void anythingElseDoesNotAuthenticate(String secret) {
        keys.create(project, "laptop");

        assertThat(keys.authenticate(secret)).isEmpty();
    }

    @Test
    void revokedKeyStopsAtOnce() {
        Keys.NewKey made = keys.create(project, "laptop");
        Keys.NewKey other = keys.create(project, "server");
        assertThat(keys.authenticate(made.secret())).isPresent();

        keys.revoke(project, made.key().id());

        assertThat(keys.authenticate(made.secret())).isEmpty();
        assertThat(keys.authenticate(other.secret())).isPresent();
    }

    @Test
    void answerOlderThanARevocationIsNotRemembered() {
        var known = new KnownKeys();
        long before = known.generation();
        known.clear();

        known.put("hash", new Principal(project, "key_1"), before);

        assertThat(known.get("hash")).isEmpty();
    }

    @Test
    void rememberedKeysAreBounded() {
        var known = new KnownKeys();
        for (int i = 0; i <= KnownKeys.ENTRIES_MAX; i++) {
            known.put("hash" + i, new Principal(project, "key_" + i), known.generation());
        }

        assertThat(known.get("hash0")).isEmpty();
        assertThat(known.get("hash1")).isPresent();
    }

    @Test
    void anotherProjectsKeyIsNotFound() {
        Keys.NewKey made = keys.create(project, "laptop");
        var other = new ProjectId("other");
        keys.ensureProject(other);

        assertThatThrownBy(() -> keys.revoke(other, made.key().id()))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_NOT_FOUND));
        assertThat(keys.list(other, 10, Optional.empty()).items()).isEmpty();
        assertThat(keys.authenticate(made.secret())).isPresent();
    }

    @Test
    void listGoesThroughAllKeysNewestFirst() {
        var made = new ArrayList<String>();
        for (int i = 0; i < 5; i++) {
            made.addFirst(keys.create(project, "key " + i).key().id());
            clock.tick(Duration.ofSeconds(i / 2)); // some are made at the same instant
        }

        var seen = new ArrayList<String>();
        Optional<String> cursor = Optional.empty();
        do {
            Page<Keys.Key> page = keys.list(project, 2, cursor);
            assertThat(page.items()).hasSizeLessThanOrEqualTo(2);
            page.items().forEach(key -> seen.add(key.id()));
            cursor = page.next();
        } while (cursor.isPresent());

        assertThat(seen).containsExactlyInAnyOrderElementsOf(made);
        assertThat(seen.getLast()).isIn(made.subList(2, 5)); // made at the first instant
    }

    @Test
    void badInputIsRefused() {
        assertThatThrownBy(() -> keys.create(project, " ")).hasMessageContaining("1 to 100");
        assertThatThrownBy(() -> keys.create(project, "a\nb")).hasMessageContaining("printable");
        assertThatThrownBy(() -> keys.list(project, 0, Optional.empty()))
                .hasMessageContaining("from 1 to 1000");
        assertThatThrownBy(() -> keys.list(project, 1, Optional.of("x'; drop")))
                .hasMessageContaining("next_cursor");
        assertThatThrownBy(() -> keys.create(new ProjectId("absent"), "laptop"))
                .hasMessageContaining("no project named absent");
    }

    @Test
    void defaultProjectIsMadeOnce() {
        assertThat(keys.ensureDefaultProject()).isEqualTo(new ProjectId("default"));
        assertThat(
                        store.<Integer>read(handle ->
                                handle.createQuery("select count(*) from projects")
                                        .mapTo(Integer.class)
                                        .one()))
                .isEqualTo(1);
    }
}
