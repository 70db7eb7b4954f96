// The day of a mailbox as Jakarta Mail lives it: IMAP and SMTP over STARTTLS. The arguments are NAME=VALUE: ca, imap, smtp (ports), user,
// password, mechanism, and parts, what to do. What it saw goes to standard output, one line each; an error ends the program.

import com.sun.mail.imap.IMAPFolder;
import com.sun.mail.imap.IMAPStore;
import com.sun.mail.imap.SortTerm;
import jakarta.mail.*;
import jakarta.mail.event.MessageCountAdapter;
import jakarta.mail.event.MessageCountEvent;
import jakarta.mail.internet.*;
import jakarta.mail.search.*;
import java.io.InputStream;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.*;
import java.util.stream.*;
import javax.net.ssl.*;

public class Day {
    static final Map<String, String> given = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        for (String one : arguments) given.put(one.substring(0, one.indexOf('=')), one.substring(one.indexOf('=') + 1));
        Map<String, Act> parts = Map.of("order", Day::order, "look", Day::look, "move", Day::move, "rights", Day::rights, "wait", Day::waiting);
        for (String part : given.get("parts").split(",")) {
            if (part.equals("send")) send();
            else inStore(parts.get(part));
        }
    }

    interface Act { void on(IMAPStore store) throws Exception; }

    static void say(Object... seen) {
        System.out.println(Arrays.stream(seen).map(String::valueOf).collect(Collectors.joining(" | ")));
    }

    static SSLSocketFactory trusting() throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(Path.of(given.get("ca")))) {
            int count = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) trusted.setCertificateEntry("ca" + count++, one);
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    static Session session() throws Exception {
        Properties wishes = new Properties();
        for (String protocol : List.of("imap", "smtp")) {
            String of = "mail." + protocol + ".";
            wishes.put(of + "host", "localhost");
            wishes.put(of + "port", given.get(protocol));
            wishes.put(of + "starttls.enable", "true");
            wishes.put(of + "starttls.required", "true");
            wishes.put(of + "ssl.checkserveridentity", "true");
            wishes.put(of + "ssl.socketFactory", trusting());
            wishes.put(of + "auth", "true");
            wishes.put(of + "auth.mechanisms", given.get("mechanism"));
            wishes.put(of + "timeout", "20000");
        }
        wishes.put("mail.smtp.dsn.notify", "SUCCESS,FAILURE");
        wishes.put("mail.smtp.dsn.ret", "HDRS");
        Session session = Session.getInstance(wishes);
        session.setDebugOut(System.err);
        session.setDebug(given.containsKey("debug"));
        return session;
    }

    static void inStore(Act act) throws Exception {
        try (IMAPStore store = (IMAPStore) session().getStore("imap")) {
            store.connect(given.get("user"), given.get("password"));
            act.on(store);
        }
    }

    static IMAPFolder opened(IMAPStore store, String name) throws Exception {
        IMAPFolder folder = (IMAPFolder) store.getFolder(name);
        folder.open(Folder.READ_WRITE);
        return folder;
    }

    static MimeMessage letter(Session session, String subject) throws Exception {
        MimeMessage letter = new MimeMessage(session);
        letter.setFrom(given.get("from"));
        letter.setRecipients(Message.RecipientType.TO, given.get("to"));
        letter.setSubject(subject, "UTF-8");
        MimeBodyPart text = new MimeBodyPart();
        text.setText("Le bilan hépatique est prêt.", "UTF-8");
        MimeBodyPart report = new MimeBodyPart();
        report.setContent("%PDF-1.4", "text/plain");
        report.setFileName(MimeUtility.encodeText("résultat.txt", "UTF-8", "B"));
        letter.setContent(new MimeMultipart(text, report));
        return letter;
    }

    static void send() throws Exception {
        Session session = session();
        MimeMessage letter = letter(session, "Résultats à lire");
        letter.saveChanges();
        try (Transport transport = session.getTransport("smtp")) {
            transport.connect(given.get("user"), given.get("password"));
            transport.sendMessage(letter, letter.getAllRecipients());
            say("sent", ((com.sun.mail.smtp.SMTPTransport) transport).getLastReturnCode());
        }
    }

    static void order(IMAPStore store) throws Exception {
        say("folders", Arrays.stream(store.getDefaultFolder().list("*")).map(Folder::getFullName).sorted().toList());
        say("subscribed", store.getDefaultFolder().listSubscribed("*").length);
        say("sent has", List.of(((IMAPFolder) store.getFolder("Sent")).getAttributes()));
        IMAPFolder inbox = opened(store, "INBOX");
        Message[] letters = {letter(session(), "un"), letter(session(), "deux"), letter(session(), "L'été à Orléans")};
        for (Message one : letters) one.setFlag(Flags.Flag.SEEN, one == letters[0]);
        say("appended", Arrays.stream(inbox.appendUIDMessages(letters)).map(one -> one.uid).toList());
        say("counts", inbox.getMessageCount(), inbox.getUnreadMessageCount(), inbox.getNewMessageCount());
        FetchProfile wanted = new FetchProfile();
        for (FetchProfile.Item one : List.of(FetchProfile.Item.ENVELOPE, FetchProfile.Item.CONTENT_INFO, FetchProfile.Item.FLAGS, UIDFolder.FetchProfileItem.UID)) wanted.add(one);
        wanted.add("X-MSS-NIL");
        Message[] all = inbox.getMessages();
        inbox.fetch(all, wanted);
        for (Message one : all) say(inbox.getUID(one), one.getSubject(), one.getFrom()[0], one.getFlags(), one.isMimeType("multipart/mixed"));
        Multipart parts = (Multipart) all[1].getContent();
        say("parts", parts.getCount(), parts.getBodyPart(0).getContent(), MimeUtility.decodeText(parts.getBodyPart(1).getFileName()));
        say("read", all[1].isSet(Flags.Flag.SEEN));
        inbox.close(false);
    }

    static void look(IMAPStore store) throws Exception {
        IMAPFolder inbox = opened(store, "INBOX");
        say("by subject", numbers(inbox.search(new SubjectTerm("été"))));
        say("by body", numbers(inbox.search(new BodyTerm("prêt"))));
        say("both", numbers(inbox.search(new AndTerm(new SubjectTerm("Orléans"), new NotTerm(new FlagTerm(new Flags(Flags.Flag.DELETED), true))))));
        say("either", numbers(inbox.search(new OrTerm(new SubjectTerm("un"), new FromStringTerm("nobody")))));
        say("header", numbers(inbox.search(new HeaderTerm("Subject", "deux"))));
        say("unseen", numbers(inbox.search(new FlagTerm(new Flags(Flags.Flag.SEEN), false))));
        say("sorted", numbers(inbox.getSortedMessages(new SortTerm[] {SortTerm.REVERSE, SortTerm.SUBJECT})));
        say("sorted found", numbers(inbox.getSortedMessages(new SortTerm[] {SortTerm.SUBJECT}, new SubjectTerm("été"))));
        inbox.close(false);
    }

    static List<Integer> numbers(Message[] found) {
        return Arrays.stream(found).map(Message::getMessageNumber).toList();
    }

    static void move(IMAPStore store) throws Exception {
        IMAPFolder inbox = opened(store, "INBOX");
        IMAPFolder cases = (IMAPFolder) store.getFolder("Dossiers/Été");
        say("created", cases.create(Folder.HOLDS_MESSAGES), cases.exists());
        say("copied", Arrays.stream(inbox.copyUIDMessages(new Message[] {inbox.getMessage(1)}, cases)).map(one -> one.uid).toList());
        say("moved", Arrays.stream(inbox.moveUIDMessages(new Message[] {inbox.getMessage(2)}, cases)).map(one -> one.uid).toList());
        say("left", inbox.getMessageCount(), cases.getMessageCount());
        inbox.setFlags(1, 1, new Flags("$Forwarded"), true);
        say("flags", List.of(inbox.getMessage(1).getFlags().getUserFlags()));
        inbox.getMessage(1).setFlag(Flags.Flag.DELETED, true);
        say("expunged", inbox.expunge().length, inbox.getMessageCount());
        say("renamed", cases.renameTo(store.getFolder("Dossiers/Hiver")));
        say("deleted", store.getFolder("Dossiers").delete(true), store.getFolder("Dossiers/Hiver").exists());
        inbox.close(true);
    }

    static void rights(IMAPStore store) throws Exception {
        IMAPFolder inbox = opened(store, "INBOX");
        say("mine", inbox.myRights());
        say("quota", inbox.getQuota()[0].quotaRoot, inbox.getQuota()[0].resources[0].name);
        say("namespaces", store.getPersonalNamespaces().length, store.getUserNamespaces("").length, store.getSharedNamespaces().length);
        say("id", store.id(Map.of("name", "Day")).get("name"));
    }

    static void waiting(IMAPStore store) throws Exception {
        IMAPFolder inbox = opened(store, "INBOX");
        inbox.addMessageCountListener(new MessageCountAdapter() {
            @Override
            public void messagesAdded(MessageCountEvent event) {
                try {
                    say("arrived", event.getMessages()[0].getSubject());
                } catch (MessagingException error) {
                    throw new IllegalStateException(error);
                }
            }
        });
        say("idling");
        inbox.idle(true);
        inbox.close(false);
    }
}
