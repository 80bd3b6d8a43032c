// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {vm} from "./base/Vm.sol";

/// Reports that a node sends itself.
contract RegistersTest is DaiseeTest {
    function nothingHappensWhen() internal {
        vm.recordLogs();
        vm.record();
    }

    function nothingHappened() internal {
        assertEq(vm.getRecordedLogs().length, 0, "no event");
        (, bytes32[] memory writes) = vm.accesses(address(daisee));
        assertEq(writes.length, 0, "no storage written");
    }

    function test_productionIsCreditedByTheDifference() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.Produced(sun, 5 * WH, 5 * WH);
        produce(sun, 5 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Produced(sun, 2 * WH, 7 * WH);
        produce(sun, 7 * WH);
        assertEq(daisee.energyProduction(sun), 7 * WH);
    }

    function test_theSameRegisterAgainChangesNothing() public {
        produce(sun, 5 * WH);
        consume(home, home, 3 * WH);
        consume(home, sun, 2 * WH);
        nothingHappensWhen();
        produce(sun, 5 * WH);
        consume(home, home, 3 * WH);
        consume(home, sun, 2 * WH);
        consume(cafe, sun, 0); // 0 is where every register begins
        consume(cafe, cafe, 0);
        nothingHappened();
    }

    function test_aRegisterDoesNotFall() public {
        produce(sun, 5 * WH);
        consume(home, home, 3 * WH);
        consume(home, sun, 2 * WH);
        willFail(IDaisee.RegisterFell.selector, 5 * WH, 5 * WH - 1);
        produce(sun, 5 * WH - 1);
        willFail(IDaisee.RegisterFell.selector, 3 * WH, 0);
        consume(home, home, 0);
        willFail(IDaisee.RegisterFell.selector, 2 * WH, 1);
        consume(home, sun, 1);
    }

    function test_aRegisterBeyond64BitsIsRefusedNotCut() public {
        uint256 most = type(uint64).max;
        willFail(IDaisee.RegisterTooLarge.selector, most + 1);
        produce(sun, most + 1);
        willFail(IDaisee.RegisterTooLarge.selector, type(uint256).max);
        consume(home, home, type(uint256).max);
        willFail(IDaisee.RegisterTooLarge.selector, (uint256(1) << 64) + 5);
        consume(home, sun, (1 << 64) + 5);
        willFail(IDaisee.RegisterTooLarge.selector, most + 1);
        consume(sun, sun, most + 1);
        produce(sun, most);
        consume(home, home, most);
        consume(home, sun, most);
        consume(sun, sun, most);
        assertEq(daisee.totalEnergyConsumption(home), 2 * most, "the total is wider");
        assertEq(daisee.available(sun), 0);
        assertEq(daisee.overdrawn(sun, sun), most);
        willFail(IDaisee.TakenTooLarge.selector, sun, most + 1);
        consume(cafe, sun, 1);
    }

    function test_onlyARegisteredNodeReports() public {
        willFail(IDaisee.NotANode.selector, stranger);
        produce(stranger, 1);
        willFail(IDaisee.NotANode.selector, stranger);
        produce(stranger, 0);
        willFail(IDaisee.NotANode.selector, stranger);
        consume(stranger, sun, 1);
        willFail(IDaisee.NotANode.selector, stranger);
        consume(stranger, stranger, 1);
        willFail(IDaisee.NotAProducer.selector, home);
        produce(home, 1);
    }

    function test_theOriginIsOneselfOrSomeoneWhoProduces() public {
        willFail(IDaisee.UnknownOrigin.selector, stranger);
        consume(home, stranger, 1);
        willFail(IDaisee.UnknownOrigin.selector, stranger);
        consume(home, stranger, 0);
        willFail(IDaisee.UnknownOrigin.selector, cafe);
        consume(home, cafe, 1);
        willFail(IDaisee.UnknownOrigin.selector, address(0));
        consume(home, address(0), 1);
    }

    function test_aConsumersOwnSourceIsOnlyRecorded() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(home, home, 3 * WH, 3 * WH);
        consume(home, home, 3 * WH);
        assertEq(daisee.energyConsumption(home, home), 3 * WH);
        assertEq(daisee.totalEnergyConsumption(home), 3 * WH);
        assertEq(daisee.overdrawn(home, home), 0);
        assertEq(daisee.available(home), 0);
    }

    function test_consumptionFromASellerUsesTheAllowanceUp() public {
        produce(sun, 10 * WH);
        buy(home, sun, 5 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(home, sun, 2 * WH, 2 * WH);
        consume(home, sun, 2 * WH);
        assertEq(daisee.allowance(sun, home), 3 * WH);
        consume(home, sun, 5 * WH);
        assertEq(daisee.allowance(sun, home), 0);
        assertEq(daisee.overdrawn(home, sun), 0);
        assertEq(daisee.energyConsumption(home, sun), 5 * WH);
    }

    function test_consumptionPastTheAllowanceIsOverdrawnAndTheNextPurchaseCoversItFirst() public {
        produce(sun, 20 * WH);
        buy(home, sun, 5 * WH);
        consume(home, sun, 4 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(home, sun, 3 * WH, 7 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Overdrawn(home, sun, 2 * WH, 2 * WH, 2 * COIN);
        consume(home, sun, 7 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Overdrawn(home, sun, 1 * WH, 3 * WH, 3 * COIN);
        consume(home, sun, 8 * WH);
        assertEq(daisee.overdrawn(home, sun), 3 * WH);
        assertEq(daisee.allowance(sun, home), 0);
        buy(home, sun, 2 * WH);
        assertEq(daisee.overdrawn(home, sun), 1 * WH);
        assertEq(daisee.allowance(sun, home), 0);
        buy(home, sun, 2 * WH);
        assertEq(daisee.overdrawn(home, sun), 0);
        assertEq(daisee.allowance(sun, home), 1 * WH);
    }

    function test_ownUseOfAProducerComesOutOfItsProduction() public {
        produce(sun, 10 * WH);
        consume(sun, sun, 4 * WH);
        assertEq(daisee.available(sun), 6 * WH);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 6 * WH, 7 * WH);
        tryToBuy(home, sun, 7 * WH, 7 * COIN);
    }

    function test_ownUseAfterEverythingWasSoldIsOverdrawnAndTheNextProductionCoversItFirst() public {
        produce(sun, 10 * WH);
        consume(sun, sun, 1 * WH);
        buy(home, sun, 7 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(sun, sun, 5 * WH, 6 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Overdrawn(sun, sun, 3 * WH, 3 * WH, 0);
        consume(sun, sun, 6 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Overdrawn(sun, sun, 1 * WH, 4 * WH, 0);
        consume(sun, sun, 7 * WH);
        assertEq(daisee.available(sun), 0);
        produce(sun, 13 * WH);
        assertEq(daisee.overdrawn(sun, sun), 1 * WH);
        assertEq(daisee.available(sun), 0);
        produce(sun, 16 * WH);
        assertEq(daisee.overdrawn(sun, sun), 0);
        assertEq(daisee.available(sun), 2 * WH);
    }

    function test_whatAProducerConsumesFromAnotherIsOnTheBooks() public {
        produce(wind, 10 * WH);
        consume(sun, wind, 3 * WH);
        assertEq(daisee.overdrawn(sun, wind), 3 * WH);
        assertEq(daisee.totalEnergyConsumption(sun), 3 * WH);
        assertEq(daisee.available(sun), 0);
        mint(sun, 10 * COIN);
        payDebt(sun, wind, 10 * COIN); // it may not buy, but it pays
        assertEq(daisee.overdrawn(sun, wind), 0);
    }

    function testFuzz_oneReportEqualsAnySplitOfIt(uint64[8] memory steps, uint64 end) public {
        uint256 most;
        end /= 2; // both together are taken from one seller
        for (uint256 i; i < steps.length; ++i) {
            uint256 step = bound(steps[i], 0, end);
            if (step < most) continue; // a meter does not run backwards
            most = step;
            produce(sun, step);
            consume(home, home, step);
            consume(home, sun, step);
        }
        produce(sun, end);
        consume(home, home, end);
        consume(home, sun, end);
        produce(wind, end);
        consume(cafe, cafe, end);
        consume(cafe, sun, end);
        assertEq(daisee.energyProduction(sun), daisee.energyProduction(wind));
        assertEq(daisee.energyConsumption(home, home), daisee.energyConsumption(cafe, cafe));
        assertEq(daisee.energyConsumption(home, sun), daisee.energyConsumption(cafe, sun));
        assertEq(daisee.overdrawn(home, sun), daisee.overdrawn(cafe, sun));
        assertEq(daisee.totalEnergyConsumption(home), daisee.totalEnergyConsumption(cafe));
        uint256 more = daisee.owed(home, sun) - daisee.owed(cafe, sun);
        assertTrue(more <= steps.length, "each report is rounded up by less than a micro-coin");
    }

    function testFuzz_aRegisterHoldsTheLargestThatItWasGiven(uint256 first, uint256 second) public {
        uint256 most = type(uint64).max;
        first = bound(first, 1, most);
        produce(sun, first);
        if (second > most) {
            willFail(IDaisee.RegisterTooLarge.selector, second);
        } else if (second < first) {
            willFail(IDaisee.RegisterFell.selector, first, second);
        }
        produce(sun, second);
        assertEq(daisee.energyProduction(sun), second > first && second <= most ? second : first);
    }
}
