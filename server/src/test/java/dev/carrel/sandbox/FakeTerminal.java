package dev.carrel.sandbox;

import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.Ioctl;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A terminal of the host for a fake command.
final class FakeTerminal implements AutoCloseable {
    private static final long TIOCSWINSZ = 0x5414;
    private static final long TIOCSPTLCK = 0x40045431L;
    private static final long TIOCGPTN = 0x80045430L;

    private final Fd master;
    private final int number;

    private FakeTerminal(Fd master, int number) {
        this.master = master;
        this.number = number;
    }

    static FakeTerminal open(TerminalSize size) throws LinuxException {
        Fd master = Linux.open("/dev/ptmx", Linux.O_RDWR | Linux.O_NOCTTY, 0);
        try {
            Ioctl.call(master, TIOCSPTLCK, new byte[4]);
            var number = new byte[4];
            Ioctl.call(master, TIOCGPTN, number);
            var terminal = new FakeTerminal(master, inOrder(number).getInt());
            terminal.resize(size);
            return terminal;
        } catch (LinuxException e) {
            master.close();
            throw e;
        }
    }

    private static ByteBuffer inOrder(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    String path() {
        return "/dev/pts/" + number;
    }

    void resize(TerminalSize size) throws LinuxException {
        var window = new byte[8];
        inOrder(window).putShort((short) size.rows()).putShort((short) size.columns());
        Ioctl.call(master, TIOCSWINSZ, window);
    }

    InputStream output() {
        return new FdInputStream(master) {
            @Override
            public void close() {} // there is only one descriptor
        };
    }

    OutputStream input() {
        return new OutputStream() {
            @Override
            public void write(int b) throws LinuxException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws LinuxException {
                Linux.writeFully(master, bytes, offset, length);
            }
        };
    }

    @Override
    public void close() {
        master.close();
    }
}
