package dev.carrel.preview;

import dev.carrel.auth.Keys;
import dev.carrel.auth.Principal;
import dev.carrel.http.Fields;
import dev.carrel.http.RequestHead;
import dev.carrel.store.ProjectId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Decides who may see a preview. A registered port opens to its token, in the header, the address
/// or the cookie, or to everybody; every port opens to an API key of the sandbox's project.
record PreviewGate(Previews previews, Keys keys) {
    static final String TOKEN_HEADER = "x-carrel-preview-token";
    static final String COOKIE = "carrel_preview";
    static final String PARAMETER = "carrel_token";

    /// Others may set cookies of our name from a neighbouring host, and must not lock anyone out.
    private static final int COOKIES_MAX = 8;

    private static final int TOKEN_CHARS_MAX = 200;

    /// What is to be done with a request.
    sealed interface Verdict {
        record Open() implements Verdict {}

        /// Open, and the browser is to remember the token that stood in the address.
        record Remember(String token) implements Verdict {}

        record Closed() implements Verdict {}
    }

    /// `project` is the one that the sandbox belongs to.
    Verdict judge(PreviewHost host, ProjectId project, RequestHead head) {
        Optional<PreviewPort> port = previews.find(host.sandbox(), host.port());
        Optional<String> inAddress = Target.of(head.target()).parameter(PARAMETER);
        Optional<String> hash = port.flatMap(PreviewPort::tokenHash);
        if (inAddress.isPresent() && hash.isPresent() && fits(inAddress.get(), hash.get())) {
            return new Verdict.Remember(inAddress.get());
        }
        boolean open =
                port.map(PreviewPort::isPublic).orElse(false)
                        || hash.map(known -> sent(head.fields()).anyMatch(one -> fits(one, known)))
                                .orElse(false)
                        || isOwner(project, head.fields());
        return open ? new Verdict.Open() : new Verdict.Closed();
    }

    private boolean isOwner(ProjectId project, Fields fields) {
        List<String> values = fields.all("authorization");
        return values.size() == 1
                && bearer(values.getFirst())
                        .flatMap(keys::authenticate)
                        .map(Principal::project)
                        .filter(project::equals)
                        .isPresent();
    }

    private static Optional<String> bearer(String value) {
        return value.regionMatches(true, 0, "Bearer ", 0, 7)
                ? Optional.of(value.substring(7).strip())
                : Optional.empty();
    }

    /// Whether a value of Authorization is for us, and nobody else's business.
    static boolean isOurs(String authorization) {
        return bearer(authorization).filter(Keys::looksLikeKey).isPresent();
    }

    private static boolean fits(String token, String hash) {
        return token.length() <= TOKEN_CHARS_MAX && PreviewToken.fits(token, hash);
    }

    private static Stream<String> sent(Fields fields) {
        return Stream.concat(
                fields.all(TOKEN_HEADER).stream().limit(1),
                Cookies.values(fields, COOKIE).limit(COOKIES_MAX));
    }
}
