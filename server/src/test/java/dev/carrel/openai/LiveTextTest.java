package dev.carrel.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LiveTextTest {
    private final LiveText text = new LiveText();
    private final StringBuilder shown = new StringBuilder();

    @Test
    void deltasPassAndTheEntryAddsWhatIsMissing() {
        add("Hel", "lo");
        shown.append(text.complete("Hello, world"));

        assertThat(shown).hasToString("Hello, world");
    }

    @Test
    void eachStepBeginsANewParagraphOnceThereIsText() {
        text.nextStep();
        text.nextStep();
        add("One.");
        text.nextStep();
        text.complete("");
        text.nextStep();
        add("Two.");

        assertThat(shown).hasToString("One.\n\nTwo.");
    }

    @Test
    void retryThatSaysTheSameIsNotSeen() {
        add("I will loo");
        text.restart();
        add("I wi", "ll look");
        shown.append(text.complete("I will look."));

        assertThat(shown).hasToString("I will look.");
    }

    @Test
    void retryThatBreaksOffEarlierStillHasAllOfTheFirstAttemptBehindIt() {
        add("I will look");
        text.restart();
        add("I w");
        text.restart();
        add("I will look.");

        assertThat(shown).hasToString("I will look.");
    }

    @Test
    void retryThatSaysSomethingElseIsANewParagraph() {
        add("I will loo");
        text.restart();
        add("I ", "am done", ".");
        shown.append(text.complete("I am done."));

        assertThat(shown).hasToString("I will loo\n\nI am done.");
    }

    @Test
    void shorterTextThanWasShownAddsNothing() {
        add("Done.\n");
        shown.append(text.complete("Done."));

        assertThat(shown).hasToString("Done.\n");
    }

    private void add(String... deltas) {
        List.of(deltas).forEach(delta -> shown.append(text.add(delta)));
    }
}
