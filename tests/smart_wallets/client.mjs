// One client of XMTP's own whose signers are smart wallets, told what to do
// line by line: {"op", ...} on stdin, {"value"} or {"error": what the client
// said} on stdout, in order. Bytes are hex, in both directions.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../real_client/", import.meta.url));
const { createClient, generateInboxId } = require("@xmtp/node-bindings");

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const UPDATES = {
  create: (client) => client.createInboxSignatureRequest(),
  add: (client, identifier) => client.addIdentifierSignatureRequest(identifier),
  revoke: (client, identifier) =>
    client.revokeIdentifierSignatureRequest(identifier),
  changeRecovery: (client, identifier) =>
    client.changeRecoveryIdentifierSignatureRequest(identifier),
};
let client;
let request;

const OPERATIONS = {
  async open({ host, identifier, inboxId }) {
    client = await createClient(
      host,
      false, // no TLS
      null, // in memory
      inboxId ?? generateInboxId(identifier),
      identifier,
      null, // not encrypted
      null, // no sync server
      "disabled",
      { level: process.env.XMTP_LOG ?? "off" },
      true, // do not check in with the network
      true, // no event worker
      "xmtp-identity-tests",
    );
    return { inboxId: client.inboxId(), installation: client.installationId() };
  },
  async prepare({ update, identifier }) {
    request = await UPDATES[update](client, identifier);
    return request.signatureText();
  },
  signAsKey: ({ signature }) => request.addEcdsaSignature(bytes(signature)),
  // Without a block the client adopts the one that the node answers with.
  signAsSmartWallet: ({ identifier, signature, chainId, block }) =>
    request.addScwSignature(
      identifier,
      bytes(signature),
      BigInt(chainId),
      block === null ? undefined : BigInt(block),
    ),
  register: () => client.registerIdentity(request),
  apply: () => client.applySignatureRequest(request),
  state: () => client.inboxState(true),
  stateOf: ({ inboxId }) => client.getLatestInboxState(inboxId),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...rest } = JSON.parse(line);
  const reply = {};
  try {
    reply.value = (await OPERATIONS[op](rest)) ?? null;
  } catch (error) {
    reply.error = error.message;
  }
  const plain = (_, value) => (typeof value === "bigint" ? `${value}` : value);
  process.stdout.write(`${JSON.stringify(reply, plain)}\n`);
}
process.exit(0); // the client would keep it alive
