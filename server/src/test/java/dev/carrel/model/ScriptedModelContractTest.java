package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ObjectNode;

class ScriptedModelContractTest extends ChatModelContract {
    @Override
    ChatModel saying(Message.Assistant answer) {
        ObjectNode script = Json.object();
        ObjectNode step =
                script.putArray("conversations").addObject().putArray("steps").addObject();
        step.put("text", answer.text()).put("reasoning", answer.reasoning());
        var calls = step.putArray("calls");
        for (ToolCall call : answer.toolCalls()) {
            calls.addObject().put("name", call.name()).put("arguments", call.arguments());
        }
        return ScriptedModel.parse(Json.write(script), "contract.yaml"); // JSON is YAML
    }
}
