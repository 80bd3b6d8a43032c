// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The Daisee ledger, as others see it
/// @notice Who produced, consumed, bought and sold how much energy on a small grid.
///
/// Units: energy and registers are micro-Wh (1e6 = 1 Wh), coins micro-coins (1e6 = 1 coin), prices micro-coins
/// per Wh (1e6 = 1 coin per Wh). A register is cumulative and only rises, like the wheel of a real meter: the
/// ledger credits the difference to the register that it has stored, so that a report sent twice counts once
/// and a report lost is made up by the next.
interface IDaisee {
    /// @notice What a node is. `None`: not registered, or removed.
    enum Kind {
        None,
        Consumer,
        Producer
    }

    /// @notice What a meter signs (EIP-712).
    /// @param node whose meter it is
    /// @param origin zero: energy that `node` produced. `node`: consumed from its own source. A seller: consumed
    /// from that seller's source
    /// @param register the cumulative register, micro-Wh
    struct Reading {
        address node;
        address origin;
        uint256 register;
    }

    /// @notice One row of `sellers`.
    /// @param account the seller
    /// @param active false once removed, or registered again as a consumer: its books stay, nobody can buy
    /// @param price micro-coins per Wh; 0 = sells nothing at present
    /// @param produced its production register
    /// @param sold energy sold so far
    /// @param available energy that it has left to sell
    struct SellerInfo {
        address account;
        bool active;
        uint256 price;
        uint256 produced;
        uint256 sold;
        uint256 available;
    }

    /// @notice One row of `purchases`.
    /// @param seller whom the energy is from
    /// @param purchased energy bought so far
    /// @param consumed the buyer's register for this seller's source
    /// @param allowance bought and not yet consumed
    /// @param overdrawn consumed and not yet bought
    /// @param spent micro-coins paid so far
    struct PurchaseInfo {
        address seller;
        uint256 purchased;
        uint256 consumed;
        uint256 allowance;
        uint256 overdrawn;
        uint256 spent;
    }

    /// @notice `node` produced `energy`; its register now stands at `register`.
    event Produced(address indexed node, uint256 energy, uint256 register);
    /// @notice `consumer` consumed `energy` from the source of `origin`; its register for it stands at `register`.
    event Consumed(address indexed consumer, address indexed origin, uint256 energy, uint256 register);
    /// @notice `buyer` bought `energy` from `seller` and paid `cost`.
    event Bought(address indexed buyer, address indexed seller, uint256 energy, uint256 cost);
    /// @notice `consumer` consumed `energy` more than it had from `origin`; `total` is now uncovered.
    event Overdrawn(address indexed consumer, address indexed origin, uint256 energy, uint256 total);
    /// @notice The admin registered a node.
    event NodeRegistered(address indexed account, Kind kind, address meterKey, uint256 price);
    /// @notice The admin removed a node. Its books stay.
    event NodeRemoved(address indexed account);
    /// @notice A seller changed its price.
    event PriceChanged(address indexed seller, uint256 price);
    /// @notice The admin changed the key that a node's meter signs with.
    event MeterKeyChanged(address indexed account, address meterKey);

