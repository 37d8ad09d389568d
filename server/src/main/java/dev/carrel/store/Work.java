package dev.carrel.store;

import org.jdbi.v3.core.Handle;

/// SQL that runs inside one transaction of a [Store]. It must not call the store again, wait, or do
/// other I/O: readers of a whole batch wait for it.
@FunctionalInterface
public interface Work<T> {
    T run(Handle handle);
}
