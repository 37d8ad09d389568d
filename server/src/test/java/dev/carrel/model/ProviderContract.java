package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.FakeProvider.End;
import dev.carrel.model.FakeProvider.Reply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every provider behind HTTP promises when its endpoint, or the way to it, misbehaves.
abstract class ProviderContract extends ChatModelContract {
    private static final String KEY = "sk-0123456789-secret";
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Message.Assistant HELLO = said("", "Hello there.");

    final FakeProvider provider = start();
    final RecordingPause time = new RecordingPause();
    private HttpClient client = HttpClient.newHttpClient();

    private static FakeProvider start() {
        try {
            return new FakeProvider();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @BeforeEach
    void connect() {
        client = ConfiguredModels.client();
    }

    @AfterEach
    void close() throws IOException {
        client.shutdownNow();
        provider.close();
    }

    abstract Protocol protocol(ProviderAccess access, OptionalInt outputTokensMax);

    /// A whole answer in the protocol's events, the last of which only says that it is over.
    abstract List<String> events(Message.Assistant answer);

    /// What comes in the middle of an answer and is nothing of it.
    abstract List<String> signsOfLife();

    /// An error in mid-stream that tells of an overload.
    abstract String overloadEvent();

    abstract String overflowBody();

    final ChatModel model(URI baseUrl, CallLimits limits, InstantSource clock) {
        var access = new ProviderAccess("acme", baseUrl, Optional.of(new Secret(KEY)));
        return new ProviderChatModel(
                access,
                protocol(access, OptionalInt.empty()),
                client,
                limits,
                RetryPolicy.DEFAULT,
                new Timing(clock, time, () -> 0));
    }

    private ChatModel model() {
        return model(provider.url(), CallLimits.DEFAULT, time);
    }

    @Override
    ChatModel saying(Message.Assistant answer) {
        provider.reply(Reply.events(events(answer)));
        return model();
    }

    private Reply hello() {
        return Reply.events(events(HELLO));
    }

    private static Reply error(int status, String message) {
        var body = Json.object();
        body.putObject("error").put("message", message).put("type", "some_error");
        return Reply.status(status, Json.write(body));
    }

    private ChatAnswer ask() {
        return model().chat(request(user("Hello")), listener, cancellation);
    }

    private void assertFails(ErrorCode code, String... messageParts) {
        assertFails(model(), code, messageParts);
    }

    private void assertFails(ChatModel model, ErrorCode code, String... messageParts) {
        assertThatThrownBy(() -> model.chat(request(user("Hello")), listener, cancellation))
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code))
                .message()
                .contains("acme")
                .contains(messageParts)
                .doesNotContain(KEY);
    }

    private void assertSecondAttemptAnswers(Reply firstReply) {
        provider.reply(firstReply, hello());
        ChatAnswer answer = ask();
        assertThat(answer.message().text()).isEqualTo("Hello there.");
        assertThat(listener.heard(answer.message())).isEqualTo(answer.message());
        assertThat(listener.restarts).isEqualTo(1);
        assertThat(provider.received()).hasSize(2);
        assertThat(provider.received().get(0).body()).isEqualTo(provider.received().get(1).body());
    }

    @Test
    void understandsAStreamThatComesByteByByte() {
        provider.byteByByte();
        whatTheListenerHeardAddsUpToTheAnswer();
    }

    @Test
    void usesTheConnectionAgain() {
        provider.reply(hello(), hello());
        var model = model();
        model.chat(request(user("Hello")), ChatListener.NONE, cancellation);
        model.chat(request(user("Hello")), ChatListener.NONE, cancellation);
        assertThat(provider.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 529})
    void passingTroubleIsTriedAgain(int status) {
        assertSecondAttemptAnswers(error(status, "try later"));
    }

    @Test
    void pausesAreAsLongAsTheProviderAsks() {
        assertSecondAttemptAnswers(error(429, "slow down").header("retry-after", "7"));
        assertThat(time.pauses).containsExactly(Duration.ofSeconds(7));
    }

