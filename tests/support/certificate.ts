/**
 * A certificate for this machine, made anew for a test: self-signed, good for a year. One of X.509 version 1 too, which
 * has no extensions, and which old tools still make.
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

/** What a certificate says in place of the usual. */
export interface CertificateOptions {
  readonly name?: string;
  /** When its validity begins and ends. */
  readonly valid?: readonly [from: Date, to: Date];
}

/** A key and a certificate for localhost, in a folder that disposing removes. */
export async function makeCertificate(
  version: 1 | 3 = 3,
  options: CertificateOptions = {},
): Promise<Certificate> {
  const [keyBytes, certBytes] = version === 3
    ? await selfSigned(options)
    : [Uint8Array.fromBase64(VERSION_1_KEY), Uint8Array.fromBase64(VERSION_1_CERT)];
  const folder = await Deno.makeTempDir();
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const pem = PemConverter.encode(certBytes, "CERTIFICATE");
  await Deno.writeTextFile(key, PemConverter.encode(keyBytes, "PRIVATE KEY"));
  await Deno.writeTextFile(cert, pem);
  const dispose = async (): Promise<void> => await Deno.remove(folder, { recursive: true });
  return { key, cert, pem, [Symbol.asyncDispose]: dispose };
}

async function selfSigned(
  { name = "localhost", valid }: CertificateOptions,
): Promise<readonly [key: ArrayBuffer, cert: ArrayBuffer]> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { rawData } = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...(valid !== undefined && { notBefore: valid[0], notAfter: valid[1] }),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: name },
        ...(name === "localhost" ? [{ type: "ip", value: "127.0.0.1" } as const] : []),
      ]),
    ],
  }, crypto);
  return [await crypto.subtle.exportKey("pkcs8", keys.privateKey), rawData];
}

/** One of X.509 version 1, which no library here makes any more, with its key: good for localhost, to the year 2120. */
const VERSION_1_KEY =
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/nrdOT85eCHiLufCDDetEH7EFYGiQj1EJAbNk492C3Kh" +
  "RANCAASEGdxFETzPHAI9SW+M+U0R2/801vcVo7i+Sv1/jekPuECHqQW/buIVfg+yWmFVi4cVlFVvMhbbeRjoTlUozsPW";
const VERSION_1_CERT =
  "MIIBHzCBxwIQOJLYUoNBp/hLN/gFR4vSTDAKBggqhkjOPQQDAjAUMRIwEAYDVQQDEwlsb2NhbGhvc3QwIBcNMjAwMTAx" +
  "MDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMTCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEH" +
  "A0IABIQZ3EURPM8cAj1Jb4z5TRHb/zTW9xWjuL5K/X+N6Q+4QIepBb9u4hV+D7JaYVWLhxWUVW8yFtt5GOhOVSjOw9Yw" +
  "CgYIKoZIzj0EAwIDRwAwRAIgZ3O7QyHY0OjJW//vO25ZDuPeGQDgTC+Xgnc1m7bPj2YCIDidaNd/PTLXMXYjU4LwwU1j" +
  "IiAcENBAtY2Py7rbm/tr";

/** Who the server says it is, to a client that trusts only this certificate. */
export async function answersWith(pem: string, port: number): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: [pem] });
  try {
    const response = await fetch(`https://localhost:${port}/`, { client });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
