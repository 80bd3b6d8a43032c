// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {withField} from "./field.sol";

/// What a node is as a buyer. The sellers that it has books with form a list linked through its trades, the newest
/// first: it costs no storage of its own, as a new trade writes both of these slots anyway.
///
///     0-95     purchased: from all sellers
///     96-111   newestSeller: number of the first in the list; 0: none
///     112-127  debts: number of sellers that it owes coins to
///     128      buys: saves a purchase the slot of the buyer's meter; set by the first purchase that was allowed,
///              cleared by a removal
type Intake is uint256;

using IntakeSlot for Intake global;

library IntakeSlot {
    function purchased(Intake intake) internal pure returns (uint256) {
        return uint96(Intake.unwrap(intake));
    }

    function newestSeller(Intake intake) internal pure returns (uint256) {
        return uint16(Intake.unwrap(intake) >> 96);
    }

    function debts(Intake intake) internal pure returns (uint256) {
        return uint16(Intake.unwrap(intake) >> 112);
    }

    function buys(Intake intake) internal pure returns (bool) {
        return Intake.unwrap(intake) >> 128 != 0;
    }

    function withPurchased(Intake intake, uint256 value) internal pure returns (Intake) {
        return Intake.wrap(withField(Intake.unwrap(intake), 0, type(uint96).max, value));
    }

    function withNewestSeller(Intake intake, uint256 value) internal pure returns (Intake) {
        return Intake.wrap(withField(Intake.unwrap(intake), 96, type(uint16).max, value));
    }

    function withDebts(Intake intake, uint256 value) internal pure returns (Intake) {
        return Intake.wrap(withField(Intake.unwrap(intake), 112, type(uint16).max, value));
    }

    function withBuys(Intake intake, bool value) internal pure returns (Intake) {
        return Intake.wrap(withField(Intake.unwrap(intake), 128, 1, value ? 1 : 0));
    }
}
