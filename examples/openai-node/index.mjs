// An agent on Carrel, called with OpenAI's own client: a turn as it happens, a second one in the
// same session and sandbox, and a tool of ours that the agent may call.
//
//   CARREL_API_KEY=crl_live_… npm start [agent]

import OpenAI from "openai";

const client = new OpenAI({
  baseURL: new URL("/v1", process.env.CARREL_URL ?? "http://127.0.0.1:7373").href,
  apiKey: process.env.CARREL_API_KEY,
});
const model = process.argv[2] ?? (await client.models.list()).data[0].id;

// What the model says is standard. What the agent does in its sandbox comes as `tool_call` beside
// the delta, because clients run whatever they find in `delta.tool_calls`.
function show(chunk) {
  const choice = chunk.choices[0];
  const call = choice?.tool_call;
  process.stdout.write(choice?.delta.content ?? call?.output ?? "");
  if (call?.state === "calling" && call.arguments) {
    console.log(`\n> ${call.name} ${JSON.stringify(call.arguments)}`);
  }
}

// A turn as it happens. The session's id is in the answer's headers.
const { data: stream, response } = await client.chat.completions
  .create({
    model,
    stream: true,
    messages: [{ role: "user", content: "Write a haiku about herons to haiku.txt." }],
  })
  .withResponse();
for await (const chunk of stream) show(chunk);

// The next turn: the server knows what was said, and the file is still there.
const headers = { "x-session-id": response.headers.get("x-session-id") };
const answer = await client.chat.completions.create(
  { model, messages: [{ role: "user", content: "How many words does the file have?" }] },
  { headers },
);
const [{ message, stop_reason, tool_calls_executed }] = answer.choices;
console.log(`\n\n${message.content}\n(${tool_calls_executed.length} tool calls, ${stop_reason})\n`);

// A tool that runs here. Nothing but its call id leads back to the session, and that is enough.
const runner = client.chat.completions.runTools({
  model,
  stream: true,
  messages: [{ role: "user", content: "What does our shop charge for a heron? Write it to price.txt." }],
  tools: [
    {
      type: "function",
      function: {
        name: "price",
        description: "The shop's price of an article, in euros.",
        parameters: {
          type: "object",
          properties: { article: { type: "string" } },
          required: ["article"],
        },
        parse: JSON.parse,
        function: ({ article }) => `${article}: 249.00`,
      },
    },
  ],
});
runner.on("chunk", show);
await runner.done();
console.log();
