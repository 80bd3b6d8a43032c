// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {withField} from "./field.sol";

/// What a node is as a seller, and what it uses itself.
///
///     0-63     taken: sum over its buyers of the higher of purchased and consumed, so that what is overdrawn is not
///              for sale either
///     64-127   ownUse: register of consumption from its own source
///     128-191  drawn: the part of it that came out of its own production
///     192-231  price, the last one: it outlives its offer, and what is overdrawn then is owed at it
///     232-239  offer: how that price stands
///     240-255  sellerNumber: place among the sellers from 1; 0: never was one
type Market is uint256;

using MarketSlot for Market global;

/// How a seller's price stands, as two bits: 1, it sells; 2, another price was announced. `Waiting`: it sells nothing
/// until the announced price takes effect. `Rising`: it sells at its price until a higher one does.
enum Offer {
    Closed,
    Open,
    Waiting,
    Rising
}

library MarketSlot {
    function taken(Market market) internal pure returns (uint256) {
        return uint64(Market.unwrap(market));
    }

    function ownUse(Market market) internal pure returns (uint256) {
        return uint64(Market.unwrap(market) >> 64);
    }

    function drawn(Market market) internal pure returns (uint256) {
        return uint64(Market.unwrap(market) >> 128);
    }

    function price(Market market) internal pure returns (uint256) {
        return uint40(Market.unwrap(market) >> 192);
    }

    /// Whether it sells, at its price.
    function isOpen(Market market) internal pure returns (bool) {
        return Market.unwrap(market) & (1 << 232) != 0;
    }

    /// Whether another price was announced.
    function awaitsPrice(Market market) internal pure returns (bool) {
        return Market.unwrap(market) & (2 << 232) != 0;
    }

    function sellerNumber(Market market) internal pure returns (uint256) {
        return Market.unwrap(market) >> 240;
    }

    function withTaken(Market market, uint256 value) internal pure returns (Market) {
        return Market.wrap(withField(Market.unwrap(market), 0, type(uint64).max, value));
    }

    function withOwnUse(Market market, uint256 value) internal pure returns (Market) {
        return Market.wrap(withField(Market.unwrap(market), 64, type(uint64).max, value));
    }

    function withDrawn(Market market, uint256 value) internal pure returns (Market) {
        return Market.wrap(withField(Market.unwrap(market), 128, type(uint64).max, value));
    }

    function withPrice(Market market, uint256 value, Offer standing) internal pure returns (Market) {
        uint256 word = withField(Market.unwrap(market), 192, type(uint40).max, value);
        return Market.wrap(withField(word, 232, type(uint8).max, uint8(standing)));
    }

    function withSellerNumber(Market market, uint256 value) internal pure returns (Market) {
        return Market.wrap(withField(Market.unwrap(market), 240, type(uint16).max, value));
    }
}
