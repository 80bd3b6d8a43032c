/**
 * The files of the kernel's ina2xx and max17040 drivers in a directory of its own, laid out as under `/sys`: devices by
 * their place on the bus, classes as links to them. A mock of an edge: it holds what it is told and knows nothing of a
 * chip. The drivers themselves are tested in the emulated kernel (`npm run test:hardware`).
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const I2C = 'devices/platform/soc/3f804000.i2c';

export class KernelFiles {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<KernelFiles> {
    const root = await mkdtemp(path.join(tmpdir(), 'daisee-sysfs-'));
    await mkdir(path.join(root, 'class/hwmon'), { recursive: true });
    await mkdir(path.join(root, 'class/power_supply'), { recursive: true });
    return new KernelFiles(root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  /** An entry of a class, with the I²C device (`1-0040`) that it belongs to. Returns its directory. */
  async #add(kind: string, entry: string, chip: string, device: string): Promise<string> {
    const bus = `i2c-${device.split('-')[0]}`;
    const at = path.join(this.root, I2C, bus, device);
    const directory = path.join(at, kind, entry);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(at, 'name'), `${chip}\n`);
    await symlink('../..', path.join(directory, 'device'));
    await symlink(
      path.join('../..', I2C, bus, device, kind, entry),
      path.join(this.root, 'class', kind, entry),
    );
    return directory;
  }

  async addPower(entry = 'hwmon1', { chip = 'ina219', device = '1-0040' } = {}): Promise<Chip> {
    const directory = await this.#add('hwmon', entry, chip, device);
    await writeFile(path.join(directory, 'name'), `${chip}\n`);
    const chipFiles = new Chip(directory, path.join(this.root, 'class/hwmon', entry));
    await chipFiles.set({
      shunt_resistor: 100_000,
      in0_input: 0,
      in1_input: 12_000,
      curr1_input: 0,
      power1_input: 0,
    });
    return chipFiles;
  }

  async addGauge(entry = 'battery', { chip = 'max17043', device = '1-0036' } = {}): Promise<Chip> {
    const directory = await this.#add('power_supply', entry, chip, device);
    const chipFiles = new Chip(directory, path.join(this.root, 'class/power_supply', entry));
    await chipFiles.set({ type: 'Battery', online: 1, capacity: 87, voltage_now: 3_980_000 });
    return chipFiles;
  }

  /** Something else that the kernel lists there, like the temperature of the processor. */
  async addOther(kind: 'hwmon' | 'power_supply', entry: string, name: string): Promise<void> {
    const directory = path.join(this.root, 'devices/virtual', kind, entry);
    await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, 'name'), `${name}\n`);
    await symlink(
      path.join('../../devices/virtual', kind, entry),
      path.join(this.root, 'class', kind, entry),
    );
  }
}

/** The files of one chip. */
export class Chip {
  readonly directory: string;
  readonly #link: string;

  constructor(directory: string, link: string) {
    this.directory = directory;
    this.#link = link;
  }

  file(attribute: string): string {
    return path.join(this.directory, attribute);
  }

  async set(attributes: Readonly<Record<string, number | string>>): Promise<void> {
    for (const [name, value] of Object.entries(attributes)) await writeFile(this.file(name), `${value}\n`);
  }

  /** Watts at 12 V, as an INA219 with a shunt of 100 mΩ shows them: power in steps of 2 mW without a sign. */
  async setPower(watts: number): Promise<void> {
    await this.set({
      curr1_input: Math.round((watts / 12) * 1e3),
      power1_input: Math.abs(Math.round(watts * 500)) * 2e3,
    });
  }

  /** The chip stops answering: reading its files fails, with EISDIR for want of EIO. */
  async fail(attribute: string): Promise<void> {
    await rm(this.file(attribute), { recursive: true });
    await mkdir(this.file(attribute));
  }

  /** The device goes from the bus, and its files with it. */
  async unplug(): Promise<void> {
    await rm(this.#link);
    await rm(path.dirname(path.dirname(this.directory)), { recursive: true });
  }
}
