package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Who a command runs as, inside. `name` and `home` are empty for a number that `/etc/passwd` does
/// not know.
public record Account(
        int uid, int gid, List<Integer> groups, Optional<String> name, Optional<String> home) {
    /// As many as pid 1 takes.
    public static final int GROUPS_MAX = 64;

    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final int NUMBER_MAX = FileAttributes.ID_MAX;
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    public Account {
        groups = List.copyOf(groups);
    }

    /// The account that `text` names: a name or number, with `:` and a group after it if it is to
    /// be another one than its own. Both files are as hostile as the rest of the sandbox: they are
    /// read to a limit, and what is no entry is no entry. Fails with `INVALID_REQUEST` when there
    /// is no such user or group.
    public static Account of(String text, SandboxFiles files) {
        String[] parts = text.split(":", 2);
        List<String[]> users = entries(files, "/etc/passwd", 7);
        List<String[]> groups = entries(files, "/etc/group", 4);
        Optional<String[]> user = find(users, parts[0]);
        int uid = number(user, 2, parts[0]).orElseThrow(() -> unknown("user", parts[0]));
        if (parts.length > 1) {
            int gid =
                    number(find(groups, parts[1]), 2, parts[1])
                            .orElseThrow(() -> unknown("group", parts[1]));
            return new Account(uid, gid, List.of(gid), field(user, 0), field(user, 5));
        }
        // A number without an entry has a group of its own, as most systems give new users.
        int gid = number(user, 3, parts[0]).orElseThrow(() -> unknown("user", parts[0]));
        var member = new ArrayList<Integer>(List.of(gid));
        user.ifPresent(entry -> member.addAll(groupsOf(entry[0], groups)));
        return new Account(
                uid,
                gid,
                member.stream().distinct().limit(GROUPS_MAX).toList(),
                field(user, 0),
                field(user, 5));
    }

    /// The variables that a login would set; the user's number stands for a name that there is not.
    public Map<String, String> environment() {
        String user = name.orElse(Integer.toString(uid));
        return Map.of("USER", user, "LOGNAME", user, "HOME", home.orElse("/"));
    }

    private static Optional<String[]> find(List<String[]> entries, String text) {
        return Stream.concat(
                        entries.stream().filter(entry -> entry[0].equals(text)),
                        entries.stream()
                                .filter(entry ->
                                        NUMBER.matcher(text).matches()
                                                && entry[2].equals(stripped(text))))
                .findFirst();
    }

    private static String stripped(String number) {
        return Integer.toString(Integer.parseInt(number));
    }

    /// The number in the entry's field, or else `text` if it is one itself.
    private static OptionalInt number(Optional<String[]> entry, int field, String text) {
        String number = entry.map(fields -> fields[field]).orElse(text);
        if (!NUMBER.matcher(number).matches() || Integer.parseInt(number) > NUMBER_MAX) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(Integer.parseInt(number));
    }

    private static Optional<String> field(Optional<String[]> entry, int field) {
        return entry.map(fields -> fields[field]).filter(text -> !text.isEmpty());
    }

    private static List<Integer> groupsOf(String user, List<String[]> groups) {
        return groups.stream()
                .filter(entry -> List.of(entry[3].split(",")).contains(user))
                .flatMap(entry -> number(Optional.of(entry), 2, "").stream().boxed())
                .toList();
    }

    private static List<String[]> entries(SandboxFiles files, String path, int fields) {
        try (InputStream in = files.read(path, 0)) {
            return new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.indexOf('\0') < 0)
                    .map(line -> line.split(":", -1))
                    .filter(entry -> entry.length == fields && !entry[0].isEmpty())
                    .toList();
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.FILE_NOT_FOUND) {
                return List.of();
            }
            throw e;
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_FAILED, path + " of the sandbox cannot be read", e);
        }
    }

    private static CarrelException unknown(String what, String text) {
        return CarrelException.ofParam(
                ErrorCode.INVALID_REQUEST,
                "user",
                "the sandbox has no %s \"%s\": name one of /etc/%s, or a number up to %d"
                        .formatted(
                                what, text, what.equals("user") ? "passwd" : "group", NUMBER_MAX));
    }
}
