/**
 * Calls methods of Hume's own TypeScript SDK and tells what each gave.
 *
 * Reads `{"base", "key", "steps": [{"call", "asked", "base"?, "key"?}]}` from standard input and writes a line
 * of JSON for each step: `got`, what the SDK gave, in the wire's own form again; `bodies`, what came over the
 * wire, in Base64; `strange`, what the SDK's schemas have against it when they are as strict as they can be;
 * or `error`.
 */
import { readFileSync } from "node:fs";
import { HumeClient, serialization } from "hume";

const { ReturnTts, ReturnPagedVoices, ReturnVoice, TtsOutput, HttpValidationError, ErrorResponse } = serialization.tts;
const STRICT = { unrecognizedObjectKeys: "fail" };

/** How the answer of each method is taken apart, and the schema of it or of its lines. */
const METHODS = {
    synthesizeJson: { take: one, schema: ReturnTts },
    synthesizeFile: { take: file },
    synthesizeJsonStreaming: { take: each, schema: TtsOutput, lines: true },
    synthesizeFileStreaming: { take: file },
    convertVoiceFile: { take: file },
    convertVoiceJson: { take: each, schema: TtsOutput, lines: true },
    "voices.list": { take: each, schema: ReturnVoice, body: ReturnPagedVoices },
    "voices.create": { take: one, schema: ReturnVoice },
    "voices.delete": { take: () => null },
};
const REFUSALS = { UnprocessableEntityError: HttpValidationError, BadRequestError: ErrorResponse };

function one(answer, schema) {
    return schema.jsonOrThrow(answer, { unrecognizedObjectKeys: "passthrough" });
}

async function each(answers, schema) {
    const found = [];
    for await (const answer of answers) found.push(one(answer, schema));
    return found;
}

async function file(answer) {
    return Buffer.from(await answer.arrayBuffer()).toString("base64");
}

function strange(bodies, { schema, body, lines }) {
    if (!schema) return [];
    const texts = bodies.flatMap((each) => (lines ? each.toString().split("\n").filter(Boolean) : [each.toString()]));
    return texts.flatMap((text) => (body ?? schema).parse(JSON.parse(text), STRICT).errors ?? []);
}

async function called(step, base, key) {
    const copies = [];
    const client = new HumeClient({
        environment: base,
        apiKey: key,
        maxRetries: 0,
        fetch: async (...request) => {
            const response = await fetch(...request);
            copies.push(response.clone().arrayBuffer());
            return response;
        },
    });
    if (step.call === "streamInput") return converse(client, step.asked);
    const method = METHODS[step.call];
    const [group, name] = step.call.includes(".") ? step.call.split(".") : [null, step.call];
    const owner = group ? client.tts[group] : client.tts;
    const asked = { ...step.asked };
    if (asked.audio) asked.audio = { ...asked.audio, data: Buffer.from(asked.audio.data, "base64") };
    const got = await method.take(await owner[name](asked), method.schema);
    const bodies = (await Promise.all(copies)).map((copy) => Buffer.from(copy));
    return { got, bodies: bodies.map((each) => each.toString("base64")), strange: strange(bodies, method) };
}

/** Sends messages over a WebSocket and gathers what comes until the server ends it. */
async function converse(client, { query, messages }) {
    const socket = await client.tts.streamInput.connect({ ...query, reconnectAttempts: 0 });
    const got = [];
    const bodies = [];
    const code = await new Promise((resolve, reject) => {
        socket.socket.addEventListener("message", (event) => bodies.push(Buffer.from(event.data)));
        socket.on("message", (message) => got.push(one(message, TtsOutput)));
        socket.on("error", reject);
        socket.on("close", (event) => resolve(event.code));
        socket.on("open", () => messages.forEach((message) => socket.sendPublish(message)));
    });
    return {
        got,
        code,
        bodies: bodies.map((each) => each.toString("base64")),
        strange: strange(bodies, { schema: TtsOutput }),
    };
}

/** An error of the SDK; its body in the wire's own form where it has a type for it. */
function refused(error) {
    const kind = error.constructor.name;
    const schema = REFUSALS[kind];
    const body = schema ? schema.jsonOrThrow(error.body, STRICT) : error.body;
    return { kind, status: error.statusCode ?? null, body: body ?? null, message: error.message };
}

const { base, key, steps } = JSON.parse(readFileSync(0, "utf8"));
for (const step of steps) {
    let told;
    try {
        told = await called(step, step.base ?? base, step.key ?? key);
    } catch (error) {
        told = { error: refused(error) };
    }
    // Written before anything goes on: what a pipe has not taken when the process exits is lost.
    await new Promise((taken) => process.stdout.write(`${JSON.stringify(told)}\n`, taken));
}
process.exit(0);
