// Records what real ed25519-dalek, inside XMTP's real client, says of the corpus.
//
// usage: node dalek.mjs FOLDER <cases >verdicts
// FOLDER: one whose node_modules holds @xmtp/node-bindings, ../../../tests/interop.
// cases: one a line, key, signature and message in hex (`corpus.lines()`).
// verdicts: a 1 or a 0 for each, in one line.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { verifySignedWithPublicKey } = require("@xmtp/node-bindings");

function verdict(line) {
  const [key, signature, message] = line.split(" ").map((hex) => Buffer.from(hex, "hex"));
  try {
    verifySignedWithPublicKey(message.toString("utf8"), signature, key);
    return "1";
  } catch {
    return "0";
  }
}

const lines = readFileSync(0, "utf8").trimEnd().split("\n");
process.stdout.write(`${lines.map(verdict).join("")}\n`);
