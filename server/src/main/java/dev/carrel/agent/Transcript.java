package dev.carrel.agent;

import dev.carrel.model.Message;
import dev.carrel.model.TokenEstimate;
import dev.carrel.tool.Excerpt;
import java.util.ArrayList;
import java.util.List;

/// What the model has to see of a session, oldest first, and about how many tokens it takes. What
/// is cut out of it to make room stays in the journal. Used by one thread.
final class Transcript {
    static final String SUMMARY_HEAD =
            "[The conversation up to here was long and was replaced by this summary of yours.]\n\n";

    static final String LEFT_OUT =
            "[The conversation up to here was long; its older part is left out, and there is no"
                    + " summary of it. Look at the files to see what is done, and ask where you"
                    + " cannot know.]";

    /// What is hardly longer than the cut, notes included, stays: else notes would be cut, too.
    private static final int SPARED_CHARS = 200;

    private record Item(Message message, boolean summary, long tokens) {
        static Item of(Message message) {
            return new Item(message, false, TokenEstimate.of(message));
        }

        boolean isAnswer() {
            return message instanceof Message.Assistant;
        }

        boolean isUsers() {
            return message instanceof Message.User && !summary;
        }
    }

    private final List<Item> items = new ArrayList<>();
    private long tokens;

    void add(Message message) {
        add(Item.of(message));
    }

    void addAll(List<Message> messages) {
        messages.forEach(this::add);
    }

    private void add(Item item) {
        items.add(item);
        tokens += item.tokens;
    }

    /// Whether there is nothing, or the last word is the model's.
    boolean isAnswered() {
        return items.isEmpty() || items.getLast().isAnswer();
    }

    List<Message> messages() {
        return messages(items.size());
    }

    /// The messages before those that stay with `keptAnswers`.
    List<Message> before(int keptAnswers) {
        return messages(start(keptAnswers));
    }

    private List<Message> messages(int end) {
        return items.subList(0, end).stream().map(Item::message).toList();
    }

    /// About how many there are.
    long tokens() {
        return tokens;
    }

    long tokensBefore(int keptAnswers) {
        return tokens(items.subList(0, start(keptAnswers)));
    }

    /// How many of the newest answers, with their results and all between, take at most
    /// `tokensMax`; but at least one.
    int answersWithin(long tokensMax) {
        long sum = 0;
        int answers = 0;
        for (Item item : items.reversed()) {
            sum += item.tokens;
            if (item.isAnswer()) {
                if (answers > 0 && sum > tokensMax) {
                    break;
                }
                answers++;
            }
        }
        return Math.max(1, answers);
    }

    /// How many of the newest messages of the user, among those before the kept answers, take at
    /// most `tokensMax`. When there is none after them, the newest of all counts in any case.
    int userMessagesWithin(long tokensMax, int keptAnswers) {
        int start = start(keptAnswers);
        boolean spared = items.subList(start, items.size()).stream().noneMatch(Item::isUsers);
        long sum = 0;
        int messages = 0;
        for (Item item : items.subList(0, start).reversed()) {
            if (item.isUsers()) {
                sum += item.tokens;
                if (sum > tokensMax && !(spared && messages == 0)) {
                    break;
                }
                messages++;
            }
        }
        return messages;
    }

    long userTokens(int userMessages, int keptAnswers) {
        return tokens(newestUsers(items.subList(0, start(keptAnswers)), userMessages));
    }

    /// About how many tokens there would be after the cut.
    long tokensAfter(Cut cut) {
        return tokens(after(cut));
    }

    void apply(Cut cut) {
        List<Item> left = after(cut);
        items.clear();
        items.addAll(left);
        tokens = tokens(left);
    }

    private List<Item> after(Cut cut) {
        int start = start(cut.keptAnswers());
        List<Item> old = items.subList(0, start);
        List<Item> left = new ArrayList<>();
        switch (cut) {
            case Cut.Results results ->
                    old.forEach(item -> left.add(shortened(item, results.charsMax())));
            case Cut.Texts texts -> {
                int newest = newestUser();
                for (int i = 0; i < start; i++) {
                    Item item = shortened(items.get(i), texts.charsMax());
                    item = i == newest ? item : shortenedUser(item, texts.charsMax());
                    left.add(texts.answers() ? shortenedAnswer(item, texts.charsMax()) : item);
                }
            }
            case Cut.Summary summary -> {
                var message =
                        new Message.User(
                                summary.text().isEmpty()
                                        ? LEFT_OUT
                                        : SUMMARY_HEAD + summary.text());
                left.add(new Item(message, true, TokenEstimate.of(message)));
                left.addAll(newestUsers(old, summary.keptUserMessages()));
            }
        }
        left.addAll(items.subList(start, items.size()));
        return left;
    }

    private static Item shortened(Item item, int charsMax) {
        return item.message instanceof Message.ToolResult result
                        && result.text().length() > charsMax + SPARED_CHARS
                ? Item.of(
                        new Message.ToolResult(
                                result.callId(),
                                result.toolName(),
                                Excerpt.middle(result.text(), charsMax),
                                result.error()))
                : item;
    }

    /// The place of the user's newest message; -1 when there is none.
    private int newestUser() {
        int place = items.size() - 1;
        while (place >= 0 && !items.get(place).isUsers()) {
            place--;
        }
        return place;
    }

    private static Item shortenedUser(Item item, int charsMax) {
        return item.message instanceof Message.User user
                        && user.text().length() > charsMax + SPARED_CHARS
                ? Item.of(new Message.User(Excerpt.middle(user.text(), charsMax)))
                : item;
    }

    private static Item shortenedAnswer(Item item, int charsMax) {
        return item.message instanceof Message.Assistant answer
                ? Item.of(ShortAnswer.of(answer, charsMax + SPARED_CHARS, charsMax))
                : item;
    }

    private static List<Item> newestUsers(List<Item> items, int messages) {
        List<Item> users = items.stream().filter(Item::isUsers).toList();
        return users.subList(Math.max(0, users.size() - messages), users.size());
    }

    private static long tokens(List<Item> items) {
        return items.stream().mapToLong(Item::tokens).sum();
    }

    /// Where the newest `answers` answers begin: a call and its results are on the same side.
    private int start(int answers) {
        int left = answers;
        int start = items.size();
        for (int i = items.size() - 1; i >= 0 && left > 0; i--) {
            if (items.get(i).isAnswer()) {
                left--;
                start = i;
            }
        }
        return left > 0 ? 0 : start;
    }
}
