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

    uint256 private constant SUN_KEY = 0x5e11e2;
    uint256 private constant HOME_KEY = 0xb01;

    function setUp() public override {
        super.setUp();
        setKey(sun, SUN_KEY);
        setKey(home, HOME_KEY);
    }

    function setKey(address node, uint256 key) internal {
        vm.prank(admin);
        daisee.setMeterKey(node, key == 0 ? address(0) : vm.addr(key));
    }

    function replaceMeter(address node, uint256 key) internal {
        vm.prank(admin);
        daisee.replaceMeter(node, vm.addr(key));
    }

    function production(uint256 register) internal view returns (IDaisee.Reading memory) {
        return IDaisee.Reading(IDaisee.Sort.Production, sun, address(0), 0, register);
    }

    function production(uint256 register, uint256 epoch) internal view returns (IDaisee.Reading memory) {
        return IDaisee.Reading(IDaisee.Sort.Production, sun, address(0), epoch, register);
    }

    function own(address node, uint256 register) internal pure returns (IDaisee.Reading memory) {
        return IDaisee.Reading(IDaisee.Sort.OwnUse, node, address(0), 0, register);
    }

    function consumption(address node, address origin, uint256 register)
        internal
        pure
        returns (IDaisee.Reading memory)
    {
        return IDaisee.Reading(IDaisee.Sort.Consumption, node, origin, 0, register);
    }

    function carry(uint256 key, IDaisee.Reading memory reading) internal {
        daisee.reportSigned(reading, sign(key, reading));
    }

    function bad(uint256 index, address node) internal {
        vm.expectRevert(abi.encodeWithSelector(IDaisee.BadSignature.selector, index, node));
    }

    function test_theDomainIsAsDocumented() public view {
        (, string memory name, string memory version, uint256 chainId, address ledger,,) =
            daisee.eip712Domain();
        vm.assertEq(name, "Daisee");
        vm.assertEq(version, "2");
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
        carry(HOME_KEY, own(home, 2 * WH));
        carry(HOME_KEY, consumption(home, sun, 3 * WH));
        carry(SUN_KEY, IDaisee.Reading(IDaisee.Sort.Delivery, sun, home, 0, 4 * WH));
        carry(HOME_KEY, consumption(home, home, 5 * WH)); // its own source by another name
        assertEq(daisee.energyConsumption(home, home), 5 * WH);
        assertEq(daisee.energyConsumption(home, sun), 3 * WH);
        assertEq(daisee.energyDelivery(sun, home), 4 * WH);
    }

    function test_aSignedReadingCountsOnce() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        daisee.reportSigned(reading, signature);
        daisee.reportSigned(reading, signature);
        assertEq(daisee.energyProduction(sun), 5 * WH);
        carry(SUN_KEY, production(6 * WH));
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
        reading.other = sun;
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        reading.other = address(0);
        reading.sort = IDaisee.Sort.OwnUse;
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        reading.sort = IDaisee.Sort.Production;
        reading.epoch = 1;
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        reading.epoch = 0;
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

    /// v0.3: a node with a meter key said 1 MWh unsigned and sold it, and its real meter was locked out.
    function test_whereAMeterHasAKeyOnlyItsReadingsCount() public {
        willFail(IDaisee.SignatureNeeded.selector, sun);
        produce(sun, 1e6 * WH);
        willFail(IDaisee.SignatureNeeded.selector, sun);
        consume(sun, sun, 1);
        willFail(IDaisee.SignatureNeeded.selector, home);
        consume(home, sun, 0);
        willFail(IDaisee.SignatureNeeded.selector, sun);
        deliver(sun, home, 1);
        assertEq(daisee.available(sun), 0);
        carry(SUN_KEY, production(5 * WH));
        assertEq(daisee.available(sun), 5 * WH);
        setKey(sun, 0);
        produce(sun, 6 * WH);
        assertEq(daisee.available(sun), 6 * WH);
    }

    /// The remedy of what could happen before it had a key.
    function test_aRegisterThatWasLiedAboutIsCorrectedAndTheMeterGoesOn() public {
        setKey(sun, 0);
        produce(sun, 1e6 * WH);
        buy(cafe, sun, 10 * WH);
        setKey(sun, SUN_KEY);
        bytes memory signature = sign(SUN_KEY, production(12 * WH));
        willFail(IDaisee.RegisterFell.selector, 1e6 * WH, 12 * WH);
        daisee.reportSigned(production(12 * WH), signature);
        vm.expectEmit(address(daisee));
        emit IDaisee.RegisterCorrected(
            sun, IDaisee.Sort.Production, address(0), 1e6 * WH, 12 * WH, "the inverter says so"
        );
        vm.prank(admin);
        daisee.correctRegister(IDaisee.Sort.Production, sun, address(0), 12 * WH, "the inverter says so");
        assertEq(daisee.available(sun), 2 * WH);
        assertEq(coin.balanceOf(sun), 10 * COIN, "coins paid stay where they are");
        carry(SUN_KEY, production(13 * WH));
        assertEq(daisee.energyProduction(sun), 13 * WH);
    }

    function test_aNodeWithoutAMeterKeySignsNothing() public {
        IDaisee.Reading memory reading = production(5 * WH);
        reading.node = wind;
        // A signature that recovers to nobody must not match the key that nobody has.
        bytes memory nobody = abi.encodePacked(bytes32(0), bytes32(0), uint8(27));
        bad(0, wind);
        daisee.reportSigned(reading, nobody);
        bad(0, wind);
        daisee.reportSigned(reading, new bytes(64));
        bad(0, wind);
        daisee.reportBatch(abi.encodePacked(uint16(0), wind, uint64(5 * WH), new bytes(64)));
        reading.node = stranger;
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

    function test_aRemovedMeterOrAnotherKeySignsNothingMore() public {
        IDaisee.Reading memory reading = production(5 * WH);
        bytes memory signature = sign(SUN_KEY, reading);
        setKey(sun, 7);
        bad(0, sun);
        daisee.reportSigned(reading, signature);
        daisee.reportSigned(reading, sign(7, reading));
        remove(sun);
        reading.register = 6 * WH;
        signature = sign(7, reading);
        bad(0, sun);
        daisee.reportSigned(reading, signature);
    }

    function test_aNewMetersZeroCountsAndOldReadingsDoNot() public {
        carry(SUN_KEY, production(100 * WH));
        bytes memory unsent = sign(SUN_KEY, production(107 * WH));
        vm.expectEmit(address(daisee));
        emit IDaisee.MeterReplaced(sun, vm.addr(SUN_KEY), 1);
        replaceMeter(sun, SUN_KEY);
        willFail(IDaisee.WrongEpoch.selector, sun, 0, 1);
        daisee.reportSigned(production(107 * WH), unsent);
        carry(SUN_KEY, production(0, 1));
        assertEq(daisee.energyProduction(sun), 100 * WH);
        vm.expectEmit(address(daisee));
        emit IDaisee.Produced(sun, 3 * WH, 103 * WH);
        carry(SUN_KEY, production(3 * WH, 1));
        carry(SUN_KEY, production(4 * WH, 1));
        assertEq(daisee.energyProduction(sun), 104 * WH);
        bytes memory fell = sign(SUN_KEY, production(3 * WH, 1));
        willFail(IDaisee.RegisterFell.selector, 104 * WH, 103 * WH);
        daisee.reportSigned(production(3 * WH, 1), fell);
        assertEq(daisee.nodeOf(sun).epoch, 1);
        bytes memory ahead = sign(SUN_KEY, production(5 * WH, 2));
        willFail(IDaisee.WrongEpoch.selector, sun, 2, 1);
        daisee.reportSigned(production(5 * WH, 2), ahead);
    }

    function test_everyRegisterGoesOnWithANewMeter() public {
        carry(HOME_KEY, own(home, 10 * WH));
        carry(HOME_KEY, consumption(home, sun, 20 * WH));
        carry(SUN_KEY, IDaisee.Reading(IDaisee.Sort.Delivery, sun, home, 0, 21 * WH));
        replaceMeter(home, 8);
        replaceMeter(sun, 9);
        IDaisee.Reading memory reading = own(home, 1 * WH);
        reading.epoch = 1;
        carry(8, reading);
        reading = consumption(home, sun, 2 * WH);
        reading.epoch = 1;
        carry(8, reading);
        carry(9, IDaisee.Reading(IDaisee.Sort.Delivery, sun, home, 1, 3 * WH));
        assertEq(daisee.energyConsumption(home, home), 11 * WH);
        assertEq(daisee.energyConsumption(home, sun), 22 * WH);
        assertEq(daisee.energyDelivery(sun, home), 24 * WH);
        assertEq(daisee.energyProduction(sun), 0);
    }

    function test_aBatchSkipsWhatAReplacedMeterSignedWhoeverHasItsKey() public {
        bytes memory old = pack(SUN_KEY, production(100 * WH));
        replaceMeter(sun, 7);
        bytes memory batch = bytes.concat(old, pack(7, production(2 * WH, 1)));
        assertEq(daisee.reportBatch(batch), 1);
        assertEq(daisee.energyProduction(sun), 2 * WH);
        batch = pack(7, production(2 * WH, 2));
        willFail(IDaisee.WrongEpoch.selector, sun, 2, 1);
        daisee.reportBatch(batch);
    }

    function test_aRegisterIsNotCorrectedBelowWhereItsMeterBegan() public {
        carry(SUN_KEY, production(100 * WH));
        replaceMeter(sun, 7);
        carry(7, production(5 * WH, 1));
        willFail(IDaisee.BelowStart.selector, 100 * WH, 60 * WH);
        correct(IDaisee.Sort.Production, sun, address(0), 60 * WH);
        replaceMeter(sun, 7); // it begins anew, from the register as corrected
        correct(IDaisee.Sort.Production, sun, address(0), 60 * WH);
        carry(7, production(1 * WH, 2));
        assertEq(daisee.energyProduction(sun), 61 * WH);
    }

    function test_metersAreCountedTo255() public {
        for (uint256 i; i < 255; ++i) {
            replaceMeter(sun, 7);
        }
        carry(7, production(1 * WH, 255));
        assertEq(daisee.reportBatch(pack(7, production(2 * WH, 255))), 1);
        willFail(IDaisee.TooManyMeters.selector, 255);
        replaceMeter(sun, 7);
    }

    function test_onlyTheAdminReplacesAMeterAndOnlyANodes() public {
        vm.expectRevert();
        vm.prank(sun);
        daisee.replaceMeter(sun, sun);
        willFail(IDaisee.NotANode.selector, stranger);
        replaceMeter(stranger, 7);
        willFail(IDaisee.ZeroAddress.selector);
        vm.prank(admin);
        daisee.replaceMeter(sun, address(0));
    }

    function test_aMeterIsBoundByTheSameRulesAsItsNode() public {
        IDaisee.Reading memory reading = production(1);
        reading.node = home;
        bytes memory signature = sign(HOME_KEY, reading);
        willFail(IDaisee.NotAProducer.selector, home);
        daisee.reportSigned(reading, signature);
        reading = consumption(home, cafe, 1);
        signature = sign(HOME_KEY, reading);
        willFail(IDaisee.UnknownOrigin.selector, cafe);
        daisee.reportSigned(reading, signature);
        reading = production(uint256(1) << 64);
        signature = sign(SUN_KEY, reading);
        willFail(IDaisee.RegisterTooLarge.selector, uint256(1) << 64);
        daisee.reportSigned(reading, signature);
        carry(SUN_KEY, production(1));
        replaceMeter(sun, SUN_KEY);
        uint256[3] memory tooLarge = [uint256(type(uint64).max), type(uint128).max, type(uint256).max];
        for (uint256 i; i < tooLarge.length; ++i) {
            reading = production(tooLarge[i], 1);
            signature = sign(SUN_KEY, reading);
            willFail(IDaisee.RegisterTooLarge.selector, i == 2 ? tooLarge[i] : tooLarge[i] + 1);
            daisee.reportSigned(reading, signature);
        }
    }

    function batchOfThree() internal view returns (bytes memory) {
        return bytes.concat(
            pack(SUN_KEY, production(5 * WH)),
            pack(HOME_KEY, own(home, 2 * WH)),
            pack(HOME_KEY, consumption(home, sun, 3 * WH))
        );
    }

    function test_aBatchCarriesEverySortOfReading() public {
        bytes memory batch = batchOfThree();
        assertEq(batch.length, 94 + 94 + 114);
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
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOME_KEY, digest(consumption(home, sun, 0x0102030405)));
        bytes32 vs = bytes32(uint256(s) + (v == 28 ? 1 << 255 : 0));
        bytes memory batch = abi.encodePacked(
            hex"02",
            hex"00", // epoch
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
        carry(SUN_KEY, production(6 * WH));
        carry(HOME_KEY, own(home, 2 * WH));
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
        batch = bytes.concat(pack(SUN_KEY, production(5 * WH)), pack(SUN_KEY, own(home, 1)));
        bad(1, home);
        daisee.reportBatch(batch);
        assertEq(daisee.energyProduction(sun), 0, "all or nothing");
    }

    function test_aBatchThatBreaksOffIsNamedByItsPlace() public {
        bytes memory whole = batchOfThree();
        for (uint256 cut = 1; cut < 114; ++cut) {
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
        daisee.reportBatch(bytes.concat(hex"04", whole, whole));
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
