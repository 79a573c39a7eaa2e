/**
 * Calls functions of PlayHT's own Node SDK and tells what each gave.
 *
 * The SDK knows one host, https://api.play.ht, and cannot be told of another. It is left as it is: what node
 * connects for it leads to a server of this machine instead, and without TLS, as a proxy before one would.
 *
 * Reads `{"port", "key", "user", "steps": [{"call", "asked": [...]}]}` from standard input and writes a line of
 * JSON for each step: `got`, what the SDK gave (sound in Base64), or `error`.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import http from "node:http";
import https from "node:https";
import net from "node:net";

const { port, key, user, steps } = JSON.parse(readFileSync(0, "utf8"));
const asked = [];
https.Agent.prototype.createConnection = http.Agent.prototype.createConnection = ({ host, servername }) => {
    asked.push(servername ?? host);
    return net.connect({ port, host: "127.0.0.1" });
};

const playht = createRequire(new URL("../typescript/package.json", import.meta.url))("playht");
playht.init({ apiKey: key, userId: user, defaultVoiceEngine: "PlayHT2.0", defaultVoiceId: "larry" });

async function sound(stream) {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return Buffer.concat(pieces).toString("base64");
}

for (const step of steps) {
    let told;
    try {
        const got = await playht[step.call](...step.asked);
        told = { got: step.call === "stream" ? await sound(got) : got };
    } catch (error) {
        told = { error: { ...error, message: error.message } };
    }
    told.hosts = asked.splice(0);
    // Written before anything goes on: what a pipe has not taken when the process exits is lost.
    await new Promise((taken) => process.stdout.write(`${JSON.stringify(told)}\n`, taken));
}
process.exit(0);
