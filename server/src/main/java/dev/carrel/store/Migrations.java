package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/// Brings the schema up to date: each package ships its own numbered files.
final class Migrations {
    private Migrations() {}

    static void run(Dialect dialect) {
        try {
            Flyway.configure(Migrations.class.getClassLoader())
                    .dataSource(dialect.dataSource())
                    .locations("classpath:db/migration")
                    .loggers("slf4j")
                    // By default, a schema of a newer version would pass.
                    .ignoreMigrationPatterns(new String[0])
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw Dialect.translate(e).map(CarrelException.class::cast).orElseGet(() -> misfit(e));
        }
    }

    private static CarrelException misfit(FlywayException cause) {
        return new CarrelException(
                ErrorCode.CONFLICT,
                "the data folder does not fit this version of Carrel; it was probably used by a"
                        + " newer one: start that, or restore a backup made by this one",
                cause);
    }
}
