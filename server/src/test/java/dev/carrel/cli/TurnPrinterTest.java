package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TurnPrinterTest {
    private final StringWriter written = new StringWriter();
    private final TurnPrinter printer =
            new TurnPrinter(new Terminal(new PrintWriter(written), /* colour= */ false));

    @Test
    void liveTextIsNotShownAgainWhenItIsRecorded() throws IOException {
        show("{'type':'delta','kind':'text','text':'Hel'}");
        show("{'type':'delta','kind':'text','text':'lo'}");
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written).hasToString("Hello\n");
    }

    @Test
    void textThatWasMissedLiveIsShownWhenItIsRecorded() throws IOException {
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written).hasToString("Hello\n");
    }

    @Test
    void theRestOfATextThatBrokeOffLiveIsShownWhenItIsRecorded() throws IOException {
        show("{'type':'delta','kind':'text','text':'Hel'}");
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written).hasToString("Hello\n");
    }

    @Test
    void aTextWhoseBeginningWasMissedIsShownWhole() throws IOException {
        show("{'type':'delta','kind':'text','text':'lo'}");
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written).hasToString("lo\nHello\n");
    }

    @Test
    void anAnswerThatBrokeOffIsNoted() throws IOException {
        show("{'type':'delta','kind':'restarted'}");
        show("{'type':'delta','kind':'text','text':'Hel'}");
        show("{'type':'delta','kind':'restarted'}");
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written)
                .hasToString("Hel\n(the model's answer broke off; asking again)\nHello\n");
    }

    @Test
    void reasoningAndTextAreOnLinesOfTheirOwn() throws IOException {
        show("{'type':'delta','kind':'reasoning','text':'Hmm.'}");
        show("{'type':'delta','kind':'text','text':'Hello'}");
        show("{'type':'message.assistant','text':'Hello'}");
        assertThat(written).hasToString("Hmm.\nHello\n");
    }

    @Test
    void outputInPiecesStaysOnOneLine() throws IOException {
        show("{'type':'tool.started','tool':'bash','call_id':'c','arguments':'x'}");
        show("{'type':'delta','kind':'tool_output','call_id':'c','text':'F.'}");
        show("{'type':'delta','kind':'tool_output','call_id':'c','text':'.\\nok'}");
        show(
                "{'type':'tool.completed','tool':'bash','call_id':'c','status':'ok','result':'F..\\nok'}");
        assertThat(written).hasToString("  running x\n    F..\n    ok\n");
    }

    @Test
    void failedCallsShowTheirResult() throws IOException {
        show(
                "{'type':'tool.completed','tool':'read','call_id':'c','status':'error','result':'no'}");
        assertThat(written).hasToString("    no\n    error\n");
    }

    @Test
    void changesAreShownAsTheirDifference() throws IOException {
        show(
                "{'type':'tool.completed','tool':'edit','call_id':'c','status':'ok',"
                        + "'result':'edited a\\n```diff\\n-old\\n+new\\n```'}");
        assertThat(written).hasToString("    -old\n    +new\n");
    }

    @Test
    void aTurnThatDidNotEndWellSaysWhy() throws IOException {
        show(
                "{'type':'turn.completed','stop_reason':'error',"
                        + "'error':{'code':'model_unavailable','message':'no answer'}}");
        assertThat(written).hasToString("The turn stopped: error\nmodel_unavailable: no answer\n");
    }

    private void show(String json) throws IOException {
        String quoted = json.replace('\'', '"').replace("\n", "\\n");
        printer.show(new ObjectMapper().readTree(quoted));
    }
}
