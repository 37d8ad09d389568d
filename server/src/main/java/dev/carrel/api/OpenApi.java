package dev.carrel.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.http.Access;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.wire.ErrorBody;
import java.util.List;
import java.util.Locale;

/// The OpenAPI description, made from the routes themselves: it cannot name one that is not there,
/// or keep quiet about one that is.
final class OpenApi {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private OpenApi() {}

    static ObjectNode of(String version, List<Route> routes) {
        var schemas = new Schemas();
        ObjectNode document = NODES.objectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info").put("title", "Carrel").put("version", version);
        document.putArray("security").addObject().putArray("key");
        ObjectNode paths = document.putObject("paths");
        for (Route route : routes) {
            ObjectNode path = paths.withObjectProperty(route.path().replace("...}", "}"));
            path.set(route.method().name().toLowerCase(Locale.ROOT), operation(route, schemas));
        }
        ObjectNode components = document.putObject("components");
        components
                .putObject("securitySchemes")
                .putObject("key")
                .put("type", "http")
                .put("scheme", "bearer");
        components.set("schemas", schemas.all());
        return document;
    }

    private static ObjectNode operation(Route route, Schemas schemas) {
        RouteDoc doc = route.doc();
        ObjectNode operation = NODES.objectNode().put("summary", doc.summary());
        if (route.access() == Access.OPEN) {
            operation.putArray("security");
        }
        ArrayNode parameters = operation.putArray("parameters");
        for (String name : route.parameterNames()) {
            parameters
                    .addObject()
                    .put("name", name)
                    .put("in", "path")
                    .put("required", true)
                    .putObject("schema")
                    .put("type", "string");
        }
        for (RouteDoc.Parameter parameter : doc.parameters()) {
            parameters
                    .addObject()
                    .put("name", parameter.name())
                    .put("in", parameter.in())
                    .put("description", parameter.description())
                    .putObject("schema")
                    .put("type", parameter.type());
        }
        addBodies(operation, doc, schemas);
        return operation;
    }

    private static void addBodies(ObjectNode operation, RouteDoc doc, Schemas schemas) {
        if (!doc.takesType().isEmpty()) {
            ObjectNode content = operation.putObject("requestBody").putObject("content");
            ObjectNode media = content.putObject(doc.takesType());
            doc.takes().ifPresent(type -> media.set("schema", schemas.of(type)));
        }
        ObjectNode responses = operation.putObject("responses");
        ObjectNode success = responses.putObject(Integer.toString(doc.status()));
        success.put("description", doc.summary());
        if (!doc.givesTypes().isEmpty()) {
            ObjectNode content = success.putObject("content");
            for (String type : doc.givesTypes()) {
                ObjectNode media = content.putObject(type);
                if (type.equals(RouteDoc.JSON)) {
                    doc.gives().ifPresent(body -> media.set("schema", schemas.of(body)));
                }
            }
        }
        responses
                .putObject("default")
                .put("description", "An error")
                .putObject("content")
                .putObject(RouteDoc.JSON)
                .set("schema", schemas.of(ErrorBody.class));
    }
}
