package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApprovalPatternTest {
    private static final String DIRECTORY = "/workspace";

    private static boolean matches(String pattern, Tool tool, String field, String value) {
        ObjectNode arguments = JsonNodeFactory.instance.objectNode();
        arguments.put(field, value);
        return parse(pattern).matches(tool.spec(), arguments, DIRECTORY);
    }

    private static boolean asks(String command) {
        return matches("bash(git push*)", new BashTool(), "command", command);
    }

    private static ApprovalPattern parse(String text) {
        return ApprovalPattern.parse(text).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "git push",
                "  git   push origin main ",
                "cd x && git push",
                "cd x;git push",
                "make\ngit push",
                "make || git push",
                "make & git push",
                "false | git push",
                "git \\\n push",
                "git 'push'",
                "g\"i\"t pu\\sh",
                "$'git' push",
                "git \"push\" # not yet",
                "env git push",
                "env -u A B=c git push",
                "A=b C='d e' git push",
                "/usr/bin/git push",
                "sudo -u root /usr/bin/git push",
                "git -C /x push",
                "git -c a.b=c --no-pager push --force",
                "cd x && git --git-dir /x push",
                "bash -c 'git push'",
                "bash -ec \"cd x && git push\"",
                "sh -c \"bash -c 'git push'\"",
                "sh -c \"bash -c \\\"git \\\\\\\"push\\\\\\\"\\\"\"",
                "eval \"git push\"",
                "timeout -k 5 10 git push",
                "nohup git push &",
                "xargs -n1 git push",
                "find . -name x -exec git push {} ;",
                "(git push)",
                "{ git push; }",
                "if true; then git push; fi",
                "while ! git push; do sleep 1; done",
                "for r in a b; do git push $r; done",
                "case $x in a) git push;; esac",
                "f() { git push; }; f",
                "echo $(git push)",
                "echo \"it is $(git push) done\"",
                "echo \"$(echo \"it's\")\" && git push",
                "echo `git push`",
                "diff <(git push) /dev/null",
                "git 2>&1 push",
                "git >/dev/null push",
                "git &>/dev/null push",
                "git push 2>&1 | tail",
                ">x git push",
                "bash <<EOF\ngit push\nEOF",
                "cat <<'EOF' | sh\ngit push\nEOF",
                "cat > README <<EOF\nit's\nEOF\ngit push",
                "cat <<-EOF > x\n\tit's\n\tEOF\ngit push",
                "cat <<EOF\n$(git push)\nEOF",
                "cat <<A <<B\nit's\nA\nit's\nB\ngit push",
                "echo '# not a comment' && git push",
                "echo 'git push' | sh",
                "printf '%s' \"cd x; git push\" | sudo bash -s",
                "bash <<< 'git push'",
                "<<< 'git push' bash",
                "function f { git push; }; f",
                "echo a#b; git push",
                "true $'it\\'s' ; git push ; echo 'x'",
                // Nobody knows what these do.
                "echo 'not closed",
                "echo $(not closed",
                "echo \"not closed",
                "echo `not closed",
                "echo $'not closed",
            })
    void aCommandIsFoundWhereverItStands(String command) {
        assertThat(asks(command)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "git status",
                "git pull",
                "echo git push",
                "grep -r 'git push' .",
                "git commit -m 'then git push'",
                "# git push",
                "make # git push",
                "cat > doc.md <<EOF\ngit push\nit's\nEOF\nls",
                "echo a > git push",
                "echo \"(git push)\"",
                "x='git push'",
                "echo it\\'s; ls",
                "cat <<< 'git push'",
                "echo 'git push' | tee notes\nbash build.sh",
                "",
            })
    void whatOnlyNamesItIsNotAsked(String command) {
        assertThat(asks(command)).isFalse();
    }

    @Test
    void whatIsTooComplexIsAsked() {
        String nested = "$(echo ".repeat(ShellText.DEPTH_MAX + 1);
        assertThat(asks(nested + "x" + ")".repeat(ShellText.DEPTH_MAX + 1))).isTrue();
        assertThat(asks("true;".repeat(ShellText.COMMANDS_MAX + 1))).isTrue();
        assertThat(asks("env " + "x ".repeat(ShellText.RUNNER_WORDS_MAX))).isTrue();
        assertThat(asks("true;".repeat(ShellText.COMMANDS_MAX / 2))).isFalse();
        assertThat(asks("echo $(echo x)")).isFalse();
    }

    @Test
    void hostileTextIsReadInTime() {
        assertThat(asks("\"$(".repeat(40_000))).isTrue();
        assertThat(asks("echo $(echo x) ".repeat(4_000))).isFalse();
        assertThat(asks("cat <<a\n".repeat(10_000))).isFalse();
        assertThat(matches("bash(*a*a*a*b)", new BashTool(), "command", "a".repeat(100_000)))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/etc/passwd",
                "/etc/a/b",
                "//etc/./passwd",
                "/etc/../etc/x",
                "/workspace/../etc/x",
                "../etc/x",
                "a/../../etc/x",
                "../../../etc/x",
                "./../etc//x",
                "/etc/../home/x", // with a link, it may be there all the same
            })
    void aPathIsFoundHoweverItIsWritten(String path) {
        assertThat(matches("write(/etc/*)", new WriteTool(), "path", path)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"etc/x", "/workspace/etc/x", "/etcetera", "/var/etc/x", "."})
    void otherPathsAreNotAsked(String path) {
        assertThat(matches("write(/etc/*)", new WriteTool(), "path", path)).isFalse();
    }

    @Test
    void aRelativePatternStartsWhereTheAgentWorks() {
        assertThat(matches("edit(src/*)", new EditTool(), "path", "src/a")).isTrue();
        assertThat(matches("edit(src/*)", new EditTool(), "path", "/workspace/src/a")).isTrue();
        assertThat(matches("edit(src/*)", new EditTool(), "path", "/src/a")).isFalse();
        assertThat(matches("write(*.env)", new WriteTool(), "path", "a/.env")).isTrue();
    }

    @Test
    void aToolIsNamedWholeOrByItsBeginning() {
        assertThat(matches("write", new WriteTool(), "path", "a")).isTrue();
        assertThat(matches("wr*", new WriteTool(), "path", "a")).isTrue();
        assertThat(matches("*", new WriteTool(), "path", "a")).isTrue();
        assertThat(matches("writ", new WriteTool(), "path", "a")).isFalse();
        assertThat(matches("edit", new WriteTool(), "path", "a")).isFalse();
        assertThat(matches("*(/etc/*)", new WriteTool(), "path", "/etc/a")).isTrue();
    }

    @Test
    void anOptionalPathThatIsAbsentIsTheWorkingDirectory() {
        assertThat(matches("list(/workspace)", new ListTool(), "x", "")).isTrue();
        assertThat(matches("list(/etc*)", new ListTool(), "x", "")).isFalse();
    }

    @Test
    void aToolWithNothingToLookAtIsAsked() {
        var none = new ToolSpec("ping", "", JsonNodeFactory.instance.objectNode());
        var named = new Schema().text("name", "").spec("memory_get", "", "name");
        ObjectNode arguments = JsonNodeFactory.instance.objectNode().put("name", "secret");
        assertThat(parse("ping(x)").matches(none, arguments, DIRECTORY)).isTrue();
        assertThat(parse("memory_get(sec*)").matches(named, arguments, DIRECTORY)).isTrue();
        assertThat(parse("memory_get(pub*)").matches(named, arguments, DIRECTORY)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " bash", "bash()", "bash(x", "bash)x(", "(x)", "ba*sh", "a b", "**"})
    void whatIsNoPatternIsRefused(String text) {
        assertThat(ApprovalPattern.parse(text)).isEmpty();
    }

    @Test
    void aPatternKeepsItsTextAndHasABound() {
        assertThat(parse("bash(a (b) c)")).hasToString("bash(a (b) c)");
        assertThat(ApprovalPattern.parse("a".repeat(ApprovalPattern.CHARS_MAX + 1))).isEmpty();
    }
}
