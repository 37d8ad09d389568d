package dev.carrel.http;

import io.helidon.http.Headers;
import io.helidon.http.encoding.ContentDecoder;
import io.helidon.http.encoding.ContentEncoder;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.encoding.ContentEncodingContextConfig;

/// Lets bodies pass as they are, whatever they say they are coded with: Helidon would refuse even
/// `identity`, in words that blame the request line. The [Dispatcher] judges the header.
final class AnyContentCoding implements ContentEncodingContext {
    @Override
    public boolean contentEncodingEnabled() {
        return false;
    }

    @Override
    public boolean contentDecodingEnabled() {
        return true;
    }

    @Override
    public boolean contentEncodingSupported(String coding) {
        return false;
    }

    @Override
    public boolean contentDecodingSupported(String coding) {
        return true;
    }

    @Override
    public ContentEncoder encoder(String coding) {
        return ContentEncoder.NO_OP;
    }

    @Override
    public ContentDecoder decoder(String coding) {
        return ContentDecoder.NO_OP;
    }

    @Override
    public ContentEncoder encoder(Headers headers) {
        return ContentEncoder.NO_OP;
    }

    @Override
    public ContentEncodingContextConfig prototype() {
        return ContentEncodingContextConfig.builder()
                .contentEncodingsDiscoverServices(false)
                .buildPrototype();
    }
}
