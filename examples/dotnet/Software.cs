using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Practice.Tests;

/// <summary>What is tested: a practice's software that sends and reads with MailKit, used by the person who plays a role in the seed.</summary>
public sealed class Software
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly JsonNode _world;
    private readonly X509Certificate2 _authority;
    private readonly string _password;

    public Software(JsonNode world, string role)
    {
        _world = world;
        _authority = X509Certificate2.CreateFromPem(File.ReadAllText(world["ca_file"]!.ToString()));
        var persona = world["personas"]!.AsArray().Single(one => one!["role"]!.ToString() == role)!;
        Login = persona["login"]!.ToString();
        IdNat = persona["idnat"]!.ToString();
        _password = persona["password"]!.ToString();
        Address = persona["mailboxes"]![0]!["address"]!.ToString();
    }

    /// <summary>That person's own mailbox.</summary>
    public string Address { get; }

    public string Login { get; }

    public string IdNat { get; }

    /// <summary>Sends a letter from one's own mailbox, with a request for a read receipt; MailKit's exception for a refusal.</summary>
    public async Task SendAsync(string to, string subject)
    {
        var letter = new MimeMessage { Subject = subject, Body = new TextPart("plain") { Text = "Bonjour." } };
        letter.From.Add(MailboxAddress.Parse(Address));
        letter.To.Add(MailboxAddress.Parse(to));
        letter.Headers.Add("Disposition-Notification-To", Address);
        using var client = new SmtpClient { CheckCertificateRevocation = false, ServerCertificateValidationCallback = Trusted };
        await client.ConnectAsync("localhost", Port("submission"), SecureSocketOptions.StartTls);
        await client.AuthenticateAsync(Login, _password);
        await client.SendAsync(letter);
        await client.DisconnectAsync(quit: true);
    }

    /// <summary>One letter of INBOX over IMAP, the first is 1: one's own, or with a token of Pro Santé Connect that of a mailbox.</summary>
    public async Task<MimeMessage> ReadAsync(int number, SaslMechanismOAuth2? byToken = null)
    {
        using var client = new ImapClient { CheckCertificateRevocation = false, ServerCertificateValidationCallback = Trusted };
        await client.ConnectAsync("localhost", Port("imap"), SecureSocketOptions.StartTls);
        if (byToken is null) await client.AuthenticateAsync(Login, _password);
        else await client.AuthenticateAsync(byToken);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        var letter = await client.Inbox.GetMessageAsync(number - 1);
        await client.DisconnectAsync(quit: true);
        return letter;
    }

    /// <summary>A request below /api/v1/mailboxes: the status, and the JSON of the answer.</summary>
    public async Task<(int Status, JsonNode Json)> RestAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, $"{_world["http"]}/api/v1/mailboxes/{path}");
        var account = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Login}:{_password}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", account);
        using var answer = await Http.SendAsync(request);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>Waits for a letter in INBOX: one request, which is answered when it has come.</summary>
    public async Task<JsonNode> WaitForAsync(string mailbox, string subject)
    {
        var asked = $"{mailbox}/messages?folder=INBOX&wait=10&subject={Uri.EscapeDataString(subject)}";
        var (_, page) = await RestAsync(HttpMethod.Get, asked);
        return page["items"]!.AsArray().FirstOrDefault() ?? throw new TimeoutException($"no letter “{subject}” came to {mailbox}");
    }

    private int Port(string door) => _world[door]!["port"]!.GetValue<int>();

    /// <summary>Trusts the authority of the world, and no other; the name must be right too.</summary>
    private bool Trusted(object sender, X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors)
    {
        if (shown is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (sent is not null) chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore); // the intermediate, which the server sends
        using var certificate = new X509Certificate2(shown);
        return chain.Build(certificate);
    }
}
