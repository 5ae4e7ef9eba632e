// Compiles the contracts of Solidity files that import nothing.
//
//   node compile.mjs settings.json a.sol b.sol ...
//
// prints {"compiler": ..., "contracts": {name: creation code in hex}}.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

export function compile(settings, paths) {
  const sources = {};
  for (const path of paths) {
    sources[basename(path)] = { content: readFileSync(path, "utf8") };
  }
  const input = {
    language: "Solidity",
    sources,
    settings: { ...settings, outputSelection: { "*": { "*": ["evm.bytecode.object"] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  if (output.errors?.length) {
    throw new Error(output.errors.map((error) => error.formattedMessage).join("\n"));
  }
  const contracts = {};
  for (const file of Object.values(output.contracts)) {
    for (const [name, contract] of Object.entries(file)) {
      contracts[name] = contract.evm.bytecode.object;
    }
  }
  return { compiler: solc.version(), contracts };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [settings, ...paths] = process.argv.slice(2);
  console.log(JSON.stringify(compile(JSON.parse(readFileSync(settings, "utf8")), paths)));
}
