// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Books} from "./Books.sol";
import {Intake} from "./slots/Intake.sol";
import {Market} from "./slots/Market.sol";
import {Meter} from "./slots/Meter.sol";
import {Trade} from "./slots/Trade.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The registers of the Daisee ledger
/// @notice How readings raise them, and how the admin corrects them.
abstract contract Registers is Books {
    /// What becomes of a reading below the stored register. (At it, it says nothing new and changes nothing.)
    enum Stale {
        Refused,
        Skipped
    }

    /// Takes a reading whose signature and epoch were checked.
    /// @return whether the books changed
    function _credit(Meter meter, Sort sort, address node, address other, uint256 register, Stale stale)
        internal
        returns (bool)
    {
        // The first meter of a node began with its registers: nothing is stored or read for it.
        if (meter.epoch() != 0) register = _sinceStart(meter.epoch(), sort, node, other, register);
        if (sort == Sort.Production) return _creditProduction(node, meter, register, stale);
        if (sort == Sort.Delivery) return _creditDelivery(node, meter, other, register, stale);
        return _creditConsumption(node, meter, sort == Sort.OwnUse ? node : other, register, stale);
    }

    /// What a register stands at when the meter in use shows `shown`.
    function _sinceStart(uint256 epoch, Sort sort, address node, address other, uint256 shown)
        private
        returns (uint256)
    {
        Start storage start = _startOf(sort, node, other);
        if (start.epoch != epoch) {
            (start.base, start.epoch) = (uint64(_stored(sort, node, other)), uint8(epoch));
        }
        // What a meter shows may be any number: beyond 256 bits it is as much too large as just below them.
        return shown > type(uint128).max ? shown : start.base + shown;
    }

    /// Where the meter in use began to count a register.
    function _startOf(Sort sort, address node, address other) private view returns (Start storage) {
        if (sort < Sort.Consumption || other == node) return _starts[node][sort == Sort.Production ? 0 : 1];
        return _starts[node][(uint256(sort) << 160) | uint160(other)];
    }

    function _stored(Sort sort, address node, address other) private view returns (uint256) {
        if (sort == Sort.Production) return _nodes[node].meter.produced();
        if (sort == Sort.Delivery) return _pairs[other][node].delivered;
        if (sort == Sort.OwnUse || other == node) return _nodes[node].market.ownUse();
        return _pairs[node][other].trade.consumed();
    }

    function _creditProduction(address account, Meter meter, uint256 register, Stale stale)
        internal
        returns (bool)
    {
        _expectSeller(account, meter);
        uint256 stored = meter.produced();
        if (!_rises(stored, register, stale)) return false;
        _nodes[account].meter = meter.withProduced(register);
        unchecked {
            // It rises.
            emit Produced(account, register - stored, register);
        }
        return true;
    }

    function _creditConsumption(address account, Meter meter, address origin, uint256 register, Stale stale)
        internal
        returns (bool)
    {
        if (!meter.isActive()) revert NotANode(account);
        return origin == account
            ? _creditOwnUse(account, meter, register, stale)
            : _creditFromSeller(account, origin, register, stale);
    }

    function _creditOwnUse(address account, Meter meter, uint256 register, Stale stale)
        private
        returns (bool)
    {
        Node storage node = _nodes[account];
        Market market = node.market;
        uint256 stored = market.ownUse();
        if (!_rises(stored, register, stale)) return false;
        unchecked {
            // It rises.
            uint256 energy = register - stored;
            emit Consumed(account, account, energy, register);
            market = market.withOwnUse(register);
            if (market.sellerNumber() != 0) {
                market = _withDrawn(meter, market, energy);
                // Sums of 64 bits.
                uint256 over = _excess(market.taken() + market.drawn(), meter.produced());
                if (over > 0 && meter.sells()) {
                    emit Overdrawn(account, account, Math.min(over, energy), over, 0);
                }
            }
        }
        node.market = market;
        return true;
    }

    /// Takes own use out of the production: of a seller all of it; of who once was one what is left there, so that
    /// it is not for sale again some day.
    function _withDrawn(Meter meter, Market market, uint256 energy) private pure returns (Market) {
        if (!meter.sells()) energy = Math.min(energy, _left(meter, market));
        // Never above ownUse, which fits.
        return market.withDrawn(market.drawn() + energy);
    }

    function _creditFromSeller(address account, address seller, uint256 register, Stale stale)
        private
        returns (bool)
    {
        Pair storage pair = _pairs[account][seller];
        Trade trade = pair.trade;
        uint256 stored = trade.consumed();
        if (!_rises(stored, register, stale)) {
            if (trade.nextSeller() == 0) _expectOrigin(seller, _nodes[seller].market);
            return false;
        }
        unchecked {
            // It rises.
            emit Consumed(account, seller, register - stored, register);
        }
        uint256 before = trade.taken();
        trade = trade.withConsumed(register);
        if (register > before) {
            trade = _withTaken(account, seller, trade, before, register);
            emit Overdrawn(account, seller, register - before, trade.overdrawn(), trade.owed());
        }
        pair.trade = trade;
        return true;
    }

    /// What follows when a buyer's part of a seller's energy changes: what is taken from the seller, what is owed for
    /// it, and the buyer's list.
    function _withTaken(address buyer, address seller, Trade trade, uint256 before, uint256 taken)
        private
        returns (Trade)
    {
        Node storage source = _nodes[seller];
        Market market = _asOfNow(seller, source.market);
        uint256 owedBefore = trade.owed();
        uint256 due;
        unchecked {
            // `before` is a part of what is taken; all are 64 bits.
            uint256 sum = market.taken() - before + taken;
            if (sum > type(uint64).max) revert TakenTooLarge(seller, sum);
            market = market.withTaken(sum);
            // At most 72 thousand million coins: a report is not refused for what it costs.
            if (taken > before) {
                due = Math.min(owedBefore + _cost(taken - before, market.price()), type(uint56).max);
            }
        }
        // A correction: what is still overdrawn is owed as it was.
        if (taken < before) {
            due = Math.ceilDiv(owedBefore * trade.overdrawn(), before - trade.purchased());
        }
        source.market = market;
        trade = trade.withOwed(due);
        if (trade.nextSeller() == 0 || (owedBefore == 0) != (due == 0)) {
            Node storage node = _nodes[buyer];
            Intake intake = node.intake;
            if (owedBefore == 0 && due > 0) intake = intake.withDebts(intake.debts() + 1);
            if (owedBefore > 0 && due == 0) intake = intake.withDebts(intake.debts() - 1);
            if (trade.nextSeller() == 0) {
                _expectOrigin(seller, market);
                (intake, trade) = _linked(intake, trade, market.sellerNumber());
            }
            node.intake = intake;
        }
        return trade;
    }

    function _creditDelivery(address seller, Meter meter, address buyer, uint256 register, Stale stale)
        internal
        returns (bool rises)
    {
        _expectSeller(seller, meter);
        if (seller == buyer) revert OwnEnergy(seller);
        Pair storage pair = _pairs[buyer][seller];
        Trade trade = pair.trade;
        if (!_nodes[buyer].meter.isActive() && trade.nextSeller() == 0) revert NotANode(buyer);
        uint256 stored = pair.delivered;
        rises = _rises(stored, register, stale);
        if (rises) {
            pair.delivered = uint64(register);
            emit Delivered(seller, buyer, register - stored, register);
        } else if (stale == Stale.Skipped) {
            return false;
        }
        // At the same register again, too: the buyer's may have come meanwhile.
        _compare(seller, buyer, register, trade.consumed());
    }

    /// Says so where two registers of the same energy differ by more than is tolerated.
    function _compare(address seller, address buyer, uint256 delivered, uint256 consumed) internal virtual;

    /// Corrects a register; see `IDaisee.correctRegister`.
    function _correct(Sort sort, address account, address other, uint256 register)
        internal
        returns (uint256 was)
    {
        if (register > type(uint64).max) revert RegisterTooLarge(register);
        if (sort > Sort.OwnUse && other == account) revert OwnEnergy(account);
        Node storage node = _nodes[account];
        Start storage start = _startOf(sort, account, other);
        // Below what the meter in use began at, its next reading would raise the register again.
        if (register < start.base && start.epoch == node.meter.epoch()) {
            revert BelowStart(start.base, register);
        }
        was = _stored(sort, account, other);
        if (sort == Sort.OwnUse) {
            Market market = node.market.withOwnUse(register);
            node.market = register > was && market.sellerNumber() != 0
                ? _withDrawn(node.meter, market, register - was)
                : market.withDrawn(_excess(market.drawn(), _excess(was, register)));
        } else if (sort == Sort.Consumption) {
            Pair storage pair = _pairs[account][other];
            Trade trade = pair.trade;
            uint256 before = trade.taken();
            trade = trade.withConsumed(register);
            if (trade.taken() != before) trade = _withTaken(account, other, trade, before, trade.taken());
            pair.trade = trade;
        } else {
            if (node.market.sellerNumber() == 0) revert NotAProducer(account);
            if (sort == Sort.Production) node.meter = node.meter.withProduced(register);
            else _pairs[other][account].delivered = uint64(register);
        }
    }

    function _expectOrigin(address seller, Market market) private pure {
        if (market.sellerNumber() == 0) revert UnknownOrigin(seller);
    }

    function _expectSeller(address account, Meter meter) private pure {
        if (meter.sells()) return;
        if (!meter.isActive()) revert NotANode(account);
        revert NotAProducer(account);
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
}
