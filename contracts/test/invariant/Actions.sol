// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {Coin, Deploy, Ledger} from "../base/Ledger.sol";
import {Meters} from "../base/Meters.sol";
import {vm} from "../base/Vm.sol";
import {Model} from "./Model.sol";
import {ContractNeighbour, Trap} from "./Neighbours.sol";

/// What honest neighbours, their meters and the admin do, in any order. Each action foretells from the model
/// whether the ledger must accept it, and fails when the ledger does otherwise.
abstract contract Actions is Model {
    uint256 internal constant WH = 1e6;
    uint256 internal constant ACCOUNTS = 5;
    /// Stands for an origin where a price is set: no account has it.
    address internal constant PRICE = address(0x9);

    address internal immutable ADMIN = address(0xad);
    address internal immutable THIEF = address(0xbad);
    Coin internal coin;
    Ledger internal daisee;
    Trap internal trap;
    /// The accounts of the keys 1 to 4, and a contract.
    address[] internal accounts;

    /// Everything that a meter ever signed here, for anyone to send again.
    IDaisee.Reading[] internal signedReadings;
    bytes[] internal signatures;

    mapping(string what => uint256) public done;

    constructor() {
        coin = newCoin();
        daisee = Deploy.ledger(coin, ADMIN);
        trap = new Trap(daisee, coin);
        for (uint256 key = 1; key < ACCOUNTS; ++key) {
            accounts.push(vm.addr(key));
        }
        accounts.push(address(new ContractNeighbour(daisee, coin)));
        for (uint256 i; i < ACCOUNTS; ++i) {
            enter(accounts[i], i < 2 ? IDaisee.Kind.Producer : IDaisee.Kind.Consumer, 100 + i, 1e6 / (i + 1));
            vm.prank(ADMIN);
            coin.mint(accounts[i], 200e6);
            node[accounts[i]].coins = 200e6;
            minted += 200e6;
        }
    }

    /// What the ledger is deployed with.
    function newCoin() internal virtual returns (Coin) {
        return Deploy.coin(ADMIN);
    }

    function enter(address account, IDaisee.Kind kind, uint256 meterKey, uint256 price) internal {
        if (kind == IDaisee.Kind.Consumer) price = 0;
        vm.prank(ADMIN);
        daisee.registerNode(account, kind, vm.addr(meterKey), price);
        node[account].kind = kind;
        node[account].meterKey = meterKey;
        node[account].price = price;
        if (kind == IDaisee.Kind.Producer) node[account].seller = true;
    }

    function someone(uint256 seed) internal view returns (address) {
        return accounts[seed % ACCOUNTS];
    }

    /// Mostly somebody who sells.
    function someSeller(uint256 seed) internal view returns (address account) {
        account = someone(seed);
        for (uint256 i; i < ACCOUNTS && seed % 8 != 0 && availableOf(account) == 0; ++i) {
            account = accounts[i];
        }
    }

    /// Zero (production), oneself or another: mostly what `account` may report.
    function someOrigin(address account, uint256 seed) internal view returns (address origin) {
        if (seed % 4 == 1) return account;
        if (seed % 4 > 1) origin = someone(seed / 4);
        if (seed % 8 > 3 && !mayReport(account, origin)) origin = account;
    }

    /// Mostly what can be had and paid, at times all there is, or more.
    function someEnergy(address seller, uint256 seed) internal view returns (uint256) {
        uint256 left = availableOf(seller);
        if (seed % 8 == 0) return bound(seed, 0, left * 9 / 8 + 1);
        if (seed % 8 == 1) return left + seed % 3;
        return bound(seed, 0, min(left, 10 * WH));
    }

    function happened(string memory what, bool expected, bool succeeded) internal {
        if (expected != succeeded) fail(string.concat(what, succeeded ? " was accepted" : " was refused"));
        if (succeeded) ++done[what];
    }

    // -------------------------------------------------------------------------------------------- the meters

    function produce(uint256 who, uint256 energy) external {
        _report(someone(who), address(0), bound(energy, 0, 60 * WH));
    }

    function consumeOwn(uint256 who, uint256 energy) external {
        address account = someone(who);
        _report(account, account, bound(energy, 0, 20 * WH));
    }

    function consumeFromSeller(uint256 who, uint256 from, uint256 energy) external {
        _report(someone(who), someone(from), bound(energy, 0, 20 * WH));
    }

    function _report(address account, address origin, uint256 energy) private {
        uint256 register = stored(account, origin) + energy;
        bool expected = mayReport(account, origin);
        bool succeeded;
        vm.prank(account);
        if (origin == address(0)) {
            try daisee.reportProduction(register) {
                succeeded = true;
            } catch {}
        } else {
            try daisee.reportConsumption(origin, register) {
                succeeded = true;
            } catch {}
        }
        happened(origin == address(0) ? "production" : "consumption", expected, succeeded);
        if (succeeded) reported(account, origin, register);
    }

    function signAndCarry(uint256 who, uint256 from, uint256 energy) external {
        (IDaisee.Reading memory reading, bytes memory signature) = _sign(who, from, bound(energy, 0, 20 * WH));
        bool expected = mayReport(reading.node, reading.origin);
        bool succeeded;
        try daisee.reportSigned(reading, signature) {
            succeeded = true;
        } catch {}
        happened("signed reading", expected, succeeded);
        if (succeeded) reported(reading.node, reading.origin, reading.register);
    }

    /// New readings and old ones mixed, as a carrier that lost track sends them.
    function carryBatch(uint256 seed, uint8 count) external {
        bytes memory batch;
        bool expected = !paused;
        uint256 fresh = bound(count, 0, 6);
        IDaisee.Reading[] memory readings = new IDaisee.Reading[](fresh);
        for (uint256 i; i < fresh; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (readings[i],) = _sign(seed, seed >> 64, (seed >> 128) % (10 * WH));
            IDaisee.Reading memory reading =
                seed % 3 == 0 ? signedReadings[seed % signedReadings.length] : readings[i];
            readings[i] = reading;
            uint256 key = node[reading.node].meterKey;
            // One reading that is refused reverts the batch: mostly leave it out.
            if (seed % 8 != 0 && (!mayReport(reading.node, reading.origin) || key == 0)) {
                readings[i] = IDaisee.Reading(reading.node, reading.node, 0);
                continue;
            }
            if (!mayReport(reading.node, reading.origin) || key == 0) expected = false;
            batch = bytes.concat(batch, Meters.pack(key == 0 ? 1 : key, _digest(reading), reading));
        }
        bool succeeded;
        try daisee.reportBatch(batch) {
            succeeded = true;
        } catch {}
        happened("batch", expected, succeeded);
        for (uint256 i; succeeded && i < fresh; ++i) {
            IDaisee.Reading memory reading = readings[i];
            if (reading.register <= stored(reading.node, reading.origin)) continue;
            reported(reading.node, reading.origin, reading.register);
        }
    }

    function _digest(IDaisee.Reading memory reading) internal view returns (bytes32) {
        return Meters.digest(address(daisee), block.chainid, reading);
    }

    function _sign(uint256 who, uint256 from, uint256 energy)
        internal
        returns (IDaisee.Reading memory reading, bytes memory signature)
    {
        address account = someone(who);
        address origin = someOrigin(account, from);
        reading = IDaisee.Reading(account, origin, stored(account, origin) + energy);
        // A removed node's meter goes on signing.
        uint256 key = node[account].meterKey;
        signature = Meters.sign(key == 0 ? 1 : key, _digest(reading));
        signedReadings.push(reading);
        signatures.push(signature);
    }

    // -------------------------------------------------------------------------------------------- the market

    function buy(uint256 who, uint256 from, uint256 energy, uint8 way) external {
        (address buyer, address seller) = (someone(who), someSeller(from));
        energy = someEnergy(seller, energy);
        uint256 cost = costOf(energy, node[seller].price);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins);
        bool succeeded;
        if (way % 2 == 0) {
            vm.prank(buyer);
            coin.approve(address(daisee), cost);
            vm.prank(buyer);
            try daisee.buyEnergy(seller, energy, cost) {
                succeeded = true;
            } catch {}
            vm.prank(buyer);
            coin.approve(address(daisee), 0);
        } else {
            vm.prank(buyer);
            try coin.approveAndCall(address(daisee), cost, abi.encode(seller, energy, cost)) {
                succeeded = true;
            } catch {}
        }
        happened(way % 2 == 0 ? "purchase" : "purchase by approveAndCall", expected, succeeded);
        if (succeeded) bought(buyer, seller, energy);
    }

    function buyWithPermit(uint256 who, uint256 from, uint256 energy) external {
        uint256 key = 1 + who % 4;
        (address buyer, address seller) = (vm.addr(key), someSeller(from));
        energy = someEnergy(seller, energy);
        uint256 cost = costOf(energy, node[seller].price);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins);
        bytes32 permit =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message =
            keccak256(abi.encode(permit, buyer, address(daisee), cost, coin.nonces(buyer), block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), message)));
        bool succeeded;
        vm.prank(buyer);
        try daisee.buyEnergyWithPermit(seller, energy, cost, block.timestamp, v, r, s) {
            succeeded = true;
        } catch {}
        happened("purchase with a permit", expected, succeeded);
        if (succeeded) bought(buyer, seller, energy);
    }

    /// Coins sent with a call to a neighbour that is a contract and buys from within the call.
    function payTheContract(uint256 who, uint256 from, uint256 amount, uint256 energy) external {
        (address payer, address seller) = (someone(who % 4), someSeller(from));
        address buyer = accounts[4];
        amount = bound(amount, 0, node[payer].coins);
        energy = someEnergy(seller, energy);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins + amount);
        bool succeeded;
        vm.prank(payer);
        bytes memory order = abi.encodeCall(daisee.buyEnergy, (seller, energy, type(uint256).max));
        try coin.transferAndCall(buyer, amount, order) {
            succeeded = true;
        } catch {}
        happened("purchase from within a transfer", expected, succeeded);
        if (!succeeded) return;
        node[payer].coins -= amount;
        node[buyer].coins += amount;
        bought(buyer, seller, energy);
    }

    /// The same, and from within the call it reports, sets its price, or tries to.
    function payTheContractThatReports(uint256 who, uint256 amount, uint256 from, uint256 energy) external {
        address payer = someone(who % 4);
        amount = bound(amount, 0, node[payer].coins / 16);
        (bytes memory order, address origin, uint256 value, bool expected) =
            someAct(accounts[4], from, bound(energy, 0, 4 * WH));
        bool succeeded;
        vm.prank(payer);
        try coin.transferAndCall(accounts[4], amount, order) {
            succeeded = true;
        } catch {}
        happened("act from within a transfer", expected, succeeded);
        if (!succeeded) return;
        node[payer].coins -= amount;
        node[accounts[4]].coins += amount;
        acted(accounts[4], origin, value);
    }

    /// A report of `account`, or a price where `origin` is `PRICE`: as a call, and whether the ledger must take it.
    function someAct(address account, uint256 from, uint256 energy)
        internal
        view
        returns (bytes memory call, address origin, uint256 value, bool expected)
    {
        if (from % 5 == 0) {
            call = abi.encodeCall(daisee.setPrice, (energy / 10));
            return (call, PRICE, energy / 10, !paused && node[account].kind == IDaisee.Kind.Producer);
        }
        origin = someOrigin(account, from / 5);
        value = stored(account, origin) + energy;
        call = origin == address(0)
            ? abi.encodeCall(daisee.reportProduction, (value))
            : abi.encodeCall(daisee.reportConsumption, (origin, value));
        expected = mayReport(account, origin);
    }

    function acted(address account, address origin, uint256 value) internal {
        if (origin == PRICE) node[account].price = value;
        else reported(account, origin, value);
    }

    function setPrice(uint256 who, uint256 price) external {
        address account = someone(who);
        price = price % 5 == 0 ? 0 : bound(price, 1, price % 2 == 0 ? 3e6 : 3e5);
        bool succeeded;
        vm.prank(account);
        try daisee.setPrice(price) {
            succeeded = true;
        } catch {}
        happened("price", !paused && node[account].kind == IDaisee.Kind.Producer, succeeded);
        if (succeeded) node[account].price = price;
    }

    // --------------------------------------------------------------------------------------------- the admin

    function removeOrReturn(uint256 who, uint256 seed) external {
        address account = someone(who);
        // Whoever is out comes back first, or half of them would be out at any time.
        for (uint256 i; i < ACCOUNTS && node[account].kind != IDaisee.Kind.None; ++i) {
            if (node[accounts[i]].kind == IDaisee.Kind.None) account = accounts[i];
        }
        if (node[account].kind == IDaisee.Kind.None) {
            IDaisee.Kind kind = seed % 3 == 0 ? IDaisee.Kind.Consumer : IDaisee.Kind.Producer;
            enter(account, kind, 200 + seed % 1000, seed % 2e6);
            ++done["return"];
        } else if (seed % 6 == 0) {
            vm.prank(ADMIN);
            daisee.removeNode(account);
            node[account].kind = IDaisee.Kind.None;
            node[account].meterKey = 0;
            node[account].price = 0;
            ++done["removal"];
        }
    }

    function pauseOrGoOn(uint256 seed) external {
        if (!paused && seed % 6 != 0) return;
        vm.prank(ADMIN);
        if (paused) daisee.unpause();
        else daisee.pause();
        paused = !paused;
        ++done["pause"];
    }
}
