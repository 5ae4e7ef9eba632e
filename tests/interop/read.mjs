// Reads identity logs with XMTP's real client.
//
// usage: node read.mjs URL, one JSON array of inbox ids a line on stdin; answers
// one JSON array a line on stdout, in the same order: {"state": InboxState as
// the bindings give it} or {"error": what the client said}.
//
// Each line gets a client of its own, on a database in memory: a client keeps
// what it has read, so within a line no inbox id may stand for two logs.

import { createInterface } from "node:readline";
import { createClient, generateInboxId } from "@xmtp/node-bindings";

const WORKERS_OFF = "disabled";
const ETHEREUM = 0;
// Who the reader itself is plays no part; it is never registered.
const READER = {
  identifier: "0x00000000000000000000000000000000000000ff",
  identifierKind: ETHEREUM,
};

const url = process.argv[2];

function openClient() {
  const onlyInMemory = null;
  return createClient(
    url,
    false, // plain HTTP/2, the server is on loopback
    onlyInMemory,
    generateInboxId(READER),
    READER,
    null, // not encrypted
    null, // no sync server
    WORKERS_OFF,
    { level: "off" }, // logs would go to stdout, among the answers
    true, // do not check in with the network
    true, // no event worker
  );
}

// One inbox a call: in a batch one bad inbox fails all the others.
async function readInbox(client, inboxId) {
  try {
    const [state] = await client.addressesFromInboxId(true, [inboxId]);
    return { state };
  } catch (error) {
    return { error: error.message };
  }
}

async function readInboxes(inboxIds) {
  const client = await openClient();
  const answers = [];
  for (const inboxId of inboxIds) {
    answers.push(await readInbox(client, inboxId));
  }
  return answers;
}

// Nanoseconds do not fit a JSON number; the raw key stands in `id` as hex.
function plain(key, value) {
  if (key === "bytes") return undefined;
  return typeof value === "bigint" ? value.toString() : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = await readInboxes(JSON.parse(line));
  process.stdout.write(`${JSON.stringify(answers, plain)}\n`);
}
