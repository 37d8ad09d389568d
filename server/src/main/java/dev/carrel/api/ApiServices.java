package dev.carrel.api;

import dev.carrel.auth.Keys;
import dev.carrel.build.ImageBuilds;
import dev.carrel.image.ProjectImages;
import dev.carrel.model.Models;
import dev.carrel.preview.Previews;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Deployments;
import dev.carrel.session.Sessions;
import dev.carrel.store.Store;
import dev.carrel.telemetry.Metrics;

/// What the API calls.
public record ApiServices(
        Store store,
        Keys keys,
        ProjectImages images,
        ImageBuilds builds,
        Sandboxes sandboxes,
        Previews previews,
        Deployments deployments,
        Sessions sessions,
        Models models,
        Metrics metrics) {}
