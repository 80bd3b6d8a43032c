// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ledger} from "./Ledger.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";

/// A coin that anybody has as much of as they like.
contract FakeCoin is ERC1363 {
    constructor() ERC20("DaiseeCoin", "DSC") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// A coin that buys again while it is being paid with.
contract ReenteringCoin is ERC20 {
    Ledger private _ledger;
    address private _seller;
    uint256 private _energy;
    bool public wasCalled;
    bool public wasRefused;

    constructor() ERC20("Rogue", "RGE") {}

    function attack(Ledger ledger, address seller, uint256 energy) external {
        (_ledger, _seller, _energy) = (ledger, seller, energy);
    }

    function transferFrom(address, address, uint256) public override returns (bool) {
        wasCalled = true;
        try _ledger.buyEnergy(
            _seller, _energy, type(uint256).max, _ledger.totalEnergyPurchased(address(this))
        ) {}
        catch {
            wasRefused = true;
        }
        return true;
    }
}

/// A coin that answers false instead of reverting.
contract RefusingCoin is ERC20 {
    constructor() ERC20("Broken", "BRK") {}

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}
