package dev.carrel.image;

import java.util.Map;

/// What an image says about the commands that run in it. `user` and `workingDirectory` are empty
/// where it says nothing.
public record ImageConfig(Map<String, String> env, String user, String workingDirectory) {
    public static final ImageConfig NONE = new ImageConfig(Map.of(), "", "");

    public ImageConfig {
        env = Map.copyOf(env);
    }
}
