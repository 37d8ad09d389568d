package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AptSourcesTest {
    @Test
    void suiteIsTheHostsOnlyOnDebian() {
        assertThat(AptSources.suite("ID=debian\nVERSION_CODENAME=bookworm\n")).contains("bookworm");
        assertThat(AptSources.suite("ID=ubuntu\nVERSION_CODENAME=noble\n")).isEmpty();
        assertThat(AptSources.suite("")).isEmpty();
    }

    @Test
    void onlyDebiansOwnMainArchiveIsTaken() {
        String targets =
                """
                http://mirror.example/debian/ bookworm main
                http://mirror.example/debian/ bookworm contrib
                http://mirror.example/debian/ bookworm-updates main
                http://mirror.example/debian/ bookworm main
                https://other.example/apt/ bookworm stable
                https://other.example/apt/ nodistro main
                https://user:secret@private.example/debian/ bookworm main
                http://mirror.example/security/ bookworm-security main
                """;

        assertThat(AptSources.lines(targets, "bookworm"))
                .containsExactly(
                        "deb http://mirror.example/debian/ bookworm main",
                        "deb http://mirror.example/debian/ bookworm-updates main",
                        "deb http://mirror.example/security/ bookworm-security main");
    }

    @Test
    void withoutTheBaseArchiveNothingIsTaken() {
        assertThat(AptSources.lines("http://m.example/ bookworm-updates main", "bookworm"))
                .isEmpty();
    }

    @Test
    void settingsThatDownloadsNeedArePassedOn() {
        String dump =
                """
                APT::Architecture "amd64";
                Acquire::Check-Valid-Until "false";
                Acquire::http::Proxy "http://proxy.example:3128";
                Acquire::https::CAInfo "/etc/ssl/own.pem";
                Acquire::Languages "none";
                Acquire::http "";
                Dir::State "/var/lib/apt";
                """;

        assertThat(AptSources.options(dump))
                .containsExactly(
                        "Acquire::Check-Valid-Until \"false\";",
                        "Acquire::http::Proxy \"http://proxy.example:3128\";",
                        "Acquire::https::CAInfo \"/etc/ssl/own.pem\";");
    }
}
