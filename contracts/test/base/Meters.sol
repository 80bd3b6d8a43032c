// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {vm} from "./Vm.sol";

/// What a meter's firmware does, written from EIP-712 and ERC-2098 and not from the ledger's code.
library Meters {
    function domain(address ledger, uint256 chainId) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Daisee"),
                keccak256("2"),
                chainId,
                ledger
            )
        );
    }

    function digest(address ledger, uint256 chainId, IDaisee.Reading memory reading)
        internal
        pure
        returns (bytes32)
    {
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Reading(uint8 sort,address node,address other,uint256 epoch,uint256 register)"),
                reading.sort,
                reading.node,
                reading.other,
                reading.epoch,
                reading.register
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain(ledger, chainId), message));
    }

    /// 65 bytes.
    function sign(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    /// 64 bytes (ERC-2098).
    function signShort(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
    }

    /// One reading of a batch.
    function pack(uint256 key, bytes32 hash, IDaisee.Reading memory reading)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory head = abi.encodePacked(uint8(reading.sort), uint8(reading.epoch), reading.node);
        if (reading.sort > IDaisee.Sort.OwnUse) head = bytes.concat(head, bytes20(reading.other));
        return abi.encodePacked(head, uint64(reading.register), signShort(key, hash));
    }
}
