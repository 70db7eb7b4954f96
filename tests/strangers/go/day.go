// The day of a mailbox as go-imap lives it, over STARTTLS. The arguments are NAME=VALUE: ca, imap (port), user, password, mechanism, and
// parts, what to do. What it saw goes to standard output, one line each; an error ends the program.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/ioutil"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
)

var given = map[string]string{}

func say(name string, seen ...interface{}) {
	words := []string{name}
	for _, one := range seen {
		words = append(words, fmt.Sprint(one))
	}
	fmt.Println(strings.Join(words, " | "))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func connected() *client.Client {
	c, err := client.Dial("localhost:" + given["imap"])
	must(err)
	c.Timeout = 20 * time.Second
	trusted, err := ioutil.ReadFile(given["ca"])
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	must(c.StartTLS(&tls.Config{ServerName: "localhost", RootCAs: roots}))
	mailbox, login := "", given["user"]
	if at := strings.Index(login, "*"); at >= 0 && given["mechanism"] == "PLAIN" {
		mailbox, login = login[:at], login[at+1:]
	}
	switch given["mechanism"] {
	case "LOGIN":
		must(c.Login(login, given["password"]))
	case "PLAIN":
		must(c.Authenticate(sasl.NewPlainClient(mailbox, login, given["password"])))
	case "XOAUTH2":
		must(c.Authenticate(sasl.NewXoauth2Client(login, given["password"])))
	}
	return c
}

func set(numbers ...uint32) *imap.SeqSet {
	made := new(imap.SeqSet)
	made.AddNum(numbers...)
	return made
}

func fetched(c *client.Client, numbers *imap.SeqSet, items ...imap.FetchItem) []*imap.Message {
	arriving := make(chan *imap.Message, 100)
	must(c.Fetch(numbers, items, arriving))
	var all []*imap.Message
	for one := range arriving {
		all = append(all, one)
	}
	return all
}

func count(c *client.Client, criteria *imap.SearchCriteria) []uint32 {
	found, err := c.Search(criteria)
	must(err)
	return found
}

func letterOf(subject, text string) string {
	return "From: Paul <paul@hopital-ormes.sim.mssante.fr>\r\nTo: camille@medecin.sim.mssante.fr\r\nSubject: " + subject +
		"\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text +
		"\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sultat.pdf\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
}

func tree(c *client.Client) {
	for _, kind := range []string{"folders", "subscribed"} {
		arriving := make(chan *imap.MailboxInfo, 100)
		if kind == "folders" {
			must(c.List("", "*", arriving))
		} else {
			must(c.Lsub("", "*", arriving))
		}
		var names []string
		for one := range arriving {
			names = append(names, one.Name)
			if one.Name == "Sent" && kind == "folders" {
				say("sent has", one.Delimiter, one.Attributes)
			}
		}
		sort.Strings(names)
		say(kind, names)
	}
}

func order(c *client.Client) {
	when := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	summer := letterOf("=?utf-8?Q?L=27=C3=A9t=C3=A9?=", "Le bilan hépatique est prêt.")
	must(c.Append("INBOX", []string{imap.SeenFlag, "$Forwarded"}, when, strings.NewReader(summer)))
	must(c.Append("INBOX", nil, when, strings.NewReader(letterOf("deux", "Bonjour."))))
	status, err := c.Status("INBOX", []imap.StatusItem{imap.StatusMessages, imap.StatusUnseen, imap.StatusUidNext})
	must(err)
	say("status", status.Messages, status.Unseen, status.UidNext)
	chosen, err := c.Select("INBOX", false)
	must(err)
	say("selected", chosen.Messages, chosen.UidNext, chosen.ReadOnly)
	for _, one := range fetched(c, set(1, 2), imap.FetchEnvelope, imap.FetchFlags, imap.FetchInternalDate, imap.FetchUid) {
		flags := one.Flags
		sort.Strings(flags)
		say(fmt.Sprint(one.SeqNum), one.Envelope.Subject, one.Envelope.From[0].Address(), flags, one.InternalDate.UTC().Format(time.RFC3339), one.Uid)
	}
	one := fetched(c, set(1), imap.FetchBodyStructure)[0]
	parts := one.BodyStructure.Parts
	say("structure", one.BodyStructure.MIMESubType, len(parts), parts[1].Disposition, parts[1].DispositionParams)
	section := &imap.BodySectionName{Peek: true}
	body := fetched(c, set(1), section.FetchItem())[0].GetBody(section)
	reader, err := mail.CreateReader(body)
	must(err)
	part, err := reader.NextPart()
	must(err)
	text, err := ioutil.ReadAll(part.Body)
	must(err)
	say("text", string(text))
	header := imap.NewSearchCriteria()
	header.Header.Add("Subject", "L'été")
	inText := imap.NewSearchCriteria()
	inText.Body = []string{"hépatique"}
	unseen := imap.NewSearchCriteria()
	unseen.WithoutFlags = []string{imap.SeenFlag}
	either := imap.NewSearchCriteria()
	either.Or = [][2]*imap.SearchCriteria{{unseen, header}}
	say("found", count(c, header), count(c, inText), count(c, unseen), count(c, either))
}

func moving(c *client.Client) {
	_, err := c.Select("INBOX", false)
	must(err)
	must(c.Create("Dossiers/Été"))
	must(c.Copy(set(1), "Dossiers/Été"))
	must(c.Move(set(2), "Dossiers/Été"))
	must(c.Store(set(1), imap.FormatFlagsOp(imap.AddFlags, true), []interface{}{imap.DeletedFlag, imap.FlaggedFlag}, nil))
	gone := make(chan uint32, 10)
	must(c.Expunge(gone))
	var numbers []uint32
	for one := range gone {
		numbers = append(numbers, one)
	}
	say("expunged", numbers)
	status, err := c.Status("INBOX", []imap.StatusItem{imap.StatusMessages})
	must(err)
	say("left", status.Messages)
	must(c.Rename("Dossiers/Été", "Dossiers/Passé"))
	kept, err := c.Select("Dossiers/Passé", true)
	must(err)
	say("kept", kept.Messages, kept.ReadOnly)
	err = c.Store(set(1), imap.FormatFlagsOp(imap.AddFlags, true), []interface{}{imap.SeenFlag}, nil)
	say("read only", err)
	must(c.Unselect())
	must(c.Delete("Dossiers/Passé"))
	say("deleted", c.Delete("Dossiers/Passé"))
}

func waiting(c *client.Client) {
	_, err := c.Select("INBOX", false)
	must(err)
	updates := make(chan client.Update, 10)
	c.Updates = updates
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- c.Idle(stop, nil) }()
	time.Sleep(300 * time.Millisecond)
	fmt.Println("idling")
	for update := range updates {
		if changed, is := update.(*client.MailboxUpdate); is && changed.Mailbox.Messages > 0 {
			close(stop)
			must(<-done)
			c.Updates = nil
			one := fetched(c, set(changed.Mailbox.Messages), imap.FetchEnvelope)[0]
			say("arrived", one.Envelope.Subject)
			return
		}
	}
}

func main() {
	for _, one := range os.Args[1:] {
		at := strings.Index(one, "=")
		given[one[:at]] = one[at+1:]
	}
	parts := map[string]func(*client.Client){"tree": tree, "order": order, "move": moving, "wait": waiting}
	c := connected()
	for _, part := range strings.Split(given["parts"], ",") {
		parts[part](c)
	}
	must(c.Logout())
}
