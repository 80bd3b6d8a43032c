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

    uint256 internal constant SUN_KEY = 0x5e11e2;
    uint256 internal constant HOME_KEY = 0xb01;

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
        register(sun, IDaisee.Kind.Producer, vm.addr(SUN_KEY), 1 * COIN);
        register(wind, IDaisee.Kind.Producer, address(0), COIN / 4);
        register(home, IDaisee.Kind.Consumer, vm.addr(HOME_KEY), 0);
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

    /// Approves and buys whatever it costs.
    function buy(address buyer, address seller, uint256 energy) internal {
        approve(buyer, type(uint256).max);
        vm.prank(buyer);
        daisee.buyEnergy(seller, energy, type(uint256).max);
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

    function willFail(bytes4 selector, uint256 left, uint256 right) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, left, right));
    }

    function willFail(bytes4 selector, address account, uint256 left, uint256 right) internal {
        vm.expectRevert(abi.encodeWithSelector(selector, account, left, right));
    }
}
