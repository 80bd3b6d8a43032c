// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checks} from "../base/Checks.sol";
import {Neighbourhood} from "./Neighbourhood.sol";

/// The laws after every one of any sequence of honest and hostile acts.
contract LawsTest is Checks {
    Neighbourhood private handler;

    function setUp() public {
        handler = new Neighbourhood();
    }

    /// What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// One campaign for all the laws: forge would put the same sequences to each of several invariants.
    function invariant_laws2to5HoldAfterEveryAct() public view {
        handler.check();
    }

    /// The random acts are no idle ones: a long walk does every one of them, and the laws hold at its end.
    function test_everyActOfTheInvariantsIsReached() public {
        uint256 seed = 0xda15ee;
        bool fromSellersOverdrawn;
        bool ownOverdrawn;
        for (uint256 i; i < 3000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _act(seed % 29, uint256(keccak256(abi.encode(seed, 1))), uint256(keccak256(abi.encode(seed, 2))));
            if (i % 50 > 0) continue;
            (uint256 fromSellers, uint256 own) = handler.overdrafts();
            fromSellersOverdrawn = fromSellersOverdrawn || fromSellers > 0;
            ownOverdrawn = ownOverdrawn || own > 0;
        }
        handler.check();
        string[43] memory acts = _allActs();
        for (uint256 i; i < acts.length; ++i) {
            assertTrue(handler.done(acts[i]) > 4, acts[i]);
        }
        assertTrue(fromSellersOverdrawn && ownOverdrawn, "both sorts of overdraft");
    }

    function _allActs() private pure returns (string[43] memory) {
        return [
            "production",
            "consumption",
            "signed reading",
            "batch",
            "purchase",
            "purchase by approveAndCall",
            "purchase with a permit",
            "purchase from within a transfer",
            "act from within a transfer",
            "price",
            "return",
            "removal",
            "pause",
            "lowered register",
            "stranger's production",
            "stranger's consumption",
            "consumption from nobody",
            "forged reading",
            "forged batch",
            "replay",
            "purchase of what there is not",
            "fake coin",
            "approval that another coin announced",
            "announced approval of another",
            "stranger's purchase",
            "stranger's transferFrom",
            "trap",
            "admin's act by another",
            "minting by another",
            "delivery",
            "payment of a debt",
            "wait",
            "key",
            "key taken",
            "new meter",
            "correction",
            "terms",
            "report beside the meter",
            "second order for one need",
            "announced payment of another",
            "production by its meter",
            "consumption by its meter",
            "delivery by its meter"
        ];
    }

    function _act(uint256 which, uint256 a, uint256 b) private {
        (uint256 c, uint256 d) = (a >> 128, b >> 128);
        if (which == 0) handler.produce(a, b);
        if (which == 1) handler.consumeOwn(a, b);
        if (which == 2) handler.consumeFromSeller(a, b, c);
        if (which == 3) handler.signAndCarry(a, b, c);
        if (which == 4) handler.carryBatch(a, uint8(b));
        if (which == 5) handler.buy(a, b, c, uint8(d));
        if (which == 6) handler.buyWithPermit(a, b, c);
        if (which == 7) handler.payTheContract(a, b, c, d);
        if (which == 8) handler.setPrice(a, b);
        if (which == 9) handler.removeOrReturn(a, b);
        if (which == 10) handler.pauseOrGoOn(a);
        if (which == 11) handler.lowerARegister(a, b, c);
        if (which == 12) handler.reportAsAStranger(a, b);
        if (which == 13) handler.consumeFromNobody(a, b, c);
        if (which == 14) handler.forge(a, b, c, d);
        if (which == 15) handler.replay(a);
        if (which == 16) handler.overreach(a, b, c);
        if (which == 17) handler.buyWithAFakeCoin(a, b);
        if (which == 18) handler.stealAnApproval(a, b, c);
        if (which == 19) handler.actAsAdmin(a, b);
        if (which == 20) handler.payTheContractThatReports(a, b, c, d);
        if (which == 21) handler.deliver(a, b, c);
        if (which == 22) handler.payDebt(a, b, c, uint8(d));
        if (which == 23) handler.wait(a);
        if (which == 24) handler.changeMeter(a, b);
        if (which == 25) handler.correct(a, b, c);
        if (which == 26) handler.agree(a);
        if (which == 27) handler.reportBesideTheMeter(a, b, c);
        if (which == 28) handler.orderTwice(a, b, c);
    }
}
