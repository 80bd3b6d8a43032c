// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Books} from "./Books.sol";
import {IDaisee} from "./IDaisee.sol";
import {SignedReadings} from "./SignedReadings.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The Daisee ledger
/// @notice See {IDaisee} for units and what each function does.
/// @dev The admin is whoever holds `DEFAULT_ADMIN_ROLE`; a community hands it to a multisig by `grantRole` and
/// `renounceRole`.
contract Daisee is Books, IERC1363Spender, AccessControl, Pausable, EIP712 {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    IERC20 private immutable _coin;

    /// @param coin_ what purchases are paid with; a DaiseeCoin
    /// @param admin who registers nodes and may pause
    constructor(IERC20 coin_, address admin) EIP712("Daisee", "1") {
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
        Node storage node = _nodes[account];
        if (node.meter.kind != Kind.None) revert AlreadyRegistered(account);
        if (kind == Kind.Producer && node.meter.sellerNumber == 0) {
            if (_sellers.length == type(uint24).max) revert TooManySellers(type(uint24).max);
            _sellers.push(account);
            node.meter.sellerNumber = uint24(_sellers.length);
        }
        node.meter.kind = kind;
        node.meter.key = meterKey;
        node.market.price = _checkedPrice(price);
        emit NodeRegistered(account, kind, meterKey, price);
    }

    /// @inheritdoc IDaisee
    function removeNode(address account) external onlyRole(DEFAULT_ADMIN_ROLE) {
        Node storage node = _nodes[account];
        if (node.meter.kind == Kind.None) revert NotANode(account);
        node.meter.kind = Kind.None;
        node.meter.key = address(0);
        node.market.price = 0;
        emit NodeRemoved(account);
    }

    /// @inheritdoc IDaisee
    function setMeterKey(address account, address meterKey) external onlyRole(DEFAULT_ADMIN_ROLE) {
        Meter storage meter = _nodes[account].meter;
        if (meter.kind == Kind.None) revert NotANode(account);
        meter.key = meterKey;
        emit MeterKeyChanged(account, meterKey);
    }

    /// @inheritdoc IDaisee
    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    /// @inheritdoc IDaisee
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    // ---------------------------------------------------------------------------------------------- the nodes

    /// @inheritdoc IDaisee
    function setPrice(uint256 price) external whenNotPaused {
        Node storage node = _nodes[msg.sender];
        if (node.meter.kind != Kind.Producer) revert NotAProducer(msg.sender);
        node.market.price = _checkedPrice(price);
        emit PriceChanged(msg.sender, price);
    }

    /// @inheritdoc IDaisee
    function reportProduction(uint256 register) external whenNotPaused {
        _creditProduction(msg.sender, register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportConsumption(address origin, uint256 register) external whenNotPaused {
        _creditConsumption(msg.sender, origin, register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportSigned(Reading calldata reading, bytes calldata signature) external whenNotPaused {
        bytes32 digest =
            SignedReadings.digest(_domainSeparatorV4(), reading.node, reading.origin, reading.register);
        if (!SignedReadings.isSignedBy(_nodes[reading.node].meter.key, digest, signature)) {
            revert BadSignature(0, reading.node);
        }
        _credit(reading.node, reading.origin, reading.register, Stale.Refused);
    }

    /// @inheritdoc IDaisee
    function reportBatch(bytes calldata readings) external whenNotPaused returns (uint256 credited) {
        bytes32 domain = _domainSeparatorV4();
        uint256 start;
        for (uint256 index; start < readings.length; ++index) {
            (address node, address origin, uint64 register, uint256 end) =
                SignedReadings.next(readings, start, index);
            bytes32 digest = SignedReadings.digest(domain, node, origin, register);
            if (!SignedReadings.isSignedBy(_nodes[node].meter.key, digest, readings, end)) {
                revert BadSignature(index, node);
            }
            if (_credit(node, origin, register, Stale.Skipped)) ++credited;
            start = end;
        }
    }

    /// @inheritdoc IDaisee
    function buyEnergy(address seller, uint256 energy, uint256 maxCost) external {
        _buy(msg.sender, seller, energy, maxCost);
    }

    /// @inheritdoc IDaisee
    function buyEnergyWithPermit(
        address seller,
        uint256 energy,
        uint256 maxCost,
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
        _buy(msg.sender, seller, energy, maxCost);
    }

    /// @notice A purchase in one transaction: `coin.approveAndCall(daisee, value, data)` with
    /// `data = abi.encode(address seller, uint256 energy, uint256 maxCost)`. Only the coin calls this, and it
    /// names as owner whoever called it.
    /// @param owner the buyer
    /// @param data the purchase
    /// @return this function's selector, as ERC-1363 asks
    function onApprovalReceived(address owner, uint256, bytes calldata data) external returns (bytes4) {
        if (msg.sender != address(_coin)) revert NotTheCoin(msg.sender);
        if (data.length != 96) revert BadPurchase(data.length);
        (address seller, uint256 energy, uint256 maxCost) = abi.decode(data, (address, uint256, uint256));
        _buy(owner, seller, energy, maxCost);
        return IERC1363Spender.onApprovalReceived.selector;
    }

    /// @inheritdoc IDaisee
    function coin() external view returns (address) {
        return address(_coin);
    }

    function _checkedPrice(uint256 price) private pure returns (uint64) {
        if (price > type(uint64).max) revert PriceTooLarge(price);
        return uint64(price);
    }

    /// Checks, then the books, then the coins: whatever the coin calls finds the books complete, so a purchase
    /// from within a purchase is just the next one.
    function _buy(address buyer, address seller, uint256 energy, uint256 maxCost) private whenNotPaused {
        Node storage node = _nodes[buyer];
        if (node.meter.kind == Kind.None) revert NotANode(buyer);
        if (buyer == seller) revert OwnEnergy(buyer);
        if (energy == 0) revert NoEnergy(seller);
        Node storage source = _nodes[seller];
        (uint256 price, uint256 left, uint256 sold) = _offer(source, seller);
        if (energy > left) revert NotEnoughEnergy(seller, left, energy);
        uint256 cost = _cost(energy, price);
        if (cost > maxCost) revert CostTooHigh(cost, maxCost);

        // Energy sold is energy produced, so both sums fit the 64 bits of a production register.
        source.market.sold = uint64(sold + energy);
        Trade storage trade = _trades[buyer][seller];
        uint256 purchased = trade.purchased;
        if (purchased == 0 && trade.consumed == 0) _link(node.intake, trade, source.meter.sellerNumber);
        uint104 spent = (trade.spent + cost).toUint104();
        trade.purchased = uint64(purchased + energy);
        trade.spent = spent;
        emit Bought(buyer, seller, energy, cost);

        _coin.safeTransferFrom(buyer, seller, cost);
    }
}
