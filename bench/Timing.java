import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/// Times of two ways to do the same, in milliseconds.
record Timing(double[] ours, double[] theirs) {
    static Timing alternate(int count, Callable<?> ours, Callable<?> theirs) throws Exception {
        return alternate(count, ours, List.of(theirs)).getFirst();
    }

    /// One for each of the other ways. All take turns, so that a slow moment of the machine hits all.
    static List<Timing> alternate(int count, Callable<?> ours, List<? extends Callable<?>> theirs) throws Exception {
        double[][] times = new double[1 + theirs.size()][count];
        for (int i = -count / 4; i < count; i++) {
            for (int way = 0; way < times.length; way++) {
                double time = of(way == 0 ? ours : theirs.get(way - 1));
                if (i >= 0) {
                    times[way][i] = time;
                }
            }
        }
        return Stream.of(times).skip(1).map(other -> new Timing(times[0], other)).toList();
    }

    static double of(Callable<?> work) throws Exception {
        long started = System.nanoTime();
        work.call();
        return (System.nanoTime() - started) / 1e6;
    }

    static double[] repeat(int count, Callable<?> work) throws Exception {
        double[] times = new double[count];
        for (int i = 0; i < count; i++) {
            times[i] = of(work);
        }
        return times;
    }

    static double percentile(double[] values, double percent) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(sorted.length - 1, sorted.length * percent / 100)];
    }

    static void head(String what) {
        System.out.printf("%-58s %9s %9s %7s  %s%n", what, "Carrel", "beside it", "ratio", "goal");
    }

    void print(String what, String goal) {
        line(what, percentile(ours, 50), percentile(theirs, 50), goal);
    }

    static void line(String what, double ours, double theirs, String goal) {
        System.out.printf(Locale.ROOT, "%-58s %9.2f %9.2f %7.2f  %s%n", what, ours, theirs, ours / theirs, goal);
    }

    static void line(String what, double ours, String goal) {
        System.out.printf(Locale.ROOT, "%-58s %9.2f %9s %7s  %s%n", what, ours, "", "", goal);
    }
}
