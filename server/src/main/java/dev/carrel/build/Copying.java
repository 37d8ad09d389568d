package dev.carrel.build;

import dev.carrel.build.Sources.Source;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.TreeEntry;
import dev.carrel.sandbox.TreeWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Copies files from one sandbox of a build to another, as COPY does. `owner` and `mode` are what
/// they get instead of their own.
record Copying(
        int line, SandboxFiles from, SandboxFiles to, Optional<Account> owner, OptionalInt mode) {
    /// `target` is absolute; a slash at its end says that it is a directory.
    void run(List<Source> sources, String target) {
        if (sources.size() > 1 && !target.endsWith("/")) {
            throw Words.refused(
                    line, "several files need a directory to go to: write %s/".formatted(target));
        }
        boolean intoDirectory = target.endsWith("/") || isDirectory(target);
        for (Source source : sources) {
            if (source.isDirectory()) {
                tree(source, target);
            } else if (intoDirectory) {
                file(source, target, source.name());
            } else {
                int slash = target.lastIndexOf('/');
                file(source, target.substring(0, slash + 1), target.substring(slash + 1));
            }
        }
    }

    private boolean isDirectory(String path) {
        try {
            // Unlike a look at the path itself, this follows a link.
            return !to.list(path, false, 1).isEmpty() || to.stat(path).sizeBytes() >= 0;
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.FILE_NOT_FOUND || e.code() == ErrorCode.CONFLICT) {
                return false;
            }
            throw e;
        }
    }

    private void tree(Source source, String target) {
        to.writeTree(
                target,
                writer ->
                        from.walk(
                                source.path(),
                                entry -> {
                                    if (!entry.name().isEmpty()) {
                                        write(writer, entry, entry.name());
                                    }
                                }));
    }

    private void file(Source source, String directory, String name) {
        to.writeTree(
                directory, writer -> from.walk(source.path(), entry -> write(writer, entry, name)));
    }

    private void write(TreeWriter writer, TreeEntry entry, String name) {
        FileStat stat = entry.stat();
        switch (stat.type()) {
            case FILE -> {
                long size = writer.file(name, attributes(stat), stat.modifiedAt(), entry.content());
                assert size <= stat.sizeBytes();
            }
            case DIRECTORY -> writer.directory(name, attributes(stat));
            case SYMLINK -> writer.symlink(name, entry.linkTarget().orElse(""));
            case OTHER -> {} // devices and pipes are nothing to copy
        }
    }

    private FileAttributes attributes(FileStat stat) {
        return new FileAttributes(
                OptionalInt.of(mode.orElse(stat.mode())),
                OptionalInt.of(owner.map(Account::uid).orElse(stat.owner())),
                OptionalInt.of(owner.map(Account::gid).orElse(stat.group())));
    }
}
