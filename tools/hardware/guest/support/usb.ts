/** Boards on USB ports of the kernel's own (dummy_hcd): gadgets of the same kernel, made through configfs. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const GADGETS = '/sys/kernel/config/usb_gadget';
const TTYS = '/sys/class/tty';

export interface UsbBoard {
  readonly serial: string;
  /** The board's end, for the sketch. */
  readonly device: string;
  plugIn(): void;
  unplug(): void;
}

/** A board with one serial line, plugged into the port of this number. */
export const createUsbBoard = (serial: string, port: number): UsbBoard => {
  if (!existsSync(GADGETS)) throw new Error('This kernel has no configfs for USB gadgets (libcomposite).');
  const at = (...path: string[]) => join(GADGETS, serial, ...path);
  const tell = (value: string, ...path: string[]) => writeFileSync(at(...path), value);
  const [config, line] = ['configs/c.1', 'functions/acm.usb0'];
  mkdirSync(at('strings/0x409'), { recursive: true });
  tell('0x2341', 'idVendor'); // Arduino's, and its Uno's
  tell('0x0043', 'idProduct');
  tell(serial, 'strings/0x409/serialnumber');
  tell('Arduino', 'strings/0x409/manufacturer');
  tell('Uno', 'strings/0x409/product');
  mkdirSync(at(config), { recursive: true });
  mkdirSync(at(line), { recursive: true });
  symlinkSync(at(line), at(config, 'acm.usb0'));
  const plugIn = () => tell(`dummy_udc.${port}`, 'UDC');
  plugIn();
  return {
    serial,
    device: `/dev/ttyGS${readFileSync(at(line, 'port_num'), 'utf8').trim()}`,
    plugIn,
    unplug: () => tell('\n', 'UDC'),
  };
};

/** The terminal of this name, of which device: `/sys/…/usb1/1-1`. */
export const usbDeviceOf = (tty: string): string => dirname(realpathSync(join(TTYS, tty, 'device')));

/** Plays udev: a link by each board's serial number to the terminal that it has now, and none of those that are gone. */
export const linkById = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const tty of readdirSync(TTYS).filter((name) => name.startsWith('ttyACM'))) {
    const serial = readFileSync(join(usbDeviceOf(tty), 'serial'), 'utf8').trim();
    symlinkSync(join('/dev', tty), join(folder, `usb-Arduino_Uno_${serial}-if00`));
  }
};
