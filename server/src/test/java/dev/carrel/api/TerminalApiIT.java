package dev.carrel.api;

import static dev.carrel.api.TerminalViewer.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.Terminal;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Signal;
import dev.carrel.wire.TerminalRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TerminalApiIT extends ApiStage {
    /// In one line: a key that interrupts also drops what was typed after it.
    private static final String INTERRUPTED =
            "sh -c 'trap \"exit 77\" INT; echo be''gun; while :; do sleep 1; done'; echo code-$?\r";

    private static final HttpClient BROWSER = HttpClient.newHttpClient();

    private Terminal open(TerminalRequest request, TerminalViewer viewer) {
        return client.executions().terminal(sandbox, request, viewer);
    }

    @Test
    void whatIsTypedResumesAPausedSandbox() throws Exception {
        var viewer = new TerminalViewer();
        Terminal terminal = open(TerminalRequest.shell(90, 25), viewer);
        terminal.type("echo be''gun\r");
        viewer.awaitText("begun");

        client.sandboxes().pause(sandbox);
        terminal.type("echo ty''ped\r");
        viewer.awaitText("typed");

        client.sandboxes().pause(sandbox);
        terminal.resize(120, 40);
        terminal.type("stty size\r");
        viewer.awaitText("40 120");
        terminal.type("exit\r");
        assertThat(get(viewer.closed())).isEqualTo(1000);
    }

    @Test
    void aShellIsTypedToResizedAndExits() throws Exception {
        var viewer = new TerminalViewer();
        Terminal terminal = open(TerminalRequest.shell(90, 25), viewer);
        assertThat(get(viewer.id())).startsWith("exe_");
        terminal.type("stty size\r");
        viewer.awaitText("25 90");
        terminal.resize(120, 40);
        terminal.type("stty size\r");
        viewer.awaitText("40 120");
        terminal.type(INTERRUPTED);
        viewer.awaitText("begun");
        terminal.type("\u0003");
        viewer.awaitText("code-77");
        terminal.type("exit 9\r");
        assertThat(get(viewer.exit()).exitCode()).contains(9);
        assertThat(get(viewer.closed())).isEqualTo(1000);
    }

    @Test
    void aDroppedConnectionIsTakenUpWhereItWas() throws Exception {
        var first = new TerminalViewer();
        Terminal terminal =
                open(
                        TerminalRequest.shell(80, 24).running("echo one; read a; echo two; read b"),
                        first);
        first.awaitText("one\r\n");
        terminal.close();
        get(first.closed());
        String id = get(first.id());

        var second = new TerminalViewer();
        Terminal again = open(TerminalRequest.shell(80, 24).again(id, first.place()), second);
        assertThat(get(second.from())).isEqualTo(first.place());
        again.type("\r");
        second.awaitText("two\r\n");
        assertThat(second.text()).doesNotContain("one");
        var whole = new TerminalViewer();
        Terminal third = open(TerminalRequest.shell(80, 24).again(id, 0), whole);
        whole.awaitText("two\r\n");
        assertThat(whole.text()).startsWith("one\r\n");
        third.type("\r");
        assertThat(get(second.exit()).exitCode()).contains(0);
        assertThat(get(whole.exit()).exitCode()).contains(0);
        var after = new TerminalViewer();
        open(TerminalRequest.shell(80, 24).again(id, 0), after);
        assertThat(get(after.exit()).id()).isEqualTo(id);
        assertThat(after.text()).contains("two");
    }

    @Test
    void aTerminalThatIsKilledSaysSo() throws Exception {
        var viewer = new TerminalViewer();
        open(TerminalRequest.shell(80, 24).running("sleep 60"), viewer);
        client.executions().kill(sandbox, get(viewer.id()), Signal.KILL);
        assertThat(get(viewer.exit()).status()).isEqualTo("killed");
    }

    @Test
    void whatIsNoTerminalIsRefusedAsAnAnswer() throws Exception {
        assertThat(
                        refusal(() ->
                                        open(
                                                TerminalRequest.shell(80, 24).again("exe_none", 0),
                                                new TerminalViewer()))
                                .code())
                .isEqualTo(ErrorCode.NOT_FOUND);
        String path = "/v1/sandboxes/" + sandbox + "/terminal";
        assertThat(call("GET", path, "").statusCode()).isEqualTo(426);
        assertThat(code(call("GET", path + "?cols=0", ""))).isEqualTo("invalid_request");
        assertThat(code(call("GET", path + "?cols=1001", ""))).isEqualTo("invalid_request");
    }

    @Test
    void aMessageThatIsNoneClosesWithAReason() throws Exception {
        var closed = new CompletableFuture<Integer>();
        WebSocket socket = raw(closed, "carrel", "carrel.key." + server.key);
        assertThat(socket.getSubprotocol()).isEqualTo("carrel");
        socket.sendText("resize me", true);
        assertThat(get(closed)).isEqualTo(1008);
    }

    @Test
    void aSocketWithoutAKeyIsRefused() {
        var opening = new CompletableFuture<Integer>();
        assertThat(
                        org.assertj.core.api.Assertions.catchThrowable(
                                () -> raw(opening, "carrel", "carrel.key.crl_live_wrong")))
                .hasStackTraceContaining("401");
    }

    /// As a browser does it, whose scripts can send no key but in a subprotocol.
    private WebSocket raw(CompletableFuture<Integer> closed, String protocol, String key)
            throws Exception {
        URI uri = server.uri().resolve("/v1/sandboxes/" + sandbox + "/terminal?command=cat");
        return BROWSER.newWebSocketBuilder()
                .header("Origin", "https://elsewhere.example")
                .subprotocols(protocol, key)
                .buildAsync(
                        URI.create(uri.toString().replace("http:", "ws:")),
                        new WebSocket.Listener() {
                            @Override
                            public CompletionStage<?> onClose(
                                    WebSocket socket, int code, String reason) {
                                closed.complete(code);
                                return CompletableFuture.completedFuture(null);
                            }
                        })
                .get(20, TimeUnit.SECONDS);
    }

    @Test
    void aServerThatClosesSaysGoodbye() throws Exception {
        var viewer = new TerminalViewer();
        Terminal terminal = open(TerminalRequest.shell(80, 24).running("cat"), viewer);
        get(viewer.id());
        server.restartHttp();
        assertThat(get(viewer.closed())).isEqualTo(1001);
        var again = new TerminalViewer();
        Terminal back = open(TerminalRequest.shell(80, 24).again(get(viewer.id()), 0), again);
        back.type("still here\r");
        again.awaitText("still here\r\nstill here\r\n");
        client.executions().kill(sandbox, get(viewer.id()), Signal.KILL);
        terminal.close();
    }
}
