// A provider of OpenID Connect for the tests: one person, whom it lets in at once.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Provider {
  issuer: string;
  /** Claims of the next token. */
  claims: Record<string, unknown>;
  /** Whether it lets the person in. */
  refuses: boolean;
  stop(): void;
}

/** Starts it under the name `localhost`, which is another site than 127.0.0.1. */
export async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, { nonce: string; challenge: string }>();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: Provider = {
    issuer: `http://localhost:${(server.address() as AddressInfo).port}`,
    claims: {},
    refuses: false,
    stop: () => void server.close(),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', provider.issuer);
    const json = (body: unknown) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration') {
      const { issuer } = provider;
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      });
    } else if (url.pathname === '/keys') {
      json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' }] });
    } else if (url.pathname === '/authorize') {
      const asked = (name: string) => url.searchParams.get(name) ?? '';
      const back = new URL(asked('redirect_uri'));
      back.searchParams.set('state', asked('state'));
      if (provider.refuses) {
        back.searchParams.set('error', 'access_denied');
      } else {
        const code = randomUUID();
        codes.set(code, { nonce: asked('nonce'), challenge: asked('code_challenge') });
        back.searchParams.set('code', code);
      }
      // A page of its own, as where somebody types a password: what follows comes from another site.
      response
        .setHeader('content-type', 'text/html')
        .end(`<title>Provider</title><a href="${back.href.replaceAll('&', '&amp;')}">Continue</a>`);
    } else {
      const form = new URLSearchParams(await body(request));
      const grant = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (grant?.challenge === challenge) json({ id_token: token(grant.nonce) });
      else response.writeHead(400).end('{"error":"invalid_grant"}');
    }
  }

  function token(nonce: string): string {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 300 };
    const claims = { iss: provider.issuer, aud: 'drishti', sub: '7', nonce, ...times, ...provider.claims };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  }

  return provider;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
