// A suite that was written against Mailpit, as mailpit-api lives it. The argument is JSON: the base URL, how to log in, which part of the day.
// What it saw goes to standard output, one JSON value a line; after "waiting" a letter is expected; an error ends the program.
import { MailpitClient } from "mailpit-api";

const { part, base, auth } = JSON.parse(process.argv[2]);
const mailpit = new MailpitClient(base, auth ? { auth } : undefined);
const say = (seen) => console.log(JSON.stringify(seen));

const parts = {
  async look() {
    say(await mailpit.listMessages(0, 10));
    const message = await mailpit.getMessageSummary();
    say(message);
    say(await mailpit.getMessageHeaders(message.ID));
    say((await mailpit.getMessageSource()).split("\r\n").filter((line) => line.startsWith("Subject:")));
    const file = await mailpit.getMessageAttachment(message.ID, message.Attachments[0].PartID);
    say([file.type, await file.text()]);
    say(await mailpit.getInfo());
  },

  async wait() {
    say("waiting");
    const message = await mailpit.waitForMessage({ query: 'to:tilleuls subject:"Le mot"' }, { timeout: 20000, interval: 20 });
    say(message.Text.trim());
    say((await mailpit.waitForMessages({ query: "is:read", count: 1, exact: true })).messages.map((one) => one.Subject));
  },

  async order() {
    const subjects = async (query) => (await mailpit.searchMessages({ query })).messages.map((one) => one.Subject);
    say(await subjects("from:camille.martin -subject:deux"));
    say(await mailpit.setReadStatus({ Search: "subject:un", Read: true }));
    say(await subjects("is:unread"));
    const [first] = (await mailpit.searchMessages({ query: "subject:trois" })).messages;
    say(await mailpit.deleteMessages({ IDs: [first.ID] }));
    say(await mailpit.deleteMessagesBySearch({ query: "subject:deux" }));
    say((await mailpit.listMessages()).messages.map((one) => [one.Subject, one.Read]));
    say(await mailpit.setReadStatus());
    say((await mailpit.listMessages()).unread);
    say(await mailpit.deleteMessages());
    say(await mailpit.waitForMessages({ count: 0 }));
    for (const wrong of [() => mailpit.getMessageSummary(), () => mailpit.searchMessages({ query: "" })]) {
      await wrong().then(say, (error) => say(/Error: (\d+)/.exec(error.message)[1]));
    }
  },
};

await parts[part]();
