// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {ReenteringCoin, RefusingCoin} from "./base/Fakes.sol";
import {Deploy, Ledger} from "./base/Ledger.sol";
import {vm} from "./base/Vm.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// Buying: after an approval, with approveAndCall, with a permit.
contract PurchasesTest is DaiseeTest {
    uint256 private constant OWNER_KEY = 0x0a11ce;
    address private owner = vm.addr(OWNER_KEY);

    function setUp() public override {
        super.setUp();
        produce(sun, 100 * WH);
        produce(wind, 100 * WH);
        register(owner, IDaisee.Kind.Consumer, address(0), 0);
        mint(owner, 1000 * COIN);
    }

    function test_aPurchaseMovesTheCoinsToTheSeller() public {
        approve(home, 50 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.Bought(home, sun, 30 * WH, 30 * COIN);
        tryToBuy(home, sun, 30 * WH, 30 * COIN);
        assertEq(coin.balanceOf(home), 970 * COIN);
        assertEq(coin.balanceOf(sun), 30 * COIN);
        assertEq(coin.balanceOf(address(daisee)), 0);
        assertEq(coin.allowance(home, address(daisee)), 20 * COIN);
        assertEq(daisee.allowance(sun, home), 30 * WH);
        assertEq(daisee.available(sun), 70 * WH);
    }

    function test_theCostIsRoundedUpInTheSellersFavour() public {
        assertEq(daisee.quote(home, wind, 4), 1);
        assertEq(daisee.quote(home, wind, 5), 2);
        assertEq(daisee.quote(home, wind, 1), 1);
        buy(home, wind, 5);
        assertEq(coin.balanceOf(wind), 2);
    }

    function test_aPurchaseThatMakesNoSenseIsRefused() public {
        approve(home, 1000 * COIN);
        willFail(IDaisee.NoEnergy.selector, sun);
        tryToBuy(home, sun, 0, 1000 * COIN);
        willFail(IDaisee.OwnEnergy.selector, home);
        tryToBuy(home, home, 1, 1);
        willFail(IDaisee.NotASeller.selector, cafe);
        tryToBuy(home, cafe, 1, 1);
        willFail(IDaisee.NotANode.selector, stranger);
        tryToBuy(stranger, sun, 1, 1);
        willFail(IDaisee.NotABuyer.selector, wind);
        tryToBuy(wind, sun, 1, 1);
        willFail(IDaisee.CostTooHigh.selector, 3 * COIN, 3 * COIN - 1);
        tryToBuy(home, sun, 3 * WH, 3 * COIN - 1);
    }

    function test_aSellerWithPriceZeroSellsNothing() public {
        setPrice(sun, 0);
        willFail(IDaisee.NotSelling.selector, sun);
        tryToBuy(home, sun, 1, 1);
        willFail(IDaisee.NotSelling.selector, sun);
        daisee.quote(home, sun, 1);
    }

    function test_whoDoesNotSellHasNoQuote() public {
        willFail(IDaisee.NotASeller.selector, home);
        daisee.quote(home, home, 1);
        willFail(IDaisee.EnergyTooLarge.selector, uint256(1) << 64);
        daisee.quote(home, sun, 1 << 64);
    }

    function test_aSellerDoesNotSellTheSameEnergyTwice() public {
        buy(home, sun, 60 * WH);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 40 * WH, 40 * WH + 1);
        tryToBuy(cafe, sun, 40 * WH + 1, type(uint256).max);
        buy(cafe, sun, 40 * WH);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 0, 1);
        tryToBuy(home, sun, 1, 1, 60 * WH);
        willFail(IDaisee.NotEnoughEnergy.selector, sun, 0, type(uint256).max);
        tryToBuy(home, sun, type(uint256).max, type(uint256).max, 60 * WH);
    }

    function test_withoutCoinsOrApprovalThePurchaseRevertsWhole() public {
        approve(home, 10 * COIN);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(daisee), 10 * COIN, 11 * COIN
            )
        );
        tryToBuy(home, sun, 11 * WH, 11 * COIN);
        vm.prank(home);
        coin.transfer(cafe, 995 * COIN);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, home, 5 * COIN, 6 * COIN)
        );
        tryToBuy(home, sun, 6 * WH, 6 * COIN);
        assertEq(daisee.allowance(sun, home), 0);
        assertEq(daisee.available(sun), 100 * WH);
    }

    function test_oneTransactionBuysByApproveAndCall() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.Bought(home, sun, 5 * WH, 5 * COIN);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 5 * COIN, order(sun, 5 * WH, 5 * COIN));
        assertEq(daisee.allowance(sun, home), 5 * WH);
        assertEq(coin.allowance(home, address(daisee)), 0);
    }

    function test_approveAndCallPaysNoMoreThanItsMaxCostOrItsValue() public {
        willFail(IDaisee.CostTooHigh.selector, 5 * COIN, 4 * COIN);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 5 * COIN, order(sun, 5 * WH, 4 * COIN));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(daisee), 4 * COIN, 5 * COIN
            )
        );
        vm.prank(home);
        coin.approveAndCall(address(daisee), 4 * COIN, order(sun, 5 * WH, 5 * COIN));
    }

    function test_onlyTheCoinAnnouncesAnApproval() public {
        approve(home, 100 * COIN);
        bytes memory order = order(sun, 5 * WH, 5 * COIN);
        willFail(IDaisee.NotTheCoin.selector, stranger);
        vm.prank(stranger);
        daisee.onApprovalReceived(home, 5 * COIN, order);
        willFail(IDaisee.NotTheCoin.selector, home);
        vm.prank(home);
        daisee.onApprovalReceived(home, 5 * COIN, order);
        vm.prank(address(coin));
        bytes4 answer = daisee.onApprovalReceived(home, 5 * COIN, order);
        assertTrue(answer == IERC1363Spender.onApprovalReceived.selector, "ERC-1363's answer");
    }

    function test_anOrderOfTheWrongLengthIsRefused() public {
        willFail(IDaisee.BadOrder.selector, 0);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 5 * COIN);
        willFail(IDaisee.BadOrder.selector, 96);
        vm.prank(home);
        coin.approveAndCall(address(daisee), 5 * COIN, abi.encode(sun, 5 * WH, 5 * COIN));
    }

    function permit(uint256 value, uint256 deadline) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                address(daisee),
                value,
                coin.nonces(owner),
                deadline
            )
        );
        return vm.sign(OWNER_KEY, keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), message)));
    }

    function test_oneTransactionBuysWithAPermit() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(6 * COIN, block.timestamp);
        vm.prank(owner);
        daisee.buyEnergyWithPermit(sun, 5 * WH, 6 * COIN, 0, block.timestamp, v, r, s);
        assertEq(daisee.allowance(sun, owner), 5 * WH);
        assertEq(coin.allowance(owner, address(daisee)), 1 * COIN);
    }

    function test_aPermitThatSomebodyElseUsedFirstDoesNotStopThePurchase() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(6 * COIN, block.timestamp);
        vm.prank(stranger);
        coin.permit(owner, address(daisee), 6 * COIN, block.timestamp, v, r, s);
        vm.prank(owner);
        daisee.buyEnergyWithPermit(sun, 5 * WH, 6 * COIN, 0, block.timestamp, v, r, s);
        assertEq(daisee.allowance(sun, owner), 5 * WH);
    }

    function test_aPermitOfAnotherPaysNothing() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(6 * COIN, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(daisee), 0, 5 * COIN
            )
        );
        vm.prank(home);
        daisee.buyEnergyWithPermit(sun, 5 * WH, 6 * COIN, 0, block.timestamp, v, r, s);
        assertEq(coin.balanceOf(owner), 1000 * COIN);
    }

    function test_anExpiredPermitGivesNothing() public {
        vm.warp(1000);
        (uint8 v, bytes32 r, bytes32 s) = permit(6 * COIN, 999);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(daisee), 0, 5 * COIN
            )
        );
        vm.prank(owner);
        daisee.buyEnergyWithPermit(sun, 5 * WH, 6 * COIN, 0, 999, v, r, s);
    }

    function test_aCoinThatCallsBackFindsTheBooksComplete() public {
        ReenteringCoin rogue = new ReenteringCoin();
        Ledger ledger = Deploy.ledger(rogue, admin);
        vm.prank(admin);
        ledger.registerNode(sun, IDaisee.Kind.Producer, address(0), 1 * COIN);
        vm.prank(admin);
        ledger.registerNode(address(rogue), IDaisee.Kind.Consumer, address(0), 0);
        vm.prank(sun);
        ledger.reportProduction(10 * WH);
        rogue.attack(ledger, sun, 6 * WH);
        vm.prank(address(rogue));
        ledger.buyEnergy(sun, 6 * WH, type(uint256).max, 0);
        assertTrue(rogue.wasCalled(), "the coin did call back");
        assertTrue(rogue.wasRefused(), "it could not buy 12 of 10");
        assertEq(ledger.available(sun), 4 * WH);
        assertEq(ledger.allowance(sun, address(rogue)), 6 * WH);
    }

    function test_aCoinThatSaysNoRevertsThePurchase() public {
        RefusingCoin broken = new RefusingCoin();
        Ledger ledger = Deploy.ledger(broken, admin);
        vm.prank(admin);
        ledger.registerNode(sun, IDaisee.Kind.Producer, address(0), 1 * COIN);
        vm.prank(admin);
        ledger.registerNode(home, IDaisee.Kind.Consumer, address(0), 0);
        vm.prank(sun);
        ledger.reportProduction(10 * WH);
        willFail(SafeERC20.SafeERC20FailedOperation.selector, address(broken));
        vm.prank(home);
        ledger.buyEnergy(sun, 1 * WH, type(uint256).max, 0);
    }

    function testFuzz_theCostIsTheExactOneRoundedUp(uint64 energy, uint40 price) public {
        price = uint40(bound(price, 1, type(uint40).max));
        setPrice(sun, price);
        uint256 cost = daisee.quote(home, sun, energy);
        uint256 exact = uint256(energy) * price; // in millionths of a micro-coin
        assertTrue(cost * 1e6 >= exact && cost * 1e6 < exact + 1e6, "less than one micro-coin above");
        if (energy > 0) assertTrue(cost > 0, "nothing is free");
    }

    function testFuzz_buyingInPartsCostsTheSameUpToOneMicroCoinAPart(
        uint32 first,
        uint32 second,
        uint32 price
    ) public {
        price = uint32(bound(price, 1, type(uint32).max));
        setPrice(sun, price);
        uint256 parts = daisee.quote(home, sun, first) + daisee.quote(home, sun, second);
        uint256 whole = daisee.quote(home, sun, uint256(first) + second);
        assertTrue(parts >= whole && parts <= whole + 1, "in the seller's favour");
    }

    function testFuzz_aPurchaseChangesTheBooksOfTwoAndConservesCoins(
        uint64 energy,
        uint32 price,
        uint64 funds
    ) public {
        energy = uint64(bound(energy, 1, 100 * WH));
        price = uint32(bound(price, 1, type(uint32).max));
        setPrice(sun, price);
        mint(home, funds);
        uint256 before = coin.balanceOf(home);
        uint256 cost = daisee.quote(home, sun, energy);
        approve(home, type(uint256).max);
        if (cost > before) {
            vm.expectRevert(
                abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, home, before, cost)
            );
        }
        tryToBuy(home, sun, energy, cost);
        bool bought = cost <= before;
        assertEq(coin.balanceOf(home), bought ? before - cost : before);
        assertEq(coin.balanceOf(sun), bought ? cost : 0);
        assertEq(daisee.allowance(sun, home), bought ? energy : 0);
        assertEq(daisee.available(sun), bought ? 100 * WH - energy : 100 * WH);
    }
}
