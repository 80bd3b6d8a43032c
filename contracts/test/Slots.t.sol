// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {Intake} from "../src/slots/Intake.sol";
import {Market, Offer} from "../src/slots/Market.sol";
import {Meter} from "../src/slots/Meter.sol";
import {Trade} from "../src/slots/Trade.sol";
import {Checks} from "./base/Checks.sol";

/// Every field of a slot at its place, in its size, and without touching another.
contract SlotsTest is Checks {
    function field(uint256 word, uint256 offset, uint256 bits) internal pure returns (uint256) {
        return (word >> offset) & ((uint256(1) << bits) - 1);
    }

    /// `changed` differs from `word` in that field only, which is `value`.
    function only(uint256 word, uint256 changed, uint256 offset, uint256 bits, uint256 value) internal pure {
        assertEq(field(changed, offset, bits), value, "the field");
        uint256 mask = ((uint256(1) << bits) - 1) << offset;
        assertEq(changed & ~mask, word & ~mask, "the others");
    }

    function testFuzz_aMeter(uint256 word, address key, uint64 produced, uint8 kind, uint8 epoch)
        public
        pure
    {
        kind = kind % 4;
        word = (word & ~(uint256(0xff) << 224)) | (uint256(kind) << 224);
        Meter meter = Meter.wrap(word);
        assertEq(uint160(meter.key()), field(word, 0, 160));
        assertEq(meter.produced(), field(word, 160, 64));
        assertEq(uint8(meter.kind()), field(word, 224, 8));
        assertEq(meter.epoch(), field(word, 232, 8));
        assertTrue(meter.sells() == (kind > 1) && meter.isActive() == (kind > 0), "what it may do");
        only(word, Meter.unwrap(meter.withKey(key)), 0, 160, uint160(key));
        only(word, Meter.unwrap(meter.withProduced(produced)), 160, 64, produced);
        only(word, Meter.unwrap(meter.withKind(IDaisee.Kind(kind))), 224, 8, kind);
        only(word, Meter.unwrap(meter.withEpoch(epoch)), 232, 8, epoch);
    }

    function testFuzz_aMarket(uint256 word, uint64 energy, uint40 price, uint16 number, uint8 offer)
        public
        pure
    {
        offer = offer % 4;
        Market market = Market.wrap(word);
        assertEq(market.taken(), field(word, 0, 64));
        assertEq(market.ownUse(), field(word, 64, 64));
        assertEq(market.drawn(), field(word, 128, 64));
        assertEq(market.price(), field(word, 192, 40));
        assertEq(market.sellerNumber(), field(word, 240, 16));
        only(word, Market.unwrap(market.withTaken(energy)), 0, 64, energy);
        only(word, Market.unwrap(market.withOwnUse(energy)), 64, 64, energy);
        only(word, Market.unwrap(market.withDrawn(energy)), 128, 64, energy);
        only(word, Market.unwrap(market.withSellerNumber(number)), 240, 16, number);
        Market priced = market.withPrice(price, Offer(offer));
        only(word, Market.unwrap(priced), 192, 48, uint256(offer) << 40 | price);
        assertTrue(priced.isOpen() == (offer == uint8(Offer.Open) || offer == uint8(Offer.Rising)), "open");
        bool awaits = offer == uint8(Offer.Waiting) || offer == uint8(Offer.Rising);
        assertTrue(priced.awaitsPrice() == awaits, "awaits a price");
    }

    function testFuzz_anIntake(uint256 word, uint96 purchased, uint16 number, bool buys) public pure {
        word = field(word, 0, 129);
        Intake intake = Intake.wrap(word);
        assertEq(intake.purchased(), field(word, 0, 96));
        assertEq(intake.newestSeller(), field(word, 96, 16));
        assertEq(intake.debts(), field(word, 112, 16));
        assertTrue(intake.buys() == (field(word, 128, 1) == 1), "buys");
        only(word, Intake.unwrap(intake.withPurchased(purchased)), 0, 96, purchased);
        only(word, Intake.unwrap(intake.withNewestSeller(number)), 96, 16, number);
        only(word, Intake.unwrap(intake.withDebts(number)), 112, 16, number);
        only(word, Intake.unwrap(intake.withBuys(buys)), 128, 1, buys ? 1 : 0);
    }

    function testFuzz_aTrade(uint256 word, uint64 energy, uint56 coins, uint16 number) public pure {
        Trade trade = Trade.wrap(word);
        uint256 purchased = field(word, 0, 64);
        uint256 consumed = field(word, 64, 64);
        assertEq(trade.purchased(), purchased);
        assertEq(trade.consumed(), consumed);
        assertEq(trade.spent(), field(word, 128, 56));
        assertEq(trade.owed(), field(word, 184, 56));
        assertEq(trade.nextSeller(), field(word, 240, 16));
        assertEq(trade.taken(), purchased > consumed ? purchased : consumed);
        assertEq(trade.overdrawn() + purchased, trade.taken());
        only(word, Trade.unwrap(trade.withPurchased(energy)), 0, 64, energy);
        only(word, Trade.unwrap(trade.withConsumed(energy)), 64, 64, energy);
        only(word, Trade.unwrap(trade.withSpent(coins)), 128, 56, coins);
        only(word, Trade.unwrap(trade.withOwed(coins)), 184, 56, coins);
        only(word, Trade.unwrap(trade.withNextSeller(number)), 240, 16, number);
    }
}
