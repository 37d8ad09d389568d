package dev.carrel.model;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import java.util.ArrayList;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads a script; every failure names file, line and what is wrong there.
final class ScriptReader {
    private static final YAMLMapper MAPPER =
            YAMLMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .visibility(PropertyAccessor.FIELD, Visibility.NON_PRIVATE)
                    .build();

    private ScriptReader() {}

    /// `file` is what messages call the source.
    static Script read(String yaml, String file) {
        try {
            ScriptFile script = MAPPER.readValue(yaml, ScriptFile.class);
            if (script == null) {
                throw invalid(file, "is empty", null);
            }
            return script.checked();
        } catch (UnrecognizedPropertyException e) {
            throw invalid(at(file, e.getLocation()), unknownKey(e), e);
        } catch (MismatchedInputException e) {
            String keys =
                    e.getPath().stream()
                            .map(reference -> reference.getFieldName())
                            .filter(Objects::nonNull)
                            .collect(Collectors.joining("."));
            throw invalid(at(file, e.getLocation()), "wrong kind of value for " + keys, e);
        } catch (JsonProcessingException e) {
            throw invalid(at(file, e.getLocation()), e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw invalid(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static String unknownKey(UnrecognizedPropertyException e) {
        var known = new ArrayList<String>();
        e.getKnownPropertyIds().forEach(id -> known.add(id.toString()));
        String hint =
                Nearest.to(e.getPropertyName(), known)
                        .map(near -> "did you mean " + near + "?")
                        .orElse("known are " + String.join(", ", known));
        return "unknown key \"" + e.getPropertyName() + "\"; " + hint;
    }

    private static String at(String file, @Nullable JsonLocation at) {
        return at == null ? file : file + " line " + at.getLineNr();
    }

    private static CarrelException invalid(String where, String what, @Nullable Throwable cause) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, where + ": " + what, cause);
    }
}
