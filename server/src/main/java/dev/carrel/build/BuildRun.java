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
        Map<String, String> global = new HashMap<>();
        for (Instruction.Arg argument : dockerfile.arguments()) {
            argument(argument, text -> Words.expand(argument.line(), text, global::get))
                    .ifPresent(value -> global.put(argument.name(), value));
        }
        Optional<Point> last = Optional.empty();
        for (int i = 0; i < dockerfile.stages().size(); i++) {
            Stage stage = dockerfile.stages().get(i);
            Point end = new StageRun(site, this, from(stage.from(), global)).run(stage);
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

    private Point from(Instruction.From from, Map<String, String> global)
            throws InterruptedException {
        begin(from, false);
        String name = Words.expand(from.line(), from.base(), global::get);
        if (name.isEmpty()) {
            throw Words.refused(from.line(), "FROM names no image: " + from.base() + " is empty");
        }
        // Numbers are for COPY alone.
        @Nullable Point stage =
                NUMBER.matcher(name).matches()
                        ? null
                        : stages.get(name.toLowerCase(java.util.Locale.ROOT));
        Point[] found = {stage};
        if (stage == null) {
            naming(from, () -> found[0] = site.image(name, listener));
        }
        return java.util.Objects.requireNonNull(found[0]);
    }

    /// The value of an argument: as whoever builds says, or by default.
    Optional<String> argument(Instruction.Arg argument, StageState state) {
        return argument(argument, text -> state.expand(argument.line(), text));
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
        @Nullable Point stage = stages.get(name.toLowerCase(java.util.Locale.ROOT));
        if (stage == null && NUMBER.matcher(name).matches()) {
            throw Words.refused(copy.line(), "there is no stage " + name + " before this one");
        }
        Point point = stage == null ? site.image(name, listener) : stage;
        Files files = point.files();
        return new CopyCommand.From(Optional.of(point.key()), () -> site.open(files).files(), "");
    }

    void begin(Instruction instruction, boolean isCached) {
        done++;
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

    /// What a step does.
    interface Work {
        void run() throws InterruptedException;
    }

    /// Says of a failure which step it was.
    void naming(Instruction instruction, Work work) throws InterruptedException {
        try {
            work.run();
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