    @Test
    void pausesDoubleUntilItGivesUp() {
        for (int i = 0; i < 10; i++) {
            provider.reply(error(503, "try later"));
        }
        assertFails(ErrorCode.MODEL_UNAVAILABLE, "HTTP 503", "try later");
        assertThat(time.pauses)
                .extracting(Duration::toMillis)
                .containsExactly(500L, 1000L, 2000L, 4000L, 8000L);
        assertThat(provider.received()).hasSize(6);
    }

    @Test
    void aPauseLongerThanItMayTakeIsNotBegun() {
        provider.reply(error(429, "come back tomorrow").header("retry-after", "3600"), hello());
        assertFails(ErrorCode.MODEL_RATE_LIMITED, "come back tomorrow", "3600 s");
        assertThat(time.pauses).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void aRefusedKeyIsFinal(int status) {
        provider.reply(error(status, "bad key " + KEY.substring(0, 8)), hello());
        assertFails(ErrorCode.MODEL_UNAUTHORIZED, "providers.acme.api_key");
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void aRefusedRequestIsFinalAndSaysWhy() {
        provider.reply(error(404, "no model some-model\n for " + KEY), hello());
        assertFails(ErrorCode.MODEL_REFUSED_REQUEST, "HTTP 404", "no model some-model for ***");
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void aConversationThatIsTooLongHasItsOwnCode() {
        provider.reply(Reply.status(400, overflowBody()), hello());
        assertFails(ErrorCode.MODEL_CONTEXT_OVERFLOW, "too long for the model");
        assertThat(provider.received()).hasSize(1);
    }

    /// The next request may be taken after the first two of these, not after the others.
    @ParameterizedTest
    @CsvSource({
        "400, true, no such parameter",
        "422, true, no such parameter",
        "400, false, Your credit balance is too low",
        "402, false, pay first",
        "404, false, no such model"
    })
    void aRefusalOfJustThisRequestIsToldFromOthers(int status, boolean ofRequest, String words) {
        provider.reply(error(status, words));
        assertThatThrownBy(() -> ask())
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REFUSED_REQUEST);
                            assertThat(e instanceof RequestRefusedException).isEqualTo(ofRequest);
                        });
    }

    @Test
    void anErrorPageMayBeAnything() {
        provider.reply(Reply.status(400, "<html>" + "x".repeat(1_000_000)));
        assertFails(ErrorCode.MODEL_REFUSED_REQUEST, "HTTP 400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CUT", "RESET"})
    void aCutStreamIsTriedAgain(End end) {
        Reply whole = hello();
        int allButTheLast = whole.pieces().size() / 2;
        assertSecondAttemptAnswers(whole.first(allButTheLast).ending(end));
    }

    @Test
    void aStreamThatEndsEarlyIsNoAnswer() {
        Reply whole = hello();
        Reply half = whole.first(whole.pieces().size() / 2);
        provider.reply(half, half, half, half);
        assertFails(ErrorCode.MODEL_BAD_ANSWER, "cut its answer");
        assertThat(provider.received()).hasSize(3);
    }

    @Test
    void anEmptyAnswerIsTriedAgain() {
        assertSecondAttemptAnswers(Reply.events(events(said("Hm.", ""))));
    }

    @Test
    void onlyEmptyAnswersAreABadAnswer() {
        Reply empty = Reply.events(events(said("", " \n")));
        provider.reply(empty, empty, empty, empty);
        assertFails(ErrorCode.MODEL_BAD_ANSWER, "empty answer");
    }

    @Test
    void garbageInTheStreamIsABadAnswer() {
        Reply garbage = Reply.events(List.of("data: {\"type\": oops"));
        assertSecondAttemptAnswers(garbage);
        provider.reply(garbage, garbage, garbage);
        assertFails(ErrorCode.MODEL_BAD_ANSWER, "other than JSON");
    }

    @Test
    void anErrorInsideTheStreamIsTriedAgain() {
        assertSecondAttemptAnswers(
                Reply.events(List.of(events(HELLO).getFirst(), overloadEvent())));
    }

