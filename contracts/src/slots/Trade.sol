// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {withField} from "./field.sol";

/// What a buyer has with a seller.
///
///     0-63     purchased
///     64-127   consumed: register of consumption from that seller's source
///     128-183  spent: micro-coins paid
///     184-239  owed: micro-coins for what is overdrawn
///     240-255  nextSeller: the next in the buyer's list; the oldest names itself, so that 0 is a blank trade
type Trade is uint256;

using TradeSlot for Trade global;

library TradeSlot {
    function purchased(Trade trade) internal pure returns (uint256) {
        return uint64(Trade.unwrap(trade));
    }

    function consumed(Trade trade) internal pure returns (uint256) {
        return uint64(Trade.unwrap(trade) >> 64);
    }

    function spent(Trade trade) internal pure returns (uint256) {
        return uint56(Trade.unwrap(trade) >> 128);
    }

    function owed(Trade trade) internal pure returns (uint256) {
        return uint56(Trade.unwrap(trade) >> 184);
    }

    function nextSeller(Trade trade) internal pure returns (uint256) {
        return Trade.unwrap(trade) >> 240;
    }

    /// Energy consumed and not purchased.
    function overdrawn(Trade trade) internal pure returns (uint256) {
        (uint256 all, uint256 had) = (trade.consumed(), trade.purchased());
        return all > had ? all - had : 0;
    }

    /// What of the seller's energy is this buyer's: the higher of purchased and consumed.
    function taken(Trade trade) internal pure returns (uint256) {
        (uint256 all, uint256 had) = (trade.consumed(), trade.purchased());
        return all > had ? all : had;
    }

    function withPurchased(Trade trade, uint256 value) internal pure returns (Trade) {
        return Trade.wrap(withField(Trade.unwrap(trade), 0, type(uint64).max, value));
    }

    function withConsumed(Trade trade, uint256 value) internal pure returns (Trade) {
        return Trade.wrap(withField(Trade.unwrap(trade), 64, type(uint64).max, value));
    }

    function withSpent(Trade trade, uint256 value) internal pure returns (Trade) {
        return Trade.wrap(withField(Trade.unwrap(trade), 128, type(uint56).max, value));
    }

    function withOwed(Trade trade, uint256 value) internal pure returns (Trade) {
        return Trade.wrap(withField(Trade.unwrap(trade), 184, type(uint56).max, value));
    }

    function withNextSeller(Trade trade, uint256 value) internal pure returns (Trade) {
        return Trade.wrap(withField(Trade.unwrap(trade), 240, type(uint16).max, value));
    }
}
