// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Checks} from "./Checks.sol";
import {Coin, Deploy, Ledger} from "./Ledger.sol";
import {Meters} from "./Meters.sol";
import {vm} from "./Vm.sol";

/// A ledger with two sellers (1 coin per Wh; 0.25 coin per Wh) and two buyers who have coins.
abstract contract DaiseeTest is Checks {
    uint256 internal constant WH = 1e6;
    uint256 internal constant COIN = 1e6;

    address internal admin = address(0xad);
    address internal sun = address(0x50);
    address internal wind = address(0x51);
    address internal home = address(0xb0);
    address internal cafe = address(0xb1);
    address internal stranger = address(0xbad);

    Coin internal coin;
    Ledger internal daisee;

    function setUp() public virtual {
        coin = Deploy.coin(admin);
        daisee = Deploy.ledger(coin, admin);
        register(sun, IDaisee.Kind.Producer, address(0), 1 * COIN);
        register(wind, IDaisee.Kind.Producer, address(0), COIN / 4);
        register(home, IDaisee.Kind.Consumer, address(0), 0);
        register(cafe, IDaisee.Kind.Consumer, address(0), 0);
        mint(home, 1000 * COIN);
        mint(cafe, 1000 * COIN);
    }

    function register(address account, IDaisee.Kind kind, address meterKey, uint256 price) internal {
        vm.prank(admin);
        daisee.registerNode(account, kind, meterKey, price);
    }

    function remove(address account) internal {
        vm.prank(admin);
        daisee.removeNode(account);
    }

    function pause() internal {
        vm.prank(admin);
        daisee.pause();
    }

    function mint(address to, uint256 amount) internal {
        vm.prank(admin);
        coin.mint(to, amount);
    }

    function approve(address owner, uint256 amount) internal {
        vm.prank(owner);
        coin.approve(address(daisee), amount);
    }

    function produce(address node, uint256 reading) internal {
        vm.prank(node);
        daisee.reportProduction(reading);
    }

    function consume(address node, address origin, uint256 reading) internal {
        vm.prank(node);
        daisee.reportConsumption(origin, reading);
    }

    function deliver(address node, address buyer, uint256 reading) internal {
        vm.prank(node);
        daisee.reportDelivery(buyer, reading);
    }

    function setPrice(address seller, uint256 price) internal {
        vm.prank(seller);
        daisee.setPrice(price);
    }

    function setTerms(uint32 priceNotice, bool debtsCloseMarket, uint64 tolerance, uint16 share) internal {
        vm.prank(admin);
        daisee.setTerms(IDaisee.Terms(priceNotice, debtsCloseMarket, tolerance, share));
    }

    function correct(IDaisee.Sort sort, address account, address other, uint256 reading) internal {
        vm.prank(admin);
        daisee.correctRegister(sort, account, other, reading, "because");
    }

    /// The first order of a buyer, for `approveAndCall`.
    function order(address seller, uint256 energy, uint256 maxCost) internal pure returns (bytes memory) {
        return abi.encode(seller, energy, maxCost, 0);
    }

    /// The first order of a buyer, with what it has approved.
    function tryToBuy(address buyer, address seller, uint256 energy, uint256 maxCost) internal {
        tryToBuy(buyer, seller, energy, maxCost, 0);
    }

    /// The same of one that has bought before.
    function tryToBuy(address buyer, address seller, uint256 energy, uint256 maxCost, uint256 before)
        internal
    {
        vm.prank(buyer);
        daisee.buyEnergy(seller, energy, maxCost, before);
    }

    /// Approves and buys whatever it costs.
    function buy(address buyer, address seller, uint256 energy) internal {
        approve(buyer, type(uint256).max);
        tryToBuy(buyer, seller, energy, type(uint256).max, daisee.totalEnergyPurchased(buyer));
    }

    function payDebt(address buyer, address seller, uint256 maxCost) internal {
        approve(buyer, type(uint256).max);
        vm.prank(buyer);
        daisee.payDebt(seller, maxCost);
    }

    function priceOf(address seller) internal view returns (uint256) {
        return daisee.nodeOf(seller).price;
    }

    function digest(IDaisee.Reading memory reading) internal view returns (bytes32) {
        return Meters.digest(address(daisee), block.chainid, reading);
    }

    function sign(uint256 key, IDaisee.Reading memory reading) internal view returns (bytes memory) {
        return Meters.sign(key, digest(reading));
    }

    function pack(uint256 key, IDaisee.Reading memory reading) internal view returns (bytes memory) {
        return Meters.pack(key, digest(reading), reading);
    }

    // A call to the ledger that must revert with an error, which vm.expectRevert takes as bytes.

    function willFail(bytes4 selector) internal {
        vm.expectRevert(abi.encodeWithSelector(selector));
    }

    function willFail(bytes4 selector, address account) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account));
    }

    function willFail(bytes4 selector, uint256 value) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, value));
    }

    function willFail(bytes4 selector, address account, uint256 value) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account, value));
    }

    function willFail(bytes4 selector, address account, address other) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account, other));
    }

    function willFail(bytes4 selector, uint256 left, uint256 right) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, left, right));
    }

    function willFail(bytes4 selector, address account, uint256 left, uint256 right) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account, left, right));
    }
}
