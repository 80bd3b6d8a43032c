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
    /// @notice What a node is. `None`: not registered, or removed. A consumer buys, a producer sells, a prosumer
    /// does both.
    enum Kind {
        None,
        Consumer,
        Producer,
        Prosumer
    }

    /// @notice Which of a node's registers: what it produced, what it consumed from its own source, what it
    /// consumed from a seller's source, or what left its source towards a buyer, as its own meter shows.
    enum Sort {
        Production,
        OwnUse,
        Consumption,
        Delivery
    }

    /// @notice What a meter signs (EIP-712).
    /// @param sort which register
    /// @param node whose meter it is
    /// @param other the seller of a consumption, the buyer of a delivery; zero otherwise
    /// @param epoch counts the meters of the node from 0: a replaced one's readings do not count any more, and
    /// what the new one shows is counted on from where the old one ended
    /// @param register the cumulative register of this meter, micro-Wh
    struct Reading {
        Sort sort;
        address node;
        address other;
        uint256 epoch;
        uint256 register;
    }

    /// @notice What a community agreed on.
    /// @param priceNotice seconds before a higher price takes effect; 0: at once
    /// @param debtsCloseMarket whether a buyer that owes coins to one seller can buy new energy from others
    /// @param tolerance micro-Wh by which the registers of a seller and a buyer may differ
    /// @param toleranceShare and thousandths of the higher of the two by which they may differ besides
    struct Terms {
        uint32 priceNotice;
        bool debtsCloseMarket;
        uint64 tolerance;
        uint16 toleranceShare;
    }

    /// @notice A node as registered.
    /// @param kind `None` when not registered, or removed
    /// @param active whether it is registered
    /// @param meterKey address of the key that its meter signs with; zero: none, the node reports itself
    /// @param price at which it sells, micro-coins per Wh; 0: it sells nothing
    /// @param epoch of its meter, to be named in what that signs
    /// @param nextPrice the price that was announced; 0 = none was
    /// @param nextPriceAt when that takes effect, Unix seconds
    struct NodeInfo {
        Kind kind;
        bool active;
        address meterKey;
        uint256 price;
        uint256 epoch;
        uint256 nextPrice;
        uint256 nextPriceAt;
    }

    /// @notice One row of `sellers`.
    /// @param account the seller
    /// @param active false once removed, or registered again as a consumer: its books stay, nobody can buy
    /// @param price micro-coins per Wh; 0 = sells nothing at present
    /// @param nextPrice the price that was announced; 0 = none was
    /// @param nextPriceAt when that takes effect, Unix seconds
    /// @param produced its production register
    /// @param taken energy that buyers purchased from it, or drew without
    /// @param available energy that it has left to sell
    struct SellerInfo {
        address account;
        bool active;
        uint256 price;
        uint256 nextPrice;
        uint256 nextPriceAt;
        uint256 produced;
        uint256 taken;
        uint256 available;
    }

    /// @notice One row of `purchases`.
    /// @param seller whom the energy is from
    /// @param purchased energy bought so far
    /// @param consumed the buyer's register for this seller's source
    /// @param allowance bought and not yet consumed
    /// @param overdrawn consumed and not yet bought
    /// @param owed micro-coins for what is overdrawn, at the prices of when it was drawn
    /// @param spent micro-coins paid so far
    /// @param delivered the seller's register for this buyer; 0 where its meter does not tell
    struct PurchaseInfo {
        address seller;
        uint256 purchased;
        uint256 consumed;
        uint256 allowance;
        uint256 overdrawn;
        uint256 owed;
        uint256 spent;
        uint256 delivered;
    }

    /// @notice The books of a node on an earlier ledger; see `restore`.
    /// @param account the node
    /// @param produced its production register
    /// @param ownUse its register for its own source
    /// @param drawn the part of `ownUse` that came out of its production
    struct NodeBooks {
        address account;
        uint64 produced;
        uint64 ownUse;
        uint64 drawn;
    }

    /// @notice The books of a buyer with a seller on an earlier ledger; see `restore` and `PurchaseInfo`.
    struct TradeBooks {
        address buyer;
        address seller;
        uint64 purchased;
        uint64 consumed;
        uint56 owed;
        uint56 spent;
    }

    /// @notice `node` produced `energy`; its register now stands at `register`.
    event Produced(address indexed node, uint256 energy, uint256 register);
    /// @notice `consumer` consumed `energy` from the source of `origin`; its register for it stands at `register`.
    event Consumed(address indexed consumer, address indexed origin, uint256 energy, uint256 register);
    /// @notice `buyer` bought `energy` from `seller` and paid `cost`, what it paid of a debt included.
    event Bought(address indexed buyer, address indexed seller, uint256 energy, uint256 cost);
    /// @notice `consumer` consumed `energy` more than it had from `origin`; `total` is now uncovered, and `owed`
    /// micro-coins for it (nothing where it is its own source).
    event Overdrawn(
        address indexed consumer, address indexed origin, uint256 energy, uint256 total, uint256 owed
    );
    /// @notice `buyer` paid `amount` for `energy` that it had overdrawn. A `Bought` with both follows.
    event DebtPaid(address indexed buyer, address indexed seller, uint256 energy, uint256 amount);
    /// @notice `energy` left the source of `seller` towards `buyer`; its register for it stands at `register`.
    event Delivered(address indexed seller, address indexed buyer, uint256 energy, uint256 register);
    /// @notice The registers of a seller and a buyer differ by more than the community tolerates.
    event Disputed(address indexed seller, address indexed buyer, uint256 delivered, uint256 consumed);
    /// @notice The admin registered a node.
    event NodeRegistered(address indexed account, Kind kind, address meterKey, uint256 price);
    /// @notice The admin removed a node. Its books stay.
    event NodeRemoved(address indexed account);
    /// @notice A seller changed its price, with effect from `from` on (Unix seconds).
    event PriceChanged(address indexed seller, uint256 price, uint256 from);
    /// @notice The admin changed the key that a node's meter signs with.
    event MeterKeyChanged(address indexed account, address meterKey);
    /// @notice The admin entered a new meter of a node: `epoch` counts them.
    event MeterReplaced(address indexed account, address meterKey, uint256 epoch);
    /// @notice The admin corrected a register. Coins that were paid stay where they are.
    event RegisterCorrected(
        address indexed account,
        Sort indexed sort,
        address indexed other,
        uint256 was,
        uint256 register,
        string reason
    );
    /// @notice The admin changed what the community agreed on.
    event TermsChanged(Terms terms);
    /// @notice The admin brought books of a node over from an earlier ledger.
    event NodeRestored(NodeBooks books);
    /// @notice The admin brought books of a buyer with a seller over from an earlier ledger.
    event TradeRestored(TradeBooks books);

    /// @notice An address that must be someone is zero.
    error ZeroAddress();
    /// @notice The coin given is an account without code.
    error NotACoin(address coin);
    /// @notice `account` is not registered, or was removed.
    error NotANode(address account);
    /// @notice `account` is registered already; remove it first to change its kind.
    error AlreadyRegistered(address account);
    /// @notice A node must be a consumer, a producer or a prosumer.
    error KindMissing(address account);
    /// @notice Only a producer or prosumer has a production register and a price.
    error NotAProducer(address account);
    /// @notice Only a consumer or prosumer buys.
    error NotABuyer(address account);
    /// @notice The ledger cannot number more sellers than `most`.
    error TooManySellers(uint256 most);
    /// @notice The ledger cannot count more meters of one node than `most`.
    error TooManyMeters(uint256 most);
    /// @notice Nobody ever produced under this address, so nothing can come from it.
    error UnknownOrigin(address origin);
    /// @notice A register only rises: `stored` is on the books, `given` was reported.
    error RegisterFell(uint256 stored, uint256 given);
    /// @notice A register beyond 2^64 - 1 micro-Wh (18 TWh).
    error RegisterTooLarge(uint256 register);
    /// @notice All that was taken from `seller` would be beyond 2^64 - 1 micro-Wh (18 TWh).
    error TakenTooLarge(address seller, uint256 taken);
    /// @notice A price beyond 2^40 - 1 micro-coins per Wh (a million coins).
    error PriceTooLarge(uint256 price);
    /// @notice Energy beyond 2^64 - 1 micro-Wh has no quote.
    error EnergyTooLarge(uint256 energy);
    /// @notice What one buyer paid one seller would be beyond 2^56 - 1 micro-coins (72 thousand million coins).
    error SpentTooLarge(uint256 spent);
    /// @notice The meter of `node` has a key, so only readings that it signed count.
    error SignatureNeeded(address node);
    /// @notice The meter of `node` did not sign reading `index` (0 when there is only one).
    error BadSignature(uint256 index, address node);
    /// @notice The reading is of another meter of `node` than the one in use, which is its `current`.
    error WrongEpoch(address node, uint256 epoch, uint256 current);
    /// @notice The batch breaks off, or names no known sort of reading, at reading `index`.
    error BadBatch(uint256 index);
    /// @notice A correction needs a reason, for everybody to read.
    error NoReason();
    /// @notice The meter in use began at `start`: to correct below it, enter a new meter first (`replaceMeter`).
    error BelowStart(uint256 start, uint256 register);
    /// @notice A node does not buy from itself, nor deliver to itself.
    error OwnEnergy(address account);
    /// @notice A purchase of nothing.
    error NoEnergy(address seller);
    /// @notice `seller` is not a registered producer or prosumer.
    error NotASeller(address seller);
    /// @notice `seller` sells nothing at present.
    error NotSelling(address seller);
    /// @notice `seller` has only `available` left of the `requested`.
    error NotEnoughEnergy(address seller, uint256 available, uint256 requested);
    /// @notice It costs more than the buyer allowed.
    error CostTooHigh(uint256 cost, uint256 maxCost);
    /// @notice The buyer has purchased `purchased` by now, not `expected`: another order of it came before.
    error PurchasedMeanwhile(uint256 expected, uint256 purchased);
    /// @notice `buyer` owes coins to as many other sellers, and buys nothing new before it has paid them.
    error DebtElsewhere(address buyer, uint256 sellers);
    /// @notice `buyer` has overdrawn nothing from `seller`.
    error NoDebt(address buyer, address seller);
    /// @notice Only the ledger's own coin may announce an approval.
    error NotTheCoin(address caller);
    /// @notice `approveAndCall` needs an order of 128 bytes (a purchase) or 64 (the payment of a debt); see
    /// `onApprovalReceived`.
    error BadOrder(uint256 length);
    /// @notice Books can be restored only before the ledger is opened for the first time.
    error AlreadyOpen();
    /// @notice These books are not blank.
    error NotBlank(address account, address other);

    /// @notice Enter a node in the books, new or removed before. Only the admin.
    /// @param account the node's address
    /// @param kind consumer, producer or prosumer
    /// @param meterKey address of the key that its meter signs readings with; zero: none, the node reports itself
    /// @param price of a producer or prosumer, micro-coins per Wh; 0: sells nothing as yet. 0 for a consumer
    function registerNode(address account, Kind kind, address meterKey, uint256 price) external;

    /// @notice Take a node out: it can no longer report, buy or sell. Its books stay: what others bought from it
    /// they may still consume, and what it owes it can still pay. Only the admin.
    /// @param account the node's address
    function removeNode(address account) external;

    /// @notice Change the key that a node's meter signs with; its registers go on. Only the admin.
    /// @param account the node's address
    /// @param meterKey address of the new key; zero: none, the node reports itself
    function setMeterKey(address account, address meterKey) external;

    /// @notice Enter a new meter: its registers begin at zero and are counted on from where the old one's ended.
    /// Readings that the old one signed do not count any more. Only the admin.
    /// @param account the node's address
    /// @param meterKey address of the key that it signs with, the old one's or another
    function replaceMeter(address account, address meterKey) external;

    /// @notice Correct a register, up or down, as it should stand. What is owed for energy overdrawn follows;
    /// coins paid stay where they are. The meter in use goes on from what it shows: when that is wrong as well,
    /// `replaceMeter` first. Only the admin.
    /// @param sort which register
    /// @param account the node that reports it
    /// @param other the seller of a consumption, the buyer of a delivery; ignored otherwise
    /// @param register what it must stand at, micro-Wh
    /// @param reason for everybody to read; not empty
    function correctRegister(
        Sort sort,
        address account,
        address other,
        uint256 register,
        string calldata reason
    ) external;

    /// @notice Change what the community agreed on. Only the admin.
    function setTerms(Terms calldata newTerms) external;

    /// @notice Bring books over from an earlier ledger. Only the admin, and only before the first `unpause` of a
    /// ledger that was deployed closed. The nodes must have been registered; trades are given the oldest first.
    function restore(NodeBooks[] calldata nodes, TradeBooks[] calldata trades) external;

    /// @notice Stop all that changes the books, in an emergency. Registers are cumulative: nothing is lost.
    /// Only the admin.
    function pause() external;

    /// @notice Go on after `pause`, or open a ledger that was deployed closed. Only the admin.
    function unpause() external;

    /// @notice Set one's price. Only a producer or prosumer, for itself. A lower price, and 0, take effect at
    /// once; a higher one after the notice that the community agreed on.
    /// @param price micro-coins per Wh; 0: sell nothing
    function setPrice(uint256 price) external;

    /// @notice Report one's own production register. The same register again changes nothing.
    /// @param register micro-Wh produced since the meter was installed
    function reportProduction(uint256 register) external;

    /// @notice Report one's own consumption register for a source. The same register again changes nothing.
    /// @param origin one's own address, or the seller whose source it is
    /// @param register micro-Wh consumed from that source since the meter was installed
    function reportConsumption(address origin, uint256 register) external;

    /// @notice Report the register of what left one's own source towards a buyer. Where it and the buyer's own
    /// register differ by more than the community tolerates, `Disputed` says so.
    /// @param buyer towards whom
    /// @param register micro-Wh since the meter was installed
    function reportDelivery(address buyer, uint256 register) external;

    /// @notice Carry a reading that the node's meter signed. Anyone may.
    /// @param reading what was signed, as EIP-712
    /// `Reading(uint8 sort,address node,address other,uint256 epoch,uint256 register)` in the domain that
    /// `eip712Domain` gives (name `Daisee`, version `2`)
    /// @param signature 65 bytes `r s v` or 64 bytes `r vs` (ERC-2098)
    function reportSigned(Reading calldata reading, bytes calldata signature) external;

    /// @notice Carry many signed readings at once. Anyone may. A reading that is not above the stored register,
    /// or of a meter that was replaced, is skipped, so that one already carried does not spoil the rest; any
    /// other fault reverts the batch.
    ///
    /// Layout: the readings one after the other without padding, numbers big-endian, each of them
    ///
    ///     bytes  what
    ///     1      sort: 0 = production, 1 = own use, 2 = consumption from a seller, 3 = delivery to a buyer
    ///     1      epoch
    ///     20     node
    ///     20     other: the seller or the buyer, only when the first byte is 2 or 3
    ///     8      register
    ///     32     r
    ///     32     vs: s with the parity of y in its highest bit (ERC-2098)
    ///
    /// which makes 94 bytes, or 114 with a seller or buyer. What is signed is the same `Reading` as for
    /// `reportSigned`, with other zero where none is given.
    /// @param readings as laid out above
    /// @return credited how many of them were not stale
    function reportBatch(bytes calldata readings) external returns (uint256 credited);

    /// @notice Buy energy with coins that the caller approved for this contract before. What the caller has
    /// overdrawn from the seller is covered first, at what is owed for it; only energy beyond that is new, costs
    /// the present price and must be available.
    /// @param seller whose energy
    /// @param energy micro-Wh
    /// @param maxCost micro-coins that the caller agrees to at most (the price may have changed)
    /// @param purchasedBefore micro-Wh that the caller knows itself to have purchased from all sellers
    /// (`totalEnergyPurchased`): where it is another sum by now, the need was met by another order
    function buyEnergy(address seller, uint256 energy, uint256 maxCost, uint256 purchasedBefore) external;

    /// @notice Buy energy with a permit (ERC-2612) of the caller over `maxCost` for this contract, in one
    /// transaction. Should somebody have used the permit already, the approval that it gave serves.
    /// @param seller whose energy
    /// @param energy micro-Wh
    /// @param maxCost micro-coins that the caller agrees to at most, and the permit's value
    /// @param purchasedBefore as for `buyEnergy`
    /// @param deadline of the permit, Unix seconds
    /// @param v of the permit's signature
    /// @param r of the permit's signature
    /// @param s of the permit's signature
    function buyEnergyWithPermit(
        address seller,
        uint256 energy,
        uint256 maxCost,
        uint256 purchasedBefore,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Pay what one owes for energy overdrawn, with coins that were approved for this contract before.
    /// Anybody who owes may, removed or not, and whatever the seller has left.
    /// @param seller whom it is owed
    /// @param maxCost micro-coins to pay at most; less than is owed pays for a part of the energy, rounded down
    function payDebt(address seller, uint256 maxCost) external;

    /// @notice The coin that purchases are paid with.
    function coin() external view returns (address);

    /// @notice What the community agreed on.
    function terms() external view returns (Terms memory);

    /// @notice A node as registered.
    function nodeOf(address account) external view returns (NodeInfo memory);

    /// @notice Energy that `buyer` bought from `seller` and has not consumed yet.
    function allowance(address seller, address buyer) external view returns (uint256);

    /// @notice Energy that `buyer` consumed from `seller` and has not bought yet; its next purchase covers it.
    /// With the same account twice: what left a seller's source, taken by buyers or used by itself, beyond what it
    /// produced; its next production covers it.
    function overdrawn(address buyer, address seller) external view returns (uint256);

    /// @notice Micro-coins that `buyer` owes `seller` for what it has overdrawn, at the prices of when it was
    /// drawn.
    function owed(address buyer, address seller) external view returns (uint256);

    /// @notice How many sellers `buyer` owes coins to.
    function debts(address buyer) external view returns (uint256);

    /// @notice The production register of `seller`.
    function energyProduction(address seller) external view returns (uint256);

    /// @notice The register of `consumer` for the source of `origin`.
    function energyConsumption(address consumer, address origin) external view returns (uint256);

    /// @notice The register of `seller` for what left its source towards `buyer`.
    function energyDelivery(address seller, address buyer) external view returns (uint256);

    /// @notice All that `consumer` consumed, whatever the source. For pages: it goes through all its sellers.
    function totalEnergyConsumption(address consumer) external view returns (uint256);

    /// @notice All that `buyer` purchased, from all sellers: what its next order must name.
    function totalEnergyPurchased(address buyer) external view returns (uint256);

    /// @notice Energy that `seller` produced, that no buyer took and that it did not use itself. Whether it sells
    /// at all, see `nodeOf`.
    function available(address seller) external view returns (uint256);

    /// @notice What `energy` costs `buyer` from `seller` now, rounded up: what it owes for the part that it has
    /// overdrawn, the present price for the rest. Reverts when there is a rest and the seller does not sell.
    /// @return micro-coins
    function quote(address buyer, address seller, uint256 energy) external view returns (uint256);

    /// @notice How many accounts were ever registered as producers or prosumers.
    function nbSellers() external view returns (uint256);

    /// @notice The seller at place `index`, from 0, in the order of their first registration.
    function sellerIndex(uint256 index) external view returns (address);

    /// @notice Whether `account` is registered as a producer or prosumer now.
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
