// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../IDaisee.sol";
import {withField} from "./field.sol";

/// A node's meter: all that a report of production reads and writes, signed or not.
///
///     bits     field
///     0-159    key: address of the key that it signs with; 0: none
///     160-223  produced: register of production
///     224-231  kind of the node
///     232-239  epoch: counts the meters of the node
type Meter is uint256;

using MeterSlot for Meter global;

library MeterSlot {
    function key(Meter meter) internal pure returns (address) {
        return address(uint160(Meter.unwrap(meter)));
    }

    function produced(Meter meter) internal pure returns (uint256) {
        return uint64(Meter.unwrap(meter) >> 160);
    }

    function kind(Meter meter) internal pure returns (IDaisee.Kind) {
        return IDaisee.Kind(uint8(Meter.unwrap(meter) >> 224));
    }

    function epoch(Meter meter) internal pure returns (uint256) {
        return uint8(Meter.unwrap(meter) >> 232);
    }

    /// Whether it is registered.
    function isActive(Meter meter) internal pure returns (bool) {
        return uint8(Meter.unwrap(meter) >> 224) != 0;
    }

    /// Whether it is of a kind that has production and a price.
    function sells(Meter meter) internal pure returns (bool) {
        return uint8(Meter.unwrap(meter) >> 224) >= uint8(IDaisee.Kind.Producer);
    }

    function withKey(Meter meter, address value) internal pure returns (Meter) {
        return Meter.wrap(withField(Meter.unwrap(meter), 0, type(uint160).max, uint160(value)));
    }

    function withProduced(Meter meter, uint256 value) internal pure returns (Meter) {
        return Meter.wrap(withField(Meter.unwrap(meter), 160, type(uint64).max, value));
    }

    function withKind(Meter meter, IDaisee.Kind value) internal pure returns (Meter) {
        return Meter.wrap(withField(Meter.unwrap(meter), 224, type(uint8).max, uint8(value)));
    }

    function withEpoch(Meter meter, uint256 value) internal pure returns (Meter) {
        return Meter.wrap(withField(Meter.unwrap(meter), 232, type(uint8).max, value));
    }
}
