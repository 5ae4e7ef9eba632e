// Signs and recovers as wallets' libraries do.
//
// stdin: a JSON list of { secret, text, signature }, all strings, the first
// and the last hex with 0x. stdout: for each item and library the address of
// the key as EIP-55 writes it, its signature, and whose `signature` is.
import { readFileSync } from "node:fs";
import { getAddress, verifyMessage, Wallet } from "ethers";
import { recoverMessageAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const answers = [];
for (const { secret, text, signature } of JSON.parse(readFileSync(0, "utf8"))) {
  const wallet = new Wallet(secret);
  const account = privateKeyToAccount(secret);
  answers.push({
    ethers: {
      address: getAddress(wallet.address.toLowerCase()),
      signature: await wallet.signMessage(text),
      recovered: verifyMessage(text, signature),
    },
    viem: {
      address: account.address,
      signature: await account.signMessage({ message: text }),
      recovered: await recoverMessageAddress({ message: text, signature }),
    },
  });
}
console.log(JSON.stringify(answers));
