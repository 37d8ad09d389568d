package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;

/// The tools that every agent can have: those that work on the sandbox, then those of memory.
public final class BuiltinTools {
    private BuiltinTools() {}

    /// In the order in which models see them, always the same. They keep no state: one list serves
    /// all sessions.
    public static List<Tool> all() {
        var tools =
                new ArrayList<Tool>(
                        List.of(
                                new ReadTool(),
                                new WriteTool(),
                                new EditTool(),
                                new BashTool(),
                                new ListTool(),
                                new GlobTool(),
                                new GrepTool()));
        tools.addAll(MemoryTools.all());
        return List.copyOf(tools);
    }
}
