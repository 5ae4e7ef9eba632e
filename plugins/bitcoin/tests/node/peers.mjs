// Signs and verifies as wallets' libraries do.
//
// stdin: { sign: [{ wif, text, addresses }], verify: [{ address, text, signature }] },
// signatures in base64, addresses of mainnet by their type.
// stdout: { sign: [{ "<library> <type>": signature }], verify: [[bip322-js, strict,
// bitcoinjs-message]] }, each of the three true or false.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Signer, Verifier } from "bip322-js";
import bitcoinMessage from "bitcoinjs-message";

const require = createRequire(import.meta.url);
const inner = createRequire(require.resolve("bip322-js"));
const secp256k1 = inner("@bitcoinerlab/secp256k1");
const { ECPairFactory } = inner("ecpair");
const pairs = ECPairFactory(secp256k1);

const HEADERS = {
  "p2sh-p2wpkh": { segwitType: "p2sh(p2wpkh)" },
  p2wpkh: { segwitType: "p2wpkh" },
};

function sign({ wif, text, addresses }) {
  const made = {};
  const key = Buffer.from(pairs.fromWIF(wif).privateKey);
  const older = (compressed, options) =>
    bitcoinMessage.sign(text, key, compressed, options).toString("base64");
  made["bitcoinjs-message uncompressed"] = older(false);
  for (const [type, address] of Object.entries(addresses)) {
    made[`bip322-js ${type}`] = Signer.sign(wif, address, text).toString("base64");
    if (type !== "p2tr") {
      made[`bitcoinjs-message ${type}`] = older(true, HEADERS[type]);
      made[`electrum ${type}`] = older(true);
    }
  }
  return made;
}

function attempt(check) {
  try {
    return check();
  } catch {
    return false;
  }
}

function verify({ address, text, signature }) {
  return [
    attempt(() => Verifier.verifySignature(address, text, signature)),
    attempt(() => Verifier.verifySignature(address, text, signature, true)),
    attempt(() => bitcoinMessage.verify(text, address, signature)) ||
      attempt(() => bitcoinMessage.verify(text, address, signature, undefined, true)),
  ];
}

const { sign: toSign, verify: toVerify } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ sign: toSign.map(sign), verify: toVerify.map(verify) }));
