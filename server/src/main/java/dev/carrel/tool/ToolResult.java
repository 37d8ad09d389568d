package dev.carrel.tool;

/// What a tool call gave: the text that the model reads, already cut to a bounded length.
public record ToolResult(ToolStatus status, String text) {
    public static ToolResult ok(String text) {
        return new ToolResult(ToolStatus.OK, text);
    }

    public static ToolResult error(String text) {
        return new ToolResult(ToolStatus.ERROR, text);
    }
}
