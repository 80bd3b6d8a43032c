// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title DaiseeCoin
/// @notice The coin that neighbours pay each other with: ERC-20 with permit (ERC-2612) and `approveAndCall`
/// (ERC-1363). 6 decimals, so that at 1 coin per Wh an amount of coin equals an amount of energy in micro-Wh.
/// @dev Whoever holds `DEFAULT_ADMIN_ROLE` (the community's treasury, best a multisig) decides who may mint.
contract DaiseeCoin is ERC20, ERC20Permit, ERC1363, AccessControl {
    /// @notice The role that may mint.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    /// @notice An address that must be someone is zero.
    error ZeroAddress();

    /// @param admin who may mint, and who gives and takes the roles
    constructor(address admin) ERC20("DaiseeCoin", "DSC") ERC20Permit("DaiseeCoin") {
        // Without an admin nobody could ever mint.
        if (admin == address(0)) revert ZeroAddress();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(MINTER_ROLE, admin);
    }

    /// @notice Create coins. Only a minter.
    /// @param to who receives them
    /// @param amount micro-coins
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }

    /// @notice 1 coin is 1e6 of the unit that amounts are given in.
    /// @return always 6
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice ERC-165.
    /// @param interfaceId the interface asked for
    /// @return whether this contract has it
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC1363, AccessControl)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }
}
