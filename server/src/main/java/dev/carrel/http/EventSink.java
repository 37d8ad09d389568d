package dev.carrel.http;

/// The way out of one event stream. Each call is on the wire when it returns. Used by one thread.
/// All methods fail with [ClientGoneException] when nobody reads any more.
public interface EventSink {
    /// Sends `data` without a name.
    void send(String data);

    void send(String name, String data);

    /// Sends an event that a reader who reconnects names in `Last-Event-ID`.
    void send(long id, String name, String data);

    /// The same with an id of another kind, one line.
    void send(String id, String name, String data);

    /// Sends the answer's head now, so that the client knows that the stream is open although
    /// nothing has happened yet.
    void open();

    /// Whether anything is on the wire: from then on the status is decided.
    boolean isOpen();

    boolean isClientGone();

    /// Whether the server is being closed: say goodbye and return.
    boolean isClosing();
}
