// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What the ledger keeps, each in one storage slot: as structs they would be read and written once for each member, as
// words they are read and written once. `test/Slots.t.sol` holds every field to its place and its size.

/// The field of `word` at bits `offset` and on, as wide as `most`, becomes `value`, which fits.
function withField(uint256 word, uint256 offset, uint256 most, uint256 value) pure returns (uint256) {
    return (word & ~(most << offset)) | (value << offset);
}
