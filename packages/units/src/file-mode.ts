/** What of a file's state says who may use it (stat(2)). */
export interface FileMode {
  readonly mode: number;
  readonly uid: number;
}

/**
 * Whether others than its owner may read or change a file that holds a secret. As ssh has it, a file of one's own is
 * for nobody else (0600, 0400). One of another owner was handed out, as root gives a service its password: its group
 * may read it (0640).
 * @param own the user that asks; undefined where files have no owners
 */
export const isOpenToOthers = ({ mode, uid }: FileMode, own: number | undefined): boolean =>
  own !== undefined && (mode & (uid === own ? 0o077 : 0o027)) !== 0;

/** `0644`, as chmod takes it. */
export const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');
