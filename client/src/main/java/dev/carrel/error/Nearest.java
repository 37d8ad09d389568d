package dev.carrel.error;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Finds what somebody probably meant when they wrote a name that does not exist.
public final class Nearest {
    /// Longer names are not compared: nobody mistypes them, and the work grows with the square.
    private static final int LENGTH_MAX = 100;

    private Nearest() {}

    /// The known name that takes the fewest edits (insert, delete, replace, swap of neighbours) to
    /// reach from `given`; the alphabetically first of equals. Case and the difference between `-`
    /// and `_` do not count. Empty when even the best would need more than a third of the longer
    /// name to be changed: no hint is better than a silly one.
    public static Optional<String> to(String given, Collection<String> known) {
        if (given.isEmpty() || given.length() > LENGTH_MAX) {
            return Optional.empty();
        }
        return known.stream()
                .filter(name -> name.length() <= LENGTH_MAX)
                .map(name -> new Candidate(name, distance(plain(given), plain(name))))
                .filter(candidate -> candidate.distance <= editsMax(given, candidate.name))
                .min(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name))
                .map(Candidate::name);
    }

    private record Candidate(String name, int distance) {}

    private static int editsMax(String given, String name) {
        return Math.max(1, Math.max(given.length(), name.length()) / 3);
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replace('-', '_');
    }

    /// The optimal string alignment distance, row by row.
    private static int distance(String a, String b) {
        int[] beforeLast = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replace, Math.min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && swapped(a, b, i, j)) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
            }
            beforeLast = last;
            last = row;
        }
        return last[b.length()];
    }

    private static boolean swapped(String a, String b, int i, int j) {
        return a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    }
}
