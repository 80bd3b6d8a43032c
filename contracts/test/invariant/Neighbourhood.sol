// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attacks} from "./Attacks.sol";
import {Laws} from "./Laws.sol";

/// Honest neighbours and those who attack them, with the laws that hold for them all.
contract Neighbourhood is Laws, Attacks {}
