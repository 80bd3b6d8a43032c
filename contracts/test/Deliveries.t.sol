// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {Vm, vm} from "./base/Vm.sol";

/// The seller's word: what left its source towards a buyer, as its own meter shows.
contract DeliveriesTest is DaiseeTest {
    bytes32 private constant DISPUTED = keccak256("Disputed(address,address,uint256,uint256)");

    function setUp() public override {
        super.setUp();
        setTerms(0, true, uint64(2 * WH), 20); // 2 Wh and 2 %
        produce(sun, 1000 * WH);
        buy(home, sun, 500 * WH);
    }

    function isDisputed(uint256 delivered) internal returns (bool found) {
        vm.recordLogs();
        deliver(sun, home, delivered);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            found = found || logs[i].topics[0] == DISPUTED;
        }
    }

    function test_aSellerReportsWhatLeftTowardsABuyer() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.Delivered(sun, home, 100 * WH, 100 * WH);
        deliver(sun, home, 100 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Delivered(sun, home, 20 * WH, 120 * WH);
        deliver(sun, home, 120 * WH);
        assertEq(daisee.energyDelivery(sun, home), 120 * WH);
        assertEq(daisee.purchases(home, 0, 1)[0].delivered, 120 * WH);
        willFail(IDaisee.RegisterFell.selector, 120 * WH, 119 * WH);
        deliver(sun, home, 119 * WH);
    }

    function test_aDifferenceBeyondTheToleranceIsDisputedWithBothRegisters() public {
        consume(home, sun, 80 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Disputed(sun, home, 100 * WH, 80 * WH);
        deliver(sun, home, 100 * WH);
        assertEq(daisee.energyConsumption(home, sun), 80 * WH, "the books of the buyer are its own");
        assertEq(daisee.available(sun), 500 * WH);
    }

    function test_aDifferenceWithinTheToleranceIsNone() public {
        consume(home, sun, 96 * WH);
        assertTrue(!isDisputed(100 * WH), "2 Wh and 2 % of 100 Wh");
        consume(home, sun, 104 * WH);
        assertTrue(!isDisputed(100 * WH), "the other way round");
        consume(home, sun, 105 * WH);
        assertTrue(isDisputed(100 * WH), "the buyer's went on, the seller's did not");
        assertTrue(!isDisputed(101 * WH), "so did the seller's");
    }

    function test_aSellerAsksAgainWithTheSameRegister() public {
        assertTrue(isDisputed(100 * WH), "the buyer has not reported yet");
        consume(home, sun, 100 * WH);
        assertTrue(!isDisputed(100 * WH), "now it has");
    }

    function test_onlyASellerDeliversAndOnlyToANode() public {
        willFail(IDaisee.NotAProducer.selector, home);
        deliver(home, cafe, 1);
        willFail(IDaisee.NotANode.selector, stranger);
        deliver(stranger, home, 1);
        willFail(IDaisee.NotANode.selector, stranger);
        deliver(sun, stranger, 1);
        willFail(IDaisee.OwnEnergy.selector, sun);
        deliver(sun, sun, 1);
        willFail(IDaisee.RegisterTooLarge.selector, uint256(1) << 64);
        deliver(sun, home, 1 << 64);
        remove(home);
        deliver(sun, home, 1); // what it had from it before it left
        remove(cafe);
        willFail(IDaisee.NotANode.selector, cafe);
        deliver(sun, cafe, 1);
    }

    function test_aDeliveryIsCorrected() public {
        deliver(sun, home, 300 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.RegisterCorrected(sun, IDaisee.Sort.Delivery, home, 300 * WH, 100 * WH, "because");
        correct(IDaisee.Sort.Delivery, sun, home, 100 * WH);
        assertEq(daisee.energyDelivery(sun, home), 100 * WH);
        willFail(IDaisee.NotAProducer.selector, cafe);
        correct(IDaisee.Sort.Delivery, cafe, home, 1);
        willFail(IDaisee.OwnEnergy.selector, sun);
        correct(IDaisee.Sort.Delivery, sun, sun, 1);
    }

    function testFuzz_aDisputeIsADifferenceBeyondTheTolerance(uint32 delivered, uint32 consumed) public {
        delivered = uint32(bound(delivered, 1, type(uint32).max));
        consume(home, sun, consumed);
        uint256 most = delivered > consumed ? delivered : consumed;
        uint256 difference = most - (delivered > consumed ? consumed : delivered);
        assertTrue(isDisputed(delivered) == (difference > 2 * WH + most * 2 / 100), "disputed");
    }
}
