package dev.carrel.model;

/// One server-sent event. `name` is empty where the server gave none.
record ServerEvent(String name, String data) {}
