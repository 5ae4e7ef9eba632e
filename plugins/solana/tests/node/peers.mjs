// Solana's own libraries, asked by test_peers.py: one JSON object comes in on
// standard input, one goes out. Bytes are hex.
import {
  compileOffchainMessageV0Envelope,
  compileOffchainMessageV1Envelope,
  createKeyPairFromPrivateKeyBytes,
  getAddressFromPublicKey,
  isAddress,
  offchainMessageApplicationDomain,
  offchainMessageContentUtf8Of1232BytesMax,
  offchainMessageContentUtf8Of65535BytesMax,
  signOffchainMessageEnvelope,
} from "@solana/kit";
import { text } from "node:stream/consumers";
import nacl from "tweetnacl";

const NO_APPLICATION = offchainMessageApplicationDomain("1".repeat(32));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (digits) => new Uint8Array(Buffer.from(digits, "hex"));

async function envelope(compile, fields, keys, address) {
  const message = { ...fields, requiredSignatories: [{ address }] };
  const signed = await signOffchainMessageEnvelope([keys], compile(message));
  return {
    content: hex(signed.content),
    signature: hex(signed.signatures[address]),
  };
}

async function sign({ seed, text: content }) {
  const keys = await createKeyPairFromPrivateKeyBytes(bytes(seed));
  const address = await getAddressFromPublicKey(keys.publicKey);
  const version0 = (of) =>
    envelope(
      compileOffchainMessageV0Envelope,
      { version: 0, applicationDomain: NO_APPLICATION, content: of(content) },
      keys,
      address,
    );
  const raw = new TextEncoder().encode(content);
  const { secretKey } = nacl.sign.keyPair.fromSeed(bytes(seed));
  return {
    address,
    forms: {
      raw: { content: hex(raw), signature: hex(nacl.sign.detached(raw, secretKey)) },
      v0_1: await version0(offchainMessageContentUtf8Of1232BytesMax),
      v0_2: await version0(offchainMessageContentUtf8Of65535BytesMax),
      v1: await envelope(
        compileOffchainMessageV1Envelope,
        { version: 1, content },
        keys,
        address,
      ),
    },
  };
}

const verify = ({ message, signature, key }) =>
  nacl.sign.detached.verify(bytes(message), bytes(signature), bytes(key));

const asked = JSON.parse(await text(process.stdin));
const answer = {
  signed: await Promise.all(asked.sign.map(sign)),
  verified: asked.verify.map(verify),
  addresses: asked.addresses.map((each) => isAddress(each)),
};
process.stdout.write(JSON.stringify(answer));
