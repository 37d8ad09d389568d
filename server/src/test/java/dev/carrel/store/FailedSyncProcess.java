package dev.carrel.store;

import dev.carrel.error.CarrelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What `StoreIT` runs with a library that fails syncs of the database's log: the next one while
/// there is a file `once`, all while there is a file `always`. Tells what the store says, and what
/// it shows; then it dies without closing anything.
final class FailedSyncProcess {
    private FailedSyncProcess() {}

    public static void main(String[] args) throws IOException {
        Path home = Path.of(args[0]);
        Store store = Store.open(home.resolve("carrel.db"));
        insert(store, "before");
        if (args[2].equals("read")) {
            ids(store); // a reader's connection stays open
        }
        Files.createFile(home.resolve(args[1]));
        System.out.println(insert(store, "lost"));
        System.out.println(ids(store));
        if (args[2].equals("again")) {
            Files.deleteIfExists(home.resolve(args[1]));
            System.out.println(insert(store, "after"));
            System.out.println(ids(store));
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String insert(Store store, String id) {
        try {
            store.write(handle ->
                    handle.execute("insert into projects (id, created_at) values (?, 0)", id));
            return "written";
        } catch (CarrelException e) {
            return e.getMessage();
        }
    }

    private static List<String> ids(Store store) {
        return store.read(handle ->
                handle.createQuery("select id from projects order by id")
                        .mapTo(String.class)
                        .list());
    }
}
