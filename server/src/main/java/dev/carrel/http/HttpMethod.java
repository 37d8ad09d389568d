package dev.carrel.http;

/// The methods that routes can have.
public enum HttpMethod {
    GET,
    PUT,
    POST,
    PATCH,
    DELETE
}
