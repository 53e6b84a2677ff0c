/**
 * A certificate for this machine, made anew for a test: self-signed, good for a year; and one of X.509 version 1,
 * which has no extensions, and which old tools still make.
 */
import "reflect-metadata"; // The library asks for it.
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { makeFolder } from "./folder.ts";

/** Paths of two PEM files, and the certificate's text for a client that is to trust it. */
export interface Certificate extends AsyncDisposable {
  readonly key: string;
  readonly cert: string;
  readonly pem: string;
}

/** A key and a certificate for localhost, in a folder that disposing removes. */
export async function makeCertificate(version: 1 | 3 = 3): Promise<Certificate> {
  const made = version === 1 ? VERSION_1 : await makeVersion3();
  const folder = await makeFolder();
  const [key, cert] = [`${folder.path}/key.pem`, `${folder.path}/cert.pem`];
  const pem = PemConverter.encode(Uint8Array.fromBase64(made.cert), "CERTIFICATE");
  await Deno.writeTextFile(
    key,
    PemConverter.encode(Uint8Array.fromBase64(made.key), "PRIVATE KEY"),
  );
  await Deno.writeTextFile(cert, pem);
  return { key, cert, pem, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function makeVersion3(): Promise<{ readonly key: string; readonly cert: string }> {
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
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    key: new Uint8Array(key).toBase64(),
    cert: new Uint8Array(certificate.rawData).toBase64(),
  };
}

/**
 * A certificate of version 1 for localhost until 2126, and its key, which nothing but a test has ever used: `openssl
 * x509 -req` makes such, the library does not.
 */
const VERSION_1 = {
  key:
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvx1ZHWyi/7togQy1cpp2gsu9rARlpB+VZNQ6xdJpeyWhRANCAATrZPtOFhlZjFM/fQ9tcaNulze4CiHk2el4+TLk+UxkqDFWbPk7X01RTYM/c6alb9dANPxhCyVf548V6n/fy3CL",
  cert:
    "MIIBJDCBywIUYrDfR58Hpo3Moh1xynGgT6Api7swCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzA2NDEwOVoYDzIxMjYxMTAzMDY0MTA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATrZPtOFhlZjFM/fQ9tcaNulze4CiHk2el4+TLk+UxkqDFWbPk7X01RTYM/c6alb9dANPxhCyVf548V6n/fy3CLMAoGCCqGSM49BAMCA0gAMEUCIQCf3O7geaWBGqIG5Ib1KAKxwa3713rMLeeTMjA2K9LbRwIgEk5nvGH2Y2C+apTsp3GgpferFuTlnTDHlJ602f7RlyU=",
};
