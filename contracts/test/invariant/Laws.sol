// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Actions} from "./Actions.sol";

/// Laws 2 to 5 of the design, read from the ledger and held against the model.
abstract contract Laws is Actions {
    function check() external view {
        law2NoEnergyIsSoldTwiceNorWithoutBeingProduced();
        law3PurchasedIsConsumedAndAllowanceLessOverdrawn();
        law4CoinsAreConservedAndMoveOnlyByPurchase();
        law5OnlyNodesReportAndOnlyForThemselves();
    }

    function law2NoEnergyIsSoldTwiceNorWithoutBeingProduced() private view {
        IDaisee.SellerInfo[] memory page = daisee.sellers(0, 100);
        for (uint256 i; i < page.length; ++i) {
            IDaisee.SellerInfo memory row = page[i];
            NodeBook storage book = node[row.account];
            uint256 purchased;
            for (uint256 b; b < ACCOUNTS; ++b) {
                purchased += trade[accounts[b]][row.account].purchased;
            }
            assertEq(row.sold, purchased, "sold is what buyers purchased");
            assertTrue(purchased <= row.produced - book.ownBacked, "sold more than produced and not used");
            assertEq(row.available, row.produced - row.sold - book.ownBacked, "available");
            assertEq(daisee.overdrawn(row.account, row.account), book.ownOverdrawn, "own use overdrawn");
        }
    }

    function law3PurchasedIsConsumedAndAllowanceLessOverdrawn() private view {
        for (uint256 b; b < ACCOUNTS; ++b) {
            address buyer = accounts[b];
            IDaisee.PurchaseInfo[] memory page = daisee.purchases(buyer, 0, 100);
            for (uint256 i; i < page.length; ++i) {
                IDaisee.PurchaseInfo memory row = page[i];
                TradeBook storage book = trade[buyer][row.seller];
                assertEq(row.purchased + row.overdrawn, row.consumed + row.allowance, "law 3");
                assertEq(row.purchased, book.purchased, "purchased");
                assertEq(row.consumed, book.consumed, "consumed");
                assertEq(row.allowance, book.allowance, "allowance");
                assertEq(row.overdrawn, book.overdrawn, "overdrawn");
                assertEq(row.spent, book.spent, "spent");
            }
            uint256 trades;
            for (uint256 s; s < ACCOUNTS; ++s) {
                TradeBook storage book = trade[buyer][accounts[s]];
                if (book.purchased + book.consumed > 0) ++trades;
            }
            assertEq(page.length, trades, "every trade is listed once");
        }
    }

    function law4CoinsAreConservedAndMoveOnlyByPurchase() internal view virtual {
        uint256 total;
        for (uint256 i; i < ACCOUNTS; ++i) {
            uint256 balance = coin.balanceOf(accounts[i]);
            assertEq(balance, node[accounts[i]].coins, "balance");
            assertEq(coin.allowance(accounts[i], address(daisee)), 0, "an approval outlived its purchase");
            total += balance;
        }
        assertEq(total, minted, "coins are conserved");
        assertEq(coin.totalSupply(), minted, "supply");
    }

    function law5OnlyNodesReportAndOnlyForThemselves() private view {
        for (uint256 i; i < ACCOUNTS; ++i) {
            address account = accounts[i];
            NodeBook storage book = node[account];
            assertEq(daisee.energyProduction(account), book.produced, "production");
            assertEq(daisee.energyConsumption(account, account), book.ownUse, "own use");
            assertEq(daisee.totalEnergyConsumption(account), book.totalConsumed, "total");
            (IDaisee.Kind kind, bool active,, uint256 price) = daisee.nodeOf(account);
            assertTrue(kind == book.kind && active == (kind != IDaisee.Kind.None), "kind");
            assertEq(price, book.price, "price");
        }
        address[2] memory nobodies = [THIEF, address(trap)];
        for (uint256 i; i < 2; ++i) {
            (, bool active,,) = daisee.nodeOf(nobodies[i]);
            assertTrue(!active, "a stranger got in");
            assertEq(daisee.energyProduction(nobodies[i]), 0, "a stranger produced");
            assertEq(daisee.totalEnergyConsumption(nobodies[i]), 0, "a stranger consumed");
        }
    }

    /// All that was consumed and is not bought yet, and all own use that production does not cover yet.
    function overdrafts() external view returns (uint256 fromSellers, uint256 own) {
        for (uint256 b; b < ACCOUNTS; ++b) {
            own += node[accounts[b]].ownOverdrawn;
            for (uint256 s; s < ACCOUNTS; ++s) {
                fromSellers += trade[accounts[b]][accounts[s]].overdrawn;
            }
        }
    }
}
