// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "./IDaisee.sol";
import {Intake} from "./slots/Intake.sol";
import {Market, Offer} from "./slots/Market.sol";
import {Meter} from "./slots/Meter.sol";
import {Trade} from "./slots/Trade.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The books of the Daisee ledger
/// @notice How they are stored and read. See {IDaisee} for units and what each view says, and slots/ for what
/// a slot holds.
/// @dev What can be derived is not stored, so it cannot disagree: the allowance is what was purchased and not
/// consumed, the overdraft what was consumed and not purchased, the energy available what was produced and
/// neither taken by buyers nor used.
abstract contract Books is IDaisee {
    struct Node {
        Meter meter;
        Market market;
        Intake intake;
    }

    /// A price that was announced.
    struct NextPrice {
        uint40 price;
        uint40 from;
    }

    /// Where the meter of an epoch began to count a register: what is credited is `base` and what it shows.
    struct Start {
        uint64 base;
        uint8 epoch;
    }

    /// What a buyer and a seller have with each other; `delivered` is the seller's register, the trade has the buyer's.
    struct Pair {
        Trade trade;
        uint64 delivered;
    }

    mapping(address account => Node) internal _nodes;
    mapping(address buyer => mapping(address seller => Pair)) internal _pairs;
    address[] internal _sellers;
    mapping(address seller => NextPrice) internal _nextPrices;
    /// Of the meters after a node's first, by what `_startOf` makes of sort and other.
    mapping(address account => mapping(uint256 register => Start)) internal _starts;

    /// @inheritdoc IDaisee
    function nodeOf(address account) external view returns (NodeInfo memory) {
        Meter meter = _nodes[account].meter;
        Market market = _marketOf(account);
        NextPrice memory next = _announced(account, market);
        return NodeInfo({
            kind: meter.kind(),
            active: meter.isActive(),
            meterKey: meter.key(),
            price: _askedPrice(meter, market),
            epoch: meter.epoch(),
            nextPrice: next.price,
            nextPriceAt: next.from
        });
    }

    /// @inheritdoc IDaisee
    function allowance(address seller, address buyer) external view returns (uint256) {
        Trade trade = _pairs[buyer][seller].trade;
        return _excess(trade.purchased(), trade.consumed());
    }

    /// @inheritdoc IDaisee
    function overdrawn(address buyer, address seller) external view returns (uint256) {
        if (buyer != seller) return _pairs[buyer][seller].trade.overdrawn();
        Market market = _nodes[seller].market;
        return _excess(market.taken() + market.drawn(), _nodes[seller].meter.produced());
    }

    /// @inheritdoc IDaisee
    function owed(address buyer, address seller) external view returns (uint256) {
        return _pairs[buyer][seller].trade.owed();
    }

    /// @inheritdoc IDaisee
    function debts(address buyer) external view returns (uint256) {
        return _nodes[buyer].intake.debts();
    }

    /// @inheritdoc IDaisee
    function energyProduction(address seller) external view returns (uint256) {
        return _nodes[seller].meter.produced();
    }

    /// @inheritdoc IDaisee
    function energyConsumption(address consumer, address origin) external view returns (uint256) {
        return
            consumer == origin ? _nodes[consumer].market.ownUse() : _pairs[consumer][origin].trade.consumed();
    }

    /// @inheritdoc IDaisee
    function energyDelivery(address seller, address buyer) external view returns (uint256) {
        return _pairs[buyer][seller].delivered;
    }

    /// @inheritdoc IDaisee
    function totalEnergyConsumption(address consumer) external view returns (uint256 total) {
        total = _nodes[consumer].market.ownUse();
        for (uint256 number = _nodes[consumer].intake.newestSeller(); number != 0;) {
            total += _pairs[consumer][_sellers[number - 1]].trade.consumed();
            number = _next(consumer, number);
        }
    }

    /// @inheritdoc IDaisee
    function totalEnergyPurchased(address buyer) external view returns (uint256) {
        return _nodes[buyer].intake.purchased();
    }

    /// @inheritdoc IDaisee
    function available(address seller) external view returns (uint256) {
        return _left(_nodes[seller].meter, _nodes[seller].market);
    }

    /// @inheritdoc IDaisee
    function quote(address buyer, address seller, uint256 energy) external view returns (uint256 cost) {
        if (energy > type(uint64).max) revert EnergyTooLarge(energy);
        uint256 covered;
        (covered, cost) = _covered(_pairs[buyer][seller].trade, energy);
        if (energy == covered) return cost;
        Market market = _marketOf(seller);
        _offered(seller, _nodes[seller].meter, market);
        return cost + _cost(energy - covered, market.price());
    }

    /// @inheritdoc IDaisee
    function nbSellers() external view returns (uint256) {
        return _sellers.length;
    }

    /// @inheritdoc IDaisee
    function sellerIndex(uint256 index) external view returns (address) {
        return _sellers[index];
    }

    /// @inheritdoc IDaisee
    function isSeller(address account) external view returns (bool) {
        return _nodes[account].meter.sells();
    }

    /// @inheritdoc IDaisee
    function sellers(uint256 offset, uint256 limit) external view returns (SellerInfo[] memory page) {
        page = new SellerInfo[](Math.min(limit, _excess(_sellers.length, offset)));
        for (uint256 i; i < page.length; ++i) {
            address account = _sellers[offset + i];
            Meter meter = _nodes[account].meter;
            Market market = _marketOf(account);
            NextPrice memory next = _announced(account, market);
            page[i] = SellerInfo({
                account: account,
                active: meter.sells(),
                price: _askedPrice(meter, market),
                nextPrice: next.price,
                nextPriceAt: next.from,
                produced: meter.produced(),
                taken: market.taken(),
                available: _left(meter, market)
            });
        }
    }

    /// @inheritdoc IDaisee
    function purchases(address buyer, uint256 offset, uint256 limit)
        external
        view
        returns (PurchaseInfo[] memory page)
    {
        uint256 first = _nodes[buyer].intake.newestSeller();
        for (; offset > 0 && first != 0; --offset) {
            first = _next(buyer, first);
        }
        uint256 count;
        for (uint256 number = first; number != 0 && count < limit; ++count) {
            number = _next(buyer, number);
        }
        page = new PurchaseInfo[](count);
        for (uint256 i; i < count; ++i) {
            address seller = _sellers[first - 1];
            Trade trade = _pairs[buyer][seller].trade;
            page[i] = PurchaseInfo({
                seller: seller,
                purchased: trade.purchased(),
                consumed: trade.consumed(),
                allowance: _excess(trade.purchased(), trade.consumed()),
                overdrawn: trade.overdrawn(),
                owed: trade.owed(),
                spent: trade.spent(),
                delivered: _pairs[buyer][seller].delivered
            });
            first = _next(buyer, first);
        }
    }

    /// The seller before `number` in a buyer's list; 0 after the oldest.
    function _next(address buyer, uint256 number) private view returns (uint256 next) {
        next = _pairs[buyer][_sellers[number - 1]].trade.nextSeller();
        if (next == number) next = 0;
    }

    /// Enters a trade that was blank in its buyer's list.
    function _linked(Intake intake, Trade trade, uint256 sellerNumber) internal pure returns (Intake, Trade) {
        uint256 newest = intake.newestSeller();
        return
            (intake.withNewestSeller(sellerNumber), trade.withNextSeller(newest == 0 ? sellerNumber : newest));
    }

    /// The market of a seller as of now: an announced price that is due is its price.
    function _marketOf(address seller) internal view returns (Market) {
        return _asOfNow(seller, _nodes[seller].market);
    }

    function _asOfNow(address seller, Market market) internal view returns (Market) {
        if (market.awaitsPrice()) {
            NextPrice storage next = _nextPrices[seller];
            // A validator shifts time by seconds, and a notice is longer.
            // solhint-disable-next-line not-rely-on-time
            if (block.timestamp >= next.from) market = market.withPrice(next.price, Offer.Open);
        }
        return market;
    }

    function _announced(address seller, Market market) private view returns (NextPrice memory next) {
        if (market.awaitsPrice()) next = _nextPrices[seller];
    }

    /// What a node asks; 0: it sells nothing.
    function _askedPrice(Meter meter, Market market) private pure returns (uint256) {
        return meter.sells() && market.isOpen() ? market.price() : 0;
    }

    /// What is left of a seller that sells.
    function _offered(address seller, Meter meter, Market market) internal pure returns (uint256) {
        if (!meter.sells()) revert NotASeller(seller);
        if (!market.isOpen()) revert NotSelling(seller);
        return _left(meter, market);
    }

    /// How much of an order covers what is overdrawn, and what is owed for that: a part of it rounded up, in the
    /// seller's favour.
    function _covered(Trade trade, uint256 energy) internal pure returns (uint256 covered, uint256 due) {
        uint256 over = trade.overdrawn();
        if (over == 0) return (0, 0);
        if (energy >= over) return (over, trade.owed());
        return (energy, Math.ceilDiv(trade.owed() * energy, over));
    }

    /// micro-Wh * micro-coin/Wh / 1e6, rounded up: in the seller's favour. The factors are 64 and 40 bits.
    function _cost(uint256 energy, uint256 price) internal pure returns (uint256) {
        unchecked {
            return (energy * price + 999_999) / 1e6;
        }
    }

    /// What a node produced, no buyer took and it did not draw itself.
    function _left(Meter meter, Market market) internal pure returns (uint256) {
        unchecked {
            // Sums of 64 bits.
            return _excess(meter.produced(), market.taken() + market.drawn());
        }
    }

    /// How far `a` goes beyond `b`.
    function _excess(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return a > b ? a - b : 0;
        }
    }
}