    @Test
    void aWebPageInsteadOfAStreamNamesTheBaseUrl() {
        Reply page = Reply.status(200, "<html>Welcome").header("content-type", "text/html");
        provider.reply(page, page, page);
        assertFails(ErrorCode.MODEL_BAD_ANSWER, "base_url");
    }

    @Test
    void anErrorWithStatus200IsAnError() {
        assertSecondAttemptAnswers(
                Reply.status(200, "{\"error\":{\"message\":\"busy\",\"code\":503}}"));
    }

    @Test
    void anUnreachableProviderIsUnavailable() throws IOException {
        int freePort;
        try (var socket = new ServerSocket(0)) {
            freePort = socket.getLocalPort();
        }
        var nowhere = URI.create("http://127.0.0.1:" + freePort);
        assertFails(
                model(nowhere, CallLimits.DEFAULT, time),
                ErrorCode.MODEL_UNAVAILABLE,
                "cannot be reached");
        assertThat(time.pauses).hasSize(5);
    }

    private static CallLimits limits(int firstByteMillis, int stallMillis, int callMillis) {
        return new CallLimits(
                Duration.ofSeconds(5),
                Duration.ofMillis(firstByteMillis),
                Duration.ofMillis(stallMillis),
                Duration.ofSeconds(60),
                Duration.ofMillis(callMillis),
                10_000);
    }

    private static CallLimits limits(Duration piece) {
        var all = Duration.ofMinutes(10);
        return new CallLimits(Duration.ofSeconds(5), all, all, piece, all, 100_000);
    }

    @Test
    void silenceBeforeTheAnswerIsBounded() throws InterruptedException {
        provider.reply(Reply.silence(), hello());
        var model = model(provider.url(), limits(300, 60_000, 60_000), time);
        model.chat(request(user("Hello")), listener, cancellation);
        assertThat(listener.restarts).isEqualTo(1);
        assertThat(provider.awaitClosedByClient(SOON)).isTrue();
    }

    @Test
    void silenceAfterTheHeadIsBounded() {
        provider.reply(hello().first(0).ending(End.STALL), hello());
        var model = model(provider.url(), limits(300, 60_000, 60_000), time);
        model.chat(request(user("Hello")), listener, cancellation);
        assertThat(listener.restarts).isEqualTo(1);
    }

    @Test
    void silenceInTheMiddleIsBounded() throws InterruptedException {
        provider.reply(hello().first(1).ending(End.STALL), hello());
        var model = model(provider.url(), limits(60_000, 300, 60_000), time);
        model.chat(request(user("Hello")), listener, cancellation);
        assertThat(listener.restarts).isEqualTo(1);
        assertThat(provider.awaitClosedByClient(SOON)).isTrue();
        assertThat(listener.lost).hasSize(1);
        assertThat(listener.lost.getFirst().usage().inputTokens()).isPositive();
        assertThat(listener.lost.getFirst().estimated()).isTrue();
    }

    @Test
    void aStreamThatIsOnlyKeptAliveIsCutLikeASilentOne() throws InterruptedException {
        var model = model(provider.url(), limits(Duration.ofMillis(250)), InstantSource.system());
        for (String sign : signsOfLife()) {
            List<String> begun = events(HELLO).subList(0, events(HELLO).size() / 2);
            var pieces = new ArrayList<>(begun);
            pieces.add(sign);
            int lost = listener.lost.size();
            provider.reply(Reply.events(pieces).ending(End.REPEAT), hello());
            ChatAnswer answer = model.chat(request(user("Hello")), listener, cancellation);
            assertThat(answer.message().text()).as(sign).isEqualTo("Hello there.");
            assertThat(listener.lost).as(sign).hasSize(lost + 1);
            assertThat(provider.awaitClosedByClient(SOON)).as(sign).isTrue();
        }
        var alive = Reply.events(List.of(": nothing yet")).ending(End.REPEAT);
        provider.reply(alive, alive);
        assertFails(model, ErrorCode.MODEL_UNAVAILABLE, "sent nothing of an answer for");
        assertThat(provider.received()).hasSize(2 * signsOfLife().size() + 2);
    }

