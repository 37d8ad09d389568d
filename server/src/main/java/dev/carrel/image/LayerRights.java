package dev.carrel.image;

import dev.carrel.store.ProjectId;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Which images and layers projects may use without downloading them. That a layer is here and that
/// somebody knows its digest gives no right to it: the files may be another project's. Any thread
/// may use it.
final class LayerRights {
    /// Downloads that are remembered while no image has them: of pulls under way, or that failed.
    static final int DOWNLOADS_MAX = 4096;

    private final ImageStore store;
    private final ImageNames names;
    private final Set<Download> downloads = Collections.newSetFromMap(new Downloads());

    private record Download(ProjectId project, Digest content) {}

    /// Forgets the oldest. Guarded by `downloads`.
    private static final class Downloads extends LinkedHashMap<Download, Boolean> {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Download, Boolean> eldest) {
            return size() > DOWNLOADS_MAX;
        }
    }

    LayerRights(ImageStore store, ImageNames names) {
        this.store = store;
        this.names = names;
    }

    /// Those of a project, for one pull.
    Of of(ProjectId project) {
        var images = new HashSet<Digest>();
        var layers = new HashSet<Digest>();
        for (ImageNames.Row row : names.all(project)) {
            images.add(row.digest());
            store.find(row.digest()).ifPresent(image -> layers.addAll(image.layers()));
        }
        return new Of(project, images, layers);
    }

    final class Of {
        private final ProjectId project;
        private final Set<Digest> images;
        private final Set<Digest> layers;

        private Of(ProjectId project, Set<Digest> images, Set<Digest> layers) {
            this.project = project;
            this.images = Set.copyOf(images);
            this.layers = Set.copyOf(layers);
        }

        boolean hasImage(Digest image) {
            return images.contains(image);
        }

        boolean hasLayer(Digest content) {
            synchronized (downloads) {
                return layers.contains(content)
                        || downloads.contains(new Download(project, content));
            }
        }

        /// The project has got all of a layer, and the digest was right.
        void downloaded(Digest content) {
            synchronized (downloads) {
                downloads.add(new Download(project, content));
            }
        }
    }
}
