package dev.carrel.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How a registry asks for a token ("Token Authentication Specification" of the distribution
/// project).
record BearerChallenge(String header) {
    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=\"([^\"]{0,2048})\"");
    private static final int TOKEN_BYTES_MAX = 1 << 20;
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /// The address that gives the token.
    String request(String scope) throws IOException {
        Map<String, String> parameters = new HashMap<>();
        Matcher matcher = PARAMETER.matcher(header);
        while (matcher.find()) {
            parameters.put(matcher.group(1), matcher.group(2));
        }
        String realm = parameters.getOrDefault("realm", "");
        if (realm.isEmpty()) {
            throw new IOException("the registry asks for a token and does not say where to get it");
        }
        String service = parameters.getOrDefault("service", "");
        return realm
                + (realm.contains("?") ? "&" : "?")
                + "service="
                + encoded(service)
                + "&scope="
                + encoded(scope);
    }

    static String token(InputStream body) throws IOException {
        try {
            JsonNode answer = JSON.readTree(body.readNBytes(TOKEN_BYTES_MAX));
            String token = answer.path("token").asText(answer.path("access_token").asText(""));
            if (!token.isEmpty() && token.chars().allMatch(c -> c > ' ' && c < 127)) {
                return token;
            }
        } catch (JsonProcessingException e) {
            throw new IOException("the registry's answer holds no token", e);
        }
        throw new IOException("the registry's answer holds no token");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
