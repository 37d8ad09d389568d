package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RecipeTest {
    @Test
    void shippedCodingRecipeIsComplete() {
        Recipe recipe = Recipe.find("coding").orElseThrow();

        assertThat(recipe.packages()).contains("python3", "python3-pip", "python3-pytest", "git");
        assertThat(recipe.files()).containsKeys("/etc/pip.conf", "/etc/gitconfig");
        assertThat(recipe.seal()).contains("/workspace");
    }

    @Test
    void unknownNameHasNoRecipe() {
        assertThat(Recipe.find("no-such-image")).isEmpty();
    }

    @Test
    void anyChangeShowsInTheText() {
        String yaml = "packages: [jq]";
        Recipe one = Recipe.parse("x", yaml, "true", "seal");

        assertThat(Recipe.parse("x", yaml, "false", "seal").text()).isNotEqualTo(one.text());
        assertThat(Recipe.parse("x", yaml, "true", "leal").text()).isNotEqualTo(one.text());
        assertThat(Recipe.parse("x", yaml, "true", "seal").text()).isEqualTo(one.text());
    }

    @Test
    void hostilePackageAndFileNamesAreRefused() {
        assertThatThrownBy(() -> Recipe.parse("x", "packages: ['--hook=rm']", "", ""))
                .hasMessageContaining("--hook=rm");
        assertThatThrownBy(() ->
                        Recipe.parse("x", "packages: [jq]\nfiles: {/../etc/passwd: a}", "", ""))
                .hasMessageContaining("/../etc/passwd");
        assertThatThrownBy(() -> Recipe.parse("x", "packages: [jq]\nstep: 1", "", ""))
                .satisfies(e -> assertThat(e.getCause()).hasMessageContaining("step"));
    }
}
