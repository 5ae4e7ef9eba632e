// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC4337} from "solady/src/accounts/ERC4337.sol";
import {ERC4337Factory} from "solady/src/accounts/ERC4337Factory.sol";

bytes4 constant MAGIC = 0x1626ba7e;

function signerOf(bytes32 digest, bytes calldata signature) pure returns (address) {
    if (signature.length != 65) return address(0);
    (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
    return ecrecover(digest, uint8(signature[64]), r, s);
}

/// The least that ERC-1271 takes: one key, and nothing that binds a signature
/// to this wallet and not to another one of the same owner.
contract MinimalWallet {
    address public owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function setOwner(address owner_) external {
        require(msg.sender == owner);
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return signerOf(digest, signature) == owner ? MAGIC : bytes4(0xffffffff);
    }
}

/// What an account of EIP-7702 delegates to: its own key signs for it.
contract OwnKeyDelegate {
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return signerOf(digest, signature) == address(this) ? MAGIC : bytes4(0xffffffff);
    }
}

/// Solady's account leaves to others what it is called.
contract SoladyAccount is ERC4337 {
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Solady account", "1");
    }
}

contract SoladyFactory is ERC4337Factory {
    constructor(address implementation) ERC4337Factory(implementation) {}
}
