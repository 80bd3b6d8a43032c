// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Checks} from "../base/Checks.sol";

/// The books as the laws tell them, step by step: allowance and overdraft are moved by hand here, where the
/// ledger derives them, so that a slip in either shows as a difference.
abstract contract Model is Checks {
    struct NodeBook {
        IDaisee.Kind kind;
        uint256 price;
        uint256 meterKey; // private; 0: none
        uint256 produced;
        uint256 sold;
        uint256 ownUse;
        uint256 ownBacked;
        uint256 ownOverdrawn;
        uint256 totalConsumed;
        bool seller; // now or once
        uint256 coins;
    }

    struct TradeBook {
        uint256 purchased;
        uint256 consumed;
        uint256 allowance;
        uint256 overdrawn;
        uint256 spent;
    }

    mapping(address => NodeBook) internal node;
    mapping(address => mapping(address => TradeBook)) internal trade;
    bool internal paused;
    uint256 internal minted;

    function availableOf(address seller) public view returns (uint256) {
        return node[seller].produced - node[seller].sold - node[seller].ownBacked;
    }

    function costOf(uint256 energy, uint256 price) internal pure returns (uint256) {
        return energy * price / 1e6 + (energy * price % 1e6 == 0 ? 0 : 1);
    }

    function stored(address account, address origin) internal view returns (uint256) {
        if (origin == address(0)) return node[account].produced;
        return origin == account ? node[account].ownUse : trade[account][origin].consumed;
    }

    /// Whether `account` may report for `origin` at all.
    function mayReport(address account, address origin) internal view returns (bool) {
        if (paused || node[account].kind == IDaisee.Kind.None) return false;
        if (origin == address(0)) return node[account].kind == IDaisee.Kind.Producer;
        return origin == account || node[origin].seller;
    }

    function reported(address account, address origin, uint256 register) internal {
        uint256 energy = register - stored(account, origin);
        NodeBook storage own = node[account];
        if (origin == address(0)) {
            own.produced += energy;
            uint256 covers = min(energy, own.ownOverdrawn);
            own.ownOverdrawn -= covers;
            own.ownBacked += covers;
            return;
        }
        own.totalConsumed += energy;
        if (origin != account) {
            TradeBook storage book = trade[account][origin];
            uint256 allowed = min(energy, book.allowance);
            book.consumed += energy;
            book.allowance -= allowed;
            book.overdrawn += energy - allowed;
            return;
        }
        if (own.kind == IDaisee.Kind.Producer) {
            uint256 backed = min(energy, availableOf(account));
            own.ownBacked += backed;
            own.ownOverdrawn += energy - backed;
        }
        own.ownUse += energy;
    }

    /// Whether the purchase must succeed, given that the approval is large enough.
    function mayBuy(address buyer, address seller, uint256 energy, uint256 coins)
        internal
        view
        returns (bool)
    {
        NodeBook storage source = node[seller];
        return !paused && node[buyer].kind != IDaisee.Kind.None && buyer != seller && energy > 0
            && source.kind == IDaisee.Kind.Producer && source.price > 0 && energy <= availableOf(seller)
            && costOf(energy, source.price) <= coins;
    }

    function bought(address buyer, address seller, uint256 energy) internal {
        uint256 cost = booked(buyer, seller, energy);
        node[seller].coins += cost;
        node[buyer].coins -= cost;
    }

    /// What a purchase does to the books, wherever the coins go.
    function booked(address buyer, address seller, uint256 energy) internal returns (uint256 cost) {
        cost = costOf(energy, node[seller].price);
        TradeBook storage book = trade[buyer][seller];
        uint256 covers = min(energy, book.overdrawn);
        book.overdrawn -= covers;
        book.allowance += energy - covers;
        book.purchased += energy;
        book.spent += cost;
        node[seller].sold += energy;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
