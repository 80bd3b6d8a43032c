// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Meters} from "../base/Meters.sol";
import {vm} from "../base/Vm.sol";
import {Actions} from "./Actions.sol";
import {RogueCoin} from "./RogueCoin.sol";

/// What the others try. No attack may be accepted; the invariants see to it that none left a trace.
abstract contract Attacks is Actions {
    RogueCoin private immutable FAKE = new RogueCoin();

    function refused(string memory what, bool succeeded) private {
        if (succeeded) fail(string.concat(what, " was accepted"));
        ++done[what];
    }

    function lowerARegister(uint256 who, uint256 from, uint256 by) external {
        address account = someone(who);
        (IDaisee.Sort sort, address other) = someSort(account, from);
        uint256 register = stored(sort, account, other);
        if (register == 0) return;
        register -= bound(by, 1, register);
        vm.prank(account);
        (bool succeeded,) = address(daisee).call(report(sort, account, other, register));
        refused("lowered register", succeeded);
    }

    /// Itself, where only its meter's word counts.
    function reportBesideTheMeter(uint256 who, uint256 from, uint256 energy) external {
        address account = someone(who);
        for (uint256 i; i < ACCOUNTS && node[account].meterKey == 0; ++i) {
            account = accounts[i];
        }
        if (node[account].meterKey == 0) return;
        (IDaisee.Sort sort, address other) = someSort(account, from);
        uint256 register = stored(sort, account, other) + bound(energy, 0, 1e6 * WH);
        vm.prank(account);
        (bool succeeded,) = address(daisee).call(report(sort, account, other, register));
        refused("report beside the meter", succeeded);
    }

    /// Two programs with one key order for the same need.
    function orderTwice(uint256 who, uint256 from, uint256 energy) external {
        (address buyer, address seller) = (someone(who), someSeller(from));
        settlePrice(seller);
        energy = bound(energy, 1, availableOf(seller) / 4 + 1);
        if (!mayBuy(buyer, seller, energy, node[buyer].coins)) return;
        bytes memory order = purchaseOf(buyer, seller, energy, type(uint256).max);
        vm.prank(buyer);
        coin.approve(address(daisee), type(uint256).max);
        vm.prank(buyer);
        (bool succeeded,) = address(daisee).call(order);
        assertTrue(succeeded, "the first order was refused");
        vm.prank(buyer);
        (succeeded,) = address(daisee).call(order);
        refused("second order for one need", succeeded);
        vm.prank(buyer);
        coin.approve(address(daisee), 0);
        bought(buyer, seller, energy);
    }

    function reportAsAStranger(uint256 from, uint256 register) external {
        vm.prank(THIEF);
        (bool succeeded,) = address(daisee).call(abi.encodeCall(daisee.reportProduction, (register)));
        refused("stranger's production", succeeded);
        vm.prank(THIEF);
        (succeeded,) =
            address(daisee).call(abi.encodeCall(daisee.reportConsumption, (someone(from), register)));
        refused("stranger's consumption", succeeded);
    }

    function consumeFromNobody(uint256 who, uint256 from, uint256 register) external {
        address account = someone(who);
        address origin = node[someone(from)].seller || someone(from) == account ? THIEF : someone(from);
        vm.prank(account);
        (bool succeeded,) = address(daisee).call(abi.encodeCall(daisee.reportConsumption, (origin, register)));
        refused("consumption from nobody", succeeded);
    }

    /// A reading of somebody else's meter, or one changed after it was signed.
    function forge(uint256 who, uint256 from, uint256 energy, uint256 key) external {
        (IDaisee.Reading memory reading, bytes memory signature) = _sign(who, from, bound(energy, 1, 50 * WH));
        if (key % 2 == 0) {
            key = 10_000 + key % 1000; // no meter's
            signature = Meters.sign(key, _digest(reading));
        } else {
            reading.register += 1 + key % 1000;
            if (key % 5 == 0) reading.sort = IDaisee.Sort(uint256(reading.sort) ^ 1);
            key = 10_000;
        }
        (bool succeeded,) = address(daisee).call(abi.encodeCall(daisee.reportSigned, (reading, signature)));
        refused("forged reading", succeeded);
        bytes memory batch = Meters.pack(key, _digest(reading), reading);
        (succeeded,) = address(daisee).call(abi.encodeCall(daisee.reportBatch, (batch)));
        refused("forged batch", succeeded);
    }

    /// Anything that was ever signed, again: it may raise a register that it was the newest reading of, never
    /// more than that.
    function replay(uint256 seed) external {
        if (signatures.length == 0) return;
        uint256 i = seed % signatures.length;
        IDaisee.Reading memory reading = signedReadings[i];
        (bool succeeded,) =
            address(daisee).call(abi.encodeCall(daisee.reportSigned, (reading, signatures[i])));
        if (!succeeded) return;
        assertTrue(_mayCarry(reading), "a replay of one that may not report was accepted");
        assertTrue(
            standing(reading) >= stored(reading.sort, reading.node, reading.other),
            "a replay lowered a register"
        );
        carried(reading);
        ++done["replay"];
    }

    function overreach(uint256 who, uint256 from, uint256 more) external {
        (address buyer, address seller) = (someone(who), someone(from));
        uint256 energy =
            availableOf(seller) + trade[buyer][seller].overdrawn + bound(more, 1, type(uint128).max);
        bytes memory order = purchaseOf(buyer, seller, energy, type(uint256).max);
        vm.prank(buyer);
        coin.approve(address(daisee), type(uint256).max);
        vm.prank(buyer);
        (bool succeeded,) = address(daisee).call(order);
        refused("purchase of what there is not", succeeded);
        vm.prank(buyer);
        coin.approve(address(daisee), 0);
    }

    function buyWithAFakeCoin(uint256 who, uint256 from) external {
        address buyer = someone(who);
        FAKE.mint(buyer, 1e12);
        vm.prank(buyer);
        (bool succeeded,) = address(FAKE)
            .call(
                abi.encodeWithSignature(
                    "approveAndCall(address,uint256,bytes)",
                    daisee,
                    1e12,
                    orderOf(buyer, someone(from), 1, type(uint256).max)
                )
            );
        refused("fake coin", succeeded);
        FAKE.plan(RogueCoin.Answer.True, 0, address(0), "");
        (succeeded,) = address(FAKE)
            .call(
                abi.encodeCall(
                    FAKE.announce, (daisee, buyer, orderOf(buyer, someone(from), 1, type(uint256).max))
                )
            );
        refused("approval that another coin announced", succeeded);
    }

    /// While a victim's approval stands open, a thief and a trap try to use it.
    function stealAnApproval(uint256 who, uint256 from, uint256 energy) external {
        (address victim, address seller) = (someone(who), someSeller(from));
        energy = bound(energy, 1, availableOf(seller) + 1);
        bytes memory order = orderOf(victim, seller, energy, type(uint256).max);
        bytes memory purchase = purchaseOf(THIEF, seller, energy, type(uint256).max);
        vm.prank(victim);
        coin.approve(address(daisee), type(uint256).max);
        vm.prank(THIEF);
        (bool succeeded,) = address(daisee)
            .call(abi.encodeCall(daisee.onApprovalReceived, (victim, type(uint256).max, order)));
        refused("announced approval of another", succeeded);
        vm.prank(THIEF);
        (succeeded,) = address(daisee).call(purchase);
        refused("stranger's purchase", succeeded);
        vm.prank(THIEF);
        (succeeded,) = address(daisee)
            .call(
                abi.encodeCall(daisee.onApprovalReceived, (victim, 0, abi.encode(seller, type(uint256).max)))
            );
        refused("announced payment of another", succeeded);
        vm.prank(THIEF);
        (succeeded,) = address(coin).call(abi.encodeCall(coin.transferFrom, (victim, THIEF, 1)));
        refused("stranger's transferFrom", succeeded);
        _springTheTrap(someone(from / 7), abi.encode(victim, seller), energy % 2 == 0);
        vm.prank(victim);
        coin.approve(address(daisee), 0);
    }

    function _springTheTrap(address lured, bytes memory order, bool byTransfer) private {
        vm.prank(lured);
        if (byTransfer) {
            coin.transferAndCall(address(trap), 0, order);
        } else {
            coin.approveAndCall(address(trap), 0, order);
        }
        assertEq(trap.gains(), 0, "a contract got something by re-entering");
        ++done["trap"];
    }

    function actAsAdmin(uint256 who, uint256 what) external {
        address account = someone(who);
        bytes[9] memory calls = [
            abi.encodeCall(daisee.registerNode, (THIEF, IDaisee.Kind.Producer, THIEF, 1)),
            abi.encodeCall(daisee.removeNode, (account)),
            abi.encodeCall(daisee.setMeterKey, (account, THIEF)),
            abi.encodeCall(daisee.replaceMeter, (account, THIEF)),
            abi.encodeCall(
                daisee.correctRegister, (IDaisee.Sort.Production, account, address(0), 1e12, "mine")
            ),
            abi.encodeCall(daisee.setTerms, (IDaisee.Terms(0, false, 0, 0))),
            abi.encodeCall(daisee.restore, (new IDaisee.NodeBooks[](0), new IDaisee.TradeBooks[](0))),
            abi.encodeCall(daisee.pause, ()),
            abi.encodeCall(daisee.grantRole, (bytes32(0), account))
        ];
        vm.prank(account);
        (bool succeeded,) = address(daisee).call(calls[what % 9]);
        refused("admin's act by another", succeeded);
        vm.prank(account);
        (succeeded,) = address(coin).call(abi.encodeCall(coin.mint, (account, 1)));
        refused("minting by another", succeeded);
    }
}
