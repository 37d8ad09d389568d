package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.Images.Progress;
import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// One run of mmdebstrap: from a recipe to a root file system, in a folder of its own.
final class Bootstrap {
    /// Also for a slow mirror; beyond it something hangs.
    private static final Duration TIMEOUT = Duration.ofMinutes(20);

    private static final Path HOST_AUTHORITIES = Path.of("/usr/local/share/ca-certificates");

    /// Left out of every package: documentation and translations are a third of the size.
    private static final List<String> DPKG_OPTIONS =
            List.of(
                    "force-unsafe-io",
                    "path-exclude=/usr/share/man/*",
                    "path-exclude=/usr/share/info/*",
                    "path-exclude=/usr/share/doc/*",
                    "path-include=/usr/share/doc/*/copyright",
                    "path-exclude=/usr/share/locale/*");

    private Bootstrap() {}

    /// Fails, naming what to install, where this host cannot build images.
    static void check() {
        if (HostCommand.find("mmdebstrap").isEmpty()) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "images cannot be built: mmdebstrap is missing; install the Debian packages"
                            + " mmdebstrap and debian-archive-keyring");
        }
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "images cannot be built: it takes root, and this is the user "
                            + System.getProperty("user.name")
                            + "; run the server as root");
        }
    }

    /// Makes `folder/root`. On failure the folder holds a half that nobody may trust.
    static void run(Recipe recipe, AptSources sources, Path folder, Consumer<Progress> progress)
            throws IOException {
        Path root = folder.resolve("root");
        Files.writeString(folder.resolve("finish.sh"), recipe.finish());
        Files.writeString(folder.resolve("seal.sh"), recipe.seal());
        Files.writeString(folder.resolve("authorities.sh"), Recipe.shared("authorities.sh"));
        copyFiles(recipe, folder.resolve("files"));
        var reader = new BuildProgress(progress);
        HostCommand.Result result =
                HostCommand.of(command(recipe, sources, root))
                        .withStdin(String.join("\n", sources.lines()) + "\n")
                        .withEnv(
                                Map.of(
                                        "BUILD", folder.toString(),
                                        "AUTHORITIES", HOST_AUTHORITIES.toString()))
                        .withTimeout(TIMEOUT)
                        .run(reader::line);
        if (result.exitCode() != 0) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "image '%s' could not be built: %s"
                            .formatted(recipe.name(), cause(result.err() + result.out())),
                    new IOException(tail(result.err())));
        }
    }

    private static List<String> command(Recipe recipe, AptSources sources, Path root) {
        List<String> command = new ArrayList<>(List.of("mmdebstrap", "--mode=root"));
        // Verbose enough that each package shows: the progress is read from it.
        command.addAll(List.of("--debug", "--variant=apt", "--format=directory"));
        command.add("--include=" + String.join(",", recipe.packages()));
        command.add("--aptopt=Acquire::Languages \"none\"");
        sources.options().forEach(option -> command.add("--aptopt=" + option));
        DPKG_OPTIONS.forEach(option -> command.add("--dpkgopt=" + option));
        command.add("--customize-hook=cp -R \"$BUILD/files/.\" \"$1/\"");
        // A JDK's scripts fail where there is no place for its manual pages.
        command.add("--setup-hook=mkdir -p \"$1/usr/share/man/man1\"");
        command.add("--customize-hook=sh -eu \"$BUILD/authorities.sh\" \"$1\" \"$AUTHORITIES\"");
        command.add("--customize-hook=chroot \"$1\" sh -eu <\"$BUILD/finish.sh\"");
        command.add("--customize-hook=sh -eu \"$BUILD/seal.sh\" \"$1\"");
        command.add(sources.suite());
        command.add(root.toString());
        if (!sources.lines().isEmpty()) {
            command.add("-");
        }
        return command;
    }

    private static void copyFiles(Recipe recipe, Path into) throws IOException {
        Files.createDirectory(into);
        for (var file : recipe.files().entrySet()) {
            Path target = into.resolve(file.getKey().substring(1));
            Files.createDirectories(target.getParent());
            Files.writeString(target, file.getValue());
        }
    }

    /// What apt and mmdebstrap call errors, without the noise around.
    static String cause(String output) {
        List<String> errors =
                output.lines()
                        .filter(line -> line.startsWith("E: ") || line.startsWith("Err:"))
                        .distinct()
                        .limit(3)
                        .toList();
        return errors.isEmpty()
                ? "mmdebstrap failed without naming an error; check the network and free disk"
                : String.join("; ", errors).replaceAll("/\\S*/root\\b", "<image>");
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 4000));
    }
}
