/**
 * The files of an installation. What each directive does: systemd.exec(5), systemd.service(5), systemd.resource-control(5),
 * sysusers.d(5), tmpfiles.d(5), systemd-system.conf(5).
 */
import { type RestPins, restCommand } from '@daisee/relay';
import { CACHE_DIRECTORY, type InstallPlan, SETTINGS_FILE, STATE_DIRECTORY } from './plan.ts';

export interface InstallFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/** The first line of each file; `--uninstall` removes what bears it. */
export const MARK = '# Written by "daisee install"';

const lines = (...parts: readonly (string | readonly string[])[]): string =>
  `${MARK}; a changed copy is kept as .bak when it is written anew.\n${parts.flat().join('\n')}\n`;

/** An argument of a command line in a unit: % and $ stand for themselves, spaces do not divide. */
const word = (text: string): string => {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(plain) ? `"${plain.replaceAll(/["\\]/g, String.raw`\$&`)}"` : plain;
};

/** A path in a setting that takes a list of them. */
const path = (text: string): string => {
  const plain = text.replaceAll('%', '%%');
  return /[\s"'\\]/.test(plain) ? `"${plain.replaceAll(/["\\]/g, String.raw`\$&`)}"` : plain;
};

interface Unit {
  readonly description: string;
  readonly after: readonly string[];
  readonly arguments: readonly string[];
  /** Pins to bring to rest before the service starts and whenever it has ended, however that came. */
  readonly pins?: RestPins | undefined;
  readonly devices: readonly string[];
  /** Groups that open those devices. */
  readonly groups: readonly string[];
  readonly watchdog: string;
  readonly stopTime: string;
  readonly memory: string;
  readonly folders: readonly string[];
}

/** Node's note that ffi is experimental would be the first line of every journal. */
const QUIET = '--disable-warning=ExperimentalWarning';

const unit = ({ user, program }: InstallPlan, what: Unit): string => {
  const rest = what.pins && restCommand(what.pins, [program.node, QUIET]).map(word).join(' ');
  return lines(
    '[Unit]',
    `Description=${what.description}`,
    'Documentation=https://github.com/daisee/daisee',
    `After=${['network-online.target', 'time-sync.target', ...what.after].join(' ')}`,
    `Wants=${['network-online.target', ...what.after].join(' ')}`,
    '# Left alone, it tries for ever.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=notify',
    ...(program.speaksItself
      ? ['NotifyAccess=main']
      : ['# This Node cannot write to the socket itself: systemd-notify does it.', 'NotifyAccess=all']),
    ...(rest ? [`ExecStartPre=${rest}`] : []),
    `ExecStart=${[program.node, QUIET, program.script, ...what.arguments].map(word).join(' ')}`,
    ...(rest
      ? [
          '# Also after kill -9, a watchdog or lack of memory: every load back on its own source. When pins change in the',
          '# settings, run "daisee install" again.',
          `ExecStopPost=${rest}`,
        ]
      : []),
    `User=${user}`,
    `Group=${user}`,
    ...(what.groups.length > 0 ? [`SupplementaryGroups=${what.groups.join(' ')}`] : []),
    '# What was compiled before: a return to rest after a kill waits for no compiler.',
    `Environment=NODE_COMPILE_CACHE=${CACHE_DIRECTORY}`,
    'CacheDirectory=daisee',
    'CacheDirectoryMode=0700',
    `WorkingDirectory=${STATE_DIRECTORY}`,
    'StateDirectory=daisee',
    'StateDirectoryMode=0700',
    '# Samples that are not on the disk yet; a kill does not take them.',
    'RuntimeDirectory=daisee',
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
    ...(what.folders.length > 0 ? [`ReadWritePaths=${what.folders.map(path).join(' ')}`] : []),
    'UMask=0077',
    'Restart=always',
    'RestartSec=2',
    `WatchdogSec=${what.watchdog}`,
    '# A hung process is ended at once: a core dump would delay the return to rest.',
    'WatchdogSignal=SIGKILL',
    'TimeoutStartSec=30',
    `TimeoutStopSec=${what.stopTime}`,
    `MemoryMax=${what.memory}`,
    'OOMPolicy=stop',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateMounts=yes',
    'ProtectProc=invisible',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'ProtectControlGroups=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'LockPersonality=yes',
    'RemoveIPC=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    '# Netlink: listening on 0.0.0.0 asks for the interfaces there are.',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources',
    'SystemCallErrorNumber=EPERM',
    ...(what.devices.length > 0
      ? ['DevicePolicy=closed', ...what.devices.map((device) => `DeviceAllow=${device}`)]
      : ['PrivateDevices=yes']),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  );
};

const RELAY = 'daisee-relay.service';
const NODE = 'daisee.service';

/** The units of a plan, in the order in which they start. */
export const unitsOf = ({ board, parts }: InstallPlan): readonly string[] => [
  ...(board ? [RELAY] : []),
  ...(parts.length > 0 ? [NODE] : []),
];

/** One JSON object a line, where programs read the journal. */
const JSON_LOG = '--json';
const journal = ({ jsonLog }: InstallPlan): readonly string[] => (jsonLog ? [JSON_LOG] : []);

/** Whether an installed unit writes JSON. */
export const writesJson = (unit: string): boolean => new RegExp(`^ExecStart=.* ${JSON_LOG}$`, 'm').test(unit);

const relayUnit = (plan: InstallPlan): string =>
  unit(plan, {
    description: 'DAISEE relay board',
    after: [],
    arguments: ['relay', '-c', SETTINGS_FILE, ...journal(plan)],
    pins: plan.pins,
    devices: plan.pins ? ['char-gpiochip rw'] : [],
    groups: plan.pins ? ['gpio'] : [],
    watchdog: '5',
    stopTime: '15',
    memory: '256M',
    folders: plan.folders.board,
  });

/**
 * Devices by the numbers that Linux has given them (Documentation/admin-guide/devices.txt). A name is looked up once,
 * when the service starts: the driver of a board that is plugged in later has none yet, and the board would stay shut.
 */
const I2C = 89;
/** ttyACM, ttyUSB, ttyAMA, ttyS. */
const SERIAL = [166, 188, 204, 4];

const nodeUnit = (plan: InstallPlan): string =>
  unit(plan, {
    description: `DAISEE ${plan.parts.join(', ')}`,
    after: plan.board ? [RELAY] : [],
    arguments: ['up', '-c', SETTINGS_FILE, ...(plan.board ? ['--without', 'relay'] : []), ...journal(plan)],
    devices: [I2C, ...(plan.serial ? SERIAL : [])].map((major) => `char-${major} rw`),
    groups: ['i2c', 'dialout'],
    watchdog: '30',
    stopTime: '5min',
    memory: plan.parts.includes('chain') ? '2G' : '512M',
    folders: plan.folders.parts,
  });

/** Every file that the plan needs, settings apart. */
export const filesOf = (plan: InstallPlan): readonly InstallFile[] => {
  const { user, program } = plan;
  const file = (where: string, content: string, mode = 0o644): InstallFile => ({
    path: where,
    mode,
    content,
  });
  return [
    file(
      '/etc/sysusers.d/daisee.conf',
      lines(
        '# The groups are those that own /dev/gpiochip*, /dev/i2c-* and serial ports on Raspberry Pi OS.',
        'g gpio -',
        'g i2c -',
        `u ${user} - "DAISEE" ${STATE_DIRECTORY}`,
        `m ${user} gpio`,
        `m ${user} i2c`,
        `m ${user} dialout`,
      ),
    ),
    file(
      '/etc/tmpfiles.d/daisee.conf',
      lines(
        `d ${STATE_DIRECTORY} 0700 ${user} ${user} -`,
        `d /etc/daisee 0750 root ${user} -`,
        '# Settings may hold passwords.',
        `z ${SETTINGS_FILE} 0640 root ${user} -`,
        ...[...plan.folders.board, ...plan.folders.parts].map(
          (folder) => `d "${folder.replaceAll('%', '%%')}" 0700 ${user} ${user} -`,
        ),
      ),
    ),
    file(
      '/etc/udev/rules.d/60-daisee.rules',
      lines(
        '# Raspberry Pi OS has these rules; plain Debian has not.',
        'SUBSYSTEM=="gpio", KERNEL=="gpiochip[0-9]*", GROUP="gpio", MODE="0660"',
        'SUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"',
      ),
    ),
    file(
      '/usr/local/bin/daisee',
      `#!/bin/sh\n${lines(`exec ${shell(program.node)} ${QUIET} ${shell(program.script)} "$@"`)}`,
      0o755,
    ),
    ...(plan.board ? [file(`/etc/systemd/system/${RELAY}`, relayUnit(plan))] : []),
    ...(plan.pins
      ? [
          file(
            '/etc/systemd/system.conf.d/daisee-watchdog.conf',
            lines(
              '# When the machine itself hangs, its watchdog restarts it after this time, and pins without power on them',
              '# are at rest. A Raspberry Pi counts no further than 15 s.',
              '[Manager]',
              'RuntimeWatchdogSec=14',
              'RebootWatchdogSec=2min',
            ),
          ),
        ]
      : []),
    ...(plan.parts.length > 0 ? [file(`/etc/systemd/system/${NODE}`, nodeUnit(plan))] : []),
  ];
};

const shell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Every path that any plan writes, for taking an installation away. */
export const everyPath: readonly string[] = [
  '/etc/sysusers.d/daisee.conf',
  '/etc/tmpfiles.d/daisee.conf',
  '/etc/udev/rules.d/60-daisee.rules',
  '/usr/local/bin/daisee',
  `/etc/systemd/system/${RELAY}`,
  `/etc/systemd/system/${NODE}`,
  '/etc/systemd/system.conf.d/daisee-watchdog.conf',
];
