package dev.carrel.tool;

import java.util.List;

/// The tools that every agent can have, working on the sandbox alone.
public final class BuiltinTools {
    private BuiltinTools() {}

    /// In the order in which models see them, always the same. They keep no state: one list serves
    /// all sessions.
    public static List<Tool> all() {
        return List.of(
                new ReadTool(),
                new WriteTool(),
                new EditTool(),
                new BashTool(),
                new ListTool(),
                new GlobTool(),
                new GrepTool());
    }
}
