// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "../../src/IDaisee.sol";
import {vm} from "./Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC1363} from "@openzeppelin/contracts/interfaces/IERC1363.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// All of src/Daisee.sol that can be called.
interface Ledger is IDaisee, IERC1363Spender, IAccessControl, IERC165, IERC5267 {
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);
    function paused() external view returns (bool);
}

/// All of src/DaiseeCoin.sol that can be called.
interface Coin is IERC1363, IERC20Metadata, IERC20Permit, IAccessControl {
    error ZeroAddress();

    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);
    function MINTER_ROLE() external view returns (bytes32);
    function mint(address to, uint256 amount) external;
}

/// The contracts under test, as they are deployed: see foundry.toml.
library Deploy {
    function coin(address admin) internal returns (Coin) {
        return Coin(vm.deployCode("DaiseeCoin.sol:DaiseeCoin", abi.encode(admin)));
    }

    /// Prices take effect at once, debts close the market, and registers may differ by nothing.
    function ledger(IERC20 money, address admin) internal returns (Ledger) {
        return ledger(money, admin, IDaisee.Terms(0, true, 0, 0), false);
    }

    function ledger(IERC20 money, address admin, IDaisee.Terms memory terms, bool closed)
        internal
        returns (Ledger)
    {
        return Ledger(vm.deployCode("Daisee.sol:Daisee", abi.encode(money, admin, terms, closed)));
    }
}
