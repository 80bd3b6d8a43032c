// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checks} from "./base/Checks.sol";
import {Coin, Deploy} from "./base/Ledger.sol";
import {vm} from "./base/Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC1363} from "@openzeppelin/contracts/interfaces/IERC1363.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// DaiseeCoin: what OpenZeppelin does not test for us.
contract CoinTest is Checks {
    address private admin = address(0xad);
    address private home = address(0xb0);
    Coin private coin;

    function setUp() public {
        coin = Deploy.coin(admin);
    }

    function test_itIsDaiseeCoinWithSixDecimals() public view {
        vm.assertEq(coin.name(), "DaiseeCoin");
        vm.assertEq(coin.symbol(), "DSC");
        assertEq(coin.decimals(), 6);
        assertEq(coin.totalSupply(), 0);
    }

    function test_itNeedsAnAdmin() public {
        vm.expectRevert(abi.encodeWithSelector(Coin.ZeroAddress.selector));
        Deploy.coin(address(0));
    }

    function test_theTreasuryMints() public {
        vm.expectEmit(address(coin));
        emit IERC20.Transfer(address(0), home, 5e6);
        vm.prank(admin);
        coin.mint(home, 5e6);
        assertEq(coin.balanceOf(home), 5e6);
        assertEq(coin.totalSupply(), 5e6);
    }

    function test_nobodyElseMints() public {
        bytes32 role = coin.MINTER_ROLE();
        bytes memory refusal =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, home, role);
        vm.expectRevert(refusal);
        vm.prank(home);
        coin.mint(home, 1);
        vm.prank(admin);
        coin.grantRole(role, home);
        vm.prank(home);
        coin.mint(home, 1);
        vm.prank(admin);
        coin.revokeRole(role, home);
        vm.expectRevert(refusal);
        vm.prank(home);
        coin.mint(home, 1);
    }

    function test_itSaysWhichInterfacesItHas() public view {
        assertTrue(coin.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        assertTrue(coin.supportsInterface(type(IERC1363).interfaceId), "ERC-1363");
        assertTrue(coin.supportsInterface(type(IAccessControl).interfaceId), "roles");
        assertTrue(!coin.supportsInterface(0xffffffff), "ERC-165's none");
    }

    function test_aPermitGivesTheApprovalThatItsOwnerSigned() public {
        uint256 key = 0x0a11ce;
        address owner = vm.addr(key);
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                home,
                7,
                coin.nonces(owner),
                block.timestamp
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), message)));
        coin.permit(owner, home, 7, block.timestamp, v, r, s);
        assertEq(coin.allowance(owner, home), 7);
    }
}
