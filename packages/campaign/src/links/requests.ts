/**
 * Whole HTTP/1.1 requests out of a stream of bytes (RFC 9112: header section, then Content-Length or chunked). A
 * stream that is none is given on as it comes.
 */
const LONGEST_HEAD = 64 * 1024;
const LONGEST_BODY = 64 * 1024 * 1024;

/** A request with the bytes that it came in. */
export interface WholeRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: Uint8Array;
}

interface Head {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the header section with its empty line. */
  readonly length: number;
}

const headOf = (bytes: Buffer): Head | 'part' | 'none' => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > LONGEST_HEAD ? 'none' : 'part';
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? [];
  if (method === undefined || path === undefined) return 'none';
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, path, headers, length: end + 4 };
};

/** The body in chunks from `start`: its text and where it ends. */
const chunksOf = (bytes: Buffer, start: number): { body: Buffer; end: number } | 'part' | 'none' => {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return 'part';
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!(size >= 0 && size < LONGEST_BODY)) return 'none';
    const end = line + 2 + size + 2;
    if (bytes.length < end) return 'part';
    // Trailers after the last chunk are not expected here.
    if (size === 0) return { body: Buffer.concat(parts), end };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = end;
  }
};

const bodyOf = (bytes: Buffer, head: Head): { body: Buffer; end: number } | 'part' | 'none' => {
  if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) return chunksOf(bytes, head.length);
  const size = Number(head.headers['content-length'] ?? 0);
  if (!(size >= 0 && size < LONGEST_BODY)) return 'none';
  const end = head.length + size;
  return bytes.length < end ? 'part' : { body: bytes.subarray(head.length, end), end };
};

/** Takes bytes, gives what is whole: requests, or bytes of a stream that is no HTTP. */
export const createRequestReader = (): ((bytes: Uint8Array) => (WholeRequest | Uint8Array)[]) => {
  let kept: Buffer = Buffer.alloc(0);
  let isOther = false;
  return (bytes) => {
    if (isOther) return [bytes];
    kept = Buffer.concat([kept, bytes]);
    const whole: (WholeRequest | Uint8Array)[] = [];
    while (kept.length > 0) {
      const head = headOf(kept);
      const found = typeof head === 'object' ? bodyOf(kept, head) : head;
      if (found === 'part') break;
      if (found === 'none' || typeof head !== 'object') {
        isOther = true;
        whole.push(kept);
        kept = Buffer.alloc(0);
        break;
      }
      const { method, path, headers } = head;
      whole.push({
        method,
        path,
        headers,
        body: found.body.toString('utf8'),
        bytes: kept.subarray(0, found.end),
      });
      kept = kept.subarray(found.end);
    }
    return whole;
  };
};
