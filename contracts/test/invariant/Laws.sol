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
            uint256 overdrawn;
            for (uint256 b; b < ACCOUNTS; ++b) {
                purchased += trade[accounts[b]][row.account].purchased;
                overdrawn += trade[accounts[b]][row.account].overdrawn;
            }
            uint256 out = purchased + overdrawn + book.drawn;
            assertEq(row.taken, purchased + overdrawn, "taken is what buyers purchased, or drew without");
            assertEq(row.available, excess(row.produced, out), "available");
            assertEq(daisee.overdrawn(row.account, row.account), excess(out, row.produced), "out of nothing");
            assertEq(row.price, askedBy(row.account), "price");
            bool isDue = block.timestamp >= book.nextPriceAt;
            assertEq(row.nextPrice, isDue ? 0 : book.nextPrice, "announced price");
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
                assertEq(row.owed, book.owed, "owed");
                assertEq(row.spent, book.spent, "spent");
                assertEq(row.delivered, book.delivered, "delivered");
            }
            assertEq(daisee.debts(buyer), debtsOf(buyer), "debts");
            assertEq(daisee.totalEnergyPurchased(buyer), node[buyer].totalPurchased, "total purchased");
            uint256 trades;
            for (uint256 s; s < ACCOUNTS; ++s) {
                if (trade[buyer][accounts[s]].known) ++trades;
            }
            assertEq(page.length, trades, "every trade is listed once");
        }
    }

    function askedBy(address seller) private view returns (uint256) {
        NodeBook storage book = node[seller];
        if (!sells(seller)) return 0;
        if (book.nextPrice != 0 && block.timestamp >= book.nextPriceAt) return book.nextPrice;
        return book.selling ? book.price : 0;
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
            IDaisee.NodeInfo memory info = daisee.nodeOf(account);
            assertTrue(info.kind == book.kind && info.active == (info.kind != IDaisee.Kind.None), "kind");
            assertEq(info.price, askedBy(account), "price");
            assertEq(info.meterKey, addressOf(book.meterKey));
            assertEq(info.epoch, book.epoch, "epoch");
        }
        address[2] memory nobodies = [THIEF, address(trap)];
        for (uint256 i; i < 2; ++i) {
            assertTrue(!daisee.nodeOf(nobodies[i]).active, "a stranger got in");
            assertEq(daisee.energyProduction(nobodies[i]), 0, "a stranger produced");
            assertEq(daisee.totalEnergyConsumption(nobodies[i]), 0, "a stranger consumed");
        }
    }

    /// All that was consumed and is not bought yet, and all that production does not cover yet.
    function overdrafts() external view returns (uint256 fromSellers, uint256 own) {
        for (uint256 b; b < ACCOUNTS; ++b) {
            own += daisee.overdrawn(accounts[b], accounts[b]);
            for (uint256 s; s < ACCOUNTS; ++s) {
                fromSellers += trade[accounts[b]][accounts[s]].overdrawn;
            }
        }
    }
}
