// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDaisee} from "./IDaisee.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title What a community agreed on, and whether its ledger is open
/// @dev The variables fill the slot that `Pausable` begins and every act reads, so the terms cost nothing to ask.
abstract contract CommunityTerms is IDaisee, AccessControl, Pausable {
    /// Books of an earlier ledger can still be restored.
    bool private _isFounding;
    bool internal _debtsCloseMarket;
    uint32 internal _priceNotice;
    uint64 internal _tolerance;
    uint16 internal _toleranceShare;

    constructor(Terms memory agreed, bool closed) {
        _setTerms(agreed);
        if (closed) {
            _isFounding = true;
            _pause();
        }
    }

    /// @inheritdoc IDaisee
    function setTerms(Terms calldata newTerms) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setTerms(newTerms);
    }

    /// @inheritdoc IDaisee
    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    /// @inheritdoc IDaisee
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _isFounding = false;
        _unpause();
    }

    /// @inheritdoc IDaisee
    function terms() external view returns (Terms memory) {
        return Terms({
            priceNotice: _priceNotice,
            debtsCloseMarket: _debtsCloseMarket,
            tolerance: _tolerance,
            toleranceShare: _toleranceShare
        });
    }

    function _expectFounding() internal view {
        if (!_isFounding) revert AlreadyOpen();
    }

    function _setTerms(Terms memory agreed) private {
        _priceNotice = agreed.priceNotice;
        _debtsCloseMarket = agreed.debtsCloseMarket;
        _tolerance = agreed.tolerance;
        _toleranceShare = agreed.toleranceShare;
        emit TermsChanged(agreed);
    }
}
