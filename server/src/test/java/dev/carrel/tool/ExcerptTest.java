package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExcerptTest {
    @Test
    void shortTextStaysAsItIs() {
        assertThat(Excerpt.head("abc", 3)).isEqualTo("abc");
        assertThat(Excerpt.middle("abc", 3)).isEqualTo("abc");
    }

    @Test
    void theCutIsSaid() {
        assertThat(Excerpt.head("abcdef", 4)).isEqualTo("abcd… [2 more characters cut]");
        assertThat(Excerpt.middle("abcdefgh", 4))
                .isEqualTo("ab\n… [4 characters cut in the middle] …\ngh");
    }

    @Test
    void charactersStayWhole() {
        String smiles = "😀😀😀😀";
        assertThat(Excerpt.head(smiles, 3)).startsWith("😀…");
        assertThat(Excerpt.middle(smiles, 3)).doesNotContain("?").endsWith("😀");
        assertThat(Excerpt.middle(smiles, 3).chars().filter(c -> c == '\ud83d').count())
                .isEqualTo(Excerpt.middle(smiles, 3).chars().filter(c -> c == '\ude00').count());
    }
}