    /// @notice An address that must be someone is zero.
    error ZeroAddress();
    /// @notice The coin given is an account without code.
    error NotACoin(address coin);
    /// @notice `account` is not registered, or was removed.
    error NotANode(address account);
    /// @notice `account` is registered already; remove it first to change its kind.
    error AlreadyRegistered(address account);
    /// @notice A node must be a consumer or a producer.
    error KindMissing(address account);
    /// @notice Only a producer has a production register and a price.
    error NotAProducer(address account);
    /// @notice The ledger cannot number more sellers than `most`.
    error TooManySellers(uint256 most);
    /// @notice Nobody ever produced under this address, so nothing can come from it.
    error UnknownOrigin(address origin);
    /// @notice A register only rises: `stored` is on the books, `given` was reported.
    error RegisterFell(uint256 stored, uint256 given);
    /// @notice A register beyond 2^64 - 1 micro-Wh (18 TWh).
    error RegisterTooLarge(uint256 register);
    /// @notice A price beyond 2^64 - 1 micro-coins per Wh.
    error PriceTooLarge(uint256 price);
    /// @notice Energy beyond 2^64 - 1 micro-Wh has no quote.
    error EnergyTooLarge(uint256 energy);
    /// @notice The meter of `node` did not sign reading `index` (0 when there is only one).
    error BadSignature(uint256 index, address node);
    /// @notice The batch breaks off, or names no known sort of reading, at reading `index`.
    error BadBatch(uint256 index);
    /// @notice A node does not buy from itself.
    error OwnEnergy(address account);
    /// @notice A purchase of nothing.
    error NoEnergy(address seller);
    /// @notice `seller` is not a registered producer.
    error NotASeller(address seller);
    /// @notice `seller` has set its price to 0: it sells nothing at present.
    error NotSelling(address seller);
    /// @notice `seller` has only `available` left of the `requested`.
    error NotEnoughEnergy(address seller, uint256 available, uint256 requested);
    /// @notice At today's price it costs more than the buyer allowed.
    error CostTooHigh(uint256 cost, uint256 maxCost);
    /// @notice Only the ledger's own coin may announce an approval.
    error NotTheCoin(address caller);
    /// @notice `approveAndCall` needs `abi.encode(address seller, uint256 energy, uint256 maxCost)`, 96 bytes.
    error BadPurchase(uint256 length);

    /// @notice Enter a node in the books, new or removed before. Only the admin.
    /// @param account the node's address
    /// @param kind consumer or producer (a producer may also buy)
    /// @param meterKey address of the key that its meter signs readings with; zero: none
    /// @param price of a producer, micro-coins per Wh; 0: sells nothing as yet. 0 for a consumer
    function registerNode(address account, Kind kind, address meterKey, uint256 price) external;

    /// @notice Take a node out: it can no longer report, buy or sell. Its books stay, and what others bought
    /// from it they may still consume. Only the admin.
    /// @param account the node's address
    function removeNode(address account) external;

    /// @notice Change the key that a node's meter signs with. Only the admin.
    /// @param account the node's address
    /// @param meterKey address of the new key; zero: none
    function setMeterKey(address account, address meterKey) external;

    /// @notice Stop all that changes the books, in an emergency. Registers are cumulative: nothing is lost.
    /// Only the admin.
    function pause() external;

    /// @notice Go on after `pause`. Only the admin.
    function unpause() external;

    /// @notice Set one's price. Only a producer, for itself.
    /// @param price micro-coins per Wh; 0: sell nothing
    function setPrice(uint256 price) external;

    /// @notice Report one's own production register. The same register again changes nothing.
    /// @param register micro-Wh produced since the meter was installed
    function reportProduction(uint256 register) external;

    /// @notice Report one's own consumption register for a source. The same register again changes nothing.
    /// @param origin one's own address, or the seller whose source it is
    /// @param register micro-Wh consumed from that source since the meter was installed
    function reportConsumption(address origin, uint256 register) external;

    /// @notice Carry a reading that the node's meter signed. Anyone may.
    /// @param reading what was signed, as EIP-712 `Reading(address node,address origin,uint256 register)` in the
    /// domain that `eip712Domain` gives (name `Daisee`, version `1`)
    /// @param signature 65 bytes `r s v` or 64 bytes `r vs` (ERC-2098)
    function reportSigned(Reading calldata reading, bytes calldata signature) external;

