package dev.carrel.store;

import org.flywaydb.core.Flyway;

/// Brings the schema up to date: each package ships its own numbered files.
final class Migrations {
    private Migrations() {}

    static void run(Dialect dialect) {
        Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(dialect.dataSource())
                .locations("classpath:db/migration")
                .load()
                .migrate();
    }
}
