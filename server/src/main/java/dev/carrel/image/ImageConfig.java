package dev.carrel.image;

import java.util.Map;

/// What an image says about the commands that run in it. `user` and `workingDirectory` are empty
/// where it says nothing. `labels` are notes for people.
public record ImageConfig(
        Map<String, String> env, String user, String workingDirectory, Map<String, String> labels) {
    public static final ImageConfig NONE = new ImageConfig(Map.of(), "", "", Map.of());

    public ImageConfig {
        env = Map.copyOf(env);
        labels = Map.copyOf(labels);
    }
}
