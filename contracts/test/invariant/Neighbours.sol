// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin, Ledger} from "../base/Ledger.sol";
import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";

/// A registered neighbour whose account is a contract: whoever pays it with a call makes it do that to the ledger.
contract ContractNeighbour is IERC1363Receiver {
    Ledger private immutable LEDGER;
    Coin private immutable COIN;

    error Refused();

    constructor(Ledger ledger, Coin coin) {
        (LEDGER, COIN) = (ledger, coin);
    }

    function onTransferReceived(address, address, uint256, bytes calldata order) external returns (bytes4) {
        if (!_do(order)) revert Refused();
        return IERC1363Receiver.onTransferReceived.selector;
    }

    /// A coin that tells whom it pays.
    function onPaid(bytes calldata order) external returns (bool) {
        return _do(order);
    }

    function _do(bytes calldata order) private returns (bool succeeded) {
        COIN.approve(address(LEDGER), type(uint256).max);
        (succeeded,) = address(LEDGER).call(order);
        COIN.approve(address(LEDGER), 0);
    }
}

/// A contract that tries whatever it can while it is being paid or given an approval.
contract Trap is IERC1363Receiver, IERC1363Spender {
    Ledger private immutable LEDGER;
    Coin private immutable COIN;
    uint256 public visits;
    uint256 public gains;

    constructor(Ledger ledger, Coin coin) {
        (LEDGER, COIN) = (ledger, coin);
    }

    function onTransferReceived(address, address from, uint256, bytes calldata order)
        external
        returns (bytes4)
    {
        _try(from, order);
        return IERC1363Receiver.onTransferReceived.selector;
    }

    function onApprovalReceived(address owner, uint256, bytes calldata order) external returns (bytes4) {
        _try(owner, order);
        return IERC1363Spender.onApprovalReceived.selector;
    }

    function _try(address giver, bytes calldata order) private {
        (address victim, address seller) = abi.decode(order, (address, address));
        bytes memory purchase = abi.encode(seller, 1, type(uint256).max, LEDGER.totalEnergyPurchased(victim));
        ++visits;
        _count(address(LEDGER), abi.encodeCall(LEDGER.onApprovalReceived, (victim, 1e6, purchase)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.onApprovalReceived, (giver, 1e6, purchase)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.buyEnergy, (seller, 1, type(uint256).max, 0)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.payDebt, (seller, type(uint256).max)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.reportProduction, (1e6)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.reportConsumption, (seller, 1e6)));
        _count(address(LEDGER), abi.encodeCall(LEDGER.pause, ()));
        _count(address(COIN), abi.encodeCall(COIN.transferFrom, (victim, address(this), 1)));
        // Through the coin, but for itself: it is nobody in the books.
        _count(
            address(COIN),
            abi.encodeWithSignature("approveAndCall(address,uint256,bytes)", LEDGER, 1e6, purchase)
        );
    }

    function _count(address target, bytes memory call) private {
        (bool succeeded,) = target.call(call);
        if (succeeded) ++gains;
    }
}
