// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {vm} from "./base/Vm.sol";

/// When a price takes effect, where the community agreed on a notice of a minute.
contract PricesTest is DaiseeTest {
    function setUp() public override {
        super.setUp();
        vm.warp(1_800_000_000);
        setTerms(60, true, 0, 0);
        produce(sun, 100 * WH);
    }

    function later(uint256 time) internal {
        vm.warp(block.timestamp + time);
    }

    function announced(address seller) internal view returns (uint256 price, uint256 from) {
        IDaisee.NodeInfo memory info = daisee.nodeOf(seller);
        IDaisee.SellerInfo memory row = daisee.sellers(0, 10)[0];
        assertTrue(row.nextPrice == info.nextPrice && row.nextPriceAt == info.nextPriceAt, "the same");
        return (info.nextPrice, info.nextPriceAt);
    }

    /// v0.3: of two sellers that raised their prices by a millionth each second nobody could buy.
    function test_aHigherPriceTakesEffectAfterTheNotice() public {
        vm.expectEmit(address(daisee));
        emit IDaisee.PriceChanged(sun, 2 * COIN, block.timestamp + 60);
        setPrice(sun, 2 * COIN);
        assertEq(priceOf(sun), 1 * COIN);
        (uint256 price, uint256 from) = announced(sun);
        assertEq(price, 2 * COIN);
        assertEq(from, block.timestamp + 60);
        later(59);
        assertEq(daisee.quote(home, sun, 1 * WH), 1 * COIN);
        buy(home, sun, 1 * WH);
        assertEq(coin.balanceOf(sun), 1 * COIN);
        later(1);
        assertEq(priceOf(sun), 2 * COIN);
        assertEq(daisee.quote(home, sun, 1 * WH), 2 * COIN);
        buy(home, sun, 1 * WH);
        assertEq(coin.balanceOf(sun), 3 * COIN);
        (price, from) = announced(sun);
        assertTrue(price == 0 && from == 0, "nothing is announced any more");
    }

    function test_aLowerPriceTakesEffectAtOnce() public {
        setPrice(sun, 2 * COIN);
        vm.expectEmit(address(daisee));
        emit IDaisee.PriceChanged(sun, COIN / 2, block.timestamp);
        setPrice(sun, COIN / 2);
        assertEq(priceOf(sun), COIN / 2);
        later(1000);
        assertEq(priceOf(sun), COIN / 2, "the one announced before was taken back");
    }

    function test_anotherAnnouncementBeginsItsOwnNotice() public {
        setPrice(sun, 2 * COIN);
        later(59);
        setPrice(sun, 3 * COIN);
        later(59);
        assertEq(priceOf(sun), 1 * COIN);
        later(1);
        assertEq(priceOf(sun), 3 * COIN);
        setPrice(sun, 4 * COIN);
        assertEq(priceOf(sun), 3 * COIN, "one that is due is the price before the next");
    }

    function test_aSellerStopsAtOnceAndNoHigherPriceComesBySelling0First() public {
        setPrice(sun, 0);
        assertEq(priceOf(sun), 0);
        willFail(IDaisee.NotSelling.selector, sun);
        tryToBuy(home, sun, 1, 1);
        setPrice(sun, 2 * COIN);
        assertEq(priceOf(sun), 0);
        willFail(IDaisee.NotSelling.selector, sun);
        tryToBuy(home, sun, 1, 1);
        consume(home, sun, 1 * WH);
        assertEq(daisee.owed(home, sun), 1 * COIN, "what is drawn meanwhile is owed at the last price");
        later(60);
        assertEq(priceOf(sun), 2 * COIN);
        consume(home, sun, 2 * WH);
        assertEq(daisee.owed(home, sun), 3 * COIN);
        setPrice(sun, 0);
        setPrice(sun, 2 * COIN);
        assertEq(priceOf(sun), 2 * COIN, "the same price again is no higher one");
    }

    function test_whatIsOverdrawnDuringTheNoticeIsOwedAtTheOldPrice() public {
        setPrice(sun, 5 * COIN);
        later(59);
        consume(home, sun, 1 * WH);
        assertEq(daisee.owed(home, sun), 1 * COIN);
        later(1);
        consume(home, sun, 2 * WH);
        assertEq(daisee.owed(home, sun), 6 * COIN);
    }

    function test_aFirstPriceNeedsNoNotice() public {
        address late = address(0x1a7e);
        register(late, IDaisee.Kind.Producer, address(0), 0);
        setPrice(late, 7 * COIN);
        assertEq(priceOf(late), 7 * COIN);
    }

    function test_theAdminSetsAnyPriceWhenItRegistersANode() public {
        setPrice(sun, 5 * COIN);
        remove(sun);
        assertEq(priceOf(sun), 0);
        register(sun, IDaisee.Kind.Prosumer, address(0), 3 * COIN);
        assertEq(priceOf(sun), 3 * COIN);
        later(60);
        assertEq(priceOf(sun), 3 * COIN, "what was announced before is gone");
        remove(sun);
        register(sun, IDaisee.Kind.Producer, address(0), 0);
        assertEq(priceOf(sun), 0);
    }

    function test_anOrderStatesWhatItPaysAtMost() public {
        setTerms(0, true, 0, 0);
        approve(home, 100 * COIN);
        setPrice(sun, 1 * COIN + 1);
        willFail(IDaisee.CostTooHigh.selector, 10 * COIN + 10, 10 * COIN);
        tryToBuy(home, sun, 10 * WH, 10 * COIN);
        tryToBuy(home, sun, 10 * WH, 10 * COIN + COIN / 10); // one in a hundred
        assertEq(coin.balanceOf(sun), 10 * COIN + 10);
    }

    function testFuzz_noPriceThatABuyerPaysIsNewerThanTheNotice(
        uint32[6] memory prices,
        uint16[6] memory waits
    ) public {
        uint256[6] memory since;
        uint256[6] memory asked;
        for (uint256 i; i < prices.length; ++i) {
            asked[i] = bound(prices[i], 1, type(uint32).max);
            since[i] = block.timestamp;
            setPrice(sun, asked[i]);
            later(bound(waits[i], 0, 120));
            uint256 paid = priceOf(sun);
            bool known = paid == 1 * COIN;
            for (uint256 k; k <= i; ++k) {
                // Announced a notice ago, or no higher than what held before it.
                known =
                    known || (paid == asked[k] && (since[k] + 60 <= block.timestamp || fell(asked, k, paid)));
            }
            assertTrue(known, "a price that nobody was told of in time");
        }
    }

    function fell(uint256[6] memory asked, uint256 k, uint256 paid) private pure returns (bool) {
        if (paid <= 1 * COIN) return true;
        for (uint256 j; j < k; ++j) {
            if (paid <= asked[j]) return true;
        }
        return false;
    }
}
