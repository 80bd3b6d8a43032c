// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "./IDaisee.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Readings that a meter signed
/// @notice Their EIP-712 digest, the check of their signature, and the layout of a batch (`IDaisee.reportBatch`).
library SignedReadings {
    bytes32 private constant READING_TYPEHASH =
        keccak256("Reading(uint8 sort,address node,address other,uint256 epoch,uint256 register)");

    /// What the meter signs.
    function digest(
        bytes32 domain,
        IDaisee.Sort sort,
        address node,
        address other,
        uint256 epoch,
        uint256 register
    ) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(READING_TYPEHASH, sort, node, other, epoch, register))
        );
    }

    /// Whether `signature`, of 65 or 64 bytes, is by `key`. A node without a key signs nothing.
    function isSignedBy(address key, bytes32 hash, bytes calldata signature) internal pure returns (bool) {
        if (signature.length == 64) {
            return isSignedBy(key, hash, bytes32(signature[:32]), bytes32(signature[32:]));
        }
        (address signer, ECDSA.RecoverError fault,) = ECDSA.tryRecoverCalldata(hash, signature);
        return fault == ECDSA.RecoverError.NoError && signer == key;
    }

    /// The same with an ERC-2098 signature. A signer recovered without error is never zero.
    function isSignedBy(address key, bytes32 hash, bytes32 r, bytes32 vs) internal pure returns (bool) {
        (address signer, ECDSA.RecoverError fault,) = ECDSA.tryRecover(hash, r, vs);
        return fault == ECDSA.RecoverError.NoError && signer == key;
    }

    /// The same with the signature in the 64 bytes before `end` of a batch; `next` made sure that they exist.
    function isSignedBy(address key, bytes32 hash, bytes calldata batch, uint256 end)
        internal
        pure
        returns (bool)
    {
        return isSignedBy(key, hash, _word(batch, end - 64), _word(batch, end - 32));
    }

    /// The reading that begins `start` bytes into a batch, and where it ends.
    function next(bytes calldata batch, uint256 start, uint256 index)
        internal
        pure
        returns (IDaisee.Sort sort, uint256 epoch, address node, address other, uint64 register, uint256 end)
    {
        uint256 number = uint8(batch[start]);
        end = start + (number > 1 ? 114 : 94);
        if (number > 3 || end > batch.length) revert IDaisee.BadBatch(index);
        sort = IDaisee.Sort(number);
        bytes32 word = _word(batch, start + 1);
        epoch = uint8(bytes1(word));
        node = address(bytes20(word << 8));
        if (number > 1) other = address(bytes20(_word(batch, start + 22)));
        register = uint64(bytes8(_word(batch, end - 72)));
    }

    /// 32 bytes of a batch. Slices would check their bounds each time, a fifth of the cost of a whole reading.
    function _word(bytes calldata batch, uint256 start) private pure returns (bytes32 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(batch.offset, start))
        }
    }
}
