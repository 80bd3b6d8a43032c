// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../base/Ledger.sol";
import {vm} from "../base/Vm.sol";
import {Laws} from "./Laws.sol";
import {RogueCoin} from "./RogueCoin.sol";

/// A ledger that was deployed with a coin it cannot trust. Nobody can help whom such a coin cheats of coins, but the
/// books of energy stay true: laws 2, 3 and 5 hold, a payment that is not confirmed leaves no trace, and what is called
/// in the middle of a payment finds the books complete.
contract RogueMoney is Laws {
    RogueCoin private _rogue;

    struct Payment {
        address buyer;
        address seller;
        uint256 energy;
        uint256 fee;
        RogueCoin.Answer answer;
    }

    function newCoin() internal override returns (Coin) {
        _rogue = new RogueCoin();
        return Coin(address(_rogue));
    }

    function buyWithMischief(uint256 who, uint256 from, uint256 energy, uint256 how) external {
        Payment memory payment = _somePayment(who, from, energy, how);
        _rogue.plan(payment.answer, payment.fee, address(0), "");
        if (_pay(payment)) ++done["purchase with mischief"];
    }

    /// Whoever is paid reports, sets its price, or buys from within the payment.
    function sellToOneWhoCallsBack(uint256 who, uint256 energy, uint256 how, uint256 what) external {
        address seller = accounts[4];
        Payment memory payment = _somePayment(who, 4, energy, how);
        payment.seller = seller;
        payment.energy = someEnergy(seller, energy);
        if (what % 3 == 0) {
            address source = someSeller(what / 3);
            uint256 more = someEnergy(source, what);
            settlePrice(source);
            bytes memory order = purchaseOf(seller, source, more, type(uint256).max);
            _rogue.plan(payment.answer, payment.fee, seller, order);
            if (_pay(payment)) _visitBought(seller, source, more);
            return;
        }
        // Foretold before the payment: neither what may be reported nor the register is changed by a purchase.
        ContractAct memory deed = someAct(seller, what / 3, what % (20 * WH));
        _rogue.plan(payment.answer, payment.fee, seller, deed.order);
        if (!_pay(payment)) return;
        happened("act from within a payment", deed.expected, _rogue.visitSucceeded());
        if (_rogue.visitSucceeded()) acted(deed);
    }

    /// The coin itself announces another's approval in the middle of a payment.
    function buyForAnotherMeanwhile(uint256 who, uint256 from, uint256 energy, uint256 how, uint256 what)
        external
    {
        Payment memory payment = _somePayment(who, from, energy, how);
        (address victim, address source) = (someone(what), someSeller(what / 7));
        uint256 more = someEnergy(source, what / 49);
        settlePrice(source);
        // What the victim will have bought by then, where it is the buyer of the payment, too.
        uint256 before = node[victim].totalPurchased + (victim == payment.buyer ? payment.energy : 0);
        bytes memory order = abi.encode(source, more, type(uint256).max, before);
        _rogue.plan(
            payment.answer,
            payment.fee,
            address(0),
            abi.encodeCall(daisee.onApprovalReceived, (victim, 0, order))
        );
        if (_pay(payment)) _visitBought(victim, source, more);
    }

    function lieAboutBalances(bool lies) external {
        _rogue.lie(lies);
        ++done["lie"];
    }

    function _somePayment(uint256 who, uint256 from, uint256 energy, uint256 how)
        private
        returns (Payment memory payment)
    {
        payment.buyer = someone(who);
        payment.seller = someSeller(from);
        settlePrice(payment.seller);
        payment.energy = someEnergy(payment.seller, energy);
        payment.fee = how % 4 == 0 ? 1000 : how % 4 * 100 - 100;
        payment.answer = how % 2 == 0 ? RogueCoin.Answer.True : RogueCoin.Answer(how / 8 % 5);
    }

    /// Buys as planned; whether the ledger took it.
    function _pay(Payment memory payment) private returns (bool succeeded) {
        (address buyer, address seller) = (payment.buyer, payment.seller);
        uint256 coins = payment.fee == 1000 ? type(uint256).max : node[buyer].coins;
        bool expected = mayBuy(buyer, seller, payment.energy, coins)
            && (payment.answer == RogueCoin.Answer.True || payment.answer == RogueCoin.Answer.Nothing);
        vm.prank(buyer);
        coin.approve(address(daisee), type(uint256).max);
        bytes memory order = purchaseOf(buyer, seller, payment.energy, type(uint256).max);
        vm.prank(buyer);
        (succeeded,) = address(daisee).call(order);
        vm.prank(buyer);
        coin.approve(address(daisee), 0);
        _rogue.forget();
        if (expected != succeeded) {
            fail(succeeded ? "an unpaid purchase was accepted" : "a payment was refused");
        }
        if (!succeeded) {
            ++done["payment refused"];
            return false;
        }
        uint256 cost = booked(buyer, seller, payment.energy);
        if (payment.fee == 1000) return true;
        uint256 fee = cost * payment.fee / 1000;
        node[buyer].coins -= cost;
        node[seller].coins += cost - fee;
        minted -= fee;
    }

    function _visitBought(address buyer, address seller, uint256 energy) private {
        bool expected = mayBuy(buyer, seller, energy, type(uint256).max);
        happened("purchase from within a payment", expected, _rogue.visitSucceeded());
        if (_rogue.visitSucceeded()) booked(buyer, seller, energy);
    }

    /// The coin keeps its own books as badly as it likes; those here say what it did, and the ledger has none of it.
    function law4CoinsAreConservedAndMoveOnlyByPurchase() internal view override {
        for (uint256 i; i < ACCOUNTS; ++i) {
            assertEq(_rogue.truly(accounts[i]), node[accounts[i]].coins, "balance");
        }
        assertEq(_rogue.truly(address(daisee)), 0, "the ledger holds coins");
        assertEq(_rogue.totalSupply(), minted, "supply");
    }
}
