package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// An error as a provider reported it, by HTTP status or inside a stream, and what it means to
/// Carrel. `kind` holds the provider's own words for it: its type and code.
record ProviderComplaint(int status, String kind, String message) {
    private static final int MESSAGE_MAX = 500;
    private static final int TOO_MANY_REQUESTS = 429;

    /// What providers say when the prompt is longer than the model takes. There is no common code:
    /// these are the words of OpenAI, Anthropic, Gemini, Mistral, xAI, llama.cpp and vLLM.
    private static final Pattern OVERFLOW =
            Pattern.compile(
                    "context_length_exceeded|context_window_exceeded|context.{0,20}(length|window"
                            + "|limit|size)|maximum.{0,20}context|prompt.{0,20}too long"
                            + "|input.{0,20}too long|input token count.{0,40}exceeds"
                            + "|maximum prompt length|too many (input )?tokens",
                    Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /// Words of OpenAI and Azure for a prompt that a filter keeps from the model.
    private static final Pattern FILTERED =
            Pattern.compile(
                    "content_filter|content_policy_violation|responsibleaipolicyviolation"
                            + "|content management policy",
                    Pattern.CASE_INSENSITIVE);

    /// Some, Anthropic among them, say with 400 that nothing is paid for any more.
    private static final Pattern NO_CREDIT =
            Pattern.compile("credit balance|billing|quota", Pattern.CASE_INSENSITIVE);

    /// Inside a stream there is no status: the one that the same words have outside of it.
    private static final Map<String, Integer> STATUS_OF_KIND =
            Map.ofEntries(
                    Map.entry("invalid_request_error", 400),
                    Map.entry("context_length_exceeded", 400),
                    Map.entry("authentication_error", 401),
                    Map.entry("invalid_api_key", 401),
                    Map.entry("billing_error", 402),
                    Map.entry("insufficient_quota", 402),
                    Map.entry("permission_error", 403),
                    Map.entry("not_found_error", 404),
                    Map.entry("request_too_large", 413),
                    Map.entry("rate_limit_error", 429),
                    Map.entry("rate_limit_exceeded", 429));

    /// `body` is whatever came with a status other than 2xx.
    static ProviderComplaint ofResponse(int status, String body) {
        return Json.parse(body)
                .map(node -> of(status, node))
                .orElseGet(() -> new ProviderComplaint(status, "", ""));
    }

    /// `event` is an error in mid-stream. An unknown one counts as the provider's own fault: it had
    /// accepted the request.
    static ProviderComplaint inStream(JsonNode event) {
        ProviderComplaint complaint = of(500, event);
        for (String word : complaint.kind.split(" ")) {
            Integer status = word.matches("[45]\\d\\d") ? Integer.valueOf(word) : null;
            status = status == null ? STATUS_OF_KIND.get(word) : status;
            if (status != null) {
                return new ProviderComplaint(status, complaint.kind, complaint.message);
            }
        }
        return complaint;
    }

    private static ProviderComplaint of(int status, JsonNode body) {
        JsonNode root = body.isArray() ? body.path(0) : body;
        JsonNode error = root.path("error").isMissingNode() ? root : root.path("error");
        if (error.isTextual()) {
            return new ProviderComplaint(status, "", error.textValue());
        }
        JsonNode message = error.has("message") ? error.path("message") : error.path("detail");
        String text = message.isTextual() ? message.textValue() : "";
        String kind = error.path("code").asText("") + " " + error.path("type").asText("");
        return new ProviderComplaint(status, kind.strip(), text);
    }

    ErrorCode code() {
        String kind = this.kind.toLowerCase(Locale.ROOT);
        if (status == 413 || (isRequestAtFault() && OVERFLOW.matcher(kind + message).find())) {
            return ErrorCode.MODEL_CONTEXT_OVERFLOW;
        }
        if (isRequestAtFault() && FILTERED.matcher(kind + message).find()) {
            return ErrorCode.MODEL_CONTENT_FILTERED;
        }
        if (status == 401 || status == 403) {
            return ErrorCode.MODEL_UNAUTHORIZED;
        }
        if (status == TOO_MANY_REQUESTS) {
            // Out of credit: no pause of minutes mends it.
            return kind.contains("insufficient_quota")
                    ? ErrorCode.MODEL_REFUSED_REQUEST
                    : ErrorCode.MODEL_RATE_LIMITED;
        }
        return status >= 500 || status == 408
                ? ErrorCode.MODEL_UNAVAILABLE
                : ErrorCode.MODEL_REFUSED_REQUEST;
    }

    private boolean isRequestAtFault() {
        return status == 400 || status == 422;
    }

    /// In Carrel's words. What the provider said about a key is left out: some quote parts of it.
    ProviderFailure failure(ProviderAccess access, Optional<Duration> retryAfter) {
        ErrorCode code = code();
        String head = "model provider " + access.name();
        String said = message.isBlank() ? "" : ": " + access.masked(cut(message));
        String text =
                switch (code) {
                    case MODEL_UNAUTHORIZED ->
                            head
                                    + " did not accept the API key (HTTP "
                                    + status
                                    + "); "
                                    + access.keyRemedy();
                    case MODEL_CONTEXT_OVERFLOW ->
                            head + " says the conversation is too long for the model" + said;
                    case MODEL_RATE_LIMITED ->
                            head + " limits the rate of requests (HTTP " + status + ")" + said;
                    case MODEL_UNAVAILABLE -> head + " failed (HTTP " + status + ")" + said;
                    default -> head + " refused the request (HTTP " + status + ")" + said;
                };
        boolean ofRequest = isRequestAtFault() && !NO_CREDIT.matcher(kind + message).find();
        return code == ErrorCode.MODEL_REFUSED_REQUEST && ofRequest
                ? ProviderFailure.refusedRequest(text)
                : new ProviderFailure(code, text, retryAfter);
    }

    private static String cut(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= MESSAGE_MAX ? line : line.substring(0, MESSAGE_MAX) + "…";
    }
}
