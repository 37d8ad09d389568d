package dev.carrel.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the heads of messages as strictly as RFC 9112 lets: what two readers could take
/// differently is refused and never repaired, so that nobody on either side can be made to see
/// another message.
public final class HeadParser {
    /// Of a whole head, its empty line included.
    public static final int HEAD_BYTES_MAX = 48 << 10;

    private static final int FIELDS_MAX = 200;
    private static final int METHOD_CHARS_MAX = 32;
    private static final int LENGTH_DIGITS_MAX = 18;
    private static final int REASON_CHARS_MAX = 128;

    private static final Pattern TARGET = Pattern.compile("/[\\x21\\x22\\x24-\\x7e\\x80-\\xff]*");
    private static final Pattern HOST =
            Pattern.compile(
                    "([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?|\\[[0-9A-Fa-f:.]+])(:[0-9]{0,5})?");
    private static final Pattern STATUS =
            Pattern.compile("HTTP/1\\.([01]) ([1-9][0-9]{2})(?: (.*))?");

    private HeadParser() {}

    /// `head` ends with its empty line.
    public static RequestHead request(byte[] head) throws MalformedException {
        List<String> lines = startedLines(head);
        String[] words = lines.getFirst().split(" ", -1);
        if (words.length != 3) {
            throw new MalformedException(
                    "the request line must be a method, a path and HTTP/1.1, one space between each");
        }
        if (words[0].length() > METHOD_CHARS_MAX || !Field.isToken(words[0])) {
            throw new MalformedException("the method is not one");
        }
        if (!words[2].equals("HTTP/1.1")) {
            throw new MalformedException("only HTTP/1.1 is spoken here");
        }
        boolean all = words[0].equals("OPTIONS") && words[1].equals("*");
        if (!all && !TARGET.matcher(words[1]).matches()) {
            throw new MalformedException("the request must name a path that starts with a slash");
        }
        Fields fields = fields(lines);
        Matcher host = host(fields);
        String name = host.group(1).toLowerCase(Locale.ROOT);
        return new RequestHead(
                words[0], words[1], host.group(), name, fields, requestFraming(fields));
    }

    /// `head` answers a request of `method`. The fields that frame the body are taken out, but for
    /// the length of a body that is not sent.
    public static ResponseHead response(byte[] head, String method) throws MalformedException {
        List<String> lines = startedLines(head);
        Matcher status = STATUS.matcher(lines.getFirst());
        if (!status.matches()) {
            throw new MalformedException("the answer does not start with a status line");
        }
        int code = Integer.parseInt(status.group(2));
        Fields fields = fields(lines);
        if (status.group(1).equals("0") && fields.has("transfer-encoding")) {
            throw new MalformedException("an answer of HTTP/1.0 is chunked");
        }
        boolean bodiless = method.equals("HEAD") || code == 304;
        Framing framing = responseFraming(fields, code);
        String reason = status.group(3) == null ? "" : status.group(3);
        return new ResponseHead(
                code,
                isPlain(reason) ? reason : "",
                fields.without(key ->
                        key.equals("transfer-encoding")
                                || (key.equals("content-length") && !bodiless)),
                bodiless || code == 204 || code < 200 ? new Framing.None() : framing);
    }

    private static boolean isPlain(String reason) {
        return reason.length() <= REASON_CHARS_MAX
                && reason.chars().allMatch(c -> c >= 0x20 && c <= 0x7e);
    }

    /// The fields after a chunked body; `head` ends with an empty line and may be nothing else.
    static Fields trailers(byte[] head) throws MalformedException {
        var lines = new ArrayList<String>();
        lines.add("");
        lines.addAll(lines(head));
        return fields(lines);
    }

    private static List<String> startedLines(byte[] head) throws MalformedException {
        List<String> lines = lines(head);
        if (lines.isEmpty()) {
            throw new MalformedException("the message begins with an empty line");
        }
        return lines;
    }

    private static List<String> lines(byte[] head) throws MalformedException {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        var lines = new ArrayList<String>();
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf("\r\n", at);
            if (end < 0) {
                throw new MalformedException("a line does not end with CR LF");
            }
            lines.add(text.substring(at, end));
            at = end + 2;
        }
        lines.removeLast();
        for (String line : lines) {
            if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0 || line.indexOf('\0') >= 0) {
                throw new MalformedException("a line holds a CR, LF or NUL of its own");
            }
        }
        return lines;
    }

    private static Fields fields(List<String> lines) throws MalformedException {
        if (lines.size() > FIELDS_MAX + 1) {
            throw new MalformedException("there are more than " + FIELDS_MAX + " header fields");
        }
        var fields = new ArrayList<Field>();
        for (String line : lines.subList(1, lines.size())) {
            int colon = line.indexOf(':');
            try {
                fields.add(
                        new Field(
                                line.substring(0, Math.max(0, colon)),
                                Field.strip(line.substring(colon + 1))));
            } catch (IllegalArgumentException e) {
                throw new MalformedException(
                        "a header field is not a name, a colon and a value on one line");
            }
        }
        return new Fields(fields);
    }

    private static Matcher host(Fields fields) throws MalformedException {
        List<String> hosts = fields.all("host");
        Matcher host = HOST.matcher(hosts.isEmpty() ? "" : hosts.getFirst());
        if (hosts.size() != 1 || !host.matches()) {
            throw new MalformedException(
                    "there must be one Host field, with a name and maybe a port");
        }
        return host;
    }

    private static Framing requestFraming(Fields fields) throws MalformedException {
        Framing framing = framing(fields);
        return framing instanceof Framing.UntilClose ? new Framing.None() : framing;
    }

    private static Framing responseFraming(Fields fields, int status) throws MalformedException {
        Framing framing = framing(fields);
        boolean never = status < 200 || status == 204;
        if (never && framing instanceof Framing.Chunked) {
            throw new MalformedException("an answer that has no body says how it is encoded");
        }
        return framing;
    }

    private static Framing framing(Fields fields) throws MalformedException {
        List<String> lengths = fields.all("content-length");
        List<String> codings = fields.all("transfer-encoding");
        if (!codings.isEmpty()) {
            if (!lengths.isEmpty()) {
                throw new MalformedException("both Transfer-Encoding and Content-Length are there");
            }
            if (codings.size() > 1 || !codings.getFirst().equalsIgnoreCase("chunked")) {
                throw new MalformedException("the only transfer encoding is chunked, and once");
            }
            return new Framing.Chunked();
        }
        if (lengths.isEmpty()) {
            return new Framing.UntilClose();
        }
        String length = lengths.getFirst();
        boolean number = !length.isEmpty() && length.chars().allMatch(c -> c >= '0' && c <= '9');
        if (lengths.size() > 1 || !number || length.length() > LENGTH_DIGITS_MAX) {
            throw new MalformedException("Content-Length is not one whole number");
        }
        return new Framing.Length(Long.parseLong(length));
    }
}
