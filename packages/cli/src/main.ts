/** The `daisee` command: reads words, settings and environment, and hands them to the rooms. */
import { Command, CommanderError } from 'commander';
import { explain, journalLevel } from './output.ts';
import { VERSION } from './version.ts';

/** Each command is loaded when it is asked for: the help of the whole needs no chain, database or serial port. */
const commands: Readonly<Record<string, { readonly does: string; readonly load: () => Promise<Command> }>> = {
  demo: {
    does: 'run the lab: two nodes, a relay and a chain on a simulated bench',
    load: async () => (await import('./commands/demo.ts')).demoCommand(),
  },
  up: {
    does: 'run whatever parameters.yml describes on this machine',
    load: async () => (await import('./commands/up.ts')).upCommand(),
  },
  agent: {
    does: "run a node's agent alone",
    load: async () => (await import('./commands/agent.ts')).agentCommand(),
  },
  app: {
    does: "serve a node's App alone",
    load: async () => (await import('./commands/app.ts')).appCommand(),
  },
  monitor: {
    does: 'take samples from a meter and serve them',
    load: async () => (await import('./commands/monitor.ts')).monitorCommand(),
  },
  interval: {
    does: "read grid operators' files of interval energies",
    load: async () => (await import('./commands/interval.ts')).intervalCommand(),
  },
  meter: {
    does: 'decode captures of meters',
    load: async () => (await import('./commands/meter.ts')).meterCommand(),
  },
  relay: {
    does: 'serve a relay board',
    load: async () => (await import('./commands/relay.ts')).relayCommand(),
  },
  chain: {
    does: 'run the embedded chain',
    load: async () => (await import('./commands/chain.ts')).chainCommand(),
  },
  deploy: {
    does: 'put the contracts on a chain',
    load: async () => (await import('./commands/deploy.ts')).deployCommand(),
  },
  account: {
    does: 'make and list keys',
    load: async () => (await import('./commands/account.ts')).accountCommand(),
  },
  node: {
    does: "register, correct and remove the community's nodes",
    load: async () => (await import('./commands/node.ts')).nodeCommand(),
  },
  terms: {
    does: 'show or change what the community agreed on',
    load: async () => (await import('./commands/terms.ts')).termsCommand(),
  },
  token: {
    does: 'balances, transfers, approvals and minting of DaiseeCoin',
    load: async () => (await import('./commands/token.ts')).tokenCommand(),
  },
  energy: {
    does: 'buy energy; see what was bought and used',
    load: async () => (await import('./commands/energy.ts')).energyCommand(),
  },
  status: {
    does: 'show the exchange and its sellers',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  allocate: {
    does: "share a community's energy out by a rule: try it on a file",
    load: async () => (await import('./commands/allocate.ts')).allocateCommand(),
  },
  market: {
    does: 'clear the orders of an interval: try a market on a file',
    load: async () => (await import('./commands/market.ts')).marketCommand(),
  },
  install: {
    does: 'write the systemd units that keep it running',
    load: async () => (await import('./commands/install.ts')).installCommand(),
  },
  doctor: {
    does: 'check machine and connections, and say how to mend them',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
  backup: {
    does: 'copy keys, settings and stores into one file, while they are in use',
    load: async () => (await import('./commands/backup.ts')).backupCommand(),
  },
  restore: {
    does: 'put a backup back',
    load: async () => (await import('./commands/restore.ts')).restoreCommand(),
  },
};

const program = async (asked: string | undefined): Promise<Command> => {
  const daisee = new Command('daisee')
    .description('Neighbours on a small grid sell each other energy, with no operator in between.')
    .version(VERSION)
    // Options of `daisee monitor` and of `daisee monitor token` have the same names.
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows every option)')
    .addHelpText('after', '\nExample: daisee demo --speed 200 --duration 2h');
  for (const [name, { does, load }] of Object.entries(commands))
    daisee.addCommand(name === asked ? await load() : new Command(name).description(does));
  return daisee;
};

/** Runs one command line; sets the exit code: 0 only on success. */
export const main = async (argv: readonly string[]): Promise<void> => {
  // A reader that goes away (`daisee demo | head`) ends the command like Ctrl-C does, with the relay at rest.
  let isHeard = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && isHeard) process.kill(process.pid, 'SIGTERM');
    isHeard = false;
  });
  // Keys, books, samples of a household: what this process and its children make is for its user alone, SQLite's files and
  // anvil's too, which take no mode. What others are to read (`daisee install`, the page) says so.
  process.umask(0o077);
  const asked = argv.slice(2).find((word) => !word.startsWith('-'));
  try {
    // `daisee help demo` and `daisee demo --help` are the same.
    const words = asked === 'help' ? [...argv.slice(0, 2), ...argv.slice(3), '--help'] : argv;
    await (await program(asked === 'help' ? argv[3] : asked)).parseAsync(words);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode;
      return;
    }
    process.stderr.write(`${journalLevel('err', process.stderr)(explain(error))}\n`);
    process.exitCode = 1;
  }
};
