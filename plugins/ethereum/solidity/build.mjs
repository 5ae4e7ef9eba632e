// Builds the validator that chain/rules.py sends along with its questions:
//
//   npm ci --prefix ../tests/evm    (or `make test`, once)
//   node build.mjs                  writes chain/validator.json
//   node build.mjs --print          prints it
//
// The compiler is the one that tests/evm/package.json pins. A test builds the
// file again and compares it byte for byte.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "../tests/evm/compile.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const settings = JSON.parse(readFileSync(here("settings.json"), "utf8"));
const { compiler, contracts } = compile(settings, [here("SignatureValidator.sol")]);
const built = {
  source: "plugins/ethereum/solidity/SignatureValidator.sol",
  compiler,
  settings,
  bytecode: contracts.SignatureValidator,
};
const text = JSON.stringify(built, null, 2) + "\n";

if (process.argv.includes("--print")) {
  process.stdout.write(text);
} else {
  writeFileSync(here("../src/xmtp_identity_ethereum/chain/validator.json"), text);
}
