package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.FileInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Copies files and folders into a sandbox or out of one.
@Command(
        name = "cp",
        description = {
            "Copy a file or a folder into a sandbox or out of one.",
            "One side is on this machine, the other is SANDBOX:/absolute/path."
        },
        mixinStandardHelpOptions = true)
final class CopyCommand implements Callable<Integer> {
    /// A path in a sandbox.
    private record Remote(String sandbox, String path) {
        static boolean matches(String text) {
            return text.matches("sbx_[^:/]+:/.*");
        }

        static Remote parse(String text) {
            int colon = text.indexOf(':');
            return new Remote(text.substring(0, colon), text.substring(colon + 1));
        }

        Remote child(String name) {
            return new Remote(sandbox, path.endsWith("/") ? path + name : path + "/" + name);
        }
    }

    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Parameters(index = "0", paramLabel = "FROM", description = "What to copy.")
    private String from = "";

    @Parameters(
            index = "1",
            paramLabel = "TO",
            description = "The copy's own name; a trailing slash means: into that folder.")
    private String to = "";

    @Override
    public Integer call() throws IOException {
        CarrelClient client = server.client();
        int files;
        if (Remote.matches(to) && !Remote.matches(from)) {
            Path source = Path.of(from).toAbsolutePath().normalize();
            Remote target = Remote.parse(to);
            files = upload(client, source, to.endsWith("/") ? target.child(name(source)) : target);
        } else if (Remote.matches(from) && !Remote.matches(to)) {
            files = download(client, Remote.parse(from));
        } else {
            throw new IllegalArgumentException("one of FROM and TO must be SANDBOX:/absolute/path");
        }
        output.print(Map.of("files", files), "Copied " + files + (files == 1 ? " file" : " files"));
        return 0;
    }

    private static int upload(CarrelClient client, Path from, Remote target) throws IOException {
        Path source = from.toRealPath(); // a link that is named itself stands for what it leads to
        List<Path> files;
        try (Stream<Path> all = Files.walk(source)) {
            files =
                    all.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                            .sorted()
                            .toList();
        }
        for (Path file : files) {
            Path relative = source.relativize(file);
            Remote place =
                    relative.toString().isEmpty() ? target : target.child(relative.toString());
            try (InputStream content = Files.newInputStream(file)) {
                client.sandboxes().writeFile(place.sandbox(), place.path(), content);
            }
        }
        return files.size();
    }

    private int download(CarrelClient client, Remote source) throws IOException {
        FileInfo info = client.sandboxes().stat(source.sandbox(), source.path());
        Path base = Path.of(to);
        Path target = to.endsWith("/") ? base.resolve(name(Path.of(source.path()))) : base;
        if (info.type().equals("file")) {
            if (Files.isDirectory(target)) {
                throw new IllegalArgumentException(
                        target + " is a folder; to copy into it, end it with a slash");
            }
            fetch(client, source, target);
            return 1;
        }
        return TreeTransfer.download(client, source.sandbox(), source.path(), target);
    }

    private static void fetch(CarrelClient client, Remote source, Path target) throws IOException {
        Path parent = target.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try (InputStream content = client.sandboxes().readFile(source.sandbox(), source.path())) {
            Files.copy(content, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
