import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;

/// Times of two ways to do the same, in milliseconds. They take turns, so that a slow moment of the machine hits both.
record Timing(double[] ours, double[] theirs) {
    static Timing alternate(int count, Callable<?> ours, Callable<?> theirs) throws Exception {
        double[][] times = new double[2][count];
        for (int i = -count / 4; i < count; i++) {
            for (int side = 0; side < 2; side++) {
                double time = of(side == 0 ? ours : theirs);
                if (i >= 0) {
                    times[side][i] = time;
                }
            }
        }
        return new Timing(times[0], times[1]);
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
