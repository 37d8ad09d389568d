package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Optional;

/// GET requests to one repository: signs in when asked to, follows redirections without taking the
/// key along. `HttpURLConnection`, because `java.net.http` has no limit for a body that stalls.
final class RegistryHttp {
    private static final int CONNECT_MILLIS_MAX = 10_000;

    /// Also between two pieces of a body.
    private static final int SILENCE_MILLIS_MAX = 60_000;

    private static final int REDIRECTIONS_MAX = 5;

    private final Reference reference;
    private final Optional<Credentials> credentials;
    private final boolean plain;
    private final String base;
    private volatile String authorization = "";

    RegistryHttp(Reference reference, Optional<Credentials> credentials, boolean plain) {
        this.reference = reference;
        this.credentials = credentials;
        this.plain = plain || isLoopback(reference.server());
        this.base = (this.plain ? "http://" : "https://") + reference.server();
    }

    /// Registries on this machine are spoken to without TLS, as by every other tool.
    static boolean isLoopback(String server) {
        String host = server.replaceFirst(":\\d+$", "");
        return host.equals("localhost")
                || host.equals("[::1]")
                || host.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    }

    /// The body of a successful answer; the caller closes it.
    InputStream get(String path, String accept) throws IOException {
        URI uri = uri(base + "/v2/" + reference.repository() + "/" + path);
        HttpURLConnection answer = follow(uri, accept);
        if (answer.getResponseCode() == HttpURLConnection.HTTP_UNAUTHORIZED) {
            String challenge = answer.getHeaderField("WWW-Authenticate");
            answer.disconnect();
            signIn(challenge == null ? "" : challenge);
            answer = follow(uri, accept);
        }
        if (answer.getResponseCode() != HttpURLConnection.HTTP_OK) {
            int status = answer.getResponseCode();
            answer.disconnect();
            throw refused(status, path);
        }
        return new Body(answer);
    }

    private void signIn(String challenge) throws IOException {
        String scheme = challenge.toLowerCase(Locale.ROOT);
        if (scheme.startsWith("basic") && credentials.isPresent()) {
            authorization = credentials.get().basic();
        } else if (scheme.startsWith("bearer")) {
            authorization = token(new BearerChallenge(challenge));
        } else {
            throw denied();
        }
    }

    /// Anonymous where there are no credentials. They go only to an address with TLS, or to the
    /// registry itself.
    private String token(BearerChallenge challenge) throws IOException {
        URI realm = uri(challenge.request("repository:" + reference.repository() + ":pull"));
        if (!allowed(realm)) {
            throw new CarrelException(
                    ErrorCode.REGISTRY_UNAVAILABLE,
                    "registry " + reference.registry() + " sends callers to an unsafe address");
        }
        HttpURLConnection answer =
                open(realm, "application/json", credentials.map(Credentials::basic).orElse(""));
        if (answer.getResponseCode() != HttpURLConnection.HTTP_OK) {
            int status = answer.getResponseCode();
            answer.disconnect();
            throw status >= 500 || status == 429 ? refused(status, "token") : denied();
        }
        try (InputStream body = new Body(answer)) {
            return "Bearer " + BearerChallenge.token(body);
        }
    }

    private HttpURLConnection follow(URI first, String accept) throws IOException {
        URI uri = first;
        for (int redirections = 0; redirections <= REDIRECTIONS_MAX; redirections++) {
            // The key is the registry's: whoever it sends us to does not get to see it.
            boolean own = uri.getAuthority().equals(first.getAuthority());
            HttpURLConnection answer = open(uri, accept, own ? authorization : "");
            String location = answer.getHeaderField("Location");
            int status = answer.getResponseCode();
            if (status / 100 != 3 || location == null) {
                return answer;
            }
            answer.disconnect();
            uri = uri.resolve(uri(location));
            if (!allowed(uri)) {
                break;
            }
        }
        throw new CarrelException(
                ErrorCode.REGISTRY_UNAVAILABLE,
                "registry %s redirects in a way that is not followed"
                        .formatted(reference.registry()));
    }

