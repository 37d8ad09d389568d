package dev.carrel.build;

import dev.carrel.build.Sources.Source;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.SandboxFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A COPY with all that it depends on. Used by one thread.
final class CopyCommand {
    private static final int RAISING = 06000;
    private static final Pattern MODE = Pattern.compile("0?[0-7]{3,4}");

    private final Instruction.Copy copy;
    private final From from;
    private final List<String> names;
    private final String target;
    private final Optional<String> owner;
    private final OptionalInt mode;
    private @Nullable List<Source> found;

    /// Where files come from. `made` says what made them; where it is empty, their contents are
    /// looked at.
    record From(Optional<StepKey> made, Supplier<SandboxFiles> files, String top) {}

    CopyCommand(Instruction.Copy copy, StageState state, From from) {
        this.copy = copy;
        this.from = from;
        int line = copy.line();
        this.names = copy.sources().stream().map(name -> state.expand(line, name)).toList();
        this.target = state.absolute(state.expand(line, copy.target()));
        this.owner = copy.options().owner().map(text -> state.expand(line, text));
        this.mode = mode(line, copy.options().mode().map(text -> state.expand(line, text)));
    }

    private static OptionalInt mode(int line, Optional<String> text) {
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!MODE.matcher(text.get()).matches()) {
            throw Words.refused(line, "--chmod takes octal digits such as 755");
        }
        return OptionalInt.of(Integer.parseInt(text.get(), 8));
    }

    /// What is not done as it is written.
    Optional<String> note() {
        return (mode.orElse(0) & RAISING) == 0
                ? Optional.empty()
                : Optional.of("images keep no set-user-ID and set-group-ID bits of files");
    }

    private List<Source> sources() {
        List<Source> known = found;
        if (known == null) {
            known = names.stream().flatMap(name -> lookup().find(name).stream()).toList();
            found = known;
        }
        return known;
    }

    private Sources lookup() {
        return new Sources(copy.line(), new Rooted(from.files().get(), from.top()));
    }

    StepKey key(StepKey before) {
        String what = from.made().map(StepKey::hex).orElseGet(() -> lookup().digest(sources()));
        List<String> parts = new ArrayList<>(List.of("COPY", target, owner.orElse("")));
        parts.add(mode.isPresent() ? Integer.toString(mode.getAsInt()) : "");
        parts.add(what);
        parts.addAll(names);
        return before.then(parts.toArray(String[]::new));
    }

    void run(Bench bench) {
        Optional<Account> account = owner.map(text -> Account.of(text, bench.files()));
        new Copying(copy.line(), from.files().get(), bench.files(), account, mode)
                .run(sources(), target);
    }
}
