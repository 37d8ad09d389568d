package dev.carrel.model;

/// Passes everything on, so that its subclasses can look at some of it.
public class PassingListener implements ChatListener {
    private final ChatListener to;

    public PassingListener(ChatListener to) {
        this.to = to;
    }

    @Override
    public void text(String delta) {
        to.text(delta);
    }

    @Override
    public void reasoning(String delta) {
        to.reasoning(delta);
    }

    @Override
    public void toolCall(int index, String id, String name, String argumentsDelta) {
        to.toolCall(index, id, name, argumentsDelta);
    }

    @Override
    public void restarted() {
        to.restarted();
    }

    @Override
    public void lost(Taken taken) {
        to.lost(taken);
    }
}
