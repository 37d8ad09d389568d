import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// crun beside a server, in lanes that run at once: one that isolates as much as our sandboxes do, and one that isolates
/// hardly at all.
record Peers(List<BareCrun> hardened, List<BareCrun> plain) implements AutoCloseable {
    static Peers beside(Target carrel, int lanes) throws Exception {
        var peers = new Peers(new ArrayList<>(), new ArrayList<>());
        boolean complete = false;
        try {
            Path image = carrel.image("coding");
            Path config = configuration(carrel);
            for (int i = 0; i < lanes; i++) {
                peers.hardened.add(new BareCrun(BareCrun.Bundle.HARDENED, image, config, carrel.home.resolve("bare"), i));
                peers.plain.add(new BareCrun(BareCrun.Bundle.PLAIN, image, config, carrel.home.resolve("bare"), i));
            }
            complete = true;
            return peers;
        } finally {
            if (!complete) {
                peers.close();
            }
        }
    }

    /// What crun is given for a sandbox. The first one of a server has no compiled filter yet.
    private static Path configuration(Target carrel) throws Exception {
        Path copy = carrel.home.resolve("bench-config.json");
        for (int i = 0; i < 2; i++) {
            String id = carrel.create("{}");
            Files.deleteIfExists(copy);
            Files.copy(carrel.home.resolve("sandboxes/" + id + "/bundle/config.json"), copy);
            carrel.delete(id);
        }
        return copy;
    }

    @FunctionalInterface
    interface Work {
        void run(BareCrun crun) throws Exception;
    }

    /// The same work on one of each kind.
    List<Callable<Void>> one(Work work) {
        return Stream.of(hardened.getFirst(), plain.getFirst())
                .<Callable<Void>>map(crun -> () -> {
                    work.run(crun);
                    return null;
                })
                .toList();
    }

    /// How long so many runs take, spread over the lanes of one kind.
    double runs(List<BareCrun> lanes, int count) throws Exception {
        return Timing.of(() -> {
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var done = new ArrayList<Future<?>>();
                for (BareCrun lane : lanes) {
                    done.add(threads.submit(() -> {
                        for (int i = 0; i < count / lanes.size(); i++) {
                            lane.run();
                        }
                        return null;
                    }));
                }
                for (Future<?> one : done) {
                    one.get();
                }
            }
            return null;
        });
    }

    @Override
    public void close() throws Exception {
        for (BareCrun lane : hardened) {
            lane.close();
        }
        for (BareCrun lane : plain) {
            lane.close();
        }
    }
}
