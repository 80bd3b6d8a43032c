// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {vm} from "./base/Vm.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// What was consumed and not bought: what it costs, who pays it when, and what it closes meanwhile.
contract DebtsTest is DaiseeTest {
    function setUp() public override {
        super.setUp();
        produce(sun, 100 * WH);
        produce(wind, 100 * WH);
    }

    /// v0.3: what was overdrawn was for sale, too.
    function test_whatIsOverdrawnIsNotSoldAgain() public {
        consume(home, sun, 70 * WH);
        assertEq(daisee.available(sun), 30 * WH);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 30 * WH, 31 * WH);
        tryToBuy(cafe, sun, 31 * WH, type(uint256).max);
        consume(home, sun, 130 * WH);
        assertEq(daisee.available(sun), 0);
        assertEq(daisee.overdrawn(sun, sun), 30 * WH, "what went beyond what was produced");
        assertEq(daisee.overdrawn(home, sun), 130 * WH);
        produce(sun, 131 * WH);
        assertEq(daisee.available(sun), 1 * WH);
    }

    /// v0.3: a debt of 100 coins was settled for 0.0001 after a price cut.
    function test_whatIsOverdrawnIsOwedAtThePriceOfWhenItWasDrawn() public {
        consume(home, sun, 100 * WH);
        assertEq(daisee.owed(home, sun), 100 * COIN);
        setPrice(sun, 1);
        assertEq(daisee.quote(home, sun, 100 * WH), 100 * COIN);
        consume(home, sun, 101 * WH);
        assertEq(daisee.owed(home, sun), 100 * COIN + 1);
        buy(home, sun, 101 * WH);
        assertEq(coin.balanceOf(sun), 100 * COIN + 1);
        assertEq(daisee.owed(home, sun), 0);
        assertEq(daisee.overdrawn(home, sun), 0);
    }

    function test_aHigherPriceDoesNotRaiseADebt() public {
        consume(home, sun, 10 * WH);
        setPrice(sun, 9 * COIN);
        payDebt(home, sun, type(uint256).max);
        assertEq(coin.balanceOf(sun), 10 * COIN);
    }

    function test_aDebtCanBePaidWhenTheSellerHasNothingLeft() public {
        buy(cafe, sun, 100 * WH);
        consume(home, sun, 5 * WH);
        setPrice(sun, 0);
        approve(home, 1000 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.DebtPaid(home, sun, 5 * WH, 5 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.Bought(home, sun, 5 * WH, 5 * COIN);
        vm.prank(home);
        daisee.payDebt(sun, 5 * COIN);
        assertEq(coin.balanceOf(home), 995 * COIN);
        assertEq(daisee.owed(home, sun), 0);
        assertEq(daisee.overdrawn(home, sun), 0);
        assertEq(daisee.debts(home), 0);
        assertEq(daisee.totalEnergyPurchased(home), 5 * WH);
    }

    function test_anOrderForWhatIsOverdrawnNeedsNothingLeftEither() public {
        buy(cafe, sun, 100 * WH);
        consume(home, sun, 5 * WH);
        remove(sun);
        buy(home, sun, 5 * WH);
        assertEq(coin.balanceOf(sun), 105 * COIN);
        willFail(IDaisee.NotASeller.selector, sun);
        tryToBuy(home, sun, 1, type(uint256).max, 5 * WH);
    }

    function test_aRemovedNodePaysWhatItOwes() public {
        consume(home, sun, 5 * WH);
        remove(home);
        payDebt(home, sun, 5 * COIN);
        assertEq(daisee.owed(home, sun), 0);
        assertEq(coin.balanceOf(sun), 5 * COIN);
    }

    function test_oneTransactionPaysADebtByApproveAndCall() public {
        consume(home, sun, 5 * WH);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 5 * COIN, abi.encode(sun, 5 * COIN));
        assertEq(daisee.owed(home, sun), 0);
        assertEq(coin.allowance(home, address(daisee)), 0);
    }

    function test_aPartOfADebtPaysForAPartOfTheEnergy() public {
        consume(home, wind, 10); // micro-Wh at a quarter of a coin: 2.5 micro-coins, so 3 are owed
        assertEq(daisee.owed(home, wind), 3);
        payDebt(home, wind, 1);
        assertEq(daisee.owed(home, wind), 2);
        assertEq(daisee.overdrawn(home, wind), 7, "rounded down, in the seller's favour");
        assertEq(daisee.debts(home), 1);
        assertEq(daisee.quote(home, wind, 1), 1, "rounded up");
        buy(home, wind, 1);
        assertEq(daisee.owed(home, wind), 1);
        payDebt(home, wind, 9);
        assertEq(daisee.overdrawn(home, wind), 0);
        assertEq(coin.balanceOf(wind), 3);
    }

    function test_aPaymentThatMakesNoSenseIsRefused() public {
        willFail(IDaisee.NoDebt.selector, home, sun);
        vm.prank(home);
        daisee.payDebt(sun, 1);
        consume(home, sun, 5 * WH);
        willFail(IDaisee.CostTooHigh.selector, 5 * COIN, 0);
        vm.prank(home);
        daisee.payDebt(sun, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(daisee), 0, 5 * COIN
            )
        );
        vm.prank(home);
        daisee.payDebt(sun, 5 * COIN);
        assertEq(daisee.owed(home, sun), 5 * COIN);
    }

    function test_aPurchaseBeyondTheDebtPaysItFirstAndTheRestAtThePresentPrice() public {
        consume(home, sun, 10 * WH);
        setPrice(sun, 2 * COIN);
        assertEq(daisee.quote(home, sun, 15 * WH), 20 * COIN);
        willFail(IDaisee.CostTooHigh.selector, 20 * COIN, 19 * COIN);
        tryToBuy(home, sun, 15 * WH, 19 * COIN);
        approve(home, 20 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.DebtPaid(home, sun, 10 * WH, 10 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.Bought(home, sun, 15 * WH, 20 * COIN);
        tryToBuy(home, sun, 15 * WH, 20 * COIN);
        assertEq(daisee.allowance(sun, home), 5 * WH);
        assertEq(daisee.available(sun), 85 * WH);
    }

    function test_aDebtClosesTheBuyersPurchasesElsewhereUntilItIsPaid() public {
        buy(home, wind, 1 * WH);
        consume(home, sun, 5 * WH);
        assertEq(daisee.debts(home), 1);
        willFail(IDaisee.DebtElsewhere.selector, home, 1);
        tryToBuy(home, wind, 1 * WH, 1 * COIN, 1 * WH);
        buy(cafe, wind, 1 * WH); // another's debt is no concern
        consume(home, wind, 3 * WH);
        assertEq(daisee.debts(home), 2);
        willFail(IDaisee.DebtElsewhere.selector, home, 1);
        tryToBuy(home, wind, 3 * WH, 1 * COIN, 1 * WH); // pays for 2 and asks for one more
        buy(home, wind, 2 * WH); // what is overdrawn can be paid, whatever is owed elsewhere
        payDebt(home, sun, type(uint256).max);
        assertEq(daisee.debts(home), 0);
        buy(home, wind, 1 * WH);
    }

    function test_aCommunityMayLeaveTheMarketOpenToDebtors() public {
        setTerms(0, false, 0, 0);
        consume(home, sun, 5 * WH);
        buy(home, wind, 1 * WH);
        assertEq(daisee.owed(home, sun), 5 * COIN);
    }

    function test_aSellerThatNeverHadAPriceIsOwedNothing() public {
        address gift = address(0x61f7);
        register(gift, IDaisee.Kind.Producer, address(0), 0);
        produce(gift, 10 * WH);
        consume(home, gift, 4 * WH);
        assertEq(daisee.debts(home), 0);
        buy(home, sun, 1 * WH);
        payDebt(home, gift, 0);
        assertEq(daisee.overdrawn(home, gift), 0);
    }

    /// A price of 0 is no way to give what was not offered, nor is a removal.
    function test_whatIsDrawnFromAClosedOrRemovedSellerIsOwedAtItsLastPrice() public {
        setPrice(sun, 0);
        consume(home, sun, 1 * WH);
        assertEq(daisee.owed(home, sun), 1 * COIN);
        remove(sun);
        consume(home, sun, 3 * WH);
        assertEq(daisee.owed(home, sun), 3 * COIN);
        register(sun, IDaisee.Kind.Producer, address(0), 0);
        consume(home, sun, 4 * WH);
        assertEq(daisee.owed(home, sun), 4 * COIN);
    }

    function test_aDebtBeyondAnyIsCountedToItsLimit() public {
        setPrice(sun, type(uint40).max);
        consume(home, sun, 1 << 60);
        assertEq(daisee.owed(home, sun), type(uint56).max);
        consume(home, sun, (1 << 60) + 1);
        assertEq(daisee.owed(home, sun), type(uint56).max);
        mint(home, type(uint64).max);
        payDebt(home, sun, type(uint256).max);
        assertEq(coin.balanceOf(sun), type(uint56).max);
        consume(home, sun, (1 << 60) + 2);
        uint256 more = daisee.owed(home, sun);
        approve(home, type(uint256).max);
        willFail(IDaisee.SpentTooLarge.selector, type(uint56).max + more);
        vm.prank(home);
        daisee.payDebt(sun, more);
    }

    function test_twoProgramsBuyForOneNeedOnce() public {
        approve(home, 100 * COIN);
        vm.prank(home);
        daisee.buyEnergy(sun, 20 * WH, 20 * COIN, 0);
        willFail(IDaisee.PurchasedMeanwhile.selector, 0, 20 * WH);
        vm.prank(home);
        daisee.buyEnergy(wind, 20 * WH, 20 * COIN, 0); // the other one prefers another seller
        willFail(IDaisee.PurchasedMeanwhile.selector, 0, 20 * WH);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 20 * COIN, abi.encode(sun, 20 * WH, 20 * COIN, 0));
        vm.prank(home);
        daisee.buyEnergy(wind, 1 * WH, 1 * COIN, 20 * WH);
        assertEq(daisee.totalEnergyPurchased(home), 21 * WH);
    }

    function testFuzz_aDebtIsWhatItsPartsCostAndIsPaidWhole(
        uint64[4] memory draws,
        uint32[4] memory prices,
        uint64[3] memory payments
    ) public {
        uint256 register;
        uint256 due;
        for (uint256 i; i < draws.length; ++i) {
            uint256 draw = bound(draws[i], 1, 1e6 * WH);
            setPrice(sun, bound(prices[i], 1, type(uint32).max));
            due += (draw * priceOf(sun) + 999_999) / 1e6;
            register += draw;
            consume(home, sun, register);
        }
        assertEq(daisee.owed(home, sun), due);
        mint(home, due);
        uint256 before = coin.balanceOf(home);
        for (uint256 i; i < payments.length && daisee.owed(home, sun) > 1; ++i) {
            payDebt(home, sun, bound(payments[i], 1, daisee.owed(home, sun) - 1));
            // Nobody gets energy for less by paying in parts.
            assertTrue(
                daisee.overdrawn(home, sun) * due >= register * daisee.owed(home, sun),
                "in the seller's favour"
            );
        }
        payDebt(home, sun, type(uint256).max);
        assertEq(before - coin.balanceOf(home), due);
        assertEq(daisee.overdrawn(home, sun), 0);
        assertEq(daisee.debts(home), 0);
    }
}
