package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SandboxesWarmTest extends SandboxesFixture {
    private static final SandboxSettings WARM = SETTINGS.with(new WarmSettings(2, 100));

    @BeforeEach
    void fill() {
        restart(WARM);
        sandboxes.refillOnce();
    }

    @Test
    void warmSandboxesBelongToNobody() {
        assertThat(host.ids()).hasSize(2);
        assertThat(list(PROJECT, SandboxFilter.ALL)).isEmpty();
        for (SandboxId id : host.ids()) {
            assertAllNotFound(PROJECT, id);
        }
        sandboxes.reapOnce();
        assertThat(host.ids()).hasSize(2);
    }

    @Test
    void takenOneIsWhatWasAskedFor() throws Exception {
        SandboxSpec defaults = SandboxSpec.defaults();
        var spec =
                defaults.toBuilder()
                        .name(Optional.of("mine"))
                        .resources(new Resources(1, 128, 256, 64))
                        .network(NetworkPolicy.OFF)
                        .env(Map.of("A", "b"))
                        .metadata(Map.of("k", "v"))
                        .user(Optional.of("ann"))
                        .ttl(Optional.of(Duration.ofHours(1)))
                        .owner(Optional.of("ses_1"))
                        .build();
        var warm = new HashSet<>(host.ids());
        clock.tick(Duration.ofHours(3));

        Sandbox taken = sandboxes.createForOwner(PROJECT, spec);

        assertThat(warm).contains(taken.id());
        assertThat(taken.spec()).isEqualTo(spec);
        assertThat(taken.createdAt()).isEqualTo(clock.instant());
        assertThat(run(taken, "echo $A").stdout()).isEqualTo("b\n");
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(1);
        assertThat(sandboxes.createForOwner(PROJECT, spec).id()).isEqualTo(taken.id());
        restart(WARM);
        assertThat(sandboxes.get(PROJECT, taken.id()).spec()).isEqualTo(spec);
        assertThat(run(taken, "echo $A").stdout()).isEqualTo("b\n");
    }

    @Test
    void takenOneKeepsItsSecretsOverARestart() {
        var warm = new HashSet<>(host.ids());
        var secret = new EdgeSecret(new HostName("api.test"), "Authorization", "s3cret", false);
        var policy = new NetworkPolicy(true, List.of(), List.of(), List.of(secret));
        SandboxSpec spec = SandboxSpec.defaults().toBuilder().network(policy).build();

        Sandbox taken = sandboxes.create(PROJECT, spec);
        assertThat(taken.id()).isIn(warm);
        restart(WARM);

        assertThat(sandboxes.get(PROJECT, taken.id()).spec()).isEqualTo(spec);
    }

    @Test
    void takenOneIsNobodysToUseBeforeItIsWhatWasAskedFor() {
        var seen = new ArrayList<SandboxState>();
        host.at(
                Step.BEFORE_RESIZE,
                () ->
                        sandboxes
                                .list(PROJECT, SandboxFilter.ALL, 10, Optional.empty())
                                .items()
                                .forEach(sandbox -> seen.add(sandbox.state())));

        Sandbox taken =
                sandboxes.create(
                        PROJECT,
                        SandboxSpec.defaults().toBuilder()
                                .resources(new Resources(1, 128, 256, 64))
                                .network(NetworkPolicy.OFF)
                                .build());

        assertThat(seen).containsExactly(SandboxState.CREATING);
        assertThat(taken.state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void noneIsGivenTwiceAndABurstGetsColdOnes() throws Exception {
        var ids = new HashSet<>(atOnce(10, () -> create().id()));

        assertThat(ids).hasSize(10);
        assertThat(host.count(Step.BEFORE_CREATE)).isEqualTo(10);
        ids.forEach(id -> sandboxes.delete(PROJECT, id));
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(2).doesNotContainAnyElementsOf(ids);
    }

    @Test
    void whatIsAskedForIsKeptToo() {
        sandboxes.create(PROJECT, SandboxSpec.defaults().with("other", Isolation.CONTAINER));
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(1 + 2 + 2);
        clock.tick(WarmPool.DEMAND.plusSeconds(1));

        sandboxes.refillOnce();

        assertThat(host.ids()).hasSize(1 + 2);
    }

    @Test
    void memoryBoundsThePool() {
        restart(SETTINGS.with(new WarmSettings(50, 7)));
        sandboxes.refillOnce();

        assertThat(host.ids()).hasSize(3);
    }

    @Test
    void deadOneIsNotGiven() {
        host.ids().forEach(host::killInit);
        var dead = new HashSet<>(host.ids());

        assertThat(dead).doesNotContain(create().id());
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(3).doesNotContainAnyElementsOf(dead);
    }

    @Test
    void refusedTakerLeavesItWarm() {
        for (int i = 0; i < PER_PROJECT; i++) {
            create();
        }
        sandboxes.refillOnce();
        var before = new HashSet<>(host.ids());

        assertCode(ErrorCode.TOO_MANY_SANDBOXES, this::create);

        assertThat(host.ids()).isEqualTo(before);
        assertThat(sandboxes.create(OTHER, SandboxSpec.defaults()).id()).isIn(before);
    }

    @Test
    void oneThatCannotBeChangedIsNotGiven() {
        host.failAt(Step.BEFORE_RESIZE);
        var before = new HashSet<>(host.ids());
        SandboxSpec small = withResources(new Resources(1, 64, 64, 64));

        assertCode(ErrorCode.SANDBOX_FAILED, () -> sandboxes.create(PROJECT, small));

        assertThat(list(PROJECT, SandboxFilter.ALL)).isEmpty();
        assertThat(host.ids()).hasSize(1);
        assertThat(before).containsAll(host.ids());
    }

    @Test
    void failedRefillWaits() {
        create();
        host.failAt(Step.HALF_CREATED);
        sandboxes.refillOnce();
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(2);
        clock.tick(WarmPool.FAILURE_WAIT);
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(3);
    }

    @Test
    void warmOnesGoWithTheirServer() {
        var left = new HashSet<>(host.ids());
        restart(WARM);
        assertThat(host.ids()).isEmpty();
        assertThat(rows()).isEmpty();
        sandboxes.refillOnce();
        assertThat(host.ids()).hasSize(2).doesNotContainAnyElementsOf(left);
        sandboxes.close();
        assertThat(host.ids()).isEmpty();
        assertThat(rows()).isEmpty();
    }

    @Test
    void serverThatDiesWhileBindingLeavesOneThatTheNextFinishes() throws Exception {
        host.dieAt(Step.BEFORE_RESIZE);
        SandboxSpec small = withResources(new Resources(1, 64, 64, 64));
        assertThatThrownBy(() -> sandboxes.create(PROJECT, small)).isInstanceOf(ServerDied.class);
        int before = host.count(Step.BEFORE_RESIZE);

        restart(SETTINGS);

        var all = list(PROJECT, SandboxFilter.ALL);
        assertThat(all).hasSize(1);
        assertThat(host.ids()).containsExactlyElementsOf(all);
        assertThat(host.count(Step.BEFORE_RESIZE)).isEqualTo(before + 1);
    }

    @Test
    void serverThatDiesWhileRefillingLeavesNothing() {
        create();
        host.dieAt(Step.HALF_CREATED);
        assertThatThrownBy(sandboxes::refillOnce).isInstanceOf(ServerDied.class);

        restart(SETTINGS);

        assertThat(host.ids()).hasSize(1);
        assertThat(rows()).hasSize(1);
    }

    private static SandboxSpec withResources(Resources resources) {
        SandboxSpec defaults = SandboxSpec.defaults();
        return defaults.toBuilder().resources(resources).build();
    }
}
