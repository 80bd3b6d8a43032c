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
            IDaisee.Kind kind = IDaisee.Kind.Consumer;
            if (i == 0) kind = IDaisee.Kind.Producer;
            if (i == 1 || i == 4) kind = IDaisee.Kind.Prosumer;
            enter(accounts[i], kind, i % 2 == 0 ? 0 : 100 + i, 1e6 / (i + 1));
            vm.prank(ADMIN);
            coin.mint(accounts[i], 2000e6);
            node[accounts[i]].coins = 2000e6;
            minted += 2000e6;
        }
    }

    /// What the ledger is deployed with.
    function newCoin() internal virtual returns (Coin) {
        return Deploy.coin(ADMIN);
    }

    /// @param meterKey private; 0: none
    function enter(address account, IDaisee.Kind kind, uint256 meterKey, uint256 price) internal {
        if (kind == IDaisee.Kind.Consumer) price = 0;
        vm.prank(ADMIN);
        daisee.registerNode(account, kind, addressOf(meterKey), price);
        NodeBook storage book = node[account];
        book.kind = kind;
        book.meterKey = meterKey;
        if (kind == IDaisee.Kind.Consumer) return;
        settlePrice(account);
        book.seller = true;
        book.selling = price > 0;
        book.nextPrice = 0;
        if (price > 0) book.price = price;
    }

    function addressOf(uint256 key) internal pure returns (address) {
        return key == 0 ? address(0) : vm.addr(key);
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

    /// A register of `account`: mostly one that it may report.
    function someSort(address account, uint256 seed)
        internal
        view
        returns (IDaisee.Sort sort, address other)
    {
        sort = IDaisee.Sort(seed % 4);
        if (sort > IDaisee.Sort.OwnUse) other = someone(seed / 8);
        if (seed / 4 % 8 > 0 && !mayReport(sort, account, other)) {
            (sort, other) = (IDaisee.Sort.OwnUse, address(0));
        }
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
        address account = someone(who);
        // Mostly somebody who does.
        for (uint256 i; i < ACCOUNTS && who / ACCOUNTS % 8 > 0 && !sells(account); ++i) {
            account = accounts[i];
        }
        _report(IDaisee.Sort.Production, account, address(0), bound(energy, 0, 60 * WH));
    }

    function consumeOwn(uint256 who, uint256 energy) external {
        _report(IDaisee.Sort.OwnUse, someone(who), address(0), bound(energy, 0, 5 * WH));
    }

    /// Mostly what was bought, and a bit.
    function consumeFromSeller(uint256 who, uint256 from, uint256 energy) external {
        (address account, address seller) = (someone(who), someone(from));
        uint256 allowed = trade[account][seller].allowance;
        energy = bound(energy, 0, who / ACCOUNTS % 8 == 0 ? 20 * WH : allowed + allowed / 16 + 1000);
        _report(IDaisee.Sort.Consumption, account, seller, energy);
    }

    function deliver(uint256 who, uint256 to, uint256 energy) external {
        _report(IDaisee.Sort.Delivery, someone(who), someone(to), bound(energy, 0, 20 * WH));
    }

    /// By itself or by its meter: mostly by who may.
    function _report(IDaisee.Sort sort, address account, address other, uint256 energy) private {
        if (sort == IDaisee.Sort.Consumption && other == account) {
            (sort, other) = (IDaisee.Sort.OwnUse, address(0));
        }
        uint256 key = node[account].meterKey;
        uint256 register = stored(sort, account, other) + energy;
        if (key != 0 && energy % 8 > 0 && register >= baseOf(sort, account, other)) {
            _reportByMeter(key, sort, account, other, register);
            return;
        }
        bool expected = mayReport(sort, account, other) && key == 0;
        vm.prank(account);
        (bool succeeded,) = address(daisee).call(report(sort, account, other, register));
        happened(nameOf(sort), expected, succeeded);
        if (succeeded) reported(sort, account, other, register);
    }

    function _reportByMeter(uint256 key, IDaisee.Sort sort, address account, address other, uint256 register)
        private
    {
        uint256 shown = register - baseOf(sort, account, other);
        IDaisee.Reading memory reading = IDaisee.Reading(sort, account, other, node[account].epoch, shown);
        bytes memory batch = Meters.pack(key, _digest(reading), reading);
        bool succeeded;
        try daisee.reportBatch(batch) {
            succeeded = true;
        } catch {}
        happened(string.concat(nameOf(sort), " by its meter"), _mayCarry(reading), succeeded);
        if (succeeded) carried(reading);
    }

    function nameOf(IDaisee.Sort sort) private pure returns (string memory) {
        if (sort == IDaisee.Sort.Production) return "production";
        return sort == IDaisee.Sort.Delivery ? "delivery" : "consumption";
    }

    /// The call of a node that reports itself.
    function report(IDaisee.Sort sort, address account, address other, uint256 register)
        internal
        view
        returns (bytes memory)
    {
        if (sort == IDaisee.Sort.Production) return abi.encodeCall(daisee.reportProduction, (register));
        if (sort == IDaisee.Sort.Delivery) return abi.encodeCall(daisee.reportDelivery, (other, register));
        if (sort == IDaisee.Sort.OwnUse) other = account;
        return abi.encodeCall(daisee.reportConsumption, (other, register));
    }

    function signAndCarry(uint256 who, uint256 from, uint256 energy) external {
        (IDaisee.Reading memory reading, bytes memory signature) = _sign(who, from, bound(energy, 0, 20 * WH));
        bool expected = _mayCarry(reading);
        bool succeeded;
        try daisee.reportSigned(reading, signature) {
            succeeded = true;
        } catch {}
        happened("signed reading", expected, succeeded);
        if (succeeded) carried(reading);
    }

    /// Of a meter that is in use and has a key, and of a register that is its node's.
    function _mayCarry(IDaisee.Reading memory reading) internal view returns (bool) {
        NodeBook storage book = node[reading.node];
        return book.meterKey != 0 && reading.epoch == book.epoch
            && mayReport(reading.sort, reading.node, reading.other);
    }

    /// What a register stands at when its meter shows what was read.
    function standing(IDaisee.Reading memory reading) internal view returns (uint256) {
        return baseOf(reading.sort, reading.node, reading.other) + reading.register;
    }

    function carried(IDaisee.Reading memory reading) internal {
        uint256 register = standing(reading);
        began(reading.sort, reading.node, reading.other);
        if (register <= stored(reading.sort, reading.node, reading.other)) return;
        reported(reading.sort, reading.node, reading.other, register);
    }

    /// New readings and old ones mixed, as a carrier that lost track sends them.
    function carryBatch(uint256 seed, uint8 count) external {
        bytes memory batch;
        bool expected = !paused;
        uint256 fresh = bound(count, 0, 6);
        IDaisee.Reading[] memory readings = new IDaisee.Reading[](fresh);
        uint256 taken;
        for (uint256 i; i < fresh; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (IDaisee.Reading memory reading,) = _sign(seed, seed >> 64, (seed >> 128) % (10 * WH));
            if (seed % 3 == 0) reading = signedReadings[seed % signedReadings.length];
            bool isOld = reading.epoch < node[reading.node].epoch;
            bool may = _mayCarry(reading);
            // One reading that is refused reverts the batch: mostly leave it out.
            if (!may && !isOld && seed % 8 != 0) continue;
            if (!may && !isOld) expected = false;
            if (!isOld) readings[taken++] = reading;
            uint256 key = node[reading.node].meterKey;
            batch = bytes.concat(batch, Meters.pack(key == 0 ? 1 : key, _digest(reading), reading));
        }
        bool succeeded;
        try daisee.reportBatch(batch) {
            succeeded = true;
        } catch {}
        happened("batch", expected, succeeded);
        for (uint256 i; succeeded && i < taken; ++i) {
            carried(readings[i]);
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
        (IDaisee.Sort sort, address other) = someSort(account, from);
        if (sort == IDaisee.Sort.Consumption && other == account) {
            (sort, other) = (IDaisee.Sort.OwnUse, address(0));
        }
        // A register that was corrected below what its meter shows is not raised by less than that.
        uint256 shown = excess(stored(sort, account, other), baseOf(sort, account, other)) + energy;
        reading = IDaisee.Reading(sort, account, other, node[account].epoch, shown);
        // A removed node's meter goes on signing, and so does somebody where there is no key.
        uint256 key = node[account].meterKey;
        signature = Meters.sign(key == 0 ? 1 : key, _digest(reading));
        signedReadings.push(reading);
        signatures.push(signature);
    }

    // -------------------------------------------------------------------------------------------- the market

    function debtsOf(address buyer) internal view override returns (uint256 debts) {
        for (uint256 i; i < ACCOUNTS; ++i) {
            if (trade[buyer][accounts[i]].owed > 0) ++debts;
        }
    }

    /// An order for `approveAndCall`.
    function orderOf(address buyer, address seller, uint256 energy, uint256 maxCost)
        internal
        view
        returns (bytes memory)
    {
        return abi.encode(seller, energy, maxCost, node[buyer].totalPurchased);
    }

    /// An order as a call to the ledger.
    function purchaseOf(address buyer, address seller, uint256 energy, uint256 maxCost)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(daisee.buyEnergy, (seller, energy, maxCost, node[buyer].totalPurchased));
    }

    function buy(uint256 who, uint256 from, uint256 energy, uint8 way) external {
        (address buyer, address seller) = (someone(who), someSeller(from));
        energy = someEnergy(seller, energy);
        if (way % 8 > 0 && debtsOf(buyer) > 0) (seller, energy) = _debtOf(buyer, energy % WH);
        settlePrice(seller);
        uint256 cost = costFor(buyer, seller, energy);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins);
        bool succeeded;
        if (way % 2 == 0) {
            vm.prank(buyer);
            coin.approve(address(daisee), cost);
            vm.prank(buyer);
            (succeeded,) = address(daisee).call(purchaseOf(buyer, seller, energy, cost));
            vm.prank(buyer);
            coin.approve(address(daisee), 0);
        } else {
            vm.prank(buyer);
            try coin.approveAndCall(address(daisee), cost, orderOf(buyer, seller, energy, cost)) {
                succeeded = true;
            } catch {}
        }
        happened(way % 2 == 0 ? "purchase" : "purchase by approveAndCall", expected, succeeded);
        if (succeeded) bought(buyer, seller, energy);
    }

    /// What a buyer has overdrawn somewhere, and a bit.
    function _debtOf(address buyer, uint256 more) private view returns (address seller, uint256 energy) {
        for (uint256 i; i < ACCOUNTS; ++i) {
            if (trade[buyer][accounts[i]].owed > 0) seller = accounts[i];
        }
        return (seller, trade[buyer][seller].overdrawn + min(more, availableOf(seller)));
    }

    function buyWithPermit(uint256 who, uint256 from, uint256 energy) external {
        uint256 key = 1 + who % 4;
        (address buyer, address seller) = (vm.addr(key), someSeller(from));
        settlePrice(seller);
        energy = someEnergy(seller, energy);
        uint256 cost = costFor(buyer, seller, energy);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins);
        bytes32 permit =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message =
            keccak256(abi.encode(permit, buyer, address(daisee), cost, coin.nonces(buyer), block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), message)));
        uint256 before = node[buyer].totalPurchased;
        bool succeeded;
        vm.prank(buyer);
        try daisee.buyEnergyWithPermit(seller, energy, cost, before, block.timestamp, v, r, s) {
            succeeded = true;
        } catch {}
        happened("purchase with a permit", expected, succeeded);
        if (succeeded) bought(buyer, seller, energy);
    }

    /// Pays what is owed, or a part of it, whoever is registered and whatever is left.
    function payDebt(uint256 who, uint256 from, uint256 most, uint8 way) external {
        (address buyer, address seller) = (someone(who), someone(from));
        for (uint256 i; i < ACCOUNTS * ACCOUNTS && trade[buyer][seller].overdrawn == 0; ++i) {
            (buyer, seller) = (accounts[i % ACCOUNTS], accounts[i / ACCOUNTS]);
        }
        TradeBook storage book = trade[buyer][seller];
        most = way % 3 == 0 ? bound(most, 0, book.owed + 1) : type(uint256).max;
        uint256 amount = min(book.owed, most);
        bool expected =
            !paused && book.overdrawn > 0 && (amount > 0 || book.owed == 0) && amount <= node[buyer].coins;
        bool succeeded;
        vm.prank(buyer);
        if (way % 2 == 0) {
            try coin.approveAndCall(address(daisee), amount, abi.encode(seller, most)) {
                succeeded = true;
            } catch {}
        } else {
            coin.approve(address(daisee), amount);
            vm.prank(buyer);
            try daisee.payDebt(seller, most) {
                succeeded = true;
            } catch {}
            vm.prank(buyer);
            coin.approve(address(daisee), 0);
        }
        happened("payment of a debt", expected, succeeded);
        if (!succeeded) {
            vm.prank(buyer);
            coin.approve(address(daisee), 0);
            return;
        }
        covered(
            buyer, seller, amount == book.owed ? book.overdrawn : book.overdrawn * amount / book.owed, amount
        );
        node[buyer].coins -= amount;
        node[seller].coins += amount;
    }

    /// Coins sent with a call to a neighbour that is a contract and buys from within the call.
    function payTheContract(uint256 who, uint256 from, uint256 amount, uint256 energy) external {
        (address payer, address seller) = (someone(who % 4), someSeller(from));
        settlePrice(seller);
        address buyer = accounts[4];
        amount = bound(amount, 0, node[payer].coins);
        energy = someEnergy(seller, energy);
        bool expected = mayBuy(buyer, seller, energy, node[buyer].coins + amount);
        bytes memory order = purchaseOf(buyer, seller, energy, type(uint256).max);
        bool succeeded;
        vm.prank(payer);
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
        ContractAct memory act = someAct(accounts[4], from, bound(energy, 0, 4 * WH));
        bool succeeded;
        vm.prank(payer);
        try coin.transferAndCall(accounts[4], amount, act.order) {
            succeeded = true;
        } catch {}
        happened("act from within a transfer", act.expected, succeeded);
        if (!succeeded) return;
        node[payer].coins -= amount;
        node[accounts[4]].coins += amount;
        acted(act);
    }

    /// A report or a price: as a call, and whether the ledger must take it.
    struct ContractAct {
        bytes order;
        bool expected;
        address account;
        bool isPrice;
        IDaisee.Sort sort;
        address other;
        uint256 value;
    }

    function someAct(address account, uint256 from, uint256 energy)
        internal
        view
        returns (ContractAct memory act)
    {
        act.account = account;
        if (from % 5 == 0) {
            (act.isPrice, act.value) = (true, energy / 10);
            act.order = abi.encodeCall(daisee.setPrice, (act.value));
            act.expected = !paused && sells(account);
            return act;
        }
        (act.sort, act.other) = someSort(account, from / 5);
        if (act.sort == IDaisee.Sort.Consumption && act.other == account) act.sort = IDaisee.Sort.OwnUse;
        act.value = stored(act.sort, account, act.other) + energy;
        act.order = report(act.sort, account, act.other, act.value);
        act.expected = mayReport(act.sort, account, act.other) && node[account].meterKey == 0;
    }

    function acted(ContractAct memory act) internal {
        if (act.isPrice) priced(act.account, act.value);
        else reported(act.sort, act.account, act.other, act.value);
    }

    function setPrice(uint256 who, uint256 price) external {
        address account = someone(who);
        price = price % 5 == 0 ? 0 : bound(price, 1, price % 2 == 0 ? 3e6 : 3e5);
        bool succeeded;
        vm.prank(account);
        try daisee.setPrice(price) {
            succeeded = true;
        } catch {}
        happened("price", !paused && sells(account), succeeded);
        if (succeeded) priced(account, price);
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + time % 100);
        ++done["wait"];
    }

    // --------------------------------------------------------------------------------------------- the admin

    function removeOrReturn(uint256 who, uint256 seed) external {
        address account = someone(who);
        // Whoever is out comes back first, or half of them would be out at any time.
        for (uint256 i; i < ACCOUNTS && node[account].kind != IDaisee.Kind.None; ++i) {
            if (node[accounts[i]].kind == IDaisee.Kind.None) account = accounts[i];
        }
        if (node[account].kind == IDaisee.Kind.None) {
            IDaisee.Kind kind = IDaisee.Kind(1 + seed % 3);
            enter(account, kind, seed % 2 == 0 ? 0 : 200 + seed % 1000, seed % 7 == 0 ? 0 : seed % 2e6);
            ++done["return"];
        } else if (seed % 6 == 0) {
            vm.prank(ADMIN);
            daisee.removeNode(account);
            node[account].kind = IDaisee.Kind.None;
            node[account].meterKey = 0;
            ++done["removal"];
        }
    }

    function changeMeter(uint256 who, uint256 seed) external {
        address account = someone(who);
        if (node[account].kind == IDaisee.Kind.None) return;
        uint256 key = 200 + seed % 1000;
        vm.prank(ADMIN);
        if (seed % 3 == 0) {
            daisee.setMeterKey(account, address(0));
            node[account].meterKey = 0;
            ++done["key taken"];
        } else if (seed % 3 == 1) {
            daisee.setMeterKey(account, vm.addr(key));
            node[account].meterKey = key;
            ++done["key"];
        } else {
            if (node[account].meterKey != 0) key = node[account].meterKey; // the new one signs with the old one's
            daisee.replaceMeter(account, vm.addr(key));
            node[account].meterKey = key;
            ++node[account].epoch;
            ++done["new meter"];
        }
    }

    function correct(uint256 who, uint256 from, uint256 seed) external {
        address account = someone(who);
        IDaisee.Sort sort = IDaisee.Sort(seed % 4);
        address other = sort > IDaisee.Sort.OwnUse ? someone(from) : address(0);
        uint256 was = stored(sort, account, other);
        uint256 register = seed % 5 == 0 ? was + (seed >> 8) % (5 * WH) : bound(seed >> 8, was / 2, was);
        bool expected = mayCorrect(sort, account, other, register);
        bool succeeded;
        vm.prank(ADMIN);
        try daisee.correctRegister(sort, account, other, register, "because") {
            succeeded = true;
        } catch {}
        happened("correction", expected, succeeded);
        if (succeeded) corrected(sort, account, other, register);
    }

    function agree(uint256 seed) external {
        debtsCloseMarket = seed % 4 > 0;
        priceNotice = seed % 3 * 60;
        vm.prank(ADMIN);
        daisee.setTerms(IDaisee.Terms(uint32(priceNotice), debtsCloseMarket, 0, 0));
        ++done["terms"];
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
