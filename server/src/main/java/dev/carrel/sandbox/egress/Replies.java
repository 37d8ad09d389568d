package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/// Turns questions as they came over the wire into replies. The question is hostile: one that is
/// not exactly a question gets an error, one that is not even a message gets nothing.
final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);
    private static final int HEADER_BYTES = 12;
    private static final int DATAGRAM_BYTES = 512;

    /// What fits through every path in one piece.
    private static final int DATAGRAM_BYTES_MAX = 1232;

    private static final int STREAM_BYTES_MAX = 65_535;

    private final Names names;

    Replies(Names names) {
        this.names = names;
    }

    Optional<byte[]> toDatagram(NetworkPolicy policy, byte[] question) {
        return parse(question).map(asked -> reply(policy, asked).toWire(datagramBytes(asked)));
    }

    Optional<byte[]> toStream(NetworkPolicy policy, byte[] question) {
        return parse(question).map(asked -> reply(policy, asked).toWire(STREAM_BYTES_MAX));
    }

    private static Optional<Message> parse(byte[] bytes) {
        if (bytes.length < HEADER_BYTES) {
            return Optional.empty();
        }
        try {
            Message asked = new Message(bytes);
            return asked.getHeader().getFlag(Flags.QR) ? Optional.empty() : Optional.of(asked);
        } catch (IOException | RuntimeException e) {
            LOG.trace("what came is no question", e);
            return Optional.empty();
        }
    }

    private Message reply(NetworkPolicy policy, Message asked) {
        Header header = asked.getHeader();
        var reply = new Message(header.getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setFlag(Flags.RA);
        reply.getHeader().setOpcode(header.getOpcode());
        if (header.getFlag(Flags.RD)) {
            reply.getHeader().setFlag(Flags.RD);
        }
        if (asked.getOPT() != null) {
            reply.addRecord(new OPTRecord(DATAGRAM_BYTES_MAX, 0, 0), Section.ADDITIONAL);
        }
        Record question = asked.getQuestion();
        if (header.getOpcode() != Opcode.QUERY) {
            reply.getHeader().setRcode(Rcode.NOTIMP);
        } else if (question == null
                || asked.getSection(Section.QUESTION).size() != 1
                || question.getDClass() != DClass.IN) {
            reply.getHeader().setRcode(Rcode.FORMERR);
        } else {
            answer(policy, question, reply);
        }
        return reply;
    }

    private void answer(NetworkPolicy policy, Record question, Message reply) {
        reply.addRecord(question, Section.QUESTION);
        try {
            Names.Answer answer = names.ask(policy, question.getName(), question.getType());
            reply.getHeader().setRcode(answer.code());
            answer.records().forEach(record -> reply.addRecord(record, Section.ANSWER));
        } catch (IOException e) {
            LOG.debug("{} cannot be looked up", question.getName(), e);
            reply.getHeader().setRcode(Rcode.SERVFAIL);
        }
    }

    private static int datagramBytes(Message asked) {
        OPTRecord options = asked.getOPT();
        return options == null
                ? DATAGRAM_BYTES
                : Math.clamp(options.getPayloadSize(), DATAGRAM_BYTES, DATAGRAM_BYTES_MAX);
    }
}
