// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The part of forge's cheatcodes that these tests use (https://getfoundry.sh/reference/cheatcodes/overview).
interface Vm {
    function addr(uint256 privateKey) external pure returns (address);
    function assertEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(address left, address right, string calldata why) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertTrue(bool condition, string calldata why) external pure;
    function chainId(uint256 id) external;
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
    function expectEmit(address emitter) external;
    function expectRevert(bytes calldata revertData) external;
    function expectRevert() external;
    function prank(address sender) external;
    function record() external;
    function accesses(address target) external returns (bytes32[] memory reads, bytes32[] memory writes);
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 timestamp) external;

    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }
}

// Where forge answers: the last 20 bytes of keccak256("hevm cheat code").
Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
