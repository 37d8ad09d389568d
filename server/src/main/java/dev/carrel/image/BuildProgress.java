package dev.carrel.image;

import dev.carrel.image.Images.Progress;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads how far a build is out of what mmdebstrap and apt print. A build has two rounds, the
/// essential packages and the others; each downloads, unpacks and sets up a number of packages that
/// apt tells beforehand. Run by one thread.
final class BuildProgress {
    /// Share of a build's time at which each part begins, as measured.
    private static final double DOWNLOAD_1 = 0.04;

    private static final double EXTRACT = 0.10;
    private static final double INSTALL_1 = 0.45;
    private static final double DOWNLOAD_2 = 0.68;
    private static final double INSTALL_2 = 0.72;
    private static final double FINISH = 0.96;

    private static final Pattern COUNT =
            Pattern.compile("^\\d+ upgraded, (\\d+) newly installed.*");
    private static final Pattern GET = Pattern.compile("^Get:(\\d+) \\S+ \\S+ \\S+ (\\S+) .*");
    private static final Pattern INSTALL = Pattern.compile("^(Unpacking|Setting up) ([^ :]+).*");

    private final Consumer<Progress> progress;
    private double at;
    private int round;
    private int packages = 1;
    private int done;

    BuildProgress(Consumer<Progress> progress) {
        this.progress = progress;
    }

    void line(String line) {
        Matcher count = COUNT.matcher(line);
        Matcher get = GET.matcher(line);
        Matcher install = INSTALL.matcher(line);
        if (line.contains("running apt-get update")) {
            report(0, "reading package lists");
        } else if (count.matches()) {
            beginRound(Math.max(1, Integer.parseInt(count.group(1))));
        } else if (round > 0 && get.matches()) {
            boolean first = round == 1;
            double part = Double.parseDouble(get.group(1)) / packages;
            report(
                    between(first ? DOWNLOAD_1 : DOWNLOAD_2, first ? EXTRACT : INSTALL_2, part),
                    "downloading " + get.group(2));
        } else if (line.contains("running dpkg-deb --fsys-tarfile")) {
            String file = line.substring(line.lastIndexOf('/') + 1);
            report(
                    between(EXTRACT, INSTALL_1, (double) done++ / packages),
                    "unpacking " + file.replaceFirst("_.*", ""));
        } else if (line.contains("installing essential packages")) {
            done = 0;
        } else if (install.matches()) {
            boolean first = round == 1;
            double part = done++ / (2.0 * packages);
            report(
                    between(first ? INSTALL_1 : INSTALL_2, first ? DOWNLOAD_2 : FINISH, part),
                    install.group(1).toLowerCase(java.util.Locale.ROOT) + " " + install.group(2));
        } else if (line.contains("running --customize-hook")) {
            report(FINISH, "finishing");
        }
    }

    // Apt repeats the count when it was asked twice for the same thing.
    private void beginRound(int count) {
        if (round == 0 || done > 0) {
            round++;
        }
        packages = count;
        done = 0;
    }

    private static double between(double from, double to, double part) {
        return from + (to - from) * Math.min(1, part);
    }

    private void report(double fraction, String step) {
        at = Math.max(at, fraction);
        progress.accept(new Progress(at, step));
    }
}
