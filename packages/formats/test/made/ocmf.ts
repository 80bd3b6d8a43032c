/** OCMF records as charging points make them, signed with keys made here. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Names of the standard's curves and node:crypto's for them. */
export const CURVES = [
  ['secp192k1', 'secp192k1'],
  ['secp192r1', 'prime192v1'],
  ['secp256k1', 'secp256k1'],
  ['secp256r1', 'prime256v1'],
  ['secp384r1', 'secp384r1'],
  ['brainpool256r1', 'brainpoolP256r1'],
  ['brainpool384r1', 'brainpoolP384r1'],
] as const;

export interface Signer {
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  /** Hex of the SubjectPublicKeyInfo. */
  readonly publicKey: string;
}

export const signerOf = (curve: string, namedCurve: string): Signer => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    algorithm: `ECDSA-${curve}-SHA256`,
    privateKey,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('hex'),
  };
};

/** Spaces and the order of keys as a charging point may write them: what is signed are these bytes. */
export const payloadOf = (readings: string, serial = '1ABC0012345678'): string =>
  `{"FV" : "1.0","GI":"Point 7","GS":"0815","PG":"T12","MS":"${serial}","IS":true,"RD":[${readings}]}`;

export const READING =
  '{"TM":"2024-07-01T12:34:56,000+0200 S","TX":"B","RV":"      48.542","RI":"01-00:01.08.00.FF","RU":"kWh","RT":"AC","EF":"","ST":"G"}';

export interface RecordOptions {
  /** Text of `SA`; the signer's algorithm. */
  readonly algorithm?: string | undefined;
  readonly encoding?: 'hex' | 'base64';
}

export const derOf = (payload: string, signer: Signer): Buffer =>
  sign('sha256', Buffer.from(payload), { key: signer.privateKey, dsaEncoding: 'der' });

export const recordOf = (
  payload: string,
  signer: Signer,
  options: RecordOptions = {},
  der = derOf(payload, signer),
): string => {
  const { encoding = 'hex' } = options;
  const algorithm = 'algorithm' in options ? options.algorithm : signer.algorithm;
  const section = {
    ...(algorithm === undefined ? {} : { SA: algorithm }),
    ...(encoding === 'base64' ? { SE: 'base64' } : {}),
    SD: encoding === 'hex' ? der.toString('hex').toUpperCase() : der.toString('base64'),
  };
  return `OCMF|${payload}|${JSON.stringify(section)}`;
};

/** The transparency software's container. */
export const xmlOf = (
  ...values: readonly { readonly record: string; readonly key?: string | undefined }[]
): string =>
  `<?xml version="1.0"?>\r\n<values>${values
    .map(
      ({ record, key }) =>
        `<value transactionId="1" context="Transaction.Begin"><signedData format="OCMF">${record
          .replaceAll('&', '&amp;')
          .replaceAll(
            '<',
            '&lt;',
          )}</signedData>${key === undefined ? '' : `<publicKey>${key}</publicKey>`}</value>`,
    )
    .join('')}</values>`;
