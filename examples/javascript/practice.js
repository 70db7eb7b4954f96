// What is tested: a practice's software that sends and reads, with the libraries that it is made of (nodemailer, imapflow, fetch).

import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";


/** A practice's software, used by the person who plays a role in the seed; `address` is that person's own mailbox. */
export class Software {
  constructor(world, role) {
    this.world = world;
    this.persona = world.personas.find((one) => one.role === role);
    this.address = this.persona.mailboxes[0]?.address;
    this.auth = { user: this.persona.login, pass: this.persona.password };
    this.tls = { ca: readFileSync(world.ca_file) };
  }

  /** Sends a letter from one's own mailbox; an error with `response` when it is refused. */
  async send(to, subject, { receipt = false } = {}) {
    const transport = createTransport({ host: "localhost", port: this.world.submission.port, requireTLS: true, tls: this.tls, auth: this.auth });
    const headers = receipt ? { "Disposition-Notification-To": this.address } : {};
    await transport.sendMail({ from: this.address, to, subject, text: "Bonjour.", headers });
  }

  /** The source of one letter of INBOX over IMAP: one's own, or with `accessToken` that of the mailbox `user`. */
  async read(number, auth = this.auth) {
    const client = new ImapFlow({ host: "localhost", port: this.world.imap.port, doSTARTTLS: true, tls: this.tls, auth, logger: false });
    await client.connect();
    try {
      await client.mailboxOpen("INBOX");
      const { source } = await client.fetchOne(String(number), { source: true });
      return source.toString();
    } finally {
      await client.logout();
    }
  }

  /** A request below /api/v1/mailboxes. */
  rest(method, path) {
    const authorization = `Basic ${btoa(`${this.auth.user}:${this.auth.pass}`)}`;
    return fetch(`${this.world.http}/api/v1/mailboxes/${path}`, { method, headers: { authorization } });
  }

  /** Waits for a letter in INBOX: one request, which is answered when it has come. */
  async waitFor(mailbox, subject) {
    const asked = new URLSearchParams({ folder: "INBOX", wait: "10", subject });
    const { items } = await (await this.rest("GET", `${mailbox}/messages?${asked}`)).json();
    if (!items.length) throw new Error(`no letter “${subject}” came to ${mailbox}`);
    return items[0];
  }
}
