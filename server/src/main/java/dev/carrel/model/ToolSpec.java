package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// What a model is told about a tool. `parameters` is a JSON Schema of type `object`; callers must
/// not change it.
public record ToolSpec(String name, String description, ObjectNode parameters) {}
