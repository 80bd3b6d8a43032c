// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {vm} from "./base/Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

/// The admin corrects registers.
contract CorrectionsTest is DaiseeTest {
    function setUp() public override {
        super.setUp();
        produce(sun, 100 * WH);
    }

    function test_onlyTheAdminCorrectsAndSaysWhy() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, sun, bytes32(0))
        );
        vm.prank(sun);
        daisee.correctRegister(IDaisee.Sort.Production, sun, address(0), 1, "I say so");
        willFail(IDaisee.NoReason.selector);
        vm.prank(admin);
        daisee.correctRegister(IDaisee.Sort.Production, sun, address(0), 1, "");
        willFail(IDaisee.RegisterTooLarge.selector, uint256(1) << 64);
        correct(IDaisee.Sort.Production, sun, address(0), 1 << 64);
        willFail(IDaisee.NotAProducer.selector, home);
        correct(IDaisee.Sort.Production, home, address(0), 1);
        willFail(IDaisee.UnknownOrigin.selector, cafe);
        correct(IDaisee.Sort.Consumption, home, cafe, 1);
        willFail(IDaisee.OwnEnergy.selector, home);
        correct(IDaisee.Sort.Consumption, home, home, 1);
    }

    function test_aCorrectionSaysOldNewAndWhy() public {
        consume(home, sun, 7 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.RegisterCorrected(home, IDaisee.Sort.Consumption, sun, 7 * WH, 5 * WH, "because");
        correct(IDaisee.Sort.Consumption, home, sun, 5 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.RegisterCorrected(home, IDaisee.Sort.OwnUse, address(0), 0, 3 * WH, "because");
        correct(IDaisee.Sort.OwnUse, home, address(0), 3 * WH);
        assertEq(daisee.totalEnergyConsumption(home), 8 * WH);
    }

    function test_productionCorrectedBelowWhatWasSoldClosesTheOfferAndTouchesNoCoins() public {
        buy(home, sun, 60 * WH);
        correct(IDaisee.Sort.Production, sun, address(0), 40 * WH);
        assertEq(daisee.available(sun), 0);
        assertEq(daisee.overdrawn(sun, sun), 20 * WH);
        assertEq(daisee.allowance(sun, home), 60 * WH, "what was paid for is the buyer's");
        assertEq(coin.balanceOf(sun), 60 * COIN);
        produce(sun, 61 * WH);
        assertEq(daisee.available(sun), 1 * WH);
    }

    function test_consumptionCorrectedDownTakesBackWhatIsOwedForIt() public {
        buy(home, sun, 10 * WH);
        consume(home, sun, 15 * WH);
        setPrice(sun, 3 * COIN);
        consume(home, sun, 20 * WH);
        assertEq(daisee.owed(home, sun), 20 * COIN);
        correct(IDaisee.Sort.Consumption, home, sun, 14 * WH);
        assertEq(daisee.overdrawn(home, sun), 4 * WH);
        assertEq(daisee.owed(home, sun), 8 * COIN, "4 of 10");
        assertEq(daisee.available(sun), 86 * WH);
        assertEq(daisee.debts(home), 1);
        correct(IDaisee.Sort.Consumption, home, sun, 4 * WH);
        assertEq(daisee.owed(home, sun), 0);
        assertEq(daisee.debts(home), 0);
        assertEq(daisee.allowance(sun, home), 6 * WH);
        assertEq(daisee.available(sun), 90 * WH);
        assertEq(coin.balanceOf(sun), 10 * COIN, "coins paid stay where they are");
        consume(home, sun, 5 * WH);
    }

    function test_consumptionCorrectedUpIsOwedAtThePresentPrice() public {
        correct(IDaisee.Sort.Consumption, home, sun, 5 * WH);
        assertEq(daisee.owed(home, sun), 5 * COIN);
        assertEq(daisee.debts(home), 1);
        assertEq(daisee.available(sun), 95 * WH);
        assertEq(daisee.purchases(home, 0, 10).length, 1);
    }

    /// The books of a trade stay in their buyer's list, once, whatever they are corrected to.
    function test_aTradeCorrectedToNothingStaysInItsList() public {
        consume(home, sun, 5 * WH);
        consume(home, wind, 5 * WH);
        correct(IDaisee.Sort.Consumption, home, sun, 0);
        correct(IDaisee.Sort.Consumption, home, wind, 0);
        assertEq(daisee.debts(home), 0);
        consume(home, sun, 1 * WH);
        consume(home, wind, 1 * WH);
        IDaisee.PurchaseInfo[] memory page = daisee.purchases(home, 0, 10);
        assertEq(page.length, 2);
        assertEq(page[0].seller, wind);
        assertEq(page[1].seller, sun);
        assertEq(daisee.totalEnergyConsumption(home), 2 * WH);
    }

    function test_ownUseCorrectedIsForSaleAgainOrNoMore() public {
        consume(sun, sun, 30 * WH);
        correct(IDaisee.Sort.OwnUse, sun, address(0), 10 * WH);
        assertEq(daisee.available(sun), 90 * WH);
        correct(IDaisee.Sort.OwnUse, sun, address(0), 50 * WH);
        assertEq(daisee.available(sun), 50 * WH);
        correct(IDaisee.Sort.OwnUse, sun, sun, 0);
        assertEq(daisee.available(sun), 100 * WH);
        assertEq(daisee.energyConsumption(sun, sun), 0);
    }

    function test_ownUseBeforeItSoldIsNoneOfItsProduction() public {
        consume(home, home, 50 * WH);
        remove(home);
        register(home, IDaisee.Kind.Prosumer, address(0), 1 * COIN);
        produce(home, 10 * WH);
        consume(home, home, 54 * WH);
        correct(IDaisee.Sort.OwnUse, home, address(0), 20 * WH);
        assertEq(daisee.available(home), 10 * WH);
        correct(IDaisee.Sort.OwnUse, home, address(0), 22 * WH);
        assertEq(daisee.available(home), 8 * WH);
    }

    function test_theSameAgainChangesNothingButTheRecord() public {
        buy(home, sun, 2 * WH);
        consume(home, sun, 5 * WH);
        correct(IDaisee.Sort.Consumption, home, sun, 5 * WH);
        assertEq(daisee.owed(home, sun), 3 * COIN);
        assertEq(daisee.available(sun), 95 * WH);
    }

    /// In one step or in many, up and down: the same energy is taken, and never more is owed than was.
    function testFuzz_correctionsLeaveTheBooksConsistent(uint32[6] memory to, uint32 purchased) public {
        purchased = uint32(bound(purchased, 1, 40 * WH));
        buy(home, sun, purchased);
        for (uint256 i; i < to.length; ++i) {
            uint256 register = bound(to[i], 0, 50 * WH);
            correct(IDaisee.Sort.Consumption, home, sun, register);
            uint256 over = register > purchased ? register - purchased : 0;
            assertEq(daisee.overdrawn(home, sun), over);
            assertEq(daisee.available(sun), 100 * WH - purchased - over);
            assertTrue(daisee.owed(home, sun) >= over && daisee.owed(home, sun) <= over + to.length, "owed");
            assertEq(daisee.debts(home), over > 0 ? 1 : 0);
        }
        assertEq(coin.balanceOf(sun), purchased);
    }
}
