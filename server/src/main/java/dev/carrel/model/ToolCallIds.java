package dev.carrel.model;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/// The ids of the tool calls in a conversation. Some providers send none, or count from zero in
/// every answer: ids are made up where one is missing or taken.
final class ToolCallIds {
    private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// Nine letters and digits: the one form that all providers take back.
    private static final int LENGTH = 9;

    private final Set<String> taken = new HashSet<>();

    ToolCallIds(List<Message> messages) {
        for (Message message : messages) {
            if (message instanceof Message.Assistant assistant) {
                assistant.toolCalls().forEach(call -> taken.add(call.id()));
            }
        }
    }

    /// `given` if it is an id and new, else another one.
    String take(String given) {
        String id = given;
        while (id.isBlank() || !taken.add(id)) {
            id = made();
        }
        return id;
    }

    private static String made() {
        var id = new StringBuilder();
        for (int i = 0; i < LENGTH; i++) {
            int letter = ThreadLocalRandom.current().nextInt(ALPHABET.length());
            id.append(ALPHABET.charAt(letter));
        }
        return id.toString();
    }
}
