// Live clients of XMTP's own, told what to do line by line.
//
// usage: node client.mjs, one JSON object a line on stdin: {"id", "op", ...};
// answers, each as soon as it is there, so not in order: {"id", "value"} or
// {"id", "error": what the client said}. Bytes are hex, in both directions.
// A client lives as long as this process: to restart one, end the process and
// open its database in another.

import { createInterface } from "node:readline";
import {
  createClient,
  generateInboxId,
  getInboxIdForIdentifier,
} from "@xmtp/node-bindings";

const WORKERS_OFF = "disabled";
// Other messages tell of members that came and went, each client in its own.
const isText = (message) => message.content.type?.typeId === TEXT.typeId;
const TEXT = {
  authorityId: "xmtp.org",
  typeId: "text",
  versionMajor: 1,
  versionMinor: 0,
};
const clients = new Map();
const requests = new Map(); // updates that wait for signatures, by number
const streams = new Map();
let requestsMade = 0;

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data) => Buffer.from(data).toString("hex");

// Which update the client is to prepare, by name.
const UPDATES = {
  create: (client) => client.createInboxSignatureRequest(),
  add: (client, { identifier }) =>
    client.addIdentifierSignatureRequest(identifier),
  revoke: (client, { identifier }) =>
    client.revokeIdentifierSignatureRequest(identifier),
  revokeInstallations: (client, { installations }) =>
    client.revokeInstallationsSignatureRequest(installations.map(bytes)),
  revokeOtherInstallations: (client) =>
    client.revokeAllOtherInstallationsSignatureRequest(),
  changeRecovery: (client, { identifier }) =>
    client.changeRecoveryIdentifierSignatureRequest(identifier),
};

function conversation({ client, conversation }) {
  return clients.get(client).conversations().findGroupById(conversation);
}

function shownMessage(message) {
  return {
    id: message.id,
    conversation: message.convoId,
    sender: message.senderInboxId,
    text: new TextDecoder().decode(message.content.content),
  };
}

// Texts that come in by a stream, and whoever waits for a number of them.
class Stream {
  messages = [];
  errors = [];
  #waiting = [];

  take(error, message) {
    if (error) this.errors.push(error.message);
    else if (isText(message)) this.messages.push(shownMessage(message));
    this.#waiting = this.#waiting.filter((check) => !check());
  }

  until(count) {
    return new Promise((resolve) => {
      const check = () => {
        const done = this.messages.length >= count || this.errors.length > 0;
        if (done) resolve({ messages: this.messages, errors: this.errors });
        return done;
      };
      if (!check()) this.#waiting.push(check);
    });
  }
}

const OPERATIONS = {
  async open({ client, host, identifier, inboxId, path }) {
    const made = await createClient(
      host,
      host.startsWith("https:"),
      path,
      inboxId ?? generateInboxId(identifier),
      identifier,
      null, // not encrypted
      null, // no sync server
      WORKERS_OFF,
      { level: process.env.XMTP_LOG ?? "off" },
      true, // do not check in with the network
      true, // no event worker
      "xmtp-identity-tests",
    );
    clients.set(client, made);
    return {
      inboxId: made.inboxId(),
      installation: made.installationId(),
      registered: made.isRegistered(),
    };
  },

  async prepare({ client, update, ...rest }) {
    const request = await UPDATES[update](clients.get(client), rest);
    const number = ++requestsMade;
    requests.set(number, request);
    return { request: number, text: await request.signatureText() };
  },
  signAsWallet: ({ request, signature }) =>
    requests.get(request).addEcdsaSignature(bytes(signature)),
  signAsPasskey({ request, signature }) {
    const parts = Object.entries(signature);
    return requests
      .get(request)
      .addPasskeySignature(
        Object.fromEntries(parts.map(([name, value]) => [name, [...bytes(value)]])),
      );
  },
  register: ({ client, request }) =>
    clients.get(client).registerIdentity(requests.get(request)),
  apply: ({ client, request }) =>
    clients.get(client).applySignatureRequest(requests.get(request)),

  state: ({ client }) => clients.get(client).inboxState(true),
  latestState: ({ client, inboxId }) =>
    clients.get(client).getLatestInboxState(inboxId),
  states: ({ client, inboxIds }) =>
    clients.get(client).addressesFromInboxId(true, inboxIds),
  find: ({ client, identifier }) =>
    clients.get(client).findInboxIdByIdentifier(identifier),
  canMessage: ({ client, identifiers }) =>
    clients.get(client).canMessage(identifiers),
  lookUp: ({ host, identifier }) =>
    getInboxIdForIdentifier(host, host.startsWith("https:"), identifier),

  async createGroup({ client, inboxIds }) {
    const conversations = clients.get(client).conversations();
    return (await conversations.createGroupByInboxId(inboxIds)).id();
  },
  async createDm({ client, inboxId }) {
    const conversations = clients.get(client).conversations();
    return (await conversations.createDmByInboxId(inboxId)).id();
  },
  async syncAll({ client }) {
    const conversations = clients.get(client).conversations();
    await conversations.sync();
    await conversations.syncAllConversations();
    return conversations.list().map((item) => item.conversation.id());
  },
  // Gives what the client said each time that it could not; a text that fails
  // twice fails the whole.
  async send({ texts, again, ...where }) {
    const target = conversation(where);
    const errors = [];
    for (const text of texts) {
      const content = {
        type: TEXT,
        parameters: { encoding: "UTF-8" },
        content: new TextEncoder().encode(text),
      };
      try {
        await target.send(content);
      } catch (error) {
        if (!again) throw error;
        errors.push(error.message);
        await target.send(content);
      }
    }
    return errors;
  },
  sync: (where) => conversation(where).sync(),
  async messages(where) {
    const found = await conversation(where).findMessages();
    return found.filter(isText).map(shownMessage);
  },
  async look(where) {
    const target = conversation(where);
    const { epoch, maybeForked, forkDetails, isCommitLogForked } =
      await target.debugInfo();
    const members = await target.listMembers();
    return {
      epoch: Number(epoch),
      forked: maybeForked || Boolean(isCommitLogForked),
      details: forkDetails,
      active: target.isActive(),
      members: Object.fromEntries(
        members.map((one) => [one.inboxId, [...one.installationIds].sort()]),
      ),
    };
  },

  async listen({ client }) {
    const stream = new Stream();
    streams.set(client, stream);
    const closer = clients
      .get(client)
      .conversations()
      .streamAllMessages(
        (error, message) => stream.take(error, message),
        () => {},
      );
    await closer.waitForReady();
  },
  heard: ({ client, count }) => streams.get(client).until(count),
};

// Nanoseconds do not fit a JSON number; raw keys stand elsewhere as hex.
function plain(key, value) {
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === "bigint" ? value.toString() : value;
}

async function answer({ id, op, ...rest }) {
  const reply = { id };
  try {
    reply.value = (await OPERATIONS[op](rest)) ?? null;
  } catch (error) {
    reply.error = error.message;
  }
  process.stdout.write(`${JSON.stringify(reply, plain)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  answer(JSON.parse(line));
}
process.exit(0); // open streams would keep it alive
