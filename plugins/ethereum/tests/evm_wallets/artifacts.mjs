// Prints what the tests deploy: a JSON object of creation code, hex with 0x,
// by the name of the contract. Ours and Solady's are compiled here; Safe's is
// the published build.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import solc from "solc";

const require = createRequire(import.meta.url);
const read = (name) => readFileSync(require.resolve(name), "utf8");

const input = {
  language: "Solidity",
  sources: { "Wallets.sol": { content: read("./contracts/Wallets.sol") } },
  settings: {
    evmVersion: "prague",
    optimizer: { enabled: true },
    outputSelection: { "Wallets.sol": { "*": ["evm.bytecode.object"] } },
  },
};
const { contracts, errors = [] } = JSON.parse(
  solc.compile(JSON.stringify(input), {
    import: (path) => ({ contents: read(path) }),
  }),
);
const failures = errors.filter(({ severity }) => severity === "error");
if (failures.length > 0) {
  throw new Error(failures.map((one) => one.formattedMessage).join("\n"));
}

const code = {};
for (const [name, { evm }] of Object.entries(contracts["Wallets.sol"])) {
  if (evm.bytecode.object) code[name] = `0x${evm.bytecode.object}`;
}
const SAFE = "@safe-global/safe-contracts/build/artifacts/contracts";
for (const path of [
  "Safe",
  "handler/CompatibilityFallbackHandler",
  "proxies/SafeProxyFactory",
]) {
  const name = path.split("/").at(-1);
  code[name] = JSON.parse(read(`${SAFE}/${path}.sol/${name}.json`)).bytecode;
}
console.log(JSON.stringify(code));