    /// @notice Carry many signed readings at once. Anyone may. A reading that is not above the stored register
    /// is skipped, so that one already carried does not spoil the rest; any other fault reverts the batch.
    ///
    /// Layout: the readings one after the other without padding, numbers big-endian, each of them
    ///
    ///     bytes  what
    ///     1      0 = production, 1 = consumption from the own source, 2 = consumption from a seller
    ///     20     node
    ///     20     origin, only when the first byte is 2
    ///     8      register
    ///     32     r
    ///     32     vs: s with the parity of y in its highest bit (ERC-2098)
    ///
    /// which makes 93 bytes, or 113 from a seller. What is signed is the same `Reading` as for `reportSigned`,
    /// with origin zero for 0 and origin = node for 1.
    /// @param readings as laid out above
    /// @return credited how many of them were not stale
    function reportBatch(bytes calldata readings) external returns (uint256 credited);

    /// @notice Buy energy with coins that the caller approved for this contract before.
    /// @param seller whose energy
    /// @param energy micro-Wh
    /// @param maxCost micro-coins that the caller agrees to at most (the price may have changed)
    function buyEnergy(address seller, uint256 energy, uint256 maxCost) external;

    /// @notice Buy energy with a permit (ERC-2612) of the caller over `maxCost` for this contract, in one
    /// transaction. Should somebody have used the permit already, the approval that it gave serves.
    /// @param seller whose energy
    /// @param energy micro-Wh
    /// @param maxCost micro-coins that the caller agrees to at most, and the permit's value
    /// @param deadline of the permit, Unix seconds
    /// @param v of the permit's signature
    /// @param r of the permit's signature
    /// @param s of the permit's signature
    function buyEnergyWithPermit(
        address seller,
        uint256 energy,
        uint256 maxCost,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice The coin that purchases are paid with.
    function coin() external view returns (address);

    /// @notice A node as registered.
    /// @return kind `None` when not registered, or removed
    /// @return active whether it is registered
    /// @return meterKey address of the key that its meter signs with; zero: none
    /// @return price of a producer, micro-coins per Wh
    function nodeOf(address account)
        external
        view
        returns (Kind kind, bool active, address meterKey, uint256 price);

    /// @notice Energy that `buyer` bought from `seller` and has not consumed yet.
    function allowance(address seller, address buyer) external view returns (uint256);

    /// @notice Energy that `buyer` consumed from `seller` and has not bought yet; its next purchase covers it.
    /// With the same account twice: own use of a producer beyond what it had left after its sales; its next
    /// production covers it.
    function overdrawn(address buyer, address seller) external view returns (uint256);

    /// @notice The production register of `seller`.
    function energyProduction(address seller) external view returns (uint256);

    /// @notice The register of `consumer` for the source of `origin`.
    function energyConsumption(address consumer, address origin) external view returns (uint256);

    /// @notice All that `consumer` consumed, whatever the source.
    function totalEnergyConsumption(address consumer) external view returns (uint256);

    /// @notice Energy that `seller` produced and neither sold nor used itself. Whether it sells at all, see
    /// `nodeOf`.
    function available(address seller) external view returns (uint256);

    /// @notice What `energy` costs from `seller` now, rounded up. Reverts when it does not sell.
    /// @return micro-coins
    function quote(address seller, uint256 energy) external view returns (uint256);

    /// @notice How many accounts were ever registered as producers.
    function nbSellers() external view returns (uint256);

    /// @notice The seller at place `index`, from 0, in the order of their first registration.
    function sellerIndex(uint256 index) external view returns (address);

    /// @notice Whether `account` is registered as a producer now.
    function isSeller(address account) external view returns (bool);

    /// @notice Sellers in the order of `sellerIndex`, removed ones too.
    /// @param offset how many to skip
    /// @param limit how many to return at most; fewer means that these were the last
    function sellers(uint256 offset, uint256 limit) external view returns (SellerInfo[] memory);

    /// @notice What `buyer` bought and consumed, by seller, the newest seller of its first.
    /// @param buyer whose purchases
    /// @param offset how many sellers to skip
    /// @param limit how many to return at most; fewer means that these were the last
    function purchases(address buyer, uint256 offset, uint256 limit)
        external
        view
        returns (PurchaseInfo[] memory);
}
