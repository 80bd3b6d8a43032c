/**
 * A body that is read whole, in the memory of its length. Fastify's own way keeps the pieces until it has put them
 * together, and then makes a text of that: three times 10 MB for 10 MB.
 */
import type { IncomingMessage } from 'node:http';
import { errorCodes, type FastifyRequest } from 'fastify';

const { FST_ERR_CTP_BODY_TOO_LARGE: TooLarge, FST_ERR_CTP_INVALID_CONTENT_LENGTH: WrongLength } = errorCodes;

/** What there is room for when a body names no length. */
const FIRST_ROOM = 64 * 1024;

const withRoom = (bytes: Buffer, length: number, most: number): Buffer => {
  if (length <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(length, 2 * bytes.length)));
  bytes.copy(larger);
  return larger;
};

/**
 * @param limit bytes that it may have
 * @throws Fastify's errors for one that is too large (413) or not as long as it said (400)
 */
export const wholeBody = (
  { headers }: FastifyRequest,
  payload: IncomingMessage,
  limit: number,
): Promise<Buffer> => {
  const said = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  return new Promise((resolve, reject) => {
    if (said !== undefined && said > limit) return reject(new TooLarge());
    // Pages of what does not come are never touched, so they take no memory.
    let bytes: Buffer = Buffer.allocUnsafeSlow(said ?? FIRST_ROOM);
    let length = 0;
    const done = (error?: Error): void => {
      payload.off('data', take).off('end', end).off('error', broke).off('close', end);
      if (error) reject(error);
      else resolve(bytes.subarray(0, length));
    };
    const take = (piece: Buffer): void => {
      if (length + piece.length > limit) {
        done(new TooLarge());
        return;
      }
      bytes = withRoom(bytes, length + piece.length, limit);
      piece.copy(bytes, length);
      length += piece.length;
    };
    const end = (): void =>
      done(payload.complete && (said === undefined || said === length) ? undefined : new WrongLength());
    // Whoever sent it is gone: nothing of ours failed.
    const broke = (error: Error): void => done(Object.assign(error, { statusCode: 400 }));
    payload.on('data', take).on('end', end).on('error', broke).on('close', end).resume();
  });
};
