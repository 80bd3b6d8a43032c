// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// What is read from a contract that forge runs as a test, and how its tests assert.
abstract contract Checks {
    bool public constant IS_TEST = true;

    function assertEq(uint256 left, uint256 right) internal pure {
        vm.assertEq(left, right, "");
    }

    function assertEq(uint256 left, uint256 right, string memory why) internal pure {
        // Asked here first: the invariants ask some millions of times, and a call to forge is slow.
        if (left != right) vm.assertEq(left, right, why);
    }

    function assertEq(address left, address right) internal pure {
        vm.assertEq(left, right, "");
    }

    function assertTrue(bool condition, string memory why) internal pure {
        if (!condition) fail(why);
    }

    function fail(string memory why) internal pure {
        vm.assertTrue(false, why);
    }

    /// A random number brought between `least` and `most`; small ones stay themselves.
    function bound(uint256 random, uint256 least, uint256 most) internal pure returns (uint256) {
        if (random >= least && random <= most) return random;
        uint256 size = most - least + 1;
        return size == 0 ? random : least + random % size;
    }
}
