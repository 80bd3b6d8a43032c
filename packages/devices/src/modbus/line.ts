/** What carries the bytes of a bus: a TCP connection or a serial port. */
import { connect } from 'node:net';

/** An open line. */
export interface Line {
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}

export interface LineEvents {
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The line is gone; called once, also when it was closed on purpose. */
  readonly onClose: (error: Error | undefined) => void;
}

/** Parity and stop bits of a serial line; 8 data bits, as RTU has them. */
export interface SerialSettings {
  readonly path: string;
  /** Bits a second; 9600. */
  readonly baudRate?: number | undefined;
  readonly parity?: 'none' | 'even' | 'odd' | undefined;
  readonly stopBits?: 1 | 2 | undefined;
}

export const DEFAULT_BAUD_RATE = 9600;

/** Connects over TCP. Rejects when the connection is refused, or the signal aborts. */
export const openTcpLine = (
  host: string,
  port: number,
  { onBytes, onClose }: LineEvents,
  signal: AbortSignal,
): Promise<Line> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, signal });
    let failure: Error | undefined;
    let isOpen = false;
    socket.on('data', onBytes);
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      if (isOpen) onClose(failure);
      else reject(failure ?? new Error('the connection was closed'));
    });
    socket.on('connect', () => {
      isOpen = true;
      resolve({
        write: (bytes) => void socket.write(bytes),
        close: () =>
          new Promise((closed) => {
            if (socket.closed) closed();
            else {
              socket.once('close', () => closed());
              socket.destroy();
            }
          }),
      });
    });
  });

/** Opens a serial port. serialport is native code: loaded when a port is wanted. */
export const openSerialLine = async (
  { path, baudRate = DEFAULT_BAUD_RATE, parity = 'none', stopBits = 1 }: SerialSettings,
  { onBytes, onClose }: LineEvents,
): Promise<Line> => {
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits: 8, autoOpen: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  let failure: Error | undefined;
  port.on('data', onBytes);
  port.on('error', (error: Error) => {
    failure = error;
  });
  port.on('close', (error: Error | null) => onClose(error ?? failure));
  return {
    write: (bytes) => void port.write(Buffer.from(bytes)),
    close: () => new Promise((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve())),
  };
};