    /// A registry of the network may send us to other hosts with TLS, though not to this machine;
    /// one on this machine to itself as well.
    private boolean allowed(URI uri) throws IOException {
        String host = Optional.ofNullable(uri.getHost()).orElse("");
        boolean self = plain && uri.toString().startsWith(base + "/");
        return self || ("https".equals(uri.getScheme()) && !host.isEmpty() && !isLocal(host));
    }

    private static boolean isLocal(String host) throws IOException {
        for (InetAddress address : InetAddress.getAllByName(host)) {
            if (address.isLoopbackAddress()
                    || address.isLinkLocalAddress()
                    || address.isAnyLocalAddress()) {
                return true;
            }
        }
        return false;
    }

    private HttpURLConnection open(URI uri, String accept, String key) throws IOException {
        try {
            if (!plain
                    && HostProxy.of(uri).equals(java.net.Proxy.NO_PROXY)
                    && isLocal(uri.getHost())) {
                throw new CarrelException(
                        ErrorCode.REGISTRY_UNAVAILABLE,
                        "registry %s has an address that images are not pulled from"
                                .formatted(reference.registry()));
            }
            var connection = (HttpURLConnection) uri.toURL().openConnection(HostProxy.of(uri));
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout(CONNECT_MILLIS_MAX);
            connection.setReadTimeout(SILENCE_MILLIS_MAX);
            connection.setUseCaches(false);
            connection.setRequestProperty("Accept", accept);
            connection.setRequestProperty("User-Agent", "carrel");
            if (!key.isEmpty()) {
                connection.setRequestProperty("Authorization", key);
            }
            connection.getResponseCode(); // sends it
            return connection;
        } catch (UnknownHostException e) {
            throw unreachable("its name is not known here", e);
        } catch (java.net.ConnectException | java.net.SocketTimeoutException e) {
            throw unreachable("no answer", e);
        } catch (javax.net.ssl.SSLException e) {
            throw unreachable("its TLS is not to be trusted or there is none", e);
        }
    }

    private CarrelException unreachable(String why, IOException e) {
        return new CarrelException(
                ErrorCode.REGISTRY_UNAVAILABLE,
                "registry %s cannot be reached: %s".formatted(reference.registry(), why),
                e);
    }

    private CarrelException refused(int status, String what) {
        return switch (status) {
            case 401, 403 -> denied();
            case 404 ->
                    new CarrelException(
                            ErrorCode.IMAGE_NOT_FOUND,
                            "registry %s has no %s".formatted(reference.registry(), named(what)));
            case 429 ->
                    new CarrelException(
                            ErrorCode.REGISTRY_UNAVAILABLE,
                            "registry %s refuses for now, because it was asked too often (429):"
                                            .formatted(reference.registry())
                                    + " try later, or give credentials");
            default ->
                    new CarrelException(
                            ErrorCode.REGISTRY_UNAVAILABLE,
                            "registry %s answered %d".formatted(reference.registry(), status));
        };
    }

    private String named(String path) {
        return path.startsWith("manifests/")
                ? "image " + reference.canonical()
                : path.replace("blobs/", "layer ") + " of " + reference.canonical();
    }

    private CarrelException denied() {
        return new CarrelException(
                ErrorCode.IMAGE_PULL_DENIED,
                "registry %s does not let %s read %s: it does not exist, or it takes other credentials"
                        .formatted(
                                reference.registry(),
                                credentials.isPresent() ? "this user" : "everybody",
                                reference.canonical()));
    }

    private static URI uri(String text) throws IOException {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IOException("the registry sent an address that is none", e);
        }
    }

    /// Takes its connection along when it is closed.
    private static final class Body extends FilterInputStream {
        private final HttpURLConnection connection;

        Body(HttpURLConnection connection) throws IOException {
            super(connection.getInputStream());
            this.connection = connection;
        }

        @Override
        public void close() {
            connection.disconnect(); // without reading what is left
        }
    }
}
