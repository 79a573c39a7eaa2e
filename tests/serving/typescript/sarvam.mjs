/**
 * Calls methods of Sarvam's own TypeScript SDK and tells what each gave.
 *
 * Reads `{"base", "steps": [{"call", "asked", "key"?, "base"?}]}` from standard input and writes a line of JSON
 * for each step: `got`, what the SDK gave, bytes in Base64; or `error`. A `dict_id` that is "latest" is that of
 * the dictionary that was created last.
 */
import { readFileSync } from "node:fs";
import { SarvamAIClient } from "sarvamai";

let latest;

function upload({ content, filename, contentType }) {
    return { data: Buffer.from(content, "base64"), filename, contentType };
}

async function called({ call, asked }, base, key) {
    const client = new SarvamAIClient({
        environment: { base, creative: base, production: base },
        apiSubscriptionKey: key,
        maxRetries: 0,
    });
    const [group, name] = call.split(".");
    const given = { ...asked };
    if (given.file) given.file = upload(given.file);
    if (given.dict_id === "latest") given.dict_id = latest;
    const method = client[group][name].bind(client[group]);
    const got = await (call === "pronunciationDictionary.get" ? method(given.dict_id) : method(given));
    latest = got?.dictionary_id ?? latest;
    if (typeof got?.arrayBuffer === "function") return Buffer.from(await got.arrayBuffer()).toString("base64");
    return got ?? null;
}

const { base, steps } = JSON.parse(readFileSync(0, "utf8"));
for (const step of steps) {
    let told;
    try {
        told = { got: await called(step, step.base ?? base, step.key ?? "any") };
    } catch (error) {
        const { statusCode: status = null, body = null, message } = error;
        told = { error: { kind: error.constructor.name, status, body, message } };
    }
    // Written before anything goes on: what a pipe has not taken when the process exits is lost.
    await new Promise((taken) => process.stdout.write(`${JSON.stringify(told)}\n`, taken));
}
process.exit(0);
