package dev.carrel.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.logging.LogManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.bridge.SLF4JBridgeHandler;

/// The process-wide log. Until [#start] is called only warnings are written, which suits the
/// command line.
public final class Logs {
    /// Libraries stay at `WARN` unless `TRACE` is asked for: what they say below it is about them.
    private static final String OURS = "dev.carrel";

    private Logs() {}

    /// Sets the level and takes over `java.util.logging`, which Helidon writes to. Calling it again
    /// changes the level.
    public static void start(LogLevel level) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(OURS).setLevel(Level.valueOf(level.name()));
            context.getLogger(Logger.ROOT_LOGGER_NAME)
                    .setLevel(level == LogLevel.TRACE ? Level.DEBUG : Level.WARN);
        }
        if (!SLF4JBridgeHandler.isInstalled()) {
            LogManager.getLogManager().reset();
            SLF4JBridgeHandler.install();
        }
    }

    /// Names what this thread works on in every line it logs, until the result is closed.
    public static Scope with(String key, String value) {
        var closeable = MDC.putCloseable(key, value);
        return closeable::close;
    }

    /// Takes a name off again.
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}
