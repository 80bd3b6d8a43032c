// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Checks} from "../base/Checks.sol";

/// The books as the laws tell them, step by step: allowance, overdraft and what is left are moved by hand here, where
/// the ledger derives them, so that a slip in either shows as a difference.
abstract contract Model is Checks {
    struct NodeBook {
        IDaisee.Kind kind;
        uint256 price; // the last one
        bool selling;
        uint256 nextPrice; // 0: none announced
        uint256 nextPriceAt;
        uint256 meterKey; // private; 0: none
        uint256 epoch;
        uint256 produced;
        uint256 sold;
        uint256 drawnByBuyers; // and not bought
        uint256 ownUse;
        uint256 drawn; // by itself, out of its production
        uint256 totalConsumed;
        uint256 totalPurchased;
        bool seller; // now or once
        uint256 coins;
    }

    struct TradeBook {
        uint256 purchased;
        uint256 consumed;
        uint256 allowance;
        uint256 overdrawn;
        uint256 owed;
        uint256 spent;
        uint256 delivered;
        bool known;
    }

    /// Where the meter of an epoch began to count a register.
    struct StartBook {
        uint256 base;
        uint256 epoch;
    }

    mapping(address => NodeBook) internal node;
    mapping(address => mapping(address => TradeBook)) internal trade;
    mapping(bytes32 => StartBook) internal starts;
    bool internal paused;
    bool internal debtsCloseMarket = true;
    uint256 internal priceNotice;
    uint256 internal minted;

    function sells(address account) internal view returns (bool) {
        return node[account].kind == IDaisee.Kind.Producer || node[account].kind == IDaisee.Kind.Prosumer;
    }

    /// What left a seller's source, or is promised.
    function takenFrom(address seller) internal view returns (uint256) {
        return node[seller].sold + node[seller].drawnByBuyers;
    }

    function availableOf(address seller) public view returns (uint256) {
        return excess(node[seller].produced, takenFrom(seller) + node[seller].drawn);
    }

    function costOf(uint256 energy, uint256 price) internal pure returns (uint256) {
        return energy * price / 1e6 + (energy * price % 1e6 == 0 ? 0 : 1);
    }

    // ---------------------------------------------------------------------------------------------- the price

    /// An announced price that is due is the price.
    function settlePrice(address seller) internal {
        NodeBook storage book = node[seller];
        if (book.nextPrice == 0 || block.timestamp < book.nextPriceAt) return;
        (book.price, book.selling, book.nextPrice) = (book.nextPrice, true, 0);
    }

    function priced(address seller, uint256 price) internal {
        settlePrice(seller);
        NodeBook storage book = node[seller];
        if (price == 0) {
            (book.selling, book.nextPrice) = (false, 0);
        } else if (price <= book.price || book.price == 0 || priceNotice == 0) {
            (book.price, book.selling, book.nextPrice) = (price, true, 0);
        } else {
            (book.nextPrice, book.nextPriceAt) = (price, block.timestamp + priceNotice);
        }
    }

    // ------------------------------------------------------------------------------------------- the registers

    function stored(IDaisee.Sort sort, address account, address other) internal view returns (uint256) {
        if (sort == IDaisee.Sort.Production) return node[account].produced;
        if (sort == IDaisee.Sort.OwnUse) return node[account].ownUse;
        if (sort == IDaisee.Sort.Delivery) return trade[other][account].delivered;
        return trade[account][other].consumed;
    }

    /// Whether `account` may report that register at all.
    function mayReport(IDaisee.Sort sort, address account, address other) internal view returns (bool) {
        if (paused || node[account].kind == IDaisee.Kind.None) return false;
        if (sort == IDaisee.Sort.OwnUse) return true;
        if (sort == IDaisee.Sort.Consumption) return node[other].seller && other != account;
        if (!sells(account)) return false;
        if (sort == IDaisee.Sort.Production) return true;
        return account != other && (node[other].kind != IDaisee.Kind.None || trade[other][account].known);
    }

    function startKey(IDaisee.Sort sort, address account, address other) internal pure returns (bytes32) {
        return keccak256(abi.encode(sort, account, sort > IDaisee.Sort.OwnUse ? other : address(0)));
    }

    /// Where the meter in use began, or begins with its first reading.
    function baseOf(IDaisee.Sort sort, address account, address other) internal view returns (uint256) {
        if (node[account].epoch == 0) return 0;
        StartBook storage start = starts[startKey(sort, account, other)];
        return start.epoch == node[account].epoch ? start.base : stored(sort, account, other);
    }

    /// A signed reading was taken, or skipped for being stale.
    function began(IDaisee.Sort sort, address account, address other) internal {
        uint256 base = baseOf(sort, account, other);
        if (node[account].epoch == 0) return;
        starts[startKey(sort, account, other)] = StartBook(base, node[account].epoch);
    }

    function reported(IDaisee.Sort sort, address account, address other, uint256 register) internal {
        uint256 energy = register - stored(sort, account, other);
        NodeBook storage own = node[account];
        if (energy == 0) return;
        if (sort == IDaisee.Sort.Production) {
            own.produced += energy;
        } else if (sort == IDaisee.Sort.Delivery) {
            trade[other][account].delivered += energy;
        } else if (sort == IDaisee.Sort.OwnUse) {
            if (sells(account)) own.drawn += energy;
            else if (own.seller) own.drawn += min(energy, availableOf(account));
            own.ownUse += energy;
            own.totalConsumed += energy;
        } else {
            drawn(account, other, energy);
        }
    }

    /// A buyer draws energy of a seller: what it has bought first, then what it owes at the price of now.
    function drawn(address buyer, address seller, uint256 energy) internal {
        settlePrice(seller);
        TradeBook storage book = trade[buyer][seller];
        uint256 allowed = min(energy, book.allowance);
        book.known = true;
        book.consumed += energy;
        book.allowance -= allowed;
        book.overdrawn += energy - allowed;
        book.owed += costOf(energy - allowed, node[seller].price);
        node[seller].drawnByBuyers += energy - allowed;
        node[buyer].totalConsumed += energy;
    }

    /// Whether the admin may correct a register so.
    function mayCorrect(IDaisee.Sort sort, address account, address other, uint256 register)
        internal
        view
        returns (bool)
    {
        if (sort > IDaisee.Sort.OwnUse && other == account) return false;
        StartBook storage start = starts[startKey(sort, account, other)];
        if (register < start.base && start.epoch == node[account].epoch) return false;
        if (sort == IDaisee.Sort.OwnUse) return true;
        if (sort == IDaisee.Sort.Consumption) {
            return node[other].seller || (!trade[account][other].known && register == 0);
        }
        return node[account].seller;
    }

    function corrected(IDaisee.Sort sort, address account, address other, uint256 register) internal {
        uint256 was = stored(sort, account, other);
        NodeBook storage own = node[account];
        if (sort == IDaisee.Sort.Production) {
            own.produced = register;
        } else if (sort == IDaisee.Sort.Delivery) {
            trade[other][account].delivered = register;
        } else if (register >= was) {
            reported(sort, account, other, register);
        } else if (sort == IDaisee.Sort.OwnUse) {
            own.drawn -= min(own.drawn, was - register);
            own.ownUse = register;
            own.totalConsumed -= was - register;
        } else {
            // What was overdrawn was drawn last, and is taken back first, with its part of what is owed.
            TradeBook storage book = trade[account][other];
            uint256 back = min(was - register, book.overdrawn);
            if (back > 0) book.owed -= book.owed * back / book.overdrawn;
            book.overdrawn -= back;
            node[other].drawnByBuyers -= back;
            book.allowance += was - register - back;
            book.consumed = register;
            own.totalConsumed -= was - register;
        }
    }

    // ---------------------------------------------------------------------------------------------- the market

    function debtsOf(address buyer) internal view virtual returns (uint256);

    /// What an order covers of what its buyer has overdrawn, and what is owed for that.
    function coveredBy(address buyer, address seller, uint256 energy)
        internal
        view
        returns (uint256 covers, uint256 due)
    {
        TradeBook storage book = trade[buyer][seller];
        covers = min(energy, book.overdrawn);
        if (covers == book.overdrawn) return (covers, book.owed);
        due = book.owed * covers;
        due = due / book.overdrawn + (due % book.overdrawn == 0 ? 0 : 1);
    }

    function costFor(address buyer, address seller, uint256 energy) internal view returns (uint256) {
        (uint256 covers, uint256 due) = coveredBy(buyer, seller, energy);
        return due + costOf(energy - covers, node[seller].price);
    }

    /// Whether the purchase must succeed, given that the approval is large enough. Prices are settled.
    function mayBuy(address buyer, address seller, uint256 energy, uint256 coins)
        internal
        view
        returns (bool)
    {
        IDaisee.Kind kind = node[buyer].kind;
        if (paused || (kind != IDaisee.Kind.Consumer && kind != IDaisee.Kind.Prosumer)) return false;
        if (buyer == seller || energy == 0) return false;
        (uint256 covers,) = coveredBy(buyer, seller, energy);
        if (covers < energy) {
            uint256 elsewhere = debtsOf(buyer) - (trade[buyer][seller].owed > 0 ? 1 : 0);
            if (debtsCloseMarket && elsewhere > 0) return false;
            if (!sells(seller) || !node[seller].selling) return false;
            if (energy - covers > availableOf(seller)) return false;
        }
        return costFor(buyer, seller, energy) <= coins;
    }

    function bought(address buyer, address seller, uint256 energy) internal {
        uint256 cost = booked(buyer, seller, energy);
        node[seller].coins += cost;
        node[buyer].coins -= cost;
    }

    /// What a purchase does to the books, wherever the coins go.
    function booked(address buyer, address seller, uint256 energy) internal returns (uint256 cost) {
        (uint256 covers, uint256 due) = coveredBy(buyer, seller, energy);
        cost = costFor(buyer, seller, energy);
        covered(buyer, seller, covers, due);
        TradeBook storage book = trade[buyer][seller];
        book.known = true;
        book.allowance += energy - covers;
        book.purchased += energy - covers;
        book.spent += cost - due;
        node[seller].sold += energy - covers;
        node[buyer].totalPurchased += energy - covers;
    }

    /// What was overdrawn is bought.
    function covered(address buyer, address seller, uint256 energy, uint256 amount) internal {
        TradeBook storage book = trade[buyer][seller];
        book.overdrawn -= energy;
        book.owed -= amount;
        book.purchased += energy;
        book.spent += amount;
        node[seller].drawnByBuyers -= energy;
        node[seller].sold += energy;
        node[buyer].totalPurchased += energy;
    }

    function excess(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
