/**
 * The few calls into the kernel that GPIO needs. Node opens and closes files by itself; only `ioctl` comes from the C
 * library that Node is linked with, through Node's own foreign function interface (docs/decisions/0007-gpio.md).
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DaiseeError, messageOf } from '@daisee/units';

/** Thrown where this Node cannot call `ioctl`. */
export class GpioUnavailable extends DaiseeError {
  constructor(reason: string, cause?: unknown) {
    super({
      code: 'relay.gpio-unavailable',
      message: `GPIO cannot be used here: ${reason}. Start DAISEE on Linux with the Node that "npm install" brings ("npx daisee …").`,
      retryable: false,
      values: { platform: process.platform, node: process.versions.node },
      cause,
    });
  }
}

/** What the driver needs of the kernel; tests give another. */
export interface GpioKernel {
  /** Paths of the GPIO chips there are, in the order of their numbers. */
  chips(): string[];
  /** Opens a chip for reading and writing. Throws what `openSync` throws. */
  open(path: string): number;
  close(descriptor: number): void;
  /** Makes one request about an open file; 0, or the error's number as in errno.h. The kernel may fill the bytes. */
  ioctl(descriptor: number, request: bigint, bytes: Buffer): number;
}

type Ioctl = (descriptor: number, request: bigint, bytes: Buffer) => number;

let loaded: Ioctl | undefined;

/** Loads `ioctl` once. @throws GpioUnavailable */
const loadIoctl = (): Ioctl => {
  if (loaded) return loaded;
  if (process.platform !== 'linux') throw new GpioUnavailable(`this is ${process.platform}`);
  // Loading says on standard error that the interface is experimental: known, and the Node that runs it is pinned.
  const warn = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    if (!ffi) throw new GpioUnavailable(`Node ${process.versions.node} has no node:ffi`);
    const { functions } = ffi.dlopen(null, {
      // ioctl is variadic in C; on Linux x64 and arm64 its third argument travels like a named one.
      ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' },
      __errno_location: { arguments: [], return: 'pointer' },
    });
    // The errno of this thread stays where it is for as long as the thread lives.
    const errno = functions.__errno_location();
    loaded = (descriptor, request, bytes) =>
      functions.ioctl(descriptor, request, bytes) < 0 ? ffi.getInt32(errno, 0) : 0;
    return loaded;
  } catch (error) {
    if (error instanceof GpioUnavailable) throw error;
    throw new GpioUnavailable(messageOf(error), error);
  } finally {
    process.emitWarning = warn;
  }
};

const CHIP = /^gpiochip(\d+)$/;

/** The machine's kernel. */
export const createLinuxKernel = (directory = '/dev'): GpioKernel => ({
  chips: () =>
    readdirSync(directory)
      .filter((name) => CHIP.test(name))
      .sort((a, b) => Number(CHIP.exec(a)?.[1]) - Number(CHIP.exec(b)?.[1]))
      .map((name) => join(directory, name)),
  open: (path) => openSync(path, constants.O_RDWR),
  close: (descriptor) => closeSync(descriptor),
  ioctl: (descriptor, request, bytes) => loadIoctl()(descriptor, request, bytes),
});
