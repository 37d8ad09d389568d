package dev.carrel.preview;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.ErrorBodies;
import dev.carrel.http.HostExchange;
import dev.carrel.http.RequestHead;
import dev.carrel.http.Response;
import java.io.IOException;
import java.util.Map;

/// What a preview answers when the application cannot: a page for people, the API's JSON for
/// programs.
final class PreviewPages {
    private static final String STYLE =
            "body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em;"
                    + "color:#222;background:#fff}h1{font-size:1.3em}p{color:#555}"
                    + "@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}"
                    + "p{color:#aaa}}";

    private static final Map<ErrorCode, String> TITLES =
            Map.of(
                    ErrorCode.PORT_NOT_LISTENING, "Nothing listens on this port yet",
                    ErrorCode.SANDBOX_NOT_FOUND, "There is no such sandbox",
                    ErrorCode.NOT_FOUND, "There is no such preview",
                    ErrorCode.UNAUTHORIZED, "This preview is private",
                    ErrorCode.RATE_LIMITED, "Too many connections",
                    ErrorCode.PREVIEW_TIMED_OUT, "The application does not answer",
                    ErrorCode.PREVIEW_BAD_ANSWER, "The application's answer is not HTTP");

    private PreviewPages() {}

    static void answer(HostExchange exchange, CarrelException e) throws IOException {
        Response response =
                wantsPage(exchange.head())
                        ? Response.text(e.code().httpStatus(), "text/html; charset=utf-8", page(e))
                        : Response.json(e.code().httpStatus(), ErrorBodies.of(e, exchange.id()));
        response =
                response.withHeader("Cache-Control", "no-store")
                        .withHeader("X-Content-Type-Options", "nosniff")
                        .withHeader("Referrer-Policy", "no-referrer")
                        .withHeader(
                                "Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'")
                        .withHeader("x-request-id", exchange.id());
        exchange.answer(e.code().retryable() ? response.withHeader("Retry-After", "1") : response);
    }

    private static boolean wantsPage(RequestHead head) {
        return head.fields().first("accept").orElse("").contains("text/html");
    }

    /// Tries again by itself where that can help.
    private static String page(CarrelException e) {
        String refresh = e.code().retryable() ? "<meta http-equiv=\"refresh\" content=\"1\">" : "";
        String title = TITLES.getOrDefault(e.code(), "The preview cannot be shown");
        return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                + refresh
                + "<meta name=\"viewport\" content=\"width=device-width\"><title>"
                + title
                + "</title><style>"
                + STYLE
                + "</style></head><body><h1>"
                + title
                + "</h1><p>"
                + escaped(e.text())
                + "</p></body></html>\n";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
