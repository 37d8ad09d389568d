package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class SandboxesChangeTest extends SandboxesFixture {
    private static final Resources SMALL = new Resources(1, 256, 512, 64);

    @Test
    void changesHoldAtOnceAndForTheNextServer() throws Exception {
        Sandbox sandbox = create();

        change(sandbox, spec -> with(spec, SMALL, Map.of("A", "b")));

        assertThat(run(sandbox, "echo $A").stdout()).isEqualTo("b\n");
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(1);
        restart();
        assertThat(sandboxes.get(PROJECT, sandbox.id()).spec().resources()).isEqualTo(SMALL);
        assertThat(run(sandbox, "echo $A").stdout()).isEqualTo("b\n");
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(1);
    }

    @Test
    void changeNeitherResumesNorStarts() {
        Sandbox sandbox = create();
        sandboxes.pause(PROJECT, sandbox.id());
        assertThat(change(sandbox, spec -> with(spec, SMALL, Map.of())).state())
                .isEqualTo(SandboxState.PAUSED);
        host.killInit(sandbox.id());
        assertThat(change(sandbox, spec -> with(spec, Resources.DEFAULT, Map.of())).state())
                .isEqualTo(SandboxState.STOPPED);
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(2);
    }

    @Test
    void refusedChangeChangesNothing() throws Exception {
        Sandbox sandbox = create();
        host.failAt(Step.BEFORE_RESIZE);

        assertCode(
                ErrorCode.SANDBOX_FAILED,
                () -> change(sandbox, spec -> with(spec, SMALL, Map.of("A", "b"))));
        assertCode(
                ErrorCode.INVALID_REQUEST,
                () -> change(sandbox, spec -> with(spec, SMALL, Map.of("1", "b"))));

        assertThat(sandboxes.get(PROJECT, sandbox.id()).spec()).isEqualTo(sandbox.spec());
        restart();
        assertThat(sandboxes.get(PROJECT, sandbox.id()).spec()).isEqualTo(sandbox.spec());
        assertThat(run(sandbox, "echo $A").stdout()).isEqualTo("\n");
    }

    @Test
    void serverThatDiesInAChangeIsFinishedByTheNext() {
        Sandbox sandbox = create();
        host.dieAt(Step.BEFORE_RESIZE);
        assertThatThrownBy(() -> change(sandbox, spec -> with(spec, SMALL, Map.of())))
                .isInstanceOf(FakeHost.ServerDied.class);
        int before = host.count(Step.BEFORE_RESIZE);

        restart();

        assertThat(sandboxes.get(PROJECT, sandbox.id()).spec().resources())
                .isIn(SMALL, sandbox.spec().resources());
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(before + 1);
    }

    @Test
    void ttlCountsFromItsChange() {
        Sandbox sandbox = sandboxes.create(PROJECT, withTtl(Duration.ofMinutes(10)));
        clock.tick(Duration.ofMinutes(9));
        sandboxes.change(PROJECT, sandbox.id(), new SandboxChange(UnaryOperator.identity(), true));
        clock.tick(Duration.ofMinutes(9));
        sandboxes.reapOnce();
        assertThat(sandboxes.get(PROJECT, sandbox.id()).expiresAt())
                .contains(sandbox.createdAt().plus(Duration.ofMinutes(19)));

        restart();

        clock.tick(Duration.ofMinutes(1));
        sandboxes.reapOnce();
        assertNothingLeft();
    }

    @Test
    void goneSandboxSaysWhenAndWhy() {
        Sandbox expired = sandboxes.create(PROJECT, withTtl(Duration.ofMinutes(10)));
        Sandbox deleted =
                sandboxes.create(PROJECT, with(SandboxSpec.defaults(), SMALL, Map.of("S", "x")));
        sandboxes.delete(PROJECT, deleted.id(), DeletionReason.byKey("key_1"));
        clock.tick(Duration.ofMinutes(10));
        sandboxes.reapOnce();

        restart();

        assertThatThrownBy(() -> sandboxes.get(PROJECT, expired.id()))
                .hasMessageContaining(clock.instant().toString())
                .hasMessageContaining("expired");
        assertThatThrownBy(() -> sandboxes.files(PROJECT, deleted.id()))
                .hasMessageContaining("key_1");
        assertThatThrownBy(() -> sandboxes.get(OTHER, deleted.id()))
                .hasMessageNotContaining("key_1");
        var gone = new SandboxFilter(Optional.of(SandboxState.DELETED), Optional.empty(), Map.of());
        assertThat(list(PROJECT, gone)).containsExactlyInAnyOrder(deleted.id(), expired.id());
        assertThat(list(OTHER, gone)).isEmpty();
        assertThat(
                        sandboxes
                                .list(PROJECT, gone, 1, Optional.empty())
                                .items()
                                .getFirst()
                                .spec()
                                .env())
                .isEmpty();
        assertThat(list(PROJECT, SandboxFilter.ALL)).isEmpty();
    }

    @Test
    void whatIsKnownOfTheDeletedIsBounded() {
        Sandbox first = create();
        sandboxes.delete(PROJECT, first.id());
        clock.tick(Tombstones.KEPT.minusSeconds(1));
        sandboxes.reapOnce();
        assertThatThrownBy(() -> sandboxes.get(PROJECT, first.id())).hasMessageContaining("gone");
        clock.tick(Duration.ofSeconds(1));
        sandboxes.reapOnce();
        assertThatThrownBy(() -> sandboxes.get(PROJECT, first.id()))
                .hasMessageNotContaining("gone since");
        Tombstone stone = stone(first);
        store.write(handle -> {
            for (int i = 0; i < Tombstones.PER_PROJECT_MAX + 5; i++) {
                clock.tick(Duration.ofMillis(1));
                Tombstones.insert(handle, stone(first));
            }
            return stone;
        });
        assertThat(new Tombstones(store).of(PROJECT)).hasSize(Tombstones.PER_PROJECT_MAX);
    }

    private Tombstone stone(Sandbox like) {
        return new Tombstone(
                SandboxId.next(),
                PROJECT,
                like.spec(),
                "deleted",
                like.createdAt(),
                like.createdAt(),
                clock.instant());
    }

    private Sandbox change(Sandbox sandbox, UnaryOperator<SandboxSpec> change) {
        return sandboxes.change(PROJECT, sandbox.id(), new SandboxChange(change, false));
    }

    private static SandboxSpec with(
            SandboxSpec spec, Resources resources, Map<String, String> env) {
        return spec.toBuilder().resources(resources).env(env).build();
    }
}
