package dev.carrel.agent;

/// One turn of a session, from a user message to a stop reason.
public record TurnId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
