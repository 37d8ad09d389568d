package dev.carrel.build;

import dev.carrel.build.BuildListener.Step;
import dev.carrel.build.BuildSite.Files;
import dev.carrel.build.BuildSite.Point;
import dev.carrel.build.Dockerfile.Stage;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxFiles;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Goes through the stages of one Dockerfile. Used by one thread.
final class BuildRun {
    private static final Set<String> ALWAYS_ARGUMENTS =
            Set.of(
                    "HTTP_PROXY",
                    "http_proxy",
                    "HTTPS_PROXY",
                    "https_proxy",
                    "FTP_PROXY",
                    "ftp_proxy",
                    "NO_PROXY",
                    "no_proxy",
                    "ALL_PROXY",
                    "all_proxy");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,4}");

    private final BuildSite site;
    private final Dockerfile dockerfile;
    private final SandboxFiles context;
    private final String contextTop;
    private final BuildListener listener;

    /// Stages that have ended, by name and by number.
    private final Map<String, Point> stages = new HashMap<>();

    /// Images by name: one means the same in all of a build.
    private final Map<String, Point> images = new HashMap<>();

    /// The values of the arguments before the first stage.
    private final Map<String, String> global = new HashMap<>();

    private final Set<String> unusedArguments;
    private int done;

    BuildRun(
            BuildSite site,
            Dockerfile dockerfile,
            SandboxFiles context,
            String contextTop,
            BuildListener listener) {
        this.site = site;
        this.dockerfile = dockerfile;
        this.context = context;
        this.contextTop = contextTop;
        this.listener = listener;
        this.unusedArguments = new HashSet<>(site.request().arguments().keySet());
    }

    BuildListener listener() {
        return listener;
    }

    /// Where the last stage ends.
    Point run() throws InterruptedException {
        for (Instruction.Arg argument : dockerfile.arguments()) {
            argument(argument, text -> Words.expand(argument.line(), text, global::get))
                    .ifPresent(value -> global.put(argument.name(), value));
        }
        Optional<Point> last = Optional.empty();
        for (int i = 0; i < dockerfile.stages().size(); i++) {
            Stage stage = dockerfile.stages().get(i);
            Point end = new StageRun(site, this, from(stage.from())).run(stage);
            stages.put(Integer.toString(i), end);
            stage.from().name().ifPresent(name -> stages.put(name, end));
            last = Optional.of(end);
        }
        unusedArguments.stream()
                .filter(name -> !ALWAYS_ARGUMENTS.contains(name))
                .sorted()
                .forEach(name -> listener.note(0, "no ARG takes the build argument " + name));
        return last.orElseThrow();
    }

    private Point from(Instruction.From from) throws InterruptedException {
        next();
        begin(from, false);
        String name = Words.expand(from.line(), from.base(), global::get);
        if (name.isEmpty()) {
            throw Words.refused(from.line(), "FROM names no image: " + from.base() + " is empty");
        }
        // Numbers are for COPY alone.
        @Nullable Point stage = NUMBER.matcher(name).matches() ? null : stage(name);
        return stage == null ? naming(from, () -> image(name)) : stage;
    }

    private @Nullable Point stage(String name) {
        return stages.get(name.toLowerCase(Locale.ROOT));
    }

    private Point image(String name) throws InterruptedException {
        Point known = images.get(name);
        if (known == null) {
            known = site.image(name, listener);
            images.put(name, known);
        }
        return known;
    }

    /// The value of an argument of a stage: as whoever builds says, or by default, or as before the
    /// first stage.
    Optional<String> argument(Instruction.Arg argument, StageState state) {
        return argument(argument, text -> state.expand(argument.line(), text))
                .or(() -> Optional.ofNullable(global.get(argument.name())));
    }

    private Optional<String> argument(
            Instruction.Arg argument, java.util.function.UnaryOperator<String> expand) {
        unusedArguments.remove(argument.name());
        return Optional.ofNullable(site.request().arguments().get(argument.name()))
                .or(() -> argument.byDefault().map(expand));
    }

    /// Where a COPY takes its files from.
    CopyCommand.From source(Instruction.Copy copy, StageState state) throws InterruptedException {
        if (copy.options().from().isEmpty()) {
            return new CopyCommand.From(Optional.empty(), () -> context, contextTop);
        }
        String name = state.expand(copy.line(), copy.options().from().get());
        @Nullable Point stage = stage(name);
        if (stage == null && NUMBER.matcher(name).matches()) {
            throw Words.refused(copy.line(), "there is no stage " + name + " before this one");
        }
        Point point = stage == null ? image(name) : stage;
        Files files = point.files();
        return new CopyCommand.From(Optional.of(point.key()), () -> site.open(files).files(), "");
    }

    /// Counts one more instruction.
    void next() {
        done++;
    }

    void begin(Instruction instruction, boolean isCached) {
        listener.step(
                new Step(
                        done,
                        dockerfile.steps(),
                        instruction.line(),
                        instruction.text(),
                        isCached));
    }

    void ignore(Instruction.Ignored ignored) {
        begin(ignored, false);
        listener.note(ignored.line(), "not used here: " + ignored.why());
    }

    /// What a step does, or finds out before.
    interface Work<T> {
        T run() throws InterruptedException;
    }

    /// Says of a failure which step it was.
    <T> T naming(Instruction instruction, Work<T> work) throws InterruptedException {
        try {
            return work.run();
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.INVALID_DEFINITION) {
                throw e; // says so itself
            }
            throw new CarrelException(
                    e.code(),
                    "step %d of %d, line %d of the Dockerfile, %s: %s"
                            .formatted(
                                    done,
                                    dockerfile.steps(),
                                    instruction.line(),
                                    instruction.text(),
                                    e.text()),
                    e);
        }
    }
}
