// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {Deploy} from "./base/Ledger.sol";
import {vm} from "./base/Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// Books of an earlier ledger, brought over before this one is opened.
contract RestoreTest is DaiseeTest {
    function setUp() public override {
        super.setUp();
        daisee = Deploy.ledger(coin, admin, IDaisee.Terms(0, true, 0, 0), true);
        register(sun, IDaisee.Kind.Producer, address(0), 1 * COIN);
        register(wind, IDaisee.Kind.Prosumer, address(0), COIN / 4);
        register(home, IDaisee.Kind.Consumer, address(0), 0);
        register(cafe, IDaisee.Kind.Consumer, address(0), 0);
    }

    function nodes() internal view returns (IDaisee.NodeBooks[] memory books) {
        books = new IDaisee.NodeBooks[](2);
        books[0] = IDaisee.NodeBooks(sun, uint64(100 * WH), uint64(30 * WH), uint64(20 * WH));
        books[1] = IDaisee.NodeBooks(home, 0, uint64(7 * WH), 0);
    }

    function trades() internal view returns (IDaisee.TradeBooks[] memory books) {
        books = new IDaisee.TradeBooks[](3);
        books[0] = IDaisee.TradeBooks(
            home, sun, uint64(10 * WH), uint64(14 * WH), uint56(4 * COIN), uint56(9 * COIN)
        );
        books[1] = IDaisee.TradeBooks(home, wind, uint64(5 * WH), uint64(1 * WH), 0, uint56(2 * COIN));
        books[2] = IDaisee.TradeBooks(cafe, sun, uint64(6 * WH), uint64(6 * WH), 0, uint56(6 * COIN));
    }

    function restore() internal {
        vm.prank(admin);
        daisee.restore(nodes(), trades());
    }

    function open() internal {
        vm.prank(admin);
        daisee.unpause();
    }

    function test_aLedgerThatWasDeployedClosedTakesNothingBeforeItIsOpened() public {
        assertTrue(daisee.paused(), "closed");
        willFail(Pausable.EnforcedPause.selector);
        produce(sun, 1);
        open();
        produce(sun, 1);
    }

    function test_booksAreRestoredAndGoOn() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.NodeRestored(nodes()[0]);
        restore();
        open();
        assertEq(daisee.energyProduction(sun), 100 * WH);
        assertEq(daisee.energyConsumption(sun, sun), 30 * WH);
        assertEq(daisee.available(sun), 60 * WH, "100 less 14 and 6 taken and 20 drawn");
        assertEq(daisee.totalEnergyPurchased(home), 15 * WH);
        assertEq(daisee.totalEnergyConsumption(home), 22 * WH);
        assertEq(daisee.owed(home, sun), 4 * COIN);
        assertEq(daisee.debts(home), 1);
        assertEq(daisee.allowance(wind, home), 4 * WH);
        IDaisee.PurchaseInfo[] memory page = daisee.purchases(home, 0, 10);
        assertEq(page.length, 2);
        assertEq(page[0].seller, wind);
        assertEq(page[1].spent, 9 * COIN);
        payDebt(home, sun, 4 * COIN);
        buy(home, sun, 1 * WH);
        consume(home, wind, 5 * WH);
        assertEq(daisee.allowance(wind, home), 0);
        produce(sun, 101 * WH);
        assertEq(daisee.available(sun), 60 * WH);
    }

    function test_nothingIsRestoredOnceTheLedgerWasOpen() public {
        open();
        willFail(IDaisee.AlreadyOpen.selector);
        restore();
        pause();
        willFail(IDaisee.AlreadyOpen.selector);
        restore();
    }

    function test_nothingIsRestoredOnALedgerThatWasDeployedOpen() public {
        daisee = Deploy.ledger(coin, admin);
        willFail(IDaisee.AlreadyOpen.selector);
        restore();
    }

    function test_onlyTheAdminRestoresAndEachBooksOnce() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, sun, bytes32(0))
        );
        vm.prank(sun);
        daisee.restore(nodes(), trades());
        restore();
        willFail(IDaisee.NotBlank.selector, sun, address(0));
        restore();
        willFail(IDaisee.NotBlank.selector, home, sun);
        vm.prank(admin);
        daisee.restore(new IDaisee.NodeBooks[](0), trades());
    }

    function test_booksThatMakeNoSenseAreRefused() public {
        IDaisee.NodeBooks[] memory none = new IDaisee.NodeBooks[](0);
        IDaisee.TradeBooks[] memory bad = new IDaisee.TradeBooks[](1);
        bad[0] = IDaisee.TradeBooks(home, cafe, 1, 0, 0, 1);
        willFail(IDaisee.UnknownOrigin.selector, cafe);
        vm.prank(admin);
        daisee.restore(none, bad);
        bad = new IDaisee.TradeBooks[](2);
        bad[0] = IDaisee.TradeBooks(home, sun, type(uint64).max, 0, 0, 0);
        bad[1] = IDaisee.TradeBooks(cafe, sun, 0, 1, 0, 0);
        willFail(IDaisee.TakenTooLarge.selector, sun, uint256(1) << 64);
        vm.prank(admin);
        daisee.restore(none, bad);
        IDaisee.NodeBooks[] memory consumer = new IDaisee.NodeBooks[](1);
        consumer[0] = IDaisee.NodeBooks(home, 1, 0, 0);
        willFail(IDaisee.NotAProducer.selector, home);
        vm.prank(admin);
        daisee.restore(consumer, new IDaisee.TradeBooks[](0));
    }
}
