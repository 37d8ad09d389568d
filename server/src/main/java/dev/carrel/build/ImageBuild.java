package dev.carrel.build;

import dev.carrel.build.BuildSite.Point;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.ImageEntry;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.Unpacking;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// One build: its context has arrived. Used by one thread, which closes it.
public final class ImageBuild implements AutoCloseable {
    private static final String CONTEXT = "/context";

    private final ImageBuilds builds;
    private final BuildSite site;
    private final SandboxFiles context;

    private ImageBuild(ImageBuilds builds, BuildSite site, SandboxFiles context) {
        this.builds = builds;
        this.site = site;
        this.context = context;
    }

    /// The context is unpacked where it can do no harm: in a sandbox of its own, without network.
    /// Its links may say what they like, and mean what they would if it were all there is.
    static ImageBuild receive(ImageBuilds builds, BuildSite site, Bench bench, InputStream tar) {
        SandboxFiles files = bench.files();
        var done = Unpacking.unpack(files, CONTEXT, tar, new Unpacking.Rules(false, true));
        org.slf4j.LoggerFactory.getLogger(ImageBuild.class)
                .debug("context of {}: {} entries", site.request().name(), done.entries());
        return new ImageBuild(builds, site, files);
    }

    /// Runs to the end; from then on the name means the new image. Fails with `INVALID_DEFINITION`
    /// (the Dockerfile), `BUILD_FAILED` (a command), `CONFLICT` (the name is being built),
    /// `RATE_LIMITED`, and as making a sandbox and writing its files do. Then the name means what
    /// it meant before, and the steps that were done are kept for the next build.
    public ImageEntry run(BuildListener listener) throws InterruptedException {
        try (var _ = builds.enter(site)) {
            Dockerfile dockerfile = Dockerfile.parse(read());
            Point end = new BuildRun(site, dockerfile, context, CONTEXT, listener).run();
            return Undisturbed.call(() -> builds.commit(site, end));
        }
    }

    private String read() {
        String path = site.request().dockerfile();
        var rooted = new Rooted(context, CONTEXT);
        String found =
                rooted.find("", path)
                        .filter(file -> !file.isDirectory())
                        .map(file -> rooted.inSandbox(file.path()))
                        .orElseThrow(() ->
                                CarrelException.ofParam(
                                        ErrorCode.INVALID_REQUEST,
                                        "dockerfile",
                                        "there is no %s in the context".formatted(path)));
        try (InputStream in = context.read(found, 0)) {
            byte[] bytes = in.readNBytes(Dockerfile.BYTES_MAX + 1);
            if (bytes.length > Dockerfile.BYTES_MAX) {
                throw Words.refused(
                        1, "the file has more than %d KiB".formatted(Dockerfile.BYTES_MAX >> 10));
            }
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw Words.refused(1, "the file is not UTF-8");
        } catch (IOException e) {
            throw new CarrelException(ErrorCode.SANDBOX_FAILED, "the Dockerfile cannot be read", e);
        }
    }

    /// Removes all that the build has left, its image and steps excepted.
    @Override
    public void close() {
        site.close();
    }
}
