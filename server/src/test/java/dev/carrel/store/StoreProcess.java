package dev.carrel.store;

import java.nio.file.Path;

/// What `StoreIT` runs in a process of its own, to end it at will.
final class StoreProcess {
    private StoreProcess() {}

    /// Writes numbered rows until it is killed, telling each number once its write has returned; or
    /// only opens the store and tells that, or why not.
    public static void main(String[] args) {
        Path file = Path.of(args[0]);
        try {
            Store store = Store.open(file);
            System.out.println("open");
            for (int i = 0; args[1].equals("write"); i++) {
                String id = "p" + i;
                store.write(handle ->
                        handle.execute("insert into projects (id, created_at) values (?, 0)", id));
                System.out.println(i);
            }
            store.close();
        } catch (RuntimeException e) {
            System.out.println(e.getMessage());
        }
    }
}
