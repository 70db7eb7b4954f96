package fr.example.practice;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.Store;
import jakarta.mail.Transport;
import jakarta.mail.internet.MimeMessage;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** What is tested: a practice's software that sends and reads with Jakarta Mail, used by the person who plays a role in the seed. */
final class Software {
    private static final int SECONDS = 30;

    /** That person's own mailbox, empty where there is none. */
    final String address;

    final String login;
    final String idnat;
    private final String password;
    private final JsonObject world;

    Software(JsonObject world, String role) {
        this.world = world;
        JsonObject persona = null;
        for (JsonElement one : world.getAsJsonArray("personas"))
            if (one.getAsJsonObject().get("role").getAsString().equals(role)) persona = one.getAsJsonObject();
        login = persona.get("login").getAsString();
        idnat = persona.get("idnat").getAsString();
        password = persona.get("password").getAsString();
        address = persona.getAsJsonArray("mailboxes").get(0).getAsJsonObject().get("address").getAsString();
    }

    /** What was read of a letter. */
    record Letter(String subject, String text) {}

    /** Sends a letter from one's own mailbox, with a request for a read receipt; Jakarta Mail's exception for a refusal. */
    void send(String to, String subject) throws Exception {
        Session session = session("PLAIN");
        MimeMessage letter = new MimeMessage(session);
        letter.setFrom(address);
        letter.setRecipients(Message.RecipientType.TO, to);
        letter.setSubject(subject, "UTF-8");
        letter.setHeader("Disposition-Notification-To", address);
        letter.setText("Bonjour.", "UTF-8");
        Transport.send(letter, login, password);
    }

    /** Reads one letter of one's own INBOX over IMAP. */
    Letter read(int number) throws Exception {
        return read(number, "PLAIN", login, password);
    }

    /** Reads one letter of a mailbox over IMAP, with an access token of Pro Santé Connect. */
    Letter read(int number, String mailbox, String token) throws Exception {
        return read(number, "XOAUTH2", mailbox, token);
    }

    private Letter read(int number, String mechanism, String user, String secret) throws Exception {
        try (Store store = session(mechanism).getStore("imap")) {
            store.connect(user, secret);
            try (Folder inbox = store.getFolder("INBOX")) {
                inbox.open(Folder.READ_WRITE);
                Message letter = inbox.getMessage(number);
                return new Letter(letter.getSubject(), letter.getContent().toString());
            }
        }
    }

    /** A request below /api/v1/mailboxes. */
    Rest.Answer rest(String method, String path) throws Exception {
        String account = Base64.getEncoder().encodeToString((login + ":" + password).getBytes(StandardCharsets.UTF_8));
        String url = world.get("http").getAsString() + "/api/v1/mailboxes/" + path;
        return Rest.ask(method, url, "", "Authorization", "Basic " + account);
    }

    /** Waits for a letter in INBOX: one request, which is answered when it has come. */
    JsonObject waitFor(String mailbox, String subject) throws Exception {
        String asked = "/messages?folder=INBOX&wait=10&subject=" + URLEncoder.encode(subject, StandardCharsets.UTF_8);
        JsonArray found = rest("GET", mailbox + asked).json().getAsJsonObject().getAsJsonArray("items");
        if (found.isEmpty()) throw new AssertionError("no letter “" + subject + "” came to " + mailbox);
        return found.get(0).getAsJsonObject();
    }

    private Session session(String mechanism) throws Exception {
        SSLSocketFactory trusting = trusting(Path.of(world.get("ca_file").getAsString()));
        Properties wishes = new Properties();
        wishes.put("mail.smtp.port", world.getAsJsonObject("submission").get("port").getAsString());
        wishes.put("mail.imap.port", world.getAsJsonObject("imap").get("port").getAsString());
        for (String protocol : new String[] {"mail.smtp.", "mail.imap."}) {
            wishes.put(protocol + "host", "localhost");
            wishes.put(protocol + "starttls.required", "true");
            wishes.put(protocol + "ssl.checkserveridentity", "true");
            wishes.put(protocol + "ssl.socketFactory", trusting);
            wishes.put(protocol + "auth", "true");
            wishes.put(protocol + "auth.mechanisms", mechanism);
            wishes.put(protocol + "timeout", String.valueOf(SECONDS * 1000));
        }
        return Session.getInstance(wishes);
    }

    /** Sockets that trust the authority of the world, and no other. */
    private static SSLSocketFactory trusting(Path authority) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(authority)) {
            trusted.setCertificateEntry("mss-sim", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }
}
