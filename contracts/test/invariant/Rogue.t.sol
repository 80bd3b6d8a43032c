// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checks} from "../base/Checks.sol";
import {RogueMoney} from "./RogueMoney.sol";

/// What still holds where the ledger was deployed with a coin that cheats.
contract RogueTest is Checks {
    RogueMoney private handler;

    function setUp() public {
        handler = new RogueMoney();
    }

    /// What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_theBooksOfEnergyStayTrueWithACoinThatCheats() public view {
        handler.check();
    }

    function test_everyMischiefOfTheInvariantsIsReached() public {
        uint256 seed = 0xda15ee;
        for (uint256 i; i < 3000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _act(seed % 12, uint256(keccak256(abi.encode(seed, 1))), uint256(keccak256(abi.encode(seed, 2))));
        }
        handler.check();
        string[7] memory acts = [
            "purchase with mischief",
            "payment refused",
            "purchase from within a payment",
            "act from within a payment",
            "purchase with a permit",
            "payment of a debt",
            "lie"
        ];
        for (uint256 i; i < acts.length; ++i) {
            assertTrue(handler.done(acts[i]) > 4, acts[i]);
        }
    }

    function _act(uint256 which, uint256 a, uint256 b) private {
        (uint256 c, uint256 d) = (a >> 128, b >> 128);
        if (which == 0) handler.produce(a, b);
        if (which == 1) handler.consumeFromSeller(a, b, c);
        if (which == 2) handler.buyWithMischief(a, b, c, d);
        if (which == 3) handler.sellToOneWhoCallsBack(a, b, c, d);
        if (which == 4) handler.buyForAnotherMeanwhile(a, b, c, d, a >> 64);
        if (which == 5) handler.buyWithPermit(a, b, c);
        if (which == 6) handler.removeOrReturn(a, b);
        if (which == 7) handler.lieAboutBalances(a % 2 == 0);
        if (which == 8) handler.setPrice(a, b);
        if (which == 9) handler.payDebt(a, b, c, uint8(d));
        if (which == 10) handler.correct(a, b, c);
        if (which == 11) handler.changeMeter(a, b);
    }
}
