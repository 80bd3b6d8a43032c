// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ledger} from "../base/Ledger.sol";
import {ContractNeighbour} from "./Neighbours.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// A coin that pays a purchase as it was told to before: with a fee, with nothing at all, with any answer, and calling
/// whom it pays or the ledger in the middle of it. Between the mischief it is an honest coin, but for the balances that
/// it tells.
contract RogueCoin is ERC20Permit, ERC1363 {
    enum Answer {
        True,
        False,
        Nothing,
        Two,
        Revert
    }

    error Reluctant();

    bool private _planned;
    Answer private _answer;
    /// In thousandths; 1000 moves nothing, and the payer keeps it.
    uint256 private _fee;
    address private _visited;
    bytes private _order;
    bool private _visiting;
    bool private _lies;
    /// Whether what was called in the middle of the last payment succeeded.
    bool public visitSucceeded;

    constructor() ERC20("DaiseeCoin", "DSC") ERC20Permit("DaiseeCoin") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// How the next payment is made. `order` is a call to the ledger, by `visited` or, without one, by this coin.
    function plan(Answer answer, uint256 fee, address visited, bytes calldata order) external {
        (_planned, _answer, _fee, _visited, _order) = (true, answer, fee, visited, order);
        visitSucceeded = false;
    }

    function forget() external {
        _planned = false;
    }

    function lie(bool lies) external {
        _lies = lies;
    }

    /// Tells the ledger of an approval that nobody gave.
    function announce(Ledger ledger, address owner, bytes calldata order) external {
        ledger.onApprovalReceived(owner, type(uint256).max, order);
    }

    function balanceOf(address account) public view override(ERC20, IERC20) returns (uint256) {
        return _lies ? uint256(keccak256(abi.encode(account, block.number))) : super.balanceOf(account);
    }

    /// What it has written down.
    function truly(address account) external view returns (uint256) {
        return super.balanceOf(account);
    }

    function transferFrom(address from, address to, uint256 value)
        public
        override(ERC20, IERC20)
        returns (bool)
    {
        // A purchase from within a purchase costs nothing.
        if (_visiting) return true;
        if (!_planned) return super.transferFrom(from, to, value);
        _planned = false;
        if (_fee < 1000) {
            _spendAllowance(from, msg.sender, value);
            uint256 fee = value * _fee / 1000;
            _burn(from, fee);
            _transfer(from, to, value - fee);
        }
        if (_order.length > 0) {
            _visiting = true;
            if (_visited == address(0)) (visitSucceeded,) = msg.sender.call(_order);
            else visitSucceeded = ContractNeighbour(_visited).onPaid(_order);
            _visiting = false;
        }
        if (_answer == Answer.Revert) revert Reluctant();
        if (_answer == Answer.Nothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (_answer == Answer.Two) {
            assembly ("memory-safe") {
                mstore(0, 2)
                return(0, 32)
            }
        }
        return _answer == Answer.True;
    }
}
