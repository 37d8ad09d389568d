package dev.carrel.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LogSetupTest {
    private static ConsoleAppender<ILoggingEvent> configured(LoggerContext context) {
        var setup = new LogSetup();
        setup.setContext(context);
        setup.configure(context);
        return (ConsoleAppender<ILoggingEvent>)
                context.getLogger("ROOT").iteratorForAppenders().next();
    }

    private static String line(LoggerContext context, Map<String, String> mdc, String message) {
        ConsoleAppender<ILoggingEvent> appender = configured(context);
        var event =
                new LoggingEvent(
                        "x",
                        context.getLogger("dev.carrel.Sample"),
                        Level.WARN,
                        message,
                        null,
                        null);
        event.setMDCPropertyMap(mdc);
        return new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
    }

    @Test
    void anEntryIsOneLineWithItsRequest() {
        assertThat(line(new LoggerContext(), Map.of("request", "req_1"), "a\nb\r\nc"))
                .matches(
                        "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z WARN  Sample request=req_1 - a \\| b \\| c\n");
    }

    @Test
    void withoutARequestNothingStandsThere() {
        assertThat(line(new LoggerContext(), Map.of(), "hello")).endsWith("WARN  Sample - hello\n");
    }

    @Test
    void logsGoToStandardErrorFromWarningsOn() {
        var context = new LoggerContext();
        assertThat(configured(context).getTarget()).isEqualTo("System.err");
        assertThat(context.getLogger("dev.carrel").getEffectiveLevel()).isEqualTo(Level.WARN);
    }
}
