// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CommunityTerms} from "./CommunityTerms.sol";
import {IDaisee} from "./IDaisee.sol";
import {Registers} from "./Registers.sol";
import {SignedReadings} from "./SignedReadings.sol";
import {Intake} from "./slots/Intake.sol";
import {Market, Offer} from "./slots/Market.sol";
import {Meter} from "./slots/Meter.sol";
import {Trade} from "./slots/Trade.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The Daisee ledger
/// @notice See {IDaisee} for units and what each function does.
/// @dev The admin is whoever holds `DEFAULT_ADMIN_ROLE`; a community hands it to a multisig by `grantRole` and
/// `renounceRole`.
contract Daisee is Registers, CommunityTerms, IERC1363Spender, EIP712 {
    using SafeERC20 for IERC20;

    IERC20 private immutable _coin;

    /// @param coin_ what purchases are paid with; a DaiseeCoin
    /// @param admin who registers nodes and may pause
    /// @param agreed what the community agreed on
    /// @param closed paused until the first `unpause`, so that books of an earlier ledger can be restored before
    constructor(IERC20 coin_, address admin, Terms memory agreed, bool closed)
        EIP712("Daisee", "2")
        CommunityTerms(agreed, closed)
    {
        if (admin == address(0)) revert ZeroAddress();
        if (address(coin_).code.length == 0) revert NotACoin(address(coin_));
        _coin = coin_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // ---------------------------------------------------------------------------------------------- the admin

    /// @inheritdoc IDaisee
    function registerNode(address account, Kind kind, address meterKey, uint256 price)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        if (account == address(0)) revert ZeroAddress();
        if (kind == Kind.None) revert KindMissing(account);
        if (kind == Kind.Consumer && price != 0) revert NotAProducer(account);
        _expectPrice(price);
        Node storage node = _nodes[account];
        Meter meter = node.meter;
        if (meter.isActive()) revert AlreadyRegistered(account);
        meter = meter.withKind(kind).withKey(meterKey);
        node.meter = meter;
        if (meter.sells()) {
            Market market = _marketOf(account);
            if (market.sellerNumber() == 0) {
                if (_sellers.length == type(uint16).max) revert TooManySellers(type(uint16).max);
                _sellers.push(account);
                market = market.withSellerNumber(_sellers.length);
            }
            node.market = price == 0
                ? market.withPrice(market.price(), Offer.Closed)
                : market.withPrice(price, Offer.Open);
        }
        emit NodeRegistered(account, kind, meterKey, price);
    }

    /// @inheritdoc IDaisee
    function removeNode(address account) external onlyRole(DEFAULT_ADMIN_ROLE) {
        Node storage node = _nodes[account];
        node.meter = _registered(account).withKind(Kind.None).withKey(address(0));
        Intake intake = node.intake;
        if (intake.buys()) node.intake = intake.withBuys(false);
        emit NodeRemoved(account);
    }

    /// @inheritdoc IDaisee
    function setMeterKey(address account, address meterKey) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _nodes[account].meter = _registered(account).withKey(meterKey);
        emit MeterKeyChanged(account, meterKey);
    }

    /// @inheritdoc IDaisee
    function replaceMeter(address account, address meterKey) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (meterKey == address(0)) revert ZeroAddress();
        Meter meter = _registered(account);
        uint256 epoch = meter.epoch() + 1;
        if (epoch > type(uint8).max) revert TooManyMeters(type(uint8).max);
        _nodes[account].meter = meter.withKey(meterKey).withEpoch(epoch);
        emit MeterReplaced(account, meterKey, epoch);
    }

    /// @inheritdoc IDaisee
    function correctRegister(
        Sort sort,
        address account,
        address other,
        uint256 register,
        string calldata reason
    ) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (bytes(reason).length == 0) revert NoReason();
        if (sort < Sort.Consumption) other = address(0);
        uint256 was = _correct(sort, account, other, register);
        emit RegisterCorrected(account, sort, other, was, register, reason);
    }

    /// @inheritdoc IDaisee
    function restore(NodeBooks[] calldata nodes, TradeBooks[] calldata trades)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        _expectFounding();
        for (uint256 i; i < nodes.length; ++i) {
            _restoreNode(nodes[i]);
            emit NodeRestored(nodes[i]);
        }
        for (uint256 i; i < trades.length; ++i) {
            _restoreTrade(trades[i]);
            emit TradeRestored(trades[i]);
        }
    }

    // ---------------------------------------------------------------------------------------------- the nodes

    /// @inheritdoc IDaisee
    function setPrice(uint256 price) external whenNotPaused {
        if (!_nodes[msg.sender].meter.sells()) revert NotAProducer(msg.sender);
        _expectPrice(price);
        Market market = _marketOf(msg.sender);
        // solhint-disable-next-line not-rely-on-time
        uint256 from = block.timestamp;
        uint256 last = market.price();
        if (price == 0) {
            market = market.withPrice(last, Offer.Closed);
        } else if (price <= last || last == 0 || _priceNotice == 0) {
            market = market.withPrice(price, Offer.Open);
        } else {
            from += _priceNotice;
            _nextPrices[msg.sender] = NextPrice({price: uint40(price), from: uint40(from)});
            market = market.withPrice(last, market.isOpen() ? Offer.Rising : Offer.Waiting);
        }
        _nodes[msg.sender].market = market;
        emit PriceChanged(msg.sender, price, from);
    }

    /// @inheritdoc IDaisee
    function reportProduction(uint256 register) external whenNotPaused {
        _creditProduction(msg.sender, _meterWithoutKey(), register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportConsumption(address origin, uint256 register) external whenNotPaused {
        _creditConsumption(msg.sender, _meterWithoutKey(), origin, register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportDelivery(address buyer, uint256 register) external whenNotPaused {
        _creditDelivery(msg.sender, _meterWithoutKey(), buyer, register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportSigned(Reading calldata reading, bytes calldata signature) external whenNotPaused {
        (Sort sort, address node, address other) = (reading.sort, reading.node, reading.other);
        Meter meter = _nodes[node].meter;
        bytes32 digest =
            SignedReadings.digest(_domainSeparatorV4(), sort, node, other, reading.epoch, reading.register);
        if (!SignedReadings.isSignedBy(meter.key(), digest, signature)) revert BadSignature(0, node);
        if (reading.epoch != meter.epoch()) revert WrongEpoch(node, reading.epoch, meter.epoch());
        _credit(meter, sort, node, other, reading.register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportBatch(bytes calldata readings) external whenNotPaused returns (uint256 credited) {
        bytes32 domain = _domainSeparatorV4();
        uint256 start;
        for (uint256 index; start < readings.length; ++index) {
            (Sort sort, uint256 epoch, address node, address other, uint64 register, uint256 end) =
                SignedReadings.next(readings, start, index);
            start = end;
            Meter meter = _nodes[node].meter;
            if (epoch != meter.epoch()) {
                // Of a meter that was replaced: its key may be gone, so nobody can tell who signed it.
                if (epoch < meter.epoch()) continue;
                revert WrongEpoch(node, epoch, meter.epoch());
            }
            bytes32 digest = SignedReadings.digest(domain, sort, node, other, epoch, register);
            if (!SignedReadings.isSignedBy(meter.key(), digest, readings, end)) {
                revert BadSignature(index, node);
            }
            if (_credit(meter, sort, node, other, register, Stale.Skipped)) ++credited;
        }
    }

    /// @inheritdoc IDaisee
    function buyEnergy(address seller, uint256 energy, uint256 maxCost, uint256 purchasedBefore) external {
        _buy(msg.sender, seller, energy, maxCost, purchasedBefore);
    }

    /// @inheritdoc IDaisee
    function buyEnergyWithPermit(
        address seller,
        uint256 energy,
        uint256 maxCost,
        uint256 purchasedBefore,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        // A permit can be taken from the mempool and used by anyone before this transaction. It has then given
        // the approval it was meant to give; if there is none after all, the transfer says so.
        // solhint-disable no-empty-blocks
        try IERC20Permit(address(_coin)).permit(msg.sender, address(this), maxCost, deadline, v, r, s) {}
            catch {}
        // solhint-enable no-empty-blocks
        _buy(msg.sender, seller, energy, maxCost, purchasedBefore);
    }

    /// @inheritdoc IDaisee
    function payDebt(address seller, uint256 maxCost) external {
        _payDebt(msg.sender, seller, maxCost);
    }

    /// @notice An order in one transaction: `coin.approveAndCall(daisee, value, data)`, with
    /// `data = abi.encode(address seller, uint256 energy, uint256 maxCost, uint256 purchasedBefore)` for a purchase
    /// and `abi.encode(address seller, uint256 maxCost)` for the payment of a debt. Only the coin calls this, and it
    /// names as owner whoever called it.
    /// @param owner the buyer
    /// @param data the order
    /// @return this function's selector, as ERC-1363 asks
    function onApprovalReceived(address owner, uint256, bytes calldata data) external returns (bytes4) {
        if (msg.sender != address(_coin)) revert NotTheCoin(msg.sender);
        if (data.length == 128) {
            (address seller, uint256 energy, uint256 maxCost, uint256 purchasedBefore) =
                abi.decode(data, (address, uint256, uint256, uint256));
            _buy(owner, seller, energy, maxCost, purchasedBefore);
        } else if (data.length == 64) {
            (address seller, uint256 maxCost) = abi.decode(data, (address, uint256));
            _payDebt(owner, seller, maxCost);
        } else {
            revert BadOrder(data.length);
        }
        return IERC1363Spender.onApprovalReceived.selector;
    }

    /// @inheritdoc IDaisee
    function coin() external view returns (address) {
        return address(_coin);
    }

    function _compare(address seller, address buyer, uint256 delivered, uint256 consumed) internal override {
        (uint256 less, uint256 more) = delivered < consumed ? (delivered, consumed) : (consumed, delivered);
        if (more - less > _tolerance + more * _toleranceShare / 1000) {
            emit Disputed(seller, buyer, delivered, consumed);
        }
    }

    function _registered(address account) private view returns (Meter meter) {
        meter = _nodes[account].meter;
        if (!meter.isActive()) revert NotANode(account);
    }

    /// The caller's meter. Who has one with a key does not report in its stead.
    function _meterWithoutKey() private view returns (Meter meter) {
        meter = _nodes[msg.sender].meter;
        if (meter.key() != address(0)) revert SignatureNeeded(msg.sender);
    }

    function _expectPrice(uint256 price) private pure {
        if (price > type(uint40).max) revert PriceTooLarge(price);
    }

    /// Checks, then the books, then the coins: whatever the coin calls finds the books complete, so a purchase
    /// from within a purchase is just the next one.
    function _buy(address buyer, address seller, uint256 energy, uint256 maxCost, uint256 purchasedBefore)
        private
        whenNotPaused
    {
        Node storage node = _nodes[buyer];
        Intake intake = node.intake;
        if (!intake.buys()) {
            Kind kind = node.meter.kind();
            if (kind == Kind.None) revert NotANode(buyer);
            if (kind == Kind.Producer) revert NotABuyer(buyer);
            intake = intake.withBuys(true);
        }
        if (buyer == seller) revert OwnEnergy(buyer);
        if (energy == 0) revert NoEnergy(seller);
        if (intake.purchased() != purchasedBefore) {
            revert PurchasedMeanwhile(purchasedBefore, intake.purchased());
        }
        Pair storage pair = _pairs[buyer][seller];
        Trade trade = pair.trade;
        uint256 cost;
        uint256 fresh = energy;
        if (trade.consumed() > trade.purchased()) {
            uint256 covered;
            (covered, cost) = _covered(trade, energy);
            (intake, trade) = _paid(buyer, seller, intake, trade, covered, cost);
            fresh -= covered;
        }
        if (fresh > 0) {
            if (intake.debts() > 0 && _debtsCloseMarket) revert DebtElsewhere(buyer, intake.debts());
            Node storage source = _nodes[seller];
            Market market = _asOfNow(seller, source.market);
            uint256 left = _offered(seller, source.meter, market);
            if (fresh > left) revert NotEnoughEnergy(seller, left, fresh);
            if (trade.nextSeller() == 0) (intake, trade) = _linked(intake, trade, market.sellerNumber());
            unchecked {
                // With it all that is taken is still no more than what was produced, which fits.
                source.market = market.withTaken(market.taken() + fresh);
                cost += _cost(fresh, market.price());
            }
        }
        if (cost > maxCost) revert CostTooHigh(cost, maxCost);
        (node.intake, pair.trade) = _bought(intake, trade, energy, cost);
        emit Bought(buyer, seller, energy, cost);

        _coin.safeTransferFrom(buyer, seller, cost);
    }

    function _payDebt(address buyer, address seller, uint256 maxCost) private whenNotPaused {
        Pair storage pair = _pairs[buyer][seller];
        Trade trade = pair.trade;
        uint256 energy = trade.overdrawn();
        if (energy == 0) revert NoDebt(buyer, seller);
        uint256 due = trade.owed();
        uint256 amount = Math.min(due, maxCost);
        if (amount < due) {
            if (amount == 0) revert CostTooHigh(due, maxCost);
            energy = energy * amount / due;
        }
        Node storage node = _nodes[buyer];
        Intake intake = node.intake;
        (intake, trade) = _paid(buyer, seller, intake, trade, energy, amount);
        (node.intake, pair.trade) = _bought(intake, trade, energy, amount);
        emit Bought(buyer, seller, energy, amount);

        _coin.safeTransferFrom(buyer, seller, amount);
    }

    /// Takes energy that was overdrawn off what is owed. (What is owed elsewhere stays in the way of a purchase.)
    function _paid(address buyer, address seller, Intake intake, Trade trade, uint256 energy, uint256 amount)
        private
        returns (Intake, Trade)
    {
        uint256 due = trade.owed();
        if (amount > 0 && amount == due) intake = intake.withDebts(intake.debts() - 1);
        emit DebtPaid(buyer, seller, energy, amount);
        return (intake, trade.withOwed(due - amount));
    }

    /// Writes down what was bought and paid.
    function _bought(Intake intake, Trade trade, uint256 energy, uint256 cost)
        private
        pure
        returns (Intake, Trade)
    {
        unchecked {
            // What a buyer purchased from a seller is within what was taken from it, which fits; and all that it
            // purchased the sum of 65,535 such. A cost is 104 bits.
            uint256 spent = trade.spent() + cost;
            if (spent > type(uint56).max) revert SpentTooLarge(spent);
            return (
                intake.withPurchased(intake.purchased() + energy),
                trade.withPurchased(trade.purchased() + energy).withSpent(spent)
            );
        }
    }

    function _restoreNode(NodeBooks calldata books) private {
        Node storage node = _nodes[books.account];
        Market market = node.market;
        if (node.meter.produced() != 0 || market.ownUse() != 0) revert NotBlank(books.account, address(0));
        if (books.produced != 0 && market.sellerNumber() == 0) revert NotAProducer(books.account);
        node.meter = node.meter.withProduced(books.produced);
        node.market = market.withOwnUse(books.ownUse).withDrawn(books.drawn);
    }

    function _restoreTrade(TradeBooks calldata books) private {
        Trade trade = _pairs[books.buyer][books.seller].trade;
        if (trade.nextSeller() != 0) revert NotBlank(books.buyer, books.seller);
        Market market = _nodes[books.seller].market;
        if (market.sellerNumber() == 0) revert UnknownOrigin(books.seller);
        Intake intake = _nodes[books.buyer].intake;
        (intake, trade) = _linked(intake, trade, market.sellerNumber());
        trade = trade.withPurchased(books.purchased).withConsumed(books.consumed).withOwed(books.owed)
            .withSpent(books.spent);
        uint256 taken = market.taken() + trade.taken();
        if (taken > type(uint64).max) revert TakenTooLarge(books.seller, taken);
        _nodes[books.seller].market = market.withTaken(taken);
        if (books.owed > 0) intake = intake.withDebts(intake.debts() + 1);
        _nodes[books.buyer].intake = intake.withPurchased(intake.purchased() + books.purchased);
        _pairs[books.buyer][books.seller].trade = trade;
    }
}