    @Test
    void anAnswerMayTakeLongAsLongAsItGoesOn() {
        provider.reply(Reply.events(events(said("", "a b c d e f g h i j"))));
        var slow =
                new PassingListener(listener) {
                    @Override
                    public void text(String delta) {
                        time.pass(Duration.ofSeconds(40));
                        super.text(delta);
                    }
                };
        var model = model(provider.url(), limits(Duration.ofSeconds(60)), time);
        assertThat(model.chat(request(user("Hello")), slow, cancellation).message().text())
                .isEqualTo("a b c d e f g h i j");
        assertThat(listener.restarts).isZero();
    }

    @Test
    void anAnswerHasSixteenMebibytesAtMost() {
        assertThat(CallLimits.DEFAULT.answerBytesMax()).isEqualTo(16 * 1024 * 1024);
        var pieces = Collections.nCopies(17, ": " + "x".repeat(1 << 20));
        provider.reply(Reply.events(pieces), Reply.events(pieces), Reply.events(pieces));
        assertFails(ErrorCode.MODEL_BAD_ANSWER, "more than 16777216 bytes");
    }

    @Test
    void whatWasRefusedOrNeverBegunCostsNothing() {
        provider.reply(Reply.status(503, "{}"), Reply.events(List.of(overloadEvent())), hello());
        ask();
        assertThat(listener.restarts).isEqualTo(2);
        assertThat(listener.lost).isEmpty();
    }

    @Test
    void anAnswerThatIsNoneCostsWhatTheProviderSays() {
        provider.reply(Reply.events(events(said("Hm.", ""))), hello());
        Usage said = ask().usage();
        assertThat(listener.lost).hasSize(1);
        assertThat(listener.lost.getFirst().estimated()).isFalse();
        assertThat(listener.lost.getFirst().usage().inputTokens()).isEqualTo(said.inputTokens());
    }

    @Test
    void theWholeCallIsBounded() {
        provider.reply(hello().first(1).ending(End.STALL), hello());
        var model = model(provider.url(), limits(60_000, 60_000, 400), InstantSource.system());
        assertFails(model, ErrorCode.MODEL_UNAVAILABLE, "did not finish");
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void anAnswerWithoutEndIsBounded() {
        var pings = Reply.events(Collections.nCopies(2_000, ": ping"));
        provider.reply(pings, pings, pings);
        var model = model(provider.url(), limits(60_000, 60_000, 60_000), time);
        assertFails(model, ErrorCode.MODEL_BAD_ANSWER, "more than 10000 bytes");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void cancellingClosesTheConnectionAtOnce(boolean beforeTheHead) throws Exception {
        provider.reply(beforeTheHead ? Reply.silence() : hello().first(1).ending(End.STALL));
        var model = model();
        var answer = new CompletableFuture<ChatAnswer>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        var request = request(user("Hello"));
                        answer.complete(model.chat(request, listener, cancellation));
                    } catch (Throwable e) {
                        answer.completeExceptionally(e);
                    }
                });
        assertThat(provider.awaitStall(SOON)).isTrue();

        cancellation.cancel();

        assertThat(provider.awaitClosedByClient(SOON)).isTrue();
        assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(Cancellation.CancelledException.class);
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void interruptingTheThreadStopsTheCall() throws Exception {
        provider.reply(hello().first(1).ending(End.STALL));
        var model = model();
        var interrupted = new CompletableFuture<Boolean>();
        Thread caller =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                var request = request(user("Hello"));
                                model.chat(request, listener, cancellation);
                            } catch (Cancellation.CancelledException e) {
                                interrupted.complete(Thread.currentThread().isInterrupted());
                            } catch (RuntimeException e) {
                                interrupted.completeExceptionally(e);
                            }
                        });
        assertThat(provider.awaitStall(SOON)).isTrue();

        caller.interrupt();

        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(provider.awaitClosedByClient(SOON)).isTrue();
    }
}
