package dev.carrel.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/// One request of rtnetlink(7): a header, a fixed part that depends on the kind, and attributes,
/// which may contain others. Built by one thread.
public final class NetlinkMessage {
    private static final int REQUEST = 1;
    private static final int ACK = 4;
    private static final int EXCLUSIVE = 0x200;
    private static final int CREATE = 0x400;
    private static final short NEW_LINK = 16;
    private static final short DELETE_LINK = 17;
    private static final short NEW_ADDRESS = 20;
    private static final short NEW_ROUTE = 24;
    private static final byte INET = 2;
    private static final int UP = 1;
    private static final byte TABLE_MAIN = (byte) 254;
    private static final byte PROTOCOL_BOOT = 3;
    private static final byte TYPE_UNICAST = 1;
    private static final int BYTES_MAX = 1024;

    private final String what;
    private final ByteBuffer buffer = ByteBuffer.allocate(BYTES_MAX).order(ByteOrder.nativeOrder());

    private NetlinkMessage(String what, short type, int flags) {
        this.what = what;
        buffer.putInt(0).putShort(type).putShort((short) (REQUEST | ACK | flags));
        buffer.putInt(0).putInt(0);
    }

    /// Makes a link, which is down.
    public static NetlinkMessage addLink() {
        return new NetlinkMessage("add link", NEW_LINK, CREATE | EXCLUSIVE).link(0, 0);
    }

    /// Changes what the attributes say; name it by its index, or by an attribute if that is 0.
    public static NetlinkMessage changeLink(int index) {
        return new NetlinkMessage("change link", NEW_LINK, 0).link(index, 0);
    }

    public static NetlinkMessage linkUp(int index) {
        return new NetlinkMessage("set link up", NEW_LINK, 0).link(index, UP);
    }

    public static NetlinkMessage deleteLink(int index) {
        return new NetlinkMessage("delete link", DELETE_LINK, 0).link(index, 0);
    }

    /// `address` has four bytes.
    public static NetlinkMessage addAddress(int index, byte[] address, int prefix) {
        var message = new NetlinkMessage("add address", NEW_ADDRESS, CREATE | EXCLUSIVE);
        message.buffer.put(INET).put((byte) prefix).put((byte) 0).put((byte) 0).putInt(index);
        return message.attribute(2, address).attribute(1, address);
    }

    /// `gateway` has four bytes.
    public static NetlinkMessage addDefaultRoute(byte[] gateway) {
        var message = new NetlinkMessage("add route", NEW_ROUTE, CREATE | EXCLUSIVE);
        message.buffer.put(INET).put((byte) 0).put((byte) 0).put((byte) 0);
        message.buffer.put(TABLE_MAIN).put(PROTOCOL_BOOT).put((byte) 0).put(TYPE_UNICAST);
        message.buffer.putInt(0);
        return message.attribute(5, gateway);
    }

    // struct ifinfomsg; a link that is in another's attributes has one too.
    private NetlinkMessage link(int index, int flags) {
        buffer.putInt(0).putInt(index).putInt(flags).putInt(flags);
        return this;
    }

    public NetlinkMessage attribute(int type, byte... value) {
        buffer.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        buffer.position(aligned(buffer.position()));
        return this;
    }

    public NetlinkMessage attribute(int type, int value) {
        buffer.putShort((short) 8).putShort((short) type).putInt(value);
        return this;
    }

    /// With the NUL at its end.
    public NetlinkMessage attribute(int type, String value) {
        byte[] text = value.getBytes(StandardCharsets.US_ASCII);
        return attribute(type, Arrays.copyOf(text, text.length + 1));
    }

    /// An attribute that holds what `inner` adds.
    public NetlinkMessage nest(int type, UnaryOperator<NetlinkMessage> inner) {
        int start = buffer.position();
        buffer.putInt(0);
        NetlinkMessage same = inner.apply(this);
        int length = same.buffer.position() - start;
        buffer.putShort(start, (short) length).putShort(start + 2, (short) type);
        return this;
    }

    /// As [#nest], of a link of its own.
    public NetlinkMessage nestLink(int type, UnaryOperator<NetlinkMessage> inner) {
        return nest(type, message -> inner.apply(message.link(0, 0)));
    }

    String what() {
        return what;
    }

    byte[] bytes() {
        buffer.putInt(0, buffer.position());
        return Arrays.copyOf(buffer.array(), aligned(buffer.position()));
    }

    static int aligned(int length) {
        return (length + 3) & ~3;
    }
}
