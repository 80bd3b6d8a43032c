// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {vm} from "./base/Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

/// What a page reads.
contract ViewsTest is DaiseeTest {
    function test_everythingBeginsAtZero() public view {
        assertEq(daisee.energyProduction(sun), 0);
        assertEq(daisee.energyConsumption(home, sun), 0);
        assertEq(daisee.totalEnergyConsumption(home), 0);
        assertEq(daisee.allowance(sun, home), 0);
        assertEq(daisee.overdrawn(home, sun), 0);
        assertEq(daisee.available(sun), 0);
        assertEq(daisee.purchases(home, 0, 10).length, 0);
        assertTrue(!daisee.paused(), "not paused");
        assertTrue(daisee.supportsInterface(type(IAccessControl).interfaceId), "roles");
    }

    function test_sellersAreCountedAndFound() public view {
        assertEq(daisee.nbSellers(), 2);
        assertEq(daisee.sellerIndex(0), sun);
        assertEq(daisee.sellerIndex(1), wind);
        assertTrue(daisee.isSeller(sun) && !daisee.isSeller(home) && !daisee.isSeller(stranger), "sellers");
    }

    function test_aSellerBeyondTheLastIsAnError() public {
        vm.expectRevert();
        daisee.sellerIndex(2);
    }

    function test_aPageOfSellersSaysWhatABuyerNeedsToKnow() public {
        produce(sun, 10 * WH);
        produce(wind, 7 * WH);
        consume(sun, sun, 1 * WH);
        buy(home, sun, 4 * WH);
        remove(wind);
        IDaisee.SellerInfo[] memory page = daisee.sellers(0, 10);
        assertEq(page.length, 2);
        assertEq(page[0].account, sun);
        assertTrue(page[0].active && !page[1].active, "active");
        assertEq(page[0].price, 1 * COIN);
        assertEq(page[0].produced, 10 * WH);
        assertEq(page[0].taken, 4 * WH);
        assertEq(page[0].available, 5 * WH);
        assertEq(page[1].account, wind);
        assertEq(page[1].price, 0);
        assertEq(page[1].produced, 7 * WH);
    }

    function test_pagesOfSellersJoinUp() public {
        for (uint160 i; i < 5; ++i) {
            register(address(0x1000 + i), IDaisee.Kind.Producer, address(0), 1);
        }
        for (uint256 size = 1; size <= 8; ++size) {
            uint256 seen;
            for (uint256 offset; offset < 7; offset += size) {
                IDaisee.SellerInfo[] memory page = daisee.sellers(offset, size);
                for (uint256 i; i < page.length; ++i) {
                    assertEq(page[i].account, daisee.sellerIndex(seen++));
                }
            }
            assertEq(seen, 7);
        }
        assertEq(daisee.sellers(7, 10).length, 0);
        assertEq(daisee.sellers(type(uint256).max, type(uint256).max).length, 0);
        assertEq(daisee.sellers(2, type(uint256).max).length, 5);
        assertEq(daisee.sellers(0, 0).length, 0);
    }

    function test_aPageOfPurchasesSaysWhatWasBoughtConsumedAndPaid() public {
        produce(sun, 10 * WH);
        produce(wind, 10 * WH);
        buy(home, wind, 4 * WH);
        buy(home, sun, 1 * WH);
        buy(home, sun, 2 * WH);
        consume(home, sun, 5 * WH);
        consume(home, wind, 1 * WH);
        IDaisee.PurchaseInfo[] memory page = daisee.purchases(home, 0, 10);
        assertEq(page.length, 2);
        assertEq(page[0].seller, sun); // the newest seller first
        assertEq(page[0].purchased, 3 * WH);
        assertEq(page[0].consumed, 5 * WH);
        assertEq(page[0].allowance, 0);
        assertEq(page[0].overdrawn, 2 * WH);
        assertEq(page[0].spent, 3 * COIN);
        assertEq(page[1].seller, wind);
        assertEq(page[1].purchased, 4 * WH);
        assertEq(page[1].consumed, 1 * WH);
        assertEq(page[1].allowance, 3 * WH);
        assertEq(page[1].overdrawn, 0);
        assertEq(page[1].spent, 1 * COIN);
    }

    function test_whoConsumedWithoutBuyingIsOnThePageToo() public {
        consume(home, sun, 5 * WH);
        IDaisee.PurchaseInfo[] memory page = daisee.purchases(home, 0, 10);
        assertEq(page.length, 1);
        assertEq(page[0].overdrawn, 5 * WH);
        produce(sun, 9 * WH);
        buy(home, sun, 9 * WH); // does not list the seller again
        assertEq(daisee.purchases(home, 0, 10).length, 1);
    }

    function test_pagesOfPurchasesJoinUp() public {
        for (uint160 i; i < 7; ++i) {
            register(address(0x1000 + i), IDaisee.Kind.Producer, address(0), 1);
            consume(home, address(0x1000 + i), i + 1);
        }
        consume(cafe, sun, 1); // another's list
        for (uint256 size = 1; size <= 8; ++size) {
            uint256 seen;
            for (uint256 offset; offset < 7; offset += size) {
                IDaisee.PurchaseInfo[] memory page = daisee.purchases(home, offset, size);
                for (uint256 i; i < page.length; ++i) {
                    assertEq(page[i].seller, address(0x1006 - uint160(seen)));
                    assertEq(page[i].consumed, 7 - seen);
                    ++seen;
                }
            }
            assertEq(seen, 7);
        }
        assertEq(daisee.purchases(home, 7, 10).length, 0);
        assertEq(daisee.purchases(home, type(uint256).max, type(uint256).max).length, 0);
        assertEq(daisee.purchases(home, 2, type(uint256).max).length, 5);
        assertEq(daisee.purchases(home, 0, 0).length, 0);
    }
}
