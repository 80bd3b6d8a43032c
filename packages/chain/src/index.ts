export { NoEmbeddedChain } from './anvil-binary.ts';
export { AnvilFailed } from './anvil-process.ts';
export { type Deployment, type DeployOptions, deployContracts, NoContractAddress } from './deploy.ts';
export {
  type ChainEvent,
  ChainNotStarted,
  ChainOfAnotherId,
  createEmbeddedChain,
  type EmbeddedChain,
  type EmbeddedChainOptions,
} from './embedded-chain.ts';
export { PortInUse, SERVED_METHODS } from './endpoint.ts';
export type { Feed, FeedPlace } from './feed.ts';
export type { Fees } from './fees.ts';
export { HistoryDamaged } from './history/database.ts';
export type { HistoryEvent, HistoryFact } from './history/facts.ts';
export {
  createHistory,
  type Flow,
  type History,
  type HistoryChange,
  HistoryNotStarted,
  type HistoryOptions,
  type HistoryQuery,
} from './history/history.ts';
export { ChainChanged } from './identity.ts';
export { ChainDirectoryBusy, JournalDamaged } from './journal.ts';
export {
  BadAddress,
  createKey,
  decryptKey,
  encryptKey,
  findKeyFile,
  type KeyFile,
  KeyFileDamaged,
  KeyFileOfAnother,
  KeyFileOpen,
  listKeyFiles,
  NoKey,
  toAddress,
  type UnlockOptions,
  unlock,
  WrongPassword,
  writeKeyFile,
} from './keystore.ts';
export {
  connectLedger,
  type Ledger,
  LedgerNotStarted,
  type LedgerOptions,
  NoContract,
  NoSigner,
  WrongChain,
  WrongContract,
} from './ledger.ts';
export type { LedgerEvent, LedgerFact, NodeKind } from './ledger-events.ts';
export type { Call, DebtPayment, Orders, Purchase } from './orders.ts';
export { OutboxDamaged } from './outbox.ts';
export type { LedgerNotice } from './patience.ts';
export {
  encodeBatch,
  type Reading,
  type ReadingDomain,
  ReadingTooLarge,
  SORTS,
  type SignedReading,
  type Sort,
  signReading,
} from './readings.ts';
export type { LedgerReads, NextPrice, PurchaseRow, RegisteredNode, SellerRow } from './reads.ts';
export { ContractRefused, type RefusalArgs } from './refusals.ts';
export { BadUrl, ChainAnswer, ChainUnreachable, RpcRefused } from './rpc.ts';
export { LedgerStopped, NoEther, TransactionReplaced } from './sender.ts';
export { type Address, type Hex, type Signature, type Signer, signerOf } from './signer.ts';
export { BadTerms, DEFAULT_TERMS, type Terms } from './terms.ts';
export type {
  Correction,
  LedgerWrites,
  NodeBooks,
  Receipt,
  Registration,
  TradeBooks,
  WriteOptions,
} from './writes.ts';
