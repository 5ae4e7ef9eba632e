// Signs for smart wallets by viem, and asks the chain by viem whether they
// take it.
//
// stdin: { url, chainId, wallets: [{ form, address, owners, text, block,
// factory?, factoryData?, signature }] }; owners are secrets in the order in
// which they sign, all bytes hex with 0x. stdout: for each wallet what viem
// signs, and whether viem finds `signature` valid at the block.
import { readFileSync } from "node:fs";
import {
  concat,
  createPublicClient,
  createWalletClient,
  hashMessage,
  http,
  serializeErc6492Signature,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { signMessage } from "viem/experimental/erc7739";

const { url, chainId, wallets } = JSON.parse(readFileSync(0, "utf8"));
const chain = { ...foundry, id: chainId };
const reader = createPublicClient({ chain, transport: http(url) });

const FORMS = {
  plain: ([owner], { text }) => owner.signMessage({ message: text }),
  safe: async (owners, { address, text }) =>
    concat(
      await Promise.all(
        owners.map((owner) =>
          owner.signTypedData({
            domain: { chainId, verifyingContract: address },
            types: { SafeMessage: [{ name: "message", type: "bytes" }] },
            primaryType: "SafeMessage",
            message: { message: hashMessage(text) },
          }),
        ),
      ),
    ),
  solady: ([account], { address, text, factory, factoryData }) =>
    signMessage(createWalletClient({ account, chain, transport: http(url) }), {
      message: text,
      verifier: address, // whose domain the chain tells, as if it were there
      factory,
      factoryData,
    }),
};

async function answer({ form, owners, factory, factoryData: data, ...wallet }) {
  const accounts = owners.map((secret) => privateKeyToAccount(secret));
  const parts = { ...wallet, factory, factoryData: data };
  const inner = await FORMS[form](accounts, parts);
  return {
    signature: factory
      ? serializeErc6492Signature({ address: factory, data, signature: inner })
      : inner,
    valid: await reader.verifyMessage({
      address: wallet.address,
      message: wallet.text,
      signature: wallet.signature,
      blockNumber: BigInt(wallet.block),
    }),
  };
}

console.log(JSON.stringify(await Promise.all(wallets.map(answer))));
