package dev.carrel.agent;

import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatListener;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.ModelRef;

/// The model that is to be asked, and what stops it.
record ModelCall(ModelRef ref, ChatModel model, Cancellation cancellation) {
    ChatAnswer chat(ChatRequest request, ChatListener listener) {
        return model.chat(request, listener, cancellation);
    }
}
