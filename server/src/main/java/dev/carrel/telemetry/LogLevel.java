package dev.carrel.telemetry;

/// How much the server logs about itself.
public enum LogLevel {
    ERROR,
    WARN,
    INFO,
    DEBUG,
    TRACE
}
