/**
 * A certificate for this machine, made anew for a test: self-signed, good for a day.
 *
 * @module
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
export async function makeCertificate(): Promise<Certificate> {
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
  const folder = await Deno.makeTempDir();
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const pem = certificate.toString("pem");
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  await Deno.writeTextFile(key, PemConverter.encode(privateKey, "PRIVATE KEY"));
  await Deno.writeTextFile(cert, pem);
  const dispose = async (): Promise<void> => await Deno.remove(folder, { recursive: true });
  return { key, cert, pem, [Symbol.asyncDispose]: dispose };
}
