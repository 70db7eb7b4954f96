// The day of a mailbox as imapflow lives it. The argument is JSON: options of the client, and which part of the day.
// What it saw goes to standard output, one JSON value a line; an error ends the program.
import { ImapFlow } from "imapflow";

const { part, folder, letters, ...options } = JSON.parse(process.argv[2]);
const client = new ImapFlow({ host: "localhost", secure: false, doSTARTTLS: true, logger: false, disableAutoIdle: true, ...options });
const say = (seen) => console.log(JSON.stringify(seen, (_, value) => (value instanceof Set || value instanceof Map ? [...value].sort() : value)));

const parts = {
  async tree() {
    say({ secure: client.secureConnection, enabled: client.enabled, namespaces: client.namespaces });
    say((await client.list()).map((one) => [one.path, one.specialUse ?? ""]));
  },

  async order() {
    const lock = await client.getMailboxLock("INBOX");
    const gone = [];
    client.on("expunge", ({ uid, seq }) => gone.push(uid ?? seq));
    for (const letter of letters) {
      say((await client.append("INBOX", Buffer.from(letter, "base64"), letter === letters[0] ? ["\\Seen"] : [])).uid);
    }
    say(await client.search({ seen: false }, { uid: true }));
    const wanted = { uid: true, flags: true, envelope: true, bodyStructure: true, source: true, size: true, threadId: true, bodyParts: ["1"] };
    for await (const message of client.fetch("1:*", wanted)) {
      const { uid, size, flags, envelope, bodyStructure, source, bodyParts } = message;
      const types = (bodyStructure.childNodes ?? [bodyStructure]).map((node) => node.type);
      const text = bodyParts.get("1").toString().trim();
      say({ uid, flags, subject: envelope.subject, date: envelope.date, types, text, whole: source.length === size });
    }
    const report = await client.download("2", "2", { uid: true });
    const octets = [];
    for await (const chunk of report.content) octets.push(chunk);
    say([report.meta.contentType, report.meta.filename, Buffer.concat(octets).toString("base64")]);
    say(await client.messageFlagsAdd("2", ["\\Flagged", "$Junk"], { uid: true }));
    say(await client.search({ flagged: true, subject: "DEUX" }, { uid: true }));
    say((await client.mailboxCreate("Été & hiver")).path);
    say((await client.messageCopy("1:2", "Été & hiver", { uid: true })).uidMap);
    say((await client.messageMove("3", "Été & hiver", { uid: true })).uidMap);
    say(await client.messageDelete("1", { uid: true }));
    say(await client.search({ all: true }, { uid: true }));
    say(await client.status("Été & hiver", { messages: true, unseen: true, uidNext: true }));
    say(gone);
    lock.release();
  },

  async read() {
    const lock = await client.getMailboxLock(folder);
    say([client.mailbox.path, client.mailbox.exists, client.mailbox.readOnly]);
    for await (const message of client.fetch("1:*", { envelope: true, flags: true })) say([message.envelope.subject, message.flags]);
    say(await client.messageFlagsAdd("1", ["\\Answered"]));
    say(await client.messageDelete("1").catch((error) => error.responseText));
    say((await client.getQuota(folder)).storage.limit > 0);
    lock.release();
  },

  async wait() {
    const lock = await client.getMailboxLock("INBOX");
    const told = new Promise((resolve) => client.on("exists", resolve));
    const idle = client.idle();
    while (!client.idling) await new Promise((resolve) => setTimeout(resolve, 5));
    say("idling");
    const { path, count } = await told;
    say([path, count, (await client.fetchOne("*", { envelope: true })).envelope.subject]);
    await idle;
    lock.release();
  },
};

client.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await client.connect();
await parts[part]();
await client.logout();
