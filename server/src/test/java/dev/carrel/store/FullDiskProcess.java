package dev.carrel.store;

import dev.carrel.error.CarrelException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// What `StoreIT` runs on a small disk of its own: fills the disk, and tells what the store says
/// then and when there is room again.
final class FullDiskProcess {
    private static final int ROWS_MAX = 100_000;

    private FullDiskProcess() {}

    public static void main(String[] args) throws IOException {
        Path home = Path.of(args[0]);
        try (Store store = Store.open(home.resolve("carrel.db"))) {
            Path ballast = home.resolve("ballast");
            fill(ballast);
            int written = 0;
            String failure = "none";
            try {
                while (written < ROWS_MAX) {
                    insert(store, written);
                    written++;
                }
            } catch (CarrelException e) {
                failure = e.code().name();
            }
            System.out.println("failed with " + failure);
            System.out.println("readable " + (count(store) == written));
            Files.delete(ballast);
            insert(store, ROWS_MAX);
            System.out.println("usable " + (count(store) == written + 1));
        } catch (CarrelException e) {
            System.out.println(e.code() + " " + e.getMessage());
        }
    }

    private static void fill(Path ballast) throws IOException {
        try (OutputStream out = Files.newOutputStream(ballast)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            // No space left on device: that is the point.
        }
    }

    private static void insert(Store store, int number) {
        store.write(handle ->
                handle.execute(
                        "insert into projects (id, created_at) values (?, 0)",
                        "p" + number + "x".repeat(500)));
    }

    private static int count(Store store) {
        return store.read(handle ->
                handle.createQuery("select count(*) from projects").mapTo(Integer.class).one());
    }
}
