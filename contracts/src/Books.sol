// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "./IDaisee.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The books of the Daisee ledger
/// @notice How they are stored, raised by readings, and read. See {IDaisee} for units and what each view says.
/// @dev What can be derived is not stored, so it cannot disagree: the allowance is what was purchased and not
/// consumed, the overdraft what was consumed and not purchased, the energy available what was produced and
/// neither sold nor used.
abstract contract Books is IDaisee {
    /// One slot: all that a report of production reads and writes, signed or not.
    struct Meter {
        address key;
        uint64 produced;
        Kind kind;
        uint24 sellerNumber; // place in `_sellers` from 1; 0: never was a producer
    }

    /// One slot. `drawn` is the part of `ownUse` that was reported as a producer, and so comes out of its own
    /// production; what a consumer draws from its own source is only recorded.
    struct Market {
        uint64 price;
        uint64 sold;
        uint64 ownUse;
        uint64 drawn;
    }

    /// One slot. The sellers that a node has books with form a list linked through its trades, newest first:
    /// it costs no storage of its own, as a new trade writes both of these slots anyway.
    struct Intake {
        uint128 fromSellers;
        uint24 newestSeller;
    }

    struct Node {
        Meter meter;
        Market market;
        Intake intake;
    }

    /// One slot.
    struct Trade {
        uint64 purchased;
        uint64 consumed;
        uint104 spent;
        uint24 nextSeller;
    }

    /// What becomes of a reading below the stored register. (At it, it says nothing new and changes nothing.)
    enum Stale {
        Refused,
        Skipped
    }

    mapping(address account => Node) internal _nodes;
    mapping(address buyer => mapping(address seller => Trade)) internal _trades;
    address[] internal _sellers;

    /// @inheritdoc IDaisee
    function nodeOf(address account)
        external
        view
        returns (Kind kind, bool active, address meterKey, uint256 price)
    {
        Node storage node = _nodes[account];
        kind = node.meter.kind;
        return (kind, kind != Kind.None, node.meter.key, node.market.price);
    }

    /// @inheritdoc IDaisee
    function allowance(address seller, address buyer) external view returns (uint256) {
        Trade storage trade = _trades[buyer][seller];
        return _excess(trade.purchased, trade.consumed);
    }

    /// @inheritdoc IDaisee
    function overdrawn(address buyer, address seller) external view returns (uint256) {
        if (buyer == seller) {
            Node storage node = _nodes[seller];
            return _excess(uint256(node.market.sold) + node.market.drawn, node.meter.produced);
        }
        Trade storage trade = _trades[buyer][seller];
        return _excess(trade.consumed, trade.purchased);
    }

    /// @inheritdoc IDaisee
    function energyProduction(address seller) external view returns (uint256) {
        return _nodes[seller].meter.produced;
    }

    /// @inheritdoc IDaisee
    function energyConsumption(address consumer, address origin) external view returns (uint256) {
        return consumer == origin ? _nodes[consumer].market.ownUse : _trades[consumer][origin].consumed;
    }

    /// @inheritdoc IDaisee
    function totalEnergyConsumption(address consumer) external view returns (uint256) {
        Node storage node = _nodes[consumer];
        return uint256(node.market.ownUse) + node.intake.fromSellers;
    }

    /// @inheritdoc IDaisee
    function available(address seller) external view returns (uint256) {
        return _left(_nodes[seller]);
    }

    /// @inheritdoc IDaisee
    function quote(address seller, uint256 energy) external view returns (uint256) {
        if (energy > type(uint64).max) revert EnergyTooLarge(energy);
        (uint256 price,,) = _offer(_nodes[seller], seller);
        return _cost(energy, price);
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
        return _nodes[account].meter.kind == Kind.Producer;
    }

    /// @inheritdoc IDaisee
    function sellers(uint256 offset, uint256 limit) external view returns (SellerInfo[] memory page) {
        page = new SellerInfo[](Math.min(limit, _excess(_sellers.length, offset)));
        for (uint256 i; i < page.length; ++i) {
            address account = _sellers[offset + i];
            Node storage node = _nodes[account];
            page[i] = SellerInfo({
                account: account,
                active: node.meter.kind == Kind.Producer,
                price: node.market.price,
                produced: node.meter.produced,
                sold: node.market.sold,
                available: _left(node)
            });
        }
    }

    /// @inheritdoc IDaisee
    function purchases(address buyer, uint256 offset, uint256 limit)
        external
        view
        returns (PurchaseInfo[] memory page)
    {
        uint256 first = _nodes[buyer].intake.newestSeller;
        for (; offset > 0 && first != 0; --offset) {
            first = _trades[buyer][_sellers[first - 1]].nextSeller;
        }
        uint256 count;
        for (uint256 number = first; number != 0 && count < limit; ++count) {
            number = _trades[buyer][_sellers[number - 1]].nextSeller;
        }
        page = new PurchaseInfo[](count);
        for (uint256 i; i < count; ++i) {
            address seller = _sellers[first - 1];
            Trade storage trade = _trades[buyer][seller];
            page[i] = PurchaseInfo({
                seller: seller,
                purchased: trade.purchased,
                consumed: trade.consumed,
                allowance: _excess(trade.purchased, trade.consumed),
                overdrawn: _excess(trade.consumed, trade.purchased),
                spent: trade.spent
            });
            first = trade.nextSeller;
        }
    }

    /// @return whether the books changed
    function _credit(address account, address origin, uint256 register, Stale stale) internal returns (bool) {
        return origin == address(0)
            ? _creditProduction(account, register, stale)
            : _creditConsumption(account, origin, register, stale);
    }

    function _creditProduction(address account, uint256 register, Stale stale) internal returns (bool) {
        Meter storage meter = _nodes[account].meter;
        Kind kind = meter.kind;
        if (kind == Kind.None) revert NotANode(account);
        if (kind != Kind.Producer) revert NotAProducer(account);
        uint256 stored = meter.produced;
        if (!_rises(stored, register, stale)) return false;
        meter.produced = uint64(register);
        emit Produced(account, register - stored, register);
        return true;
    }

    function _creditConsumption(address account, address origin, uint256 register, Stale stale)
        internal
        returns (bool)
    {
        Node storage node = _nodes[account];
        Kind kind = node.meter.kind;
        if (kind == Kind.None) revert NotANode(account);
        if (origin != account) return _creditFromSeller(node.intake, account, origin, register, stale);
        return kind == Kind.Producer
            ? _creditDrawn(node, account, register, stale)
            : _creditOwnUse(node.market, account, register, stale);
    }

    /// Own use of a consumer.
    function _creditOwnUse(Market storage market, address account, uint256 register, Stale stale)
        private
        returns (bool)
    {
        uint256 stored = market.ownUse;
        if (!_rises(stored, register, stale)) return false;
        market.ownUse = uint64(register);
        emit Consumed(account, account, register - stored, register);
        return true;
    }

    /// Own use of a producer: it comes out of its production.
    function _creditDrawn(Node storage node, address account, uint256 register, Stale stale)
        private
        returns (bool)
    {
        Market storage market = node.market;
        uint256 stored = market.ownUse;
        uint256 drawn = market.drawn;
        uint256 sold = market.sold;
        if (!_rises(stored, register, stale)) return false;
        uint256 energy = register - stored;
        // Never above ownUse, which fits.
        drawn += energy;
        market.ownUse = uint64(register);
        market.drawn = uint64(drawn);
        emit Consumed(account, account, energy, register);
        uint256 over = _excess(sold + drawn, node.meter.produced);
        if (over > 0) emit Overdrawn(account, account, Math.min(over, energy), over);
        return true;
    }

    function _creditFromSeller(
        Intake storage intake,
        address account,
        address seller,
        uint256 register,
        Stale stale
    ) private returns (bool) {
        Trade storage trade = _trades[account][seller];
        uint256 stored = trade.consumed;
        uint256 purchased = trade.purchased;
        uint24 number;
        if (stored == 0 && purchased == 0) {
            number = _nodes[seller].meter.sellerNumber;
            if (number == 0) revert UnknownOrigin(seller);
        }
        if (!_rises(stored, register, stale)) return false;
        if (number != 0) _link(intake, trade, number);
        uint256 energy = register - stored;
        trade.consumed = uint64(register);
        intake.fromSellers += uint128(energy);
        emit Consumed(account, seller, energy, register);
        uint256 over = _excess(register, purchased);
        if (over > 0) emit Overdrawn(account, seller, Math.min(over, energy), over);
        return true;
    }

    /// Whether a reading raises its register, which was checked to fit then.
    function _rises(uint256 stored, uint256 register, Stale stale) private pure returns (bool) {
        if (register <= stored) {
            if (register < stored && stale == Stale.Refused) revert RegisterFell(stored, register);
            return false;
        }
        if (register > type(uint64).max) revert RegisterTooLarge(register);
        return true;
    }

    /// The terms of a seller that sells.
    function _offer(Node storage source, address seller)
        internal
        view
        returns (uint256 price, uint256 left, uint256 sold)
    {
        if (source.meter.kind != Kind.Producer) revert NotASeller(seller);
        price = source.market.price;
        sold = source.market.sold;
        if (price == 0) revert NotSelling(seller);
        left = _excess(source.meter.produced, sold + source.market.drawn);
    }

    /// micro-Wh * micro-coin/Wh / 1e6, rounded up: in the seller's favour. Both factors are 64 bits.
    function _cost(uint256 energy, uint256 price) internal pure returns (uint256) {
        return (energy * price + 999_999) / 1e6;
    }

    /// What a node produced and neither sold nor drew itself.
    function _left(Node storage node) private view returns (uint256) {
        return _excess(node.meter.produced, uint256(node.market.sold) + node.market.drawn);
    }

    /// How far `a` goes beyond `b`.
    function _excess(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    /// Enter a trade that was blank in its buyer's list.
    function _link(Intake storage intake, Trade storage trade, uint24 sellerNumber) internal {
        trade.nextSeller = intake.newestSeller;
        intake.newestSeller = sellerNumber;
    }
}
