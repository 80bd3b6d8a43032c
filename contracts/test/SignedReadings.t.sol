// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../src/IDaisee.sol";
import {DaiseeTest} from "./base/DaiseeTest.sol";
import {Deploy, Ledger} from "./base/Ledger.sol";
import {Meters} from "./base/Meters.sol";
import {vm} from "./base/Vm.sol";

/// Readings that a meter signed and anyone carries, alone or in a batch.
contract SignedReadingsTest is DaiseeTest {
    // secp256k1's order: s and order - s are both valid signatures to the curve, but not to the ledger.
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function production(uint256 register) internal view returns (IDaisee.Reading memory) {
        return IDaisee.Reading(sun, address(0), register);
    }

    function bad(uint256 index, address node) internal {
        vm.expectRevert(abi.encodeWithSelector(IDaisee.BadSignature.selector, index, node));
    }

    function test_theDomainIsAsDocumented() public view {
        (, string memory name, string memory version, uint256 chainId, address ledger,,) =
            daisee.eip712Domain();
        vm.assertEq(name, "Daisee");
        vm.assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(ledger, address(daisee));
    }

    function test_anyoneCarriesAReadingWithALongOrAShortSignature() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        vm.expectEmit(address(daisee));
        emit IDaisee.Produced(sun, 5 * WH, 5 * WH);
        vm.prank(stranger);
        daisee.reportSigned(reading, signature);
        reading = production(6 * WH);
        vm.prank(stranger);
        daisee.reportSigned(reading, Meters.signShort(SUN_KEY, digest(reading)));
        assertEq(daisee.energyProduction(sun), 6 * WH);
    }

    function test_everySortOfReadingIsCarried() public {
        IDaisee.Reading memory own = IDaisee.Reading(home, home, 2 * WH);
        IDaisee.Reading memory bought = IDaisee.Reading(home, sun, 3 * WH);
        daisee.reportSigned(own, sign(HOME_KEY, own));
        daisee.reportSigned(bought, sign(HOME_KEY, bought));
        assertEq(daisee.energyConsumption(home, home), 2 * WH);
        assertEq(daisee.energyConsumption(home, sun), 3 * WH);
    }

    function test_aSignedReadingCountsOnce() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        daisee.reportSigned(reading, signature);
        daisee.reportSigned(reading, signature);
        assertEq(daisee.energyProduction(sun), 5 * WH);
        produce(sun, 6 * WH);
        willFail(IDaisee.RegisterFell.selector, 6 * WH, 5 * WH);
        daisee.reportSigned(reading, signature);
    }

    function test_aForgedReadingIsRefused() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        reading.register += 1;
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        reading.register -= 1;
        reading.node = wind;
        bad(0, wind);
        daisee.reportSigned(reading, signature);
        reading.node = sun;
        reading.origin = sun;
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        reading.origin = address(0);
        bytes memory other = sign(HOME_KEY, reading);
        bad(0, sun);
        daisee.reportSigned(reading, other);
        bad(0, sun);
        daisee.reportSigned(reading, hex"");
        bad(0, sun);
        daisee.reportSigned(reading, new bytes(64));
        bad(0, sun);
        daisee.reportSigned(reading, new bytes(65));
    }

    function test_theOtherSolutionOfTheCurveIsRefused() public {
        IDaisee.Reading memory reading = production(5 * WH);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SUN_KEY, digest(reading));
        bytes memory twin = abi.encodePacked(r, ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
        bad(0, sun);
        daisee.reportSigned(reading, twin);
    }

    function test_aNodeWithoutAMeterKeySignsNothing() public {
        IDaisee.Reading memory reading = IDaisee.Reading(wind, address(0), 5 * WH);
        // A signature that recovers to nobody must not match the key that nobody has.
        bytes memory nobody = abi.encodePacked(bytes32(0), bytes32(0), uint8(27));
        bad(0, wind);
        daisee.reportSigned(reading, nobody);
        bad(0, wind);
        daisee.reportSigned(reading, new bytes(64));
        bad(0, wind);
        daisee.reportBatch(abi.encodePacked(uint8(0), wind, uint64(5 * WH), new bytes(64)));
        reading = IDaisee.Reading(stranger, address(0), 5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        bad(0, stranger);
        daisee.reportSigned(reading, signature);
    }

    function test_aReadingForAnotherChainOrLedgerIsRefused() public {
        IDaisee.Reading memory reading = production(5 * WH);
        Ledger twin = Deploy.ledger(coin, admin);
        bytes memory elsewhere = Meters.sign(SUN_KEY, Meters.digest(address(twin), block.chainid, reading));
        bad(0, sun);
        daisee.reportSigned(reading, elsewhere);
        bytes memory here = sign(SUN_KEY, reading);
        vm.chainId(block.chainid + 1); // a fork of the chain
        bad(0, sun);
        daisee.reportSigned(reading, here);
    }

    function test_aReplacedOrRemovedMeterSignsNothingMore() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        vm.prank(admin);
        daisee.setMeterKey(sun, vm.addr(7));
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        daisee.reportSigned(reading, sign(7, reading));
        remove(sun);
        reading.register = 6 * WH;
        signature = sign(7, reading);
        bad(0, sun);
        daisee.reportSigned(reading, signature);
    }

    function test_aMeterIsBoundByTheSameRulesAsItsNode() public {
        IDaisee.Reading memory reading = IDaisee.Reading(home, address(0), 1);
        bytes memory signature = sign(HOME_KEY, reading);
        willFail(IDaisee.NotAProducer.selector, home);
        daisee.reportSigned(reading, signature);
        reading = IDaisee.Reading(home, cafe, 1);
        signature = sign(HOME_KEY, reading);
        willFail(IDaisee.UnknownOrigin.selector, cafe);
        daisee.reportSigned(reading, signature);
        reading = production(uint256(1) << 64);
        signature = sign(SUN_KEY, reading);
        willFail(IDaisee.RegisterTooLarge.selector, uint256(1) << 64);
        daisee.reportSigned(reading, signature);
    }

    function batchOfThree() internal view returns (bytes memory) {
        return bytes.concat(
            pack(SUN_KEY, production(5 * WH)),
            pack(HOME_KEY, IDaisee.Reading(home, home, 2 * WH)),
            pack(HOME_KEY, IDaisee.Reading(home, sun, 3 * WH))
        );
    }

    function test_aBatchCarriesEverySortOfReading() public {
        bytes memory batch = batchOfThree();
        assertEq(batch.length, 93 + 93 + 113);
        vm.expectEmit(address(daisee));
        emit IDaisee.Produced(sun, 5 * WH, 5 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(home, home, 2 * WH, 2 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Consumed(home, sun, 3 * WH, 3 * WH);
        vm.prank(stranger);
        assertEq(daisee.reportBatch(batch), 3);
    }

    function test_theLayoutOfABatchIsAsDocumented() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOME_KEY, digest(IDaisee.Reading(home, sun, 0x0102030405)));
        bytes32 vs = bytes32(uint256(s) + (v == 28 ? 1 << 255 : 0));
        bytes memory batch = abi.encodePacked(
            hex"02",
            hex"00000000000000000000000000000000000000b0", // home
            hex"0000000000000000000000000000000000000050", // sun
            hex"0000000102030405",
            r,
            vs
        );
        daisee.reportBatch(batch);
        assertEq(daisee.energyConsumption(home, sun), 0x0102030405);
    }

    function test_anEmptyBatchIsNothing() public {
        assertEq(daisee.reportBatch(""), 0);
    }

    function test_readingsAlreadyCarriedDoNotSpoilABatch() public {
        produce(sun, 6 * WH);
        consume(home, home, 2 * WH);
        assertEq(daisee.reportBatch(batchOfThree()), 1);
        assertEq(daisee.energyProduction(sun), 6 * WH, "did not fall");
        assertEq(daisee.energyConsumption(home, sun), 3 * WH);
        assertEq(daisee.reportBatch(batchOfThree()), 0);
    }

    function test_readingsOfOneRegisterInOneBatchCountOnce() public {
        bytes memory batch = bytes.concat(
            pack(SUN_KEY, production(3 * WH)),
            pack(SUN_KEY, production(5 * WH)),
            pack(SUN_KEY, production(5 * WH)),
            pack(SUN_KEY, production(4 * WH))
        );
        assertEq(daisee.reportBatch(batch), 2);
        assertEq(daisee.energyProduction(sun), 5 * WH);
    }

    function test_aBadSignatureInABatchIsNamedByItsPlace() public {
        bytes memory batch = bytes.concat(batchOfThree(), pack(HOME_KEY, production(9 * WH)));
        bad(3, sun);
        daisee.reportBatch(batch);
        batch = bytes.concat(pack(SUN_KEY, production(5 * WH)), pack(SUN_KEY, IDaisee.Reading(home, home, 1)));
        bad(1, home);
        daisee.reportBatch(batch);
        assertEq(daisee.energyProduction(sun), 0, "all or nothing");
    }

    function test_aBatchThatBreaksOffIsNamedByItsPlace() public {
        bytes memory whole = batchOfThree();
        for (uint256 cut = 1; cut < 113; ++cut) {
            bytes memory batch = new bytes(whole.length - cut);
            for (uint256 i; i < batch.length; ++i) {
                batch[i] = whole[i];
            }
            willFail(IDaisee.BadBatch.selector, 2);
            daisee.reportBatch(batch);
        }
        willFail(IDaisee.BadBatch.selector, 3);
        daisee.reportBatch(bytes.concat(whole, hex"00"));
        willFail(IDaisee.BadBatch.selector, 0);
        daisee.reportBatch(bytes.concat(hex"03", whole, whole));
    }

    function testFuzz_onlyWhatTheMeterSignedIsCredited(
        uint64 signed,
        uint64 claimed,
        uint8 flipped,
        uint8 bit
    ) public {
        IDaisee.Reading memory reading = production(bound(signed, 1, type(uint64).max));
        bytes memory signature = sign(SUN_KEY, reading);
        IDaisee.Reading memory claim = production(claimed);
        if (claimed != reading.register) {
            bad(0, sun);
            daisee.reportSigned(claim, signature);
        }
        signature[flipped % 65] ^= bytes1(uint8(1) << (bit % 8));
        bad(0, sun);
        daisee.reportSigned(reading, signature);
    }

    function testFuzz_aBatchOfAnyBytesCreditsNothing(bytes calldata junk) public {
        try daisee.reportBatch(junk) returns (uint256 credited) {
            assertEq(credited, 0);
            assertEq(junk.length, 0);
        } catch {}
        assertEq(daisee.energyProduction(sun), 0);
    }
}
