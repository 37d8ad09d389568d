package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;

/// Says what the name of an image means to a project.
@FunctionalInterface
public interface ImageSource {
    /// Every name means what the runtime takes it for.
    ImageSource AS_NAMED = (project, name) -> name;

    /// A name that means one image for ever, which is on this host when this returns. Fails where
    /// the project may not use it, or it cannot be had soon.
    String pin(ProjectId project, String name);
}
