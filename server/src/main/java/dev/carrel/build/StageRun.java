package dev.carrel.build;

import dev.carrel.build.BuildSite.Point;
import dev.carrel.build.Instruction.Arg;
import dev.carrel.build.Instruction.Copy;
import dev.carrel.build.Instruction.Env;
import dev.carrel.build.Instruction.From;
import dev.carrel.build.Instruction.Ignored;
import dev.carrel.build.Instruction.Label;
import dev.carrel.build.Instruction.Run;
import dev.carrel.build.Instruction.Shell;
import dev.carrel.build.Instruction.User;
import dev.carrel.build.Instruction.Workdir;
import dev.carrel.sandbox.SnapshotId;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Goes through the instructions of one stage. As long as an earlier build has done the same, its
/// files are taken; from the first step on that it has not, a sandbox does the work. Used by one
/// thread.
final class StageRun {
    private final BuildSite site;
    private final BuildRun build;
    private final StageState state;
    private Point at;
    private boolean isKnown = true;
    private @Nullable Bench bench;

    StageRun(BuildSite site, BuildRun build, Point start) {
        this.site = site;
        this.build = build;
        this.at = start;
        this.state = new StageState(start.config(), start.scope());
    }

    /// Where the stage ends.
    Point run(Dockerfile.Stage stage) throws InterruptedException {
        try {
            for (Instruction instruction : stage.instructions()) {
                step(instruction);
            }
            return new Point(at.key(), at.files(), state.config(), state.scope());
        } finally {
            if (bench != null) {
                bench.close();
            }
        }
    }

    private void step(Instruction instruction) throws InterruptedException {
        build.next();
        switch (instruction) {
            case Run run -> run(run);
            case Copy copy -> copy(copy);
            case Workdir workdir -> workdir(workdir);
            case Env env -> {
                build.begin(instruction, false);
                state.env(env);
            }
            case Label label -> {
                build.begin(instruction, false);
                state.label(label);
            }
            case Arg argument -> {
                build.begin(instruction, false);
                build.argument(argument, state)
                        .ifPresent(value -> state.argument(argument.name(), value));
            }
            case User user -> {
                build.begin(instruction, false);
                state.user(user);
            }
            case Shell shell -> {
                build.begin(instruction, false);
                state.shell(shell.command());
            }
            case Ignored ignored -> build.ignore(ignored);
            case From _ -> throw new IllegalStateException("a stage has one FROM");
        }
    }

    /// What a step does to the files.
    private interface Work {
        void run(Bench bench) throws InterruptedException;
    }

    private void perform(Instruction instruction, StepKey key, Work work)
            throws InterruptedException {
        Optional<SnapshotId> known = isKnown ? site.find(key) : Optional.empty();
        build.begin(instruction, known.isPresent());
        if (known.isPresent()) {
            at = at.after(key, known.get());
            return;
        }
        isKnown = false; // what follows was made of other files, if it was made at all
        at =
                build.naming(
                        instruction,
                        () -> {
                            work.run(bench());
                            return at.after(key, site.save(bench(), key));
                        });
    }

    private Bench bench() {
        Bench open = bench;
        if (open == null) {
            open = site.begin(at.files());
            bench = open;
        }
        return open;
    }

    private void run(Run run) throws InterruptedException {
        var command = new RunCommand(run, state);
        perform(run, command.key(at.key()), on -> command.run(on, site, build.listener()));
    }

    private void copy(Copy copy) throws InterruptedException {
        CopyCommand.From from = build.naming(copy, () -> build.source(copy, state));
        var command = new CopyCommand(copy, state, from);
        perform(copy, build.naming(copy, () -> command.key(at.key())), command::run);
        command.note().ifPresent(text -> build.listener().note(copy.line(), text));
    }

    private void workdir(Workdir workdir) throws InterruptedException {
        state.directory(state.expand(workdir.line(), workdir.path()));
        String path = state.directory();
        perform(workdir, at.key().then("WORKDIR", path), on -> on.files().makeDirectory(path));
    }
}
