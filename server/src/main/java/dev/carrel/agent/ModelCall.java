package dev.carrel.agent;

import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatListener;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.ModelRef;

/// The model that is to be asked, what stops it, and what its calls lose. `last` says that no other
/// model is asked in its place.
record ModelCall(
        ModelRef ref, ChatModel model, boolean last, Cancellation cancellation, Losses losses) {
    ChatAnswer chat(ChatRequest request, ChatListener listener) {
        return model.chat(request, losses.counting(listener), cancellation);
    }
}
