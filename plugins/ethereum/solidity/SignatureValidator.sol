// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Asks a smart wallet whether it takes a signature (ERC-1271, and ERC-6492
/// for a wallet that is not deployed yet), without being deployed itself: its
/// creation code and the arguments are the data of an eth_call that names no
/// receiver. The answer stands where the code of a new contract would.
///
/// The answer is one word: `tag` with one of the reasons below in its last
/// byte. Nothing that the wallet or the factory does can make this contract
/// revert or answer anything else. Each of them gets a fixed amount of gas, so
/// the verdict does not depend on how much the node was willing to spend.
///
/// chain/rules.py prepares the arguments and says what each reason means.
contract SignatureValidator {
    uint256 private constant VALID = 1;
    uint256 private constant NO_CODE = 2;
    uint256 private constant FACTORY_FAILED = 3;
    uint256 private constant FACTORY_GAS_USED_UP = 4;
    uint256 private constant FACTORY_MADE_NO_WALLET = 5;
    uint256 private constant REVERTED = 6;
    uint256 private constant GAS_USED_UP = 7;
    uint256 private constant OTHER_ANSWER = 8;
    uint256 private constant LONG_ANSWER = 9;
    uint256 private constant TOO_LITTLE_GAS = 10;
    uint256 private constant OTHER_CHAIN = 11;

    uint256 private constant FACTORY_GAS = 7_000_000;
    uint256 private constant WALLET_GAS = 6_000_000;
    // For this contract's own steps: the calls' cold accounts, the answer.
    uint256 private constant RESERVE = 200_000;

    // ERC-1271's bytes4, padded to a word as the ABI says.
    uint256 private constant MAGIC = 0x1626ba7e << 224;

    /// @param tag what the answer begins with; its last byte is 0
    /// @param chainId the chain on which the wallet is
    /// @param account the wallet
    /// @param walletCall a call of isValidSignature
    /// @param wrapped whether there is a factory
    /// @param factory called if the account has no code
    /// @param factoryCall the data of that call
    constructor(
        uint256 tag,
        uint256 chainId,
        address account,
        bytes memory walletCall,
        bool wrapped,
        address factory,
        bytes memory factoryCall
    ) {
        uint256 reason = block.chainid == chainId
            ? _ask(account, walletCall, wrapped, factory, factoryCall)
            : OTHER_CHAIN;
        assembly ("memory-safe") {
            mstore(0, or(tag, reason))
            return(0, 32)
        }
    }

    function _ask(
        address account,
        bytes memory walletCall,
        bool wrapped,
        address factory,
        bytes memory factoryCall
    ) private returns (uint256) {
        // A call passes on at most 63/64 of what is left (EIP-150), silently
        // less than it was told to. Checked once, for both calls, so that what
        // the factory spends does not matter.
        if (gasleft() < ((FACTORY_GAS + WALLET_GAS) * 64) / 63 + RESERVE) {
            return TOO_LITTLE_GAS;
        }
        // ERC-6492 with a deployed wallet: the factory is left alone, as in
        // the validator of the reference client.
        if (account.code.length == 0) {
            if (!wrapped) return NO_CODE;
            (bool made, bool spent) = _make(factory, factoryCall);
            bool there = account.code.length != 0;
            if (spent && !(made && there)) return FACTORY_GAS_USED_UP;
            if (!made) return FACTORY_FAILED;
            if (!there) return FACTORY_MADE_NO_WALLET;
        }
        return _isValid(account, walletCall);
    }

    function _make(address factory, bytes memory data)
        private
        returns (bool made, bool spent)
    {
        uint256 before = gasleft();
        assembly ("memory-safe") {
            // Nothing of the answer is copied, however long it is.
            made := call(FACTORY_GAS, factory, 0, add(data, 32), mload(data), 0, 0)
        }
        spent = _spent(before - gasleft(), FACTORY_GAS);
    }

    function _isValid(address account, bytes memory data)
        private
        view
        returns (uint256)
    {
        bool returned;
        uint256 length;
        uint256 word;
        uint256 before = gasleft();
        assembly ("memory-safe") {
            // At most one word of the answer is copied. The scratch space is
            // cleared first: a shorter answer leaves its end as it was.
            mstore(0, 0)
            returned :=
                staticcall(WALLET_GAS, account, add(data, 32), mload(data), 0, 32)
            length := returndatasize()
            word := mload(0)
        }
        bool spent = _spent(before - gasleft(), WALLET_GAS);
        if (returned && word == MAGIC && length >= 32) {
            return length == 32 ? VALID : LONG_ANSWER;
        }
        if (spent) return GAS_USED_UP;
        return returned ? OTHER_ANSWER : REVERTED;
    }

    /// Whether who failed may have failed for want of gas. One that runs out
    /// of gas in a call within a call keeps a 64th of each level.
    function _spent(uint256 used, uint256 given) private pure returns (bool) {
        return used >= given - given / 8;
    }
}
