// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {Coin, Deploy} from "./base/Ledger.sol";
import {vm} from "./base/Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// Who is in the books: registration, removal, meter keys, prices, the admin, the pause.
contract NodesTest is DaiseeTest {
    address internal newcomer = address(0x4e);

    function willFailForWantOfTheRole(address account) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, account, bytes32(0)
            )
        );
    }

    function test_theLedgerNeedsAnAdminAndACoin() public {
        willFail(IDaisee.ZeroAddress.selector);
        Deploy.ledger(coin, address(0));
        willFail(IDaisee.NotACoin.selector, stranger);
        Deploy.ledger(Coin(stranger), admin);
        assertEq(daisee.coin(), address(coin));
    }

    function test_theAdminRegistersANode() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.NodeRegistered(newcomer, IDaisee.Kind.Producer, address(0x77), 3 * COIN);
        register(newcomer, IDaisee.Kind.Producer, address(0x77), 3 * COIN);
        IDaisee.NodeInfo memory info = daisee.nodeOf(newcomer);
        assertTrue(info.kind == IDaisee.Kind.Producer, "kind");
        assertTrue(info.active, "active");
        assertEq(info.meterKey, address(0x77));
        assertEq(info.price, 3 * COIN);
    }

    function test_anUnknownAccountIsNoNode() public view {
        IDaisee.NodeInfo memory info = daisee.nodeOf(newcomer);
        assertTrue(
            info.kind == IDaisee.Kind.None && !info.active && info.meterKey == address(0) && info.price == 0,
            "nothing"
        );
    }

    function test_onlyTheAdminTouchesTheRegister() public {
        willFailForWantOfTheRole(stranger);
        vm.prank(stranger);
        daisee.registerNode(stranger, IDaisee.Kind.Producer, address(0), 1);
        willFailForWantOfTheRole(sun);
        vm.prank(sun);
        daisee.removeNode(home);
        willFailForWantOfTheRole(home);
        vm.prank(home);
        daisee.setMeterKey(home, home);
        willFailForWantOfTheRole(home);
        vm.prank(home);
        daisee.pause();
        pause();
        willFailForWantOfTheRole(home);
        vm.prank(home);
        daisee.unpause();
    }

    function test_aRegistrationThatMakesNoSenseIsRefused() public {
        willFail(IDaisee.ZeroAddress.selector);
        register(address(0), IDaisee.Kind.Producer, address(0), 1);
        willFail(IDaisee.KindMissing.selector, newcomer);
        register(newcomer, IDaisee.Kind.None, address(0), 1);
        willFail(IDaisee.AlreadyRegistered.selector, sun);
        register(sun, IDaisee.Kind.Consumer, address(0), 0);
        willFail(IDaisee.NotAProducer.selector, newcomer);
        register(newcomer, IDaisee.Kind.Consumer, address(0), 1);
        willFail(IDaisee.PriceTooLarge.selector, uint256(1) << 40);
        register(newcomer, IDaisee.Kind.Producer, address(0), 1 << 40);
    }

    function test_aRemovedNodeCanDoNothingMore() public {
        produce(sun, 10 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.NodeRemoved(sun);
        remove(sun);
        IDaisee.NodeInfo memory info = daisee.nodeOf(sun);
        assertTrue(!info.active && info.meterKey == address(0) && info.price == 0, "out");
        willFail(IDaisee.NotANode.selector, sun);
        produce(sun, 11 * WH);
        willFail(IDaisee.NotANode.selector, sun);
        consume(sun, sun, 1);
        willFail(IDaisee.NotAProducer.selector, sun);
        vm.prank(sun);
        daisee.setPrice(1);
        approve(home, 100 * COIN);
        willFail(IDaisee.NotASeller.selector, sun);
        tryToBuy(home, sun, 1 * WH, 100 * COIN);
        produce(wind, 10 * WH);
        buy(home, wind, 1 * WH); // whoever bought before is turned away as well
        remove(home);
        willFail(IDaisee.NotANode.selector, home);
        tryToBuy(home, wind, 1, 1);
        register(home, IDaisee.Kind.Producer, address(0), 1);
        willFail(IDaisee.NotABuyer.selector, home);
        tryToBuy(home, wind, 1, 1);
        remove(home);
        register(home, IDaisee.Kind.Consumer, address(0), 0);
        tryToBuy(home, wind, 1, 1, 1 * WH);
    }

    function test_whoIsNotThereCannotBeRemovedNorGetAKey() public {
        willFail(IDaisee.NotANode.selector, newcomer);
        remove(newcomer);
        willFail(IDaisee.NotANode.selector, newcomer);
        vm.prank(admin);
        daisee.setMeterKey(newcomer, newcomer);
    }

    function test_aRemovedNodeKeepsItsBooksAndComesBackToThem() public {
        produce(sun, 10 * WH);
        buy(home, sun, 4 * WH);
        remove(sun);
        assertEq(daisee.energyProduction(sun), 10 * WH);
        assertEq(daisee.allowance(sun, home), 4 * WH);
        consume(home, sun, 1 * WH); // what was bought may still be consumed
        assertEq(daisee.allowance(sun, home), 3 * WH);
        register(sun, IDaisee.Kind.Producer, address(0), 2 * COIN);
        assertEq(daisee.nbSellers(), 2, "listed once");
        assertEq(daisee.available(sun), 6 * WH);
        willFail(IDaisee.RegisterFell.selector, 10 * WH, 9 * WH);
        produce(sun, 9 * WH);
        produce(sun, 11 * WH);
        assertEq(daisee.available(sun), 7 * WH);
    }

    function test_aConsumerThatBuysPanelsBecomesAProducerWithoutDebt() public {
        consume(home, home, 50 * WH);
        remove(home);
        register(home, IDaisee.Kind.Producer, address(0), 1 * COIN);
        assertEq(daisee.overdrawn(home, home), 0, "what it drew before is not charged to its panels");
        produce(home, 5 * WH);
        assertEq(daisee.available(home), 5 * WH);
        consume(home, home, 52 * WH);
        assertEq(daisee.available(home), 3 * WH);
        assertEq(daisee.nbSellers(), 3);
        assertEq(daisee.sellerIndex(2), home);
    }

    function test_aProducerThatTurnsConsumerSellsNothingMore() public {
        produce(sun, 5 * WH);
        remove(sun);
        register(sun, IDaisee.Kind.Consumer, address(0), 0);
        assertTrue(!daisee.isSeller(sun), "not a seller");
        assertEq(priceOf(sun), 0);
        willFail(IDaisee.NotASeller.selector, sun);
        tryToBuy(home, sun, 1, 1);
        willFail(IDaisee.NotAProducer.selector, sun);
        produce(sun, 6 * WH);
        consume(sun, sun, 9 * WH); // 5 of its production, the rest is only recorded
        assertEq(daisee.available(sun), 0);
        assertEq(daisee.overdrawn(sun, sun), 0);
    }

    /// v0.3: 100 produced and 100 used, as a consumer and back: all 100 were for sale again.
    function test_ownUseSurvivesAChangeOfKind() public {
        produce(sun, 100 * WH);
        remove(sun);
        register(sun, IDaisee.Kind.Consumer, address(0), 0);
        consume(sun, sun, 100 * WH);
        remove(sun);
        register(sun, IDaisee.Kind.Producer, address(0), 1 * COIN);
        assertEq(daisee.available(sun), 0);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 0, 1);
        tryToBuy(home, sun, 1, 1);
        produce(sun, 107 * WH);
        assertEq(daisee.available(sun), 7 * WH);
    }

    function test_ownUseAsAProducerSurvivesAChangeOfKind() public {
        produce(sun, 100 * WH);
        consume(sun, sun, 70 * WH);
        remove(sun);
        register(sun, IDaisee.Kind.Consumer, address(0), 0);
        consume(sun, sun, 80 * WH);
        remove(sun);
        register(sun, IDaisee.Kind.Prosumer, address(0), 1 * COIN);
        assertEq(daisee.available(sun), 20 * WH);
    }

    function test_aProsumerSellsWhatItDidNotUseAndBuys() public {
        register(newcomer, IDaisee.Kind.Prosumer, address(0), 2 * COIN);
        mint(newcomer, 10 * COIN);
        assertTrue(daisee.isSeller(newcomer), "a seller");
        produce(newcomer, 10 * WH);
        consume(newcomer, newcomer, 4 * WH);
        assertEq(daisee.available(newcomer), 6 * WH);
        buy(home, newcomer, 5 * WH);
        assertEq(coin.balanceOf(newcomer), 20 * COIN);
        produce(wind, 10 * WH);
        buy(newcomer, wind, 8 * WH);
        consume(newcomer, wind, 3 * WH);
        assertEq(daisee.allowance(wind, newcomer), 5 * WH);
        assertEq(daisee.totalEnergyConsumption(newcomer), 7 * WH);
        assertEq(daisee.available(newcomer), 1 * WH, "what it bought is not for sale");
        assertEq(daisee.purchases(newcomer, 0, 10).length, 1);
        assertEq(daisee.nbSellers(), 3);
    }

    function test_aSellerSetsItsOwnPrice() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.PriceChanged(sun, 7, block.timestamp);
        vm.prank(sun);
        daisee.setPrice(7);
        uint256 price = priceOf(sun);
        assertEq(price, 7);
        willFail(IDaisee.NotAProducer.selector, home);
        vm.prank(home);
        daisee.setPrice(7);
        willFail(IDaisee.PriceTooLarge.selector, type(uint256).max);
        vm.prank(sun);
        daisee.setPrice(type(uint256).max);
    }

    function test_theAdminChangesAMeterKey() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.MeterKeyChanged(sun, address(0x99));
        vm.prank(admin);
        daisee.setMeterKey(sun, address(0x99));
        assertEq(daisee.nodeOf(sun).meterKey, address(0x99));
    }

    function test_theAdminSetsTheTermsOfTheCommunity() public {
        IDaisee.Terms memory agreed = IDaisee.Terms(3600, false, 5 * uint64(WH), 20);
        willFailForWantOfTheRole(sun);
        vm.prank(sun);
        daisee.setTerms(agreed);
        vm.expectEmit(address(daisee));
        emit IDaisee.TermsChanged(agreed);
        vm.prank(admin);
        daisee.setTerms(agreed);
        IDaisee.Terms memory terms = daisee.terms();
        assertEq(terms.priceNotice, 3600);
        assertTrue(!terms.debtsCloseMarket, "debts do not close the market");
        assertEq(terms.tolerance, 5 * WH);
        assertEq(terms.toleranceShare, 20);
        assertTrue(!daisee.paused(), "the slot is shared, the pause not touched");
    }

    function test_theCommunityHandsTheAdminRoleToAMultisig() public {
        address multisig = address(0x515);
        bytes32 role = daisee.DEFAULT_ADMIN_ROLE();
        vm.prank(admin);
        daisee.grantRole(role, multisig);
        vm.prank(admin);
        daisee.renounceRole(role, admin);
        vm.prank(multisig);
        daisee.registerNode(newcomer, IDaisee.Kind.Consumer, address(0), 0);
        willFailForWantOfTheRole(admin);
        remove(newcomer);
    }

    function test_pausedNothingChangesTheBooksAndAfterwardsNothingIsLost() public {
        produce(sun, 10 * WH);
        consume(home, sun, 1 * WH);
        approve(home, 100 * COIN);
        bytes memory purchase = order(sun, 1 * WH, 1 * COIN);
        pause();
        bytes4 refusal = Pausable.EnforcedPause.selector;
        willFail(refusal);
        produce(sun, 11 * WH);
        willFail(refusal);
        consume(home, home, 1);
        willFail(refusal);
        deliver(sun, home, 1);
        willFail(refusal);
        daisee.reportSigned(IDaisee.Reading(IDaisee.Sort.Production, sun, address(0), 0, 1), "");
        willFail(refusal);
        daisee.reportBatch("");
        willFail(refusal);
        tryToBuy(home, sun, 1 * WH, 1 * COIN);
        willFail(refusal);
        vm.prank(home);
        daisee.payDebt(sun, 1 * COIN);
        willFail(refusal);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 1 * COIN, purchase);
        willFail(refusal);
        vm.prank(home);
        daisee.buyEnergyWithPermit(sun, 1 * WH, 1 * COIN, 0, 0, 0, 0, 0);
        willFail(refusal);
        setPrice(sun, 1);
        vm.prank(admin);
        daisee.setMeterKey(sun, vm.addr(7)); // the admin can still mend what is wrong
        vm.prank(admin);
        daisee.setMeterKey(sun, address(0));
        vm.prank(admin);
        daisee.unpause();
        produce(sun, 12 * WH);
        assertEq(daisee.energyProduction(sun), 12 * WH);
    }
}
