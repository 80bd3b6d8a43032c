/** Asking a link's target past the link, and writing an answer as the target would. */
import { request, STATUS_CODES } from 'node:http';
import type { HttpAnswer } from '../doors.ts';
import type { WholeRequest } from './requests.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Of one connection alone, or wrong for a body that is passed on whole and unpacked. */
const OWN = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date'];

/** Sends the request to the target on a connection of its own. Rejects as `node:http` does. */
export const passOn = ({ host, port }: Place, seen: WholeRequest, body = seen.body): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const { method, path } = seen;
    const left = Object.entries(seen.headers).filter(
      ([name]) => name !== 'accept-encoding' && !OWN.includes(name),
    );
    const headers = Object.fromEntries(left);
    const length = Buffer.byteLength(body);
    const asked = request(
      { host, port, method, path, agent: false, headers: { ...headers, 'content-length': length } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 502,
            headers: Object.fromEntries(
              Object.entries(response.headers)
                .filter(([name]) => !OWN.includes(name))
                .map(([name, value]) => [name, String(value)]),
            ),
            body: text,
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });

/** The answer as bytes, cut where it says. */
export const bytesOf = ({ status, headers = {}, body, cutAfter }: HttpAnswer): Uint8Array => {
  const content = Buffer.from(body);
  const lines = Object.entries({
    'content-type': 'application/json',
    ...headers,
    'content-length': String(content.length),
    connection: 'keep-alive',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`,
  );
  return Buffer.concat([head, cutAfter === undefined ? content : content.subarray(0, cutAfter)]);
};
