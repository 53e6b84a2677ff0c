/**
 * A certificate for this machine, made anew for a test: self-signed, good for a year; of X.509 version 1 too,
 * which has no extensions, and which old tools still make.
 */
import "reflect-metadata"; // The library asks for it.
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** Paths of two PEM files, and the certificate's text for a client that is to trust it. */
export interface Certificate extends AsyncDisposable {
  readonly key: string;
  readonly cert: string;
  readonly pem: string;
}

/** Makes a key and a certificate for localhost, in a folder that disposing removes. */
export async function makeCertificate(version: 1 | 3 = 3): Promise<Certificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ]),
    ],
  }, crypto);
  const made = new Uint8Array(certificate.rawData);
  const der = version === 3 ? made : await asVersion1(made, keys.privateKey);
  const folder = await Deno.makeTempDir();
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const pem = PemConverter.encode(der, "CERTIFICATE");
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  await Deno.writeTextFile(key, PemConverter.encode(privateKey, "PRIVATE KEY"));
  await Deno.writeTextFile(cert, pem);
  const dispose = async (): Promise<void> => await Deno.remove(folder, { recursive: true });
  return { key, cert, pem, [Symbol.asyncDispose]: dispose };
}

/** The same certificate without the fields that version 1 has not, signed anew. */
async function asVersion1(made: Uint8Array, key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const [signed, algorithm] = parts(content(made));
  if (signed === undefined || algorithm === undefined) throw new TypeError("Not a certificate");
  const fields = parts(content(signed)).filter(([tag]) => tag !== VERSION && tag !== EXTENSIONS);
  const body = element(SEQUENCE, ...fields);
  const signing = { name: "ECDSA", hash: "SHA-256" };
  const signature = new Uint8Array(await crypto.subtle.sign(signing, key, body));
  const [r, s] = [signature.slice(0, 32), signature.slice(32)];
  const pair = element(SEQUENCE, integer(r), integer(s));
  return element(SEQUENCE, body, algorithm, element(BIT_STRING, Uint8Array.of(0), pair));
}

/** The tags of DER that are needed here. */
const [INTEGER, BIT_STRING, SEQUENCE, VERSION, EXTENSIONS] = [0x02, 0x03, 0x30, 0xa0, 0xa3];

function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = contents.flatMap((part) => [...part]);
  const { length } = bytes;
  const head = length < 128
    ? [length]
    : length < 256
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...head, ...bytes]);
}

/** A number without a sign: without zeros in front, but for one where the first bit would be the sign. */
function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.slice(first);
  return element(INTEGER, (digits[0] ?? 0) < 0x80 ? digits : Uint8Array.of(0, ...digits));
}

function content(der: Uint8Array): Uint8Array {
  return der.slice(headLength(der));
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const head = headLength(rest);
    const short = rest[1] ?? 0;
    const long = rest.slice(2, head).reduce((sum, byte) => 256 * sum + byte, 0);
    const end = head + (short < 128 ? short : long);
    all.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return all;
}

function headLength(der: Uint8Array): number {
  const short = der[1] ?? 0;
  return short < 128 ? 2 : 2 + (short & 0x7f);
}
